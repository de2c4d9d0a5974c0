package notify

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "eventfd",
	Summary: "a count in the kernel, behind a descriptor",
	Family:  mechanisms.Notifications,
	Man:     []string{"eventfd(2)"},
	Framing: mechanisms.Count,
	Since:   "2.6.27", // EFD_CLOEXEC
	Facts: mechanisms.Facts{
		Kernel: "A write(2) of 8 bytes enters eventfd_write, which adds the number to a count of 64 bits. It wakes a process that sleeps on it (wake_up_locked_poll). " +
			"A read(2) enters eventfd_read, which sleeps while the count is 0, and then returns and clears it (eventfd_ctx_do_read): after any number of writes one read takes it all.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "write", Kernel: 1}, Object: "a count of 64 bits",
			Receive: mechanisms.Hop{Call: "read", Kernel: 1},
		},
		Traits: mechanisms.Traits{
			Duplex:      mechanisms.Documented("one count: the writer may read it back", "eventfd(2)"),
			Persistence: mechanisms.Documented("nothing", "eventfd(2)"),
			Pollable:    mechanisms.Checked("yes", "V09"),
			Selection:   mechanisms.Checked("all at once, or one with EFD_SEMAPHORE", "V01", "V02"),
			Atomic:      mechanisms.Checked("each is added", "V01"),
			Message:     mechanisms.Documented("no payload: a number is added", "eventfd(2)"),
			Capacity:    mechanisms.Checked("2^64-2", "V03"),
			PeerDeath:   mechanisms.Documented("not reported", "eventfd(2)"),
			PassFD:      mechanisms.Documented("no", "eventfd(2)"),
			Permission:  mechanisms.Documented("processes that inherit or are sent the descriptor", "eventfd(2)"),
			Namespace:   mechanisms.Documented("none", "eventfd(2)"),
		},
		Cautions: []mechanisms.Caution{
			{Text: "it carries how often, and not what: the data is elsewhere, in memory that both map", Man: "eventfd(2)"},
			{Text: "a read or write of less than 8 bytes fails with EINVAL", Man: "eventfd(2)"},
			{Text: "a reader does not learn that the other side has gone: it waits forever", Man: "eventfd(2)"},
		},
	},
	Limits: func(int) (mechanisms.Limits, error) { return mechanisms.Limits{}, nil }, // 2^64-2 notifications take centuries
	New:    newEventfd,
	OpenNotifier: descriptor.Opens("eventfd", func(d descriptor.End) mechanisms.Notifier {
		n := &eventfdNotifier{End: d}
		binary.NativeEndian.PutUint64(n.one[:], 1)
		return n
	}),
	OpenWaiter: descriptor.Opens("eventfd", func(d descriptor.End) mechanisms.Waiter { return &eventfdWaiter{End: d} }),
})

func newEventfd(s mechanisms.Spec) (*mechanisms.Link, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return nil, mechanisms.Failed("make", "eventfd", 0, os.NewSyscallError("eventfd2", err))
	}
	t := mechanisms.Ticket{Spec: s, FDs: []int{fd}}
	return &mechanisms.Link{Mechanism: "eventfd", FDs: []int{fd}, Sender: t, Receiver: t}, nil
}

type eventfdNotifier struct {
	descriptor.End
	one [8]byte
}

// Notify adds one, in the byte order of the machine.
func (n *eventfdNotifier) Notify() error {
	a := sys.TryWrite(n.Num, n.one[:])
	if a == sys.Attempt(len(n.one)) {
		return nil
	}
	if _, err := a.Write(n.Num, n.one[:]); err != nil {
		return mechanisms.Failed("notify", n.Mechanism, 0, err)
	}
	return nil
}

type eventfdWaiter struct {
	descriptor.End
	count [8]byte
}

func (w *eventfdWaiter) Wait() (uint64, error) {
	a := sys.TryRead(w.Num, w.count[:])
	if a != sys.Attempt(len(w.count)) {
		if _, err := a.Read(w.Num, w.count[:]); err != nil {
			return 0, mechanisms.Failed("wait", w.Mechanism, 0, err)
		}
	}
	return binary.NativeEndian.Uint64(w.count[:]), nil
}
