package shm

import (
	"encoding/binary"
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

var _ = shmeventfd.register(mechanisms.Mechanism{
	Summary: "slots in shared memory, counted by indices; the waiter spins briefly, then sleeps on an eventfd",
	Man:     append([]string{"eventfd(2)"}, ringMan...),
	Facts: mechanisms.Facts{
		Kernel: ringKernel + "The waiter looks at a slot's mark or the other's index some hundred times, and then reads an eventfd: eventfd_read sleeps while its count is 0, and clears it. " +
			"A side that passes a slot on writes 1 to it (eventfd_write) only where a word shows that its peer sleeps.",
		Traits: eventfdTraits,
		Cautions: []mechanisms.Caution{
			{Text: "neither side learns that the other has gone: it waits forever, as a descriptor that both hold has no end of file", Man: "eventfd(2)"},
			{Text: "the count shows that something happened, not what: the process that wakes looks at the index, and may find nothing new", Man: "eventfd(2)"},
			{Text: "a process that inherits nothing must be sent the descriptors, SCM_RIGHTS", Man: "unix(7)"},
			unprotected,
			fenced,
		},
	},
})

var shmeventfd = ringKind{name: "shmeventfd", hop: mechanisms.Hop{Own: 1, Waits: []string{"read", "write"}}, prepare: addEventfds, wait: sleepsOnEventfd}

// addEventfds makes an eventfd for either side to sleep on, the last two
// descriptors of a ticket.
func addEventfds(m *ringBuild) error {
	for range 2 {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil {
			return os.NewSyscallError("eventfd2", err)
		}
		m.FDs = append(m.FDs, fd)
		m.Sender.FDs, m.Receiver.FDs = append(m.Sender.FDs, fd), append(m.Receiver.FDs, fd)
	}
	return nil
}

func sleepsOnEventfd(t mechanisms.Ticket, r *ring) (slotAccess, error) {
	if len(t.FDs) < 2 {
		return nil, errors.New("ticket without two eventfds")
	}
	b := &eventfdParker{count: make([]byte, 8), one: make([]byte, 8)}
	binary.NativeEndian.PutUint64(b.one, 1)
	var fds [2]int // by side that sleeps on it
	for i, fd := range t.FDs[len(t.FDs)-2:] {
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
		fds[i] = own
		r.closers = append(r.closers, func() error { return os.NewSyscallError("close", unix.Close(own)) })
	}
	b.mine, b.peer = fds[r.side], fds[r.side.other()]
	return r.sleeper(b), nil
}

// eventfdParker sleeps in a read of its side's eventfd.
type eventfdParker struct {
	mine, peer int
	count, one []byte // messages of an eventfd: 8 bytes
}

func (b *eventfdParker) sleep() error {
	_, err := sys.Read(b.mine, b.count)
	return err
}

func (b *eventfdParker) wake() error {
	_, err := sys.Write(b.peer, b.one)
	return err
}

var eventfdTraits = func() mechanisms.Traits {
	t := ringTraits
	t.Pollable = mechanisms.Documented("not here; an eventfd can be", "eventfd(2)")
	t.Permission = mechanisms.Documented("processes that inherit or are sent the descriptors", "eventfd(2)")
	t.Namespace = mechanisms.Documented("none", "eventfd(2)")
	return t
}()
