package pipes

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

var _ = register(0, mechanisms.Mechanism{
	Name:    "fifo",
	Summary: "byte stream through a FIFO, opened by name",
	Called:  []string{"namedpipe", "mkfifo"},
	Man:     []string{"fifo(7)", "mkfifo(3)", "pipe(7)"},
	Framing: mechanisms.Stream,
	Polls:   true,
	Batches: true,
	Since:   "2.6.16", // mknodat
	Facts: mechanisms.Facts{
		Kernel: "The name leads open(2) to fifo_open, which waits for the other end; what follows is a pipe. " + pipeKernel,
		Path:   pipePath, Unrelated: true,
		Traits: fifoTraits,
		Cautions: []mechanisms.Caution{
			{Text: "it keeps no message boundaries: the reader must know where a message ends", Man: "pipe(7)"},
			{Text: "open(2) blocks until a process opens the other end: two processes that open two FIFOs in different orders wait forever", Man: "fifo(7)"},
			interleaves,
			{Text: "the name stays when its processes have gone, until it is unlinked", Man: "unlink(2)"},
			breaks,
		},
	},
	New:          newFIFO,
	OpenSender:   opensFIFO(unix.O_WRONLY, descriptor.SendStream),
	OpenReceiver: opensFIFO(unix.O_RDONLY, descriptor.RecvStream),
})

// newFIFO makes a FIFO in the private directory s.Dir. The maker holds it
// open for reading and writing until Release, so that no order in which the
// ends are opened can deadlock, fifo(7).
func newFIFO(s mechanisms.Spec) (*mechanisms.Link, error) {
	o, err := makeFIFO(s.Dir)
	if err != nil {
		return nil, mechanisms.Failed("make", "fifo", s.Size, err)
	}
	l := &mechanisms.Link{Mechanism: "fifo", Objects: []mechanisms.Object{o}}
	if err := holdFIFO(l, s); err != nil {
		return nil, mechanisms.Failed("make", "fifo", s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

// makeFIFO makes a FIFO with a name of its own, mode 0600.
func makeFIFO(dir string) (mechanisms.Object, error) {
	fd, err := mechanisms.OpenPrivate(dir)
	if err != nil {
		return mechanisms.Object{}, err
	}
	defer unix.Close(fd)
	name := "fifo-" + rand.Text()
	if err := unix.Mkfifoat(fd, name, 0o600); err != nil {
		return mechanisms.Object{}, os.NewSyscallError("mknodat", err)
	}
	o, err := mechanisms.PathObject(filepath.Join(dir, name))
	if err != nil {
		return mechanisms.Object{}, errors.Join(err, os.NewSyscallError("unlinkat", unix.Unlinkat(fd, name, 0)))
	}
	o.AtRelease = true
	return o, nil
}

func holdFIFO(l *mechanisms.Link, s mechanisms.Spec) (err error) {
	fd, err := l.Objects[0].OpenAt(unix.O_RDWR, unix.S_IFIFO)
	if err != nil {
		return err
	}
	l.FDs = []int{fd}
	if l.Given, err = sizePipe("fifo", fd, s.Queue); err != nil {
		return err
	}
	attr, err := json.Marshal(l.Objects[0])
	l.Sender = mechanisms.Ticket{Spec: s, Attr: attr}
	l.Receiver = mechanisms.Ticket{Spec: s, Attr: attr}
	return err
}

// opensFIFO returns the mechanism's OpenSender or OpenReceiver.
func opensFIFO[E any](flags int, as func(descriptor.End) E) func(mechanisms.Ticket) (E, error) {
	return func(t mechanisms.Ticket) (end E, err error) {
		var o mechanisms.Object
		if err := json.Unmarshal(t.Attr, &o); err != nil {
			return end, mechanisms.Failed("open", "fifo", t.Spec.Size, err)
		}
		fd, err := o.OpenAt(flags, unix.S_IFIFO)
		if err != nil {
			return end, mechanisms.Failed("open", "fifo", t.Spec.Size, err)
		}
		return descriptor.Own("fifo", fd, t.Spec, as)
	}
}

var fifoTraits = func() mechanisms.Traits {
	t := pipeTraits
	t.Duplex = mechanisms.Checked("one way; O_RDWR on Linux", "F05")
	t.Persistence = mechanisms.Checked("the name, not what is in it", "F07")
	t.Pollable = mechanisms.Checked("yes", "L07")
	t.PeerDeath = mechanisms.Checked("as a pipe, until another peer opens it", "F09", "F13")
	t.Permission = mechanisms.Checked("mode of the file", "F12")
	t.Namespace = mechanisms.Checked("mount: a path", "F01", "F08")
	return t
}()
