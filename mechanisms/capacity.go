package mechanisms

import (
	"fmt"
)

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
