// Package pipes registers the mechanisms on pipes and FIFOs, one file each.
package pipes

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

var _ = register(0, mechanisms.Mechanism{
	Name:    "pipe",
	Summary: "byte stream through a pipe",
	Called:  []string{"anonpipe"},
	Man:     []string{"pipe(2)", "pipe(7)"},
	Framing: mechanisms.Stream,
	Polls:   true,
	Batches: true,
	Since:   "2.6.27", // pipe2
	Facts: mechanisms.Facts{
		Kernel: pipeKernel,
		Path:   pipePath,
		Traits: pipeTraits,
		Cautions: []mechanisms.Caution{
			{Text: "it keeps no message boundaries: the reader must know where a message ends", Man: "pipe(7)"},
			interleaves,
			{Text: "end of file comes only when every copy of the writing end is closed, those that a fork(2) left behind too", Man: "pipe(7)"},
			breaks,
		},
	},
	OpenSender:   descriptor.Opens("pipe", descriptor.SendStream),
	OpenReceiver: descriptor.Opens("pipe", descriptor.RecvStream),
})

// What pipes and FIFOs have in common for a reader.
const pipeKernel = "A write(2) enters pipe_write in fs/pipe.c (anon_pipe_write and fifo_pipe_write since Linux 6.15), which copies the message from the sender's memory into pages. The pages hang on a ring of slots, 16 by default. A short message is put behind the last one in its page. " +
	"A read(2) enters pipe_read, which copies it out and gives back each page that is used up. " +
	"A writer sleeps while the ring is full, and a reader while it is empty."

var (
	pipePath    = mechanisms.Path{Send: mechanisms.Hop{Call: "write", Kernel: 1}, Object: "pages of a pipe", Receive: mechanisms.Hop{Call: "read", Kernel: 1}}
	interleaves = mechanisms.Caution{Text: "writes of more than PIPE_BUF (4096) bytes may interleave with those of other writers", Man: "pipe(7)", Silent: true}
	breaks      = mechanisms.Caution{Text: "a write without a reader left raises SIGPIPE, which ends a process that does not expect it", Man: "pipe(7)"}
)

// pipeBuf is PIPE_BUF of linux/limits.h: writes of up to so many bytes do not
// mix with those of others, pipe(7).
const pipeBuf = 4096

// register registers a mechanism on pipes that pipe2(2) makes with these flags.
// What all on pipes and FIFOs have in common is filled in here, where the entry
// has nothing else.
func register(flags int, m mechanisms.Mechanism) *mechanisms.Mechanism {
	m.Family, m.EOF, m.Facts.Gone, m.Capacity, m.Uses, m.Usual = mechanisms.Pipes, true, "EPIPE", capacityOf, pipeUses, usualPipe
	if m.Limits == nil {
		m.Limits = pipeLimits
	}
	if m.New == nil {
		m.New = func(s mechanisms.Spec) (*mechanisms.Link, error) { return newPipe(m.Name, s, flags) }
	}
	return mechanisms.Register(m)
}

