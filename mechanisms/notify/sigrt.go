package notify

import (
	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "sigrt",
	Summary: "a real-time signal, queued, taken by sigwait",
	Family:  mechanisms.Notifications,
	Called:  []string{"signal"},
	Man:     []string{"rt_sigqueueinfo(2)", "sigwaitinfo(2)", "signal(7)"},
	Framing: mechanisms.Count,
	Since:   "2.6.31", // rt_tgsigqueueinfo
	Facts: mechanisms.Facts{
		Kernel: "An rt_tgsigqueueinfo(2) enters do_rt_tgsigqueueinfo, which allocates a queue entry (__sigqueue_alloc), charged to the user. It appends the entry to what is pending for the thread, and wakes the thread (signal_wake_up). " +
			"An rt_sigtimedwait(2) enters do_sigtimedwait, which takes the first entry of the lowest signal (dequeue_signal), or unblocks the signal meanwhile and sleeps. " +
			"Standard signals come first. Among real-time signals the lowest comes first.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "rt_tgsigqueueinfo", Kernel: 1}, Object: "queue entries of a thread",
			Receive: mechanisms.Hop{Call: "rt_sigtimedwait"},
		},
		Unrelated: true,
		Killed:    true,
		Traits: signalTraits(
			mechanisms.Documented("by signalfd", "signalfd(2)"),
			mechanisms.Documented("a number or an address, and the sender", "sigqueue(3)"),
			mechanisms.Checked("RLIMIT_SIGPENDING, of all of the user's processes", "A07")),
		Cautions: []mechanisms.Caution{
			{Text: "a signal that is not blocked by the thread is delivered instead, and its default is to end the process", Man: "signal(7)"},
			{Text: "RLIMIT_SIGPENDING counts what is queued for all processes of the user: sigqueue fails with EAGAIN", Man: "getrlimit(2)"},
			{Text: "a process may signal only those of its own user, without CAP_KILL", Man: "kill(2)"},
			{Text: "glibc keeps the first two real-time signals to itself: count from SIGRTMIN", Man: "signal(7)"},
		},
	},
	Limits:       sigrtLimits,
	New:          func(s mechanisms.Spec) (*mechanisms.Link, error) { return newSignal("sigrt", s) },
	OpenNotifier: mechanisms.Opens(openSignaller("sigrt"), func(s signaller) mechanisms.Notifier { return &queuer{s, sys.NewSiginfo(realTimeSignal)} }),
	OpenWaiter: func(t mechanisms.Ticket) (mechanisms.Waiter, error) {
		s, err := openSignalled("sigrt", realTimeSignal, t)
		if err != nil {
			return nil, err
		}
		return &sigrtWaiter{s}, nil
	},
})

// realTimeSignal is glibc's SIGRTMIN+6. The C libraries keep 32 to 34 to
// themselves, and Go's runtime leaves them to those.
const realTimeSignal = 40

func sigrtLimits(int) (mechanisms.Limits, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_SIGPENDING, &limit); err != nil {
		return mechanisms.Limits{}, err
	}
	l := mechanisms.Limits{Receivers: oneThread}
	if limit.Cur < 1<<31-1 { // else there is none within reach
		l.Count = mechanisms.Limit{N: int(limit.Cur), Source: "RLIMIT_SIGPENDING", Beyond: "sigqueue(3)", Errno: unix.EAGAIN}
	}
	return l, nil
}

type queuer struct {
	signaller
	info *unix.Siginfo
}

func (q *queuer) Notify() error {
	if q.to.tid == 0 {
		if err := q.meet(); err != nil {
			return err
		}
	}
	if err := sys.RtTgsigqueueinfo(q.to.pid, q.to.tid, q.info); err != nil {
		return q.failed(err)
	}
	return nil
}

type sigrtWaiter struct{ signalled }

// Wait takes one: the kernel hands out one at a time.
func (w *sigrtWaiter) Wait() (uint64, error) {
	if err := sys.RtSigtimedwait(w.set); err != nil {
		return 0, mechanisms.Failed("wait", w.mechanism, 0, err)
	}
	return 1, nil
}
