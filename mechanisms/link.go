package mechanisms

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Link is one one-way path, as the process that made it holds it. Its two
// tickets go to the processes that open its ends.
//
// What a link leaves in the kernel is data, not code: descriptors and
// objects. So every mechanism is released, destroyed and journalled alike.
type Link struct {
	Mechanism string
	Given     Given
	Sender    Ticket
	Receiver  Ticket
	FDs       []int    // descriptors that the maker holds until Release
	Objects   []Object // what outlives the process that made it
}

// Release gives up what only the opening of ends needed, once all have
// attached: descriptors are closed, paths unlinked, segments marked for
// removal, so that they go with the last process that uses them.
func (l *Link) Release() error {
	errs := l.closeFDs()
	for _, o := range l.Objects {
		if o.AtRelease {
			errs = append(errs, o.Remove())
		}
	}
	return errors.Join(errs...)
}

// Destroy removes whatever is left of the link. It may be called in any
// process that may touch the objects, any number of times, after any crash.
func (l *Link) Destroy() error {
	errs := l.closeFDs()
	for _, o := range l.Objects {
		errs = append(errs, o.Remove())
	}
	return errors.Join(errs...)
}

func (l *Link) closeFDs() (errs []error) {
	for _, fd := range l.FDs {
		errs = append(errs, os.NewSyscallError("close", unix.Close(fd)))
	}
	l.FDs = nil
	return errs
}

// End is one open end of a link, with the side that it is on: some ends are
// both a Sender and a Receiver.
type End struct {
	Value any
	Sends bool
}

// JoinCapacity joins what the ends of one link read of its capacity. Ends that
// read the same thing count once, by the least; what they read of different
// things adds up: a message through TCP passes the sender's buffer and the
// receiver's. The zero Given means that no end could read anything.
func JoinCapacity(parts []Given) (all Given) {
	least := map[string]int{}
	var sources []string
	for _, p := range parts {
		if p.Source == "" {
			continue
		}
		n, known := least[p.Source]
		if !known {
			sources = append(sources, p.Source)
			n = p.Queue
		}
		least[p.Source] = min(n, p.Queue)
	}
	for _, source := range sources {
		all.Queue += least[source]
		if all.Source != "" {
			all.Source += " + "
		}
		all.Source += source
	}
	return all
}

// Opens returns a Mechanism's function that opens an end: what open finds by the
// ticket, as the end that as makes of it.
func Opens[X, E any](open func(Ticket) (X, error), as func(X) E) func(Ticket) (E, error) {
	return func(t Ticket) (end E, err error) {
		x, err := open(t)
		if err != nil {
			return end, err
		}
		return as(x), nil
	}
}

// OwnCapacity is of ends that keep the link's capacity themselves: the slots of
// a ring, the files of a pool.
func OwnCapacity(e End) (Given, error) {
	if k, ok := e.Value.(capacityKeeper); ok {
		return k.Keeps()
	}
	return Given{}, nil
}

// capacityKeeper is an end that knows how many bytes its link takes before Send
// blocks, or asks the kernel by something else than a descriptor.
type capacityKeeper interface {
	Keeps() (Given, error)
}

// Usual is the capacity of a link where nothing is short.
type Usual struct {
	Queue int    // bytes
	Other string // why a link has another, and the remedy
}

// Unusual says which capacity is usual for a link of s, in bytes, and why one of
// that many bytes has another, with the remedy; "" where it has the usual one.
// Usual is 0 where none is known.
func (m *Mechanism) Unusual(s Spec, given int) (usual int, why string) {
	if m.Usual == nil {
		return 0, ""
	}
	u := m.Usual(s)
	if u.Queue != given {
		why = fmt.Sprintf("%s: capacity %d bytes, usual %d: %s", m.Name, given, u.Queue, u.Other)
	}
	return u.Queue, why
}
