package external

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

// Register makes a mechanism of the declaration. Every process that plans cells of
// it, or opens a launch of one, has to.
func (d *Declaration) Register() *mechanisms.Mechanism {
	program := d.Program
	m := mechanisms.Mechanism{
		Name:    d.Name,
		Summary: d.Summary,
		Program: &program,
		EOF:     d.PeerDeath == "eof",
		Spins:   d.Spins,
		Facts:   mechanisms.Facts{Unrelated: d.Unrelated},
		Limits:  func(int) (mechanisms.Limits, error) { return d.limits(), nil },
		Needs:   d.built,
		New:     d.makeLink,
	}
	if m.Summary == "" {
		m.Summary = "external: " + filepath.Base(program.Command[0])
	}
	switch d.Framing {
	case "packet":
		m.Framing = mechanisms.Packet
	case "slot":
		m.Framing = mechanisms.Slot
	}
	all = append(all, d)
	return mechanisms.Register(m)
}

// built reports whether there is a program.
func (d *Declaration) built() error {
	if d.Unbuilt == "" {
		return nil
	}
	return &mechanisms.UnsupportedError{Mechanism: d.Name, What: d.Unbuilt}
}

func (d *Declaration) limits() mechanisms.Limits {
	declared := func(n int, beyond string) mechanisms.Limit {
		if n == 0 {
			return mechanisms.Limit{}
		}
		return mechanisms.Limit{N: n, Source: "declared", Beyond: beyond}
	}
	l := mechanisms.Limits{
		Message:   declared(d.Sizes.Most, "the transport carries no more"),
		Least:     declared(d.Sizes.Least, "the transport carries no less"),
		Receivers: declared(1, "the protocol of external transports has one receiver on a link"),
	}
	if d.Senders == "one" {
		l.Senders = declared(1, "the transport has one sender on a link, the default: declare senders: many if it has several")
	}
	return l
}

// makeLink makes what the parts inherit of a link, if they do, else nothing: the
// program makes its links by names in a directory.
func (d *Declaration) makeLink(s mechanisms.Spec) (*mechanisms.Link, error) {
	l := &mechanisms.Link{Mechanism: d.Name, Sender: mechanisms.Ticket{Spec: s}, Receiver: mechanisms.Ticket{Spec: s}}
	var fds [2]int
	var err error
	switch d.Program.Ends {
	case "pipe":
		err = os.NewSyscallError("pipe2", unix.Pipe2(fds[:], unix.O_CLOEXEC))
	case "socketpair":
		fds, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		err = os.NewSyscallError("socketpair", err)
	default:
		return l, nil
	}
	if err != nil {
		return nil, mechanisms.Failed("make", d.Name, s.Size, err)
	}
	l.FDs = fds[:]
	l.Receiver.FDs, l.Sender.FDs = fds[:1], fds[1:]
	return l, nil
}

// all are those that were registered, in that order.
var all []*Declaration

// All are the declarations that this process has registered.
func All() []*Declaration { return all }

// Ensure registers those that this process does not know.
func Ensure(declared []*Declaration) error {
	for _, d := range declared {
		m := mechanisms.Lookup(d.Name)
		if m == nil {
			d.Register()
		} else if m.Program == nil {
			return fmt.Errorf("external transport %q: there is such a mechanism", d.Name)
		}
	}
	return nil
}
