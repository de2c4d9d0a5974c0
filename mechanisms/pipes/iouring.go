package pipes

import (
	"errors"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// A pipe, so that it compares with the mechanism of that name: the same object,
// the same copies, and another way into the kernel.
var _ = register(0, mechanisms.Mechanism{
	Name:      "iouring",
	VariantOf: "pipe",
	Summary:   "byte stream through a pipe, read and written by way of io_uring",
	Man:       []string{"io_uring(7)", "io_uring_setup(2)", "io_uring_enter(2)", "pipe(7)"},
	Framing:   mechanisms.Stream,
	Since:     "5.6", // IORING_OP_READ, IORING_OP_WRITE
	Facts: mechanisms.Facts{
		Kernel: "Each end puts a request into a submission queue that it shares with the kernel. One io_uring_enter(2) submits it and waits for its completion, which appears in a second queue. " +
			"The kernel tries the read or write of the pipe at once, without sleeping (io_read and io_write in io_uring/rw.c, which enter pipe_read and pipe_write). " +
			"A request that would sleep has a wake-up in the pipe's wait queue instead (io_arm_poll_handler), while the thread sleeps in io_cqring_wait. " +
			"The peer's call makes it runnable, and it does the work as its own task work before it returns.",
		Path:   mechanisms.Path{Send: mechanisms.Hop{Call: "io_uring_enter", Kernel: 1}, Object: "pages of a pipe", Receive: mechanisms.Hop{Call: "io_uring_enter", Kernel: 1}},
		Traits: pipeTraits,
		Cautions: []mechanisms.Caution{
			{Text: "one request at a time is what costs most: what it can save is calls, for a program that submits many requests with one", Man: "io_uring(7)"},
			{Text: "administrators, containers and seccomp filters often refuse it: kernel.io_uring_disabled", Man: "io_uring_setup(2)"},
			{Text: "a read or write may do a part of what was asked for, as the calls of that name do", Man: "io_uring_enter(2)"},
			interleaves,
			breaks,
		},
	},
	Needs:        mechanisms.Remembered(ringNeeds),
	OpenSender:   func(t mechanisms.Ticket) (mechanisms.Sender, error) { return openIOURing(t) },
	OpenReceiver: func(t mechanisms.Ticket) (mechanisms.Receiver, error) { return openIOURing(t) },
})

const uringDisabled = "/proc/sys/kernel/io_uring_disabled"

// ringNeeds makes a ring, as one that has no capability would.
func ringNeeds() error {
	needs := func(what string) error { return &mechanisms.UnsupportedError{Mechanism: "iouring", What: what} }
	disabled, err := mechanisms.Sysctl(uringDisabled)
	if err == nil && disabled == 1 {
		// The group opens it to others than CAP_SYS_ADMIN.
		group, err := mechanisms.Sysctl("/proc/sys/kernel/io_uring_group")
		groups, _ := os.Getgroups()
		if err != nil || !slices.Contains(append(groups, os.Getegid()), group) {
			return needs(uringDisabled + " is 1, and no group of this user is io_uring_group, io_uring_setup(2)")
		}
	}
	r, err := sys.OpenRing()
	switch {
	case err == nil:
		return r.Close()
	case errors.Is(err, unix.ENOMEM):
		return nil // it is there: whether memory is left, an end finds out that waits for it
	case errors.Is(err, unix.EPERM) && disabled == 2:
		return needs(uringDisabled + " is 2, io_uring_setup(2)")
	case errors.Is(err, sys.ErrRingTooOld):
		return needs(err.Error())
	}
	return mechanisms.Failed("open", "iouring", 0, err)
}

// lockedByRing is what a ring takes: a page for its queues and one for its
// entries, which the kernel counts since Linux 6.14, and until Linux 5.11.
var lockedByRing = mechanisms.LockedMemory(2*os.Getpagesize(), unix.ENOMEM, "io_uring_setup(2)")

// uring is a descriptor that is read or written by way of a ring of its own.
type uring struct {
	descriptor.End
	ring *sys.Ring
}

func openIOURing(t mechanisms.Ticket) (*descriptor.Transfer, error) {
	fd, err := descriptor.Duplicate("iouring", t)
	if err != nil {
		return nil, err
	}
	d := descriptor.End{Mechanism: "iouring", Num: fd}
	var ring *sys.Ring
	err = lockedByRing.Obtain("iouring", func() (err error) {
		ring, err = sys.OpenRing()
		return err
	})
	if err != nil {
		return nil, mechanisms.Failed("open", "iouring", t.Spec.Size, errors.Join(err, d.Close()))
	}
	return &descriptor.Transfer{Mechanism: "iouring", Conduit: &uring{d, ring}}, nil
}

func (u *uring) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var part int
		part, err = u.ring.Write(u.Num, p[n:])
		n += part
	}
	return n, err
}

func (u *uring) Read(p []byte) (int, error) {
	n, err := u.ring.Read(u.Num, p)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

func (u *uring) Close() error { return errors.Join(u.ring.Close(), u.End.Close()) }
