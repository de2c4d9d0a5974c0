package mechanisms

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

var _ = Register(Mechanism{
	Name:    "fifo",
	Summary: "byte stream through a FIFO, opened by name",
	Man:     []string{"fifo(7)", "mkfifo(3)", "pipe(7)"},
	Framing: Stream,
	Polls:   true,
	Batches: true,
	Since:   "2.6.16", // mknodat
	EOF:     true,
	Facts: Facts{
		Kernel: "The name leads open(2) to fifo_open, which waits for the other end; what follows is a pipe. " + pipeKernel,
		Path:   pipePath, Unrelated: true,
		Gone:   "EPIPE",
		Traits: fifoTraits,
		Cautions: []Caution{
			{"it keeps no message boundaries: the reader must know where a message ends", "pipe(7)"},
			{"open(2) blocks until somebody opens the other end: two processes that open two FIFOs in different orders wait for ever", "fifo(7)"},
			interleaves,
			{"the name stays when its processes have gone, until somebody unlinks it", "unlink(2)"},
			breaks,
		},
	},
	Limits:       pipeLimits,
	New:          newFIFO,
	Capacity:     pipeCapacity,
	Uses:         pipeUses,
	Usual:        usualPipe,
	OpenSender:   opensFIFO(unix.O_WRONLY, sendStream),
	OpenReceiver: opensFIFO(unix.O_RDONLY, recvStream),
})

// newFIFO makes a FIFO in the private directory s.Dir. The maker holds it
// open for reading and writing until Release, so that no order in which the
// ends are opened can deadlock, fifo(7).
func newFIFO(s Spec) (*Link, error) {
	o, err := makeFIFO(s.Dir)
	if err != nil {
		return nil, failed("make", "fifo", s.Size, err)
	}
	l := &Link{Mechanism: "fifo", Objects: []Object{o}}
	if err := holdFIFO(l, s); err != nil {
		return nil, failed("make", "fifo", s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

// makeFIFO makes a FIFO with a name of its own, mode 0600.
func makeFIFO(dir string) (Object, error) {
	fd, err := openPrivate(dir)
	if err != nil {
		return Object{}, err
	}
	defer unix.Close(fd)
	name := "fifo-" + rand.Text()
	if err := unix.Mkfifoat(fd, name, 0o600); err != nil {
		return Object{}, os.NewSyscallError("mknodat", err)
	}
	o, err := PathObject(filepath.Join(dir, name))
	if err != nil {
		return Object{}, errors.Join(err, os.NewSyscallError("unlinkat", unix.Unlinkat(fd, name, 0)))
	}
	o.AtRelease = true
	return o, nil
}

func holdFIFO(l *Link, s Spec) (err error) {
	fd, err := l.Objects[0].open(unix.O_RDWR, unix.S_IFIFO)
	if err != nil {
		return err
	}
	l.FDs = []int{fd}
	if l.Given, err = sizePipe("fifo", fd, s.Queue); err != nil {
		return err
	}
	attr, err := json.Marshal(l.Objects[0])
	l.Sender = Ticket{Spec: s, Attr: attr}
	l.Receiver = Ticket{Spec: s, Attr: attr}
	return err
}

// opensFIFO returns the mechanism's OpenSender or OpenReceiver.
func opensFIFO[E any](flags int, as func(descriptor) E) func(Ticket) (E, error) {
	return func(t Ticket) (end E, err error) {
		var o Object
		if err := json.Unmarshal(t.Attr, &o); err != nil {
			return end, failed("open", "fifo", t.Spec.Size, err)
		}
		fd, err := o.open(flags, unix.S_IFIFO)
		if err != nil {
			return end, failed("open", "fifo", t.Spec.Size, err)
		}
		return open("fifo", fd, t.Spec, as)
	}
}

// openPrivate opens a directory that nobody else can put names into.
func openPrivate(dir string) (fd int, err error) {
	fd, err = unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("directory %q: %w", dir, os.NewSyscallError("openat", err))
	}
	var st unix.Stat_t
	if err = os.NewSyscallError("fstat", unix.Fstat(fd, &st)); err == nil &&
		(st.Mode&0o777 != 0o700 || int(st.Uid) != os.Geteuid()) {
		err = fmt.Errorf("directory %s: mode %04o of user %d, want 0700 of %d", dir, st.Mode&0o777, st.Uid, os.Geteuid())
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