// newPipe makes a link of a pipe with these flags of pipe2(2).
func newPipe(mech string, s mechanisms.Spec, flags int) (*mechanisms.Link, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], flags|unix.O_CLOEXEC); err != nil {
		return nil, mechanisms.Failed("make", mech, s.Size, os.NewSyscallError("pipe2", err))
	}
	l := &mechanisms.Link{
		Mechanism: mech,
		FDs:       []int{p[0], p[1]},
		Receiver:  mechanisms.Ticket{Spec: s, FDs: []int{p[0]}},
		Sender:    mechanisms.Ticket{Spec: s, FDs: []int{p[1]}},
	}
	var err error
	if l.Given, err = sizePipe(mech, p[1], s.Queue); err != nil {
		return nil, mechanisms.Failed("make", mech, s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

// sizePipe asks for a capacity of queue bytes, unless that is 0, and reads
// back what the pipe has. Less than was asked is an *UnsupportedError.
func sizePipe(mech string, fd, queue int) (mechanisms.Given, error) {
	var refused error
	if queue > 0 {
		_, refused = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, queue)
	}
	n, err := mechanisms.PipeSize(fd)
	if err != nil {
		return mechanisms.Given{}, err
	}
	if refused == nil && n >= queue {
		return mechanisms.Given{Queue: n, Source: "F_GETPIPE_SZ"}, nil
	}
	limit := mechanisms.Limit{N: n, Source: "F_GETPIPE_SZ", Beyond: "fcntl(2)"}
	errors.As(refused, &limit.Errno)
	if limit.Errno == unix.EPERM {
		limit.Source, limit.Beyond = mechanisms.PipeUserSoft, "pipe(7)"
		if all, err := QueueLimit(); err == nil && all.N > 0 && queue > all.N {
			limit = all
		}
	}
	return mechanisms.Given{}, &mechanisms.UnsupportedError{Mechanism: mech, What: "queue", Value: queue, Limit: limit}
}

// pipeLimits are those of pipes and FIFOs.
func pipeLimits(int) (mechanisms.Limits, error) {
	queue, err := QueueLimit()
	return mechanisms.Limits{
		Atomic:    mechanisms.Limit{N: pipeBuf, Source: "PIPE_BUF", Beyond: "may interleave, pipe(7)"},
		Queue:     queue,
		Receivers: descriptor.OneReader,
	}, err
}

// QueueLimit asks one byte too many for a pipe of its own: only the kernel
// knows which user may exceed pipe-max-size, since a capability that a user
// namespace shows need not have that effect.
func QueueLimit() (mechanisms.Limit, error) {
	largest, err := mechanisms.Sysctl(mechanisms.PipeMaxSize)
	if err != nil {
		return mechanisms.Limit{}, err
	}
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return mechanisms.Limit{}, os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	_, err = unix.FcntlInt(uintptr(p[1]), unix.F_SETPIPE_SZ, largest+1)
	if err == nil {
		return mechanisms.Limit{}, nil
	}
	limit := mechanisms.Limit{N: largest, Source: mechanisms.PipeMaxSize, Beyond: "fcntl(2)"}
	errors.As(err, &limit.Errno)
	return limit, nil
}

// The functions below are for Mechanism.Capacity.

// capacityOf is of a pipe, by either end: F_GETPIPE_SZ.
func capacityOf(e mechanisms.End) (mechanisms.Given, error) {
	return descriptor.Capacity(e, "F_GETPIPE_SZ", mechanisms.PipeSize)
}

// usualPipe is how many bytes a new pipe has, pipe(7), or one that is asked for
// s.Queue: a power of two of pages.
func usualPipe(s mechanisms.Spec) mechanisms.Usual {
	if s.Queue > 0 {
		u := mechanisms.Usual{Queue: os.Getpagesize(), Other: "another process has changed it by F_SETPIPE_SZ: end that process, fcntl(2)"}
		for u.Queue < s.Queue {
			u.Queue *= 2
		}
		return u
	}
	return mechanisms.UsualPipe()
}

var pipeTraits = mechanisms.Traits{
	Duplex:      mechanisms.Checked("one way", "P02"),
	Persistence: mechanisms.Checked("nothing", "F07"),
	Pollable:    mechanisms.Checked("yes", "L01", "L02"),
	Selection:   mechanisms.Checked("in order only", "P01"),
	Atomic:      mechanisms.Checked("PIPE_BUF, 4096 bytes", "P20", "P31"),
	Message:     mechanisms.Checked("no messages", "P06"),
	Capacity:    mechanisms.Checked("16 pages", "P21"),
	PeerDeath:   mechanisms.Checked("reader: end of file; writer: EPIPE and SIGPIPE", "P09", "P13", "P14"),
	PassFD:      mechanisms.Documented("no", "unix(7)"),
	Permission:  mechanisms.Checked("processes that inherit or are sent the descriptor", "D08"),
	Namespace:   mechanisms.Checked("none", "D08"),
}

// pipeUses are those of a pipe. It has two pages at least, however many the user
// has already.
func pipeUses(mechanisms.Spec) []mechanisms.Use {
	const hard = "/proc/sys/fs/pipe-user-pages-hard"
	limit := mechanisms.SysctlLimit(hard, 0, mechanisms.Limit{Beyond: "pipe(7)", Errno: unix.ENFILE})
	if limit.N == 0 {
		return nil // 0 is none
	}
	return []mechanisms.Use{{What: "pages in the pipes of this user", N: 2, Some: true, Limit: limit}}
}
