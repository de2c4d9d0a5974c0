package notify

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:      "signalfd",
	Summary:   "a standard signal, taken from a descriptor",
	Family:    mechanisms.Notifications,
	Called:    []string{"signal"},
	Man:       []string{"signalfd(2)", "tgkill(2)", "signal(7)"},
	Framing:   mechanisms.Count,
	Since:     "2.6.27", // SFD_CLOEXEC
	Coalesces: true,
	Facts: mechanisms.Facts{
		Kernel: "A tgkill(2) enters do_send_specific, and send_signal_locked marks the signal as pending for the thread: a bit, and one queue entry, whose further copies are dropped (legacy_queue). " +
			"signalfd_notify wakes the process that sleeps on the descriptor. " +
			"A read(2) enters signalfd_dequeue, which takes the signal off as its delivery would (dequeue_signal), since it is blocked, and signalfd_copyinfo copies out 128 bytes.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "tgkill"}, Object: "a bit: pending, or not",
			Receive: mechanisms.Hop{Call: "read", Kernel: 1},
		},
		Unrelated: true,
		Killed:    true,
		Traits: signalTraits(
			mechanisms.Checked("yes: readable while one is pending", "A04"),
			mechanisms.Documented("no payload but the sender's process and user", "signalfd(2)"),
			mechanisms.Documented("1: a second one while the first is pending is lost", "signal(7)")),
		Cautions: []mechanisms.Caution{
			{Text: "signals that come while one is pending are lost: the count may be lower than what was sent, and only an answer to each makes it exact", Man: "signal(7)", Silent: true},
			{Text: "a signal that is not blocked is delivered, and the descriptor stays silent: every thread of the process must block it", Man: "signalfd(2)"},
			{Text: "a read shows the signals of the thread that reads, not of the one that made the descriptor", Man: "signalfd(2)"},
			{Text: "blocked signals are inherited by what a process executes", Man: "signalfd(2)"},
			{Text: "a process may signal only those of its own user, without CAP_KILL", Man: "kill(2)"},
		},
	},
	Limits: func(int) (mechanisms.Limits, error) {
		return mechanisms.Limits{
			Count:     mechanisms.Limit{N: 1, Source: "a standard signal", Beyond: "is lost, signal(7)"},
			Receivers: oneThread,
		}, nil
	},
	New:          func(s mechanisms.Spec) (*mechanisms.Link, error) { return newSignal("signalfd", s) },
	OpenNotifier: mechanisms.Opens(openSignaller("signalfd"), func(s signaller) mechanisms.Notifier { return &tgkiller{s} }),
	OpenWaiter:   openSignalfd,
})

// standardSignal is one that means nothing to the kernel, nor to Go's runtime.
const standardSignal = int(unix.SIGUSR2)

type tgkiller struct{ signaller }

func (k *tgkiller) Notify() error {
	if k.to.tid == 0 {
		if err := k.meet(); err != nil {
			return err
		}
	}
	if a := sys.TryTgkill(k.to.pid, k.to.tid, standardSignal); a != 0 {
		if err := a.Tgkill(k.to.pid, k.to.tid, standardSignal); err != nil {
			return k.failed(err)
		}
	}
	return nil
}

// infoSize is struct signalfd_siginfo.
const infoSize = int(unsafe.Sizeof(unix.SignalfdSiginfo{}))

type signalfdWaiter struct {
	signalled
	fd   int
	info [infoSize]byte
}

func openSignalfd(t mechanisms.Ticket) (mechanisms.Waiter, error) {
	s, err := openSignalled("signalfd", standardSignal, t)
	if err != nil {
		return nil, err
	}
	w := &signalfdWaiter{signalled: s}
	var set unix.Sigset_t
	*(*sys.Sigset)(unsafe.Pointer(&set)) = *s.set
	if w.fd, err = unix.Signalfd(-1, &set, unix.SFD_CLOEXEC); err != nil {
		return nil, mechanisms.Failed("open", "signalfd", 0, errors.Join(os.NewSyscallError("signalfd4", err), s.Close()))
	}
	return w, nil
}

func (w *signalfdWaiter) Wait() (uint64, error) {
	a := sys.TryRead(w.fd, w.info[:])
	if a != sys.Attempt(infoSize) {
		n, err := a.Read(w.fd, w.info[:])
		if err == nil && n != infoSize {
			err = mechanisms.WrongLength(n, infoSize)
		}
		if err != nil {
			return 0, mechanisms.Failed("wait", w.mechanism, 0, err)
		}
	}
	return 1, nil
}

func (w *signalfdWaiter) Close() error {
	return errors.Join(w.signalled.Close(), os.NewSyscallError("close", unix.Close(w.fd)))
}
