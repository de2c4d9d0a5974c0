package mechanisms

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

var _ = Register(Mechanism{
	Name:    "eventfd",
	Summary: "a count in the kernel, behind a descriptor",
	Man:     []string{"eventfd(2)"},
	Framing: Count,
	Since:   "2.6.27", // EFD_CLOEXEC
	Facts: Facts{
		Kernel: "A write(2) of 8 bytes enters eventfd_write, which adds the number to a count of 64 bits and wakes who sleeps on it (wake_up_locked_poll). " +
			"A read(2) enters eventfd_read, which sleeps while the count is 0, and then returns and clears it (eventfd_ctx_do_read): however often somebody has written, one read takes it all.",
		Path: Path{
			Send: Hop{Call: "write", Kernel: 1}, Object: "a count of 64 bits",
			Receive: Hop{Call: "read", Kernel: 1},
		},
		Traits: Traits{
			Duplex:      said("one count: who writes may read it back", "eventfd(2)"),
			Persistence: said("nothing", "eventfd(2)"),
			Pollable:    said("yes", "eventfd(2)"),
			Selection:   trait("all at once, or one with EFD_SEMAPHORE", "V01", "V02"),
			Atomic:      trait("each is added", "V01"),
			Message:     said("no payload: a number is added", "eventfd(2)"),
			Capacity:    said("2^64-2", "eventfd(2)"),
			PeerDeath:   said("nobody is told", "eventfd(2)"),
			PassFD:      said("no", "eventfd(2)"),
			Permission:  said("who inherits or is sent the descriptor", "eventfd(2)"),
			Namespace:   said("none", "eventfd(2)"),
		},
		Cautions: []Caution{
			{"it carries how often, and not what: the data is elsewhere, in memory that both map", "eventfd(2)"},
			{"a read or write of less than 8 bytes fails with EINVAL", "eventfd(2)"},
			{"nobody is told that the other side has gone: a reader waits for ever", "eventfd(2)"},
		},
	},
	Limits: func(int) (Limits, error) { return Limits{}, nil }, // 2^64-2 notifications take centuries
	New:    newEventfd,
	OpenNotifier: opens("eventfd", func(d descriptor) Notifier {
		n := &eventfdNotifier{descriptor: d}
		binary.NativeEndian.PutUint64(n.one[:], 1)
		return n
	}),
	OpenWaiter: opens("eventfd", func(d descriptor) Waiter { return &eventfdWaiter{descriptor: d} }),
})

func newEventfd(s Spec) (*Link, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return nil, failed("make", "eventfd", 0, os.NewSyscallError("eventfd2", err))
	}
	t := Ticket{Spec: s, FDs: []int{fd}}
	return &Link{Mechanism: "eventfd", FDs: []int{fd}, Sender: t, Receiver: t}, nil
}

type eventfdNotifier struct {
	descriptor
	one [8]byte
}

// Notify adds one, in the byte order of the machine.
func (n *eventfdNotifier) Notify() error {
	a := sys.TryWrite(n.fd, n.one[:])
	if a == sys.Attempt(len(n.one)) {
		return nil
	}
	if _, err := a.Write(n.fd, n.one[:]); err != nil {
		return failed("notify", n.mechanism, 0, err)
	}
	return nil
}

type eventfdWaiter struct {
	descriptor
	count [8]byte
}

func (w *eventfdWaiter) Wait() (uint64, error) {
	a := sys.TryRead(w.fd, w.count[:])
	if a != sys.Attempt(len(w.count)) {
		if _, err := a.Read(w.fd, w.count[:]); err != nil {
			return 0, failed("wait", w.mechanism, 0, err)
		}
	}
	return binary.NativeEndian.Uint64(w.count[:]), nil
}
