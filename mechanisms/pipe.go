package mechanisms

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

var _ = Register(Mechanism{
	Name:    "pipe",
	Summary: "byte stream through a pipe",
	Man:     []string{"pipe(2)", "pipe(7)"},
	Framing: Stream,
	Polls:   true,
	Batches: true,
	Since:   "2.6.27", // pipe2
	EOF:     true,
	Facts: Facts{
		Kernel: pipeKernel,
		Path:   pipePath,
		Gone:   "EPIPE",
		Traits: pipeTraits,
		Cautions: []Caution{
			{"it keeps no message boundaries: the reader must know where a message ends", "pipe(7)"},
			interleaves,
			{"end of file comes only when every copy of the writing end is closed, those that a fork(2) left behind too", "pipe(7)"},
			breaks,
		},
	},
	Limits:       pipeLimits,
	New:          func(s Spec) (*Link, error) { return newPipe("pipe", s, 0) },
	Capacity:     pipeCapacity,
	Uses:         pipeUses,
	Usual:        usualPipe,
	OpenSender:   opens("pipe", sendStream),
	OpenReceiver: opens("pipe", recvStream),
})

// What pipes and FIFOs have in common for a reader.
const pipeKernel = "A write(2) enters pipe_write in fs/pipe.c (anon_pipe_write and fifo_pipe_write since Linux 6.15), which copies the message from the sender's memory into pages that hang on a ring of slots, 16 by default, a short message behind the last one in its page. " +
	"A read(2) enters pipe_read, which copies it out and gives back each page that is used up. " +
	"A writer sleeps while the ring is full and is woken when it no longer is, a reader while it is empty."

var (
	pipePath    = Path{Send: Hop{Call: "write", Kernel: 1}, Object: "pages of a pipe", Receive: Hop{Call: "read", Kernel: 1}}
	interleaves = Caution{"writes of more than PIPE_BUF (4096) bytes may interleave with those of other writers", "pipe(7)"}
	breaks      = Caution{"a write that no reader is left for raises SIGPIPE, which ends a process that does not expect it", "pipe(7)"}
)

// pipeBuf is PIPE_BUF of linux/limits.h: writes of up to so many bytes do not
// mix with those of others, pipe(7).
const pipeBuf = 4096

// oneReader is the limit on the receivers of a byte stream.
var oneReader = Limit{N: 1, Source: "byte stream", Beyond: "a short read leaves the rest to another receiver, read(2)"}

const (
	pipeMaxSize  = "/proc/sys/fs/pipe-max-size"
	pipeUserSoft = "/proc/sys/fs/pipe-user-pages-soft"
)

// newPipe makes a link of a pipe with these flags of pipe2(2).
func newPipe(mech string, s Spec, flags int) (*Link, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], flags|unix.O_CLOEXEC); err != nil {
		return nil, failed("make", mech, s.Size, os.NewSyscallError("pipe2", err))
	}
	l := &Link{
		Mechanism: mech,
		FDs:       []int{p[0], p[1]},
		Receiver:  Ticket{Spec: s, FDs: []int{p[0]}},
		Sender:    Ticket{Spec: s, FDs: []int{p[1]}},
	}
	var err error
	if l.Given, err = sizePipe(mech, p[1], s.Queue); err != nil {
		return nil, failed("make", mech, s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

// sizePipe asks for a capacity of queue bytes, unless that is 0, and reads
// back what the pipe has. Less than was asked is an *UnsupportedError.
func sizePipe(mech string, fd, queue int) (Given, error) {
	var refused error
	if queue > 0 {
		_, refused = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, queue)
	}
	n, err := pipeSize(fd)
	if err != nil {
		return Given{}, err
	}
	if refused == nil && n >= queue {
		return Given{Queue: n, Source: "F_GETPIPE_SZ"}, nil
	}
	limit := Limit{N: n, Source: "F_GETPIPE_SZ", Beyond: "fcntl(2)"}
	errors.As(refused, &limit.Errno)
	if limit.Errno == unix.EPERM {
		limit.Source, limit.Beyond = pipeUserSoft, "pipe(7)"
		if all, err := pipeQueueLimit(); err == nil && all.N > 0 && queue > all.N {
			limit = all
		}
	}
	return Given{}, &UnsupportedError{Mechanism: mech, What: "queue", Value: queue, Limit: limit}
}

// pipeLimits are those of pipes and FIFOs.
func pipeLimits(int) (Limits, error) {
	queue, err := pipeQueueLimit()
	return Limits{
		Atomic:    Limit{N: pipeBuf, Source: "PIPE_BUF", Beyond: "may interleave, pipe(7)"},
		Queue:     queue,
		Receivers: oneReader,
	}, err
}

// pipeQueueLimit asks one byte too many for a pipe of its own: who may exceed
// pipe-max-size is for the kernel to say, since a capability that a user
// namespace shows need not have that effect.
func pipeQueueLimit() (Limit, error) {
	largest, err := sysctl(pipeMaxSize)
	if err != nil {
		return Limit{}, err
	}
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return Limit{}, os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	_, err = unix.FcntlInt(uintptr(p[1]), unix.F_SETPIPE_SZ, largest+1)
	if err == nil {
		return Limit{}, nil
	}
	limit := Limit{N: largest, Source: pipeMaxSize, Beyond: "fcntl(2)"}
	errors.As(err, &limit.Errno)
	return limit, nil
}
