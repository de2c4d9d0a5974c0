package bench

import (
	"unsafe"

	"ipcbench/mechanisms"
)

// Cursor is a stamp that a part counts up with each message, where it stands in
// the memory of its process. A process that may read that memory sees how far
// the part is, also while the part is in a call that does not end.
type Cursor struct {
	At     uintptr `json:"at"`     // address of the stamp, 8 bytes
	Origin int     `json:"origin"` // of the messages
	Sends  bool    `json:"sends,omitempty"`

	stamp *uint64
}

// Cursors are those of this part, for as long as it lives: the stamps that it
// gives next, and those that it waits for. A part has none that moves messages
// without looking at them, or that cannot know which one comes next.
func (e *Ends) Cursors() (all []Cursor) {
	point := func(stamp *uint64, origin int, sends bool) {
		all = append(all, Cursor{uintptr(unsafe.Pointer(stamp)), origin, sends, stamp})
	}
	if len(e.Senders) > 0 {
		if _, relays := e.Senders[0].(mechanisms.Relay); relays && len(e.Receivers) > 0 {
			return nil
		}
		if e.nexts == nil {
			point(&e.next, e.part.ID, true)
		}
		for i := range e.nexts {
			point(&e.nexts[i], e.part.ID+i, true)
		}
	}
	if e.in == nil || e.in.totals || e.part.Whole || len(e.Receivers) == 0 {
		return all
	}
	for i := range e.in.next {
		point(&e.in.next[i], e.in.first+i, false)
	}
	return all
}

// Size is how many bytes a message has.
func (e *Ends) Size() int { return e.cell.Size }

// Number is which message of its origin a stamp is on, counted from 1.
func (s Seed) Number(origin int, stamp uint64) uint64 { return stamp - s.first(origin) + 1 }

// Position is the number of the message that this part was sending, or waiting
// for, when a call failed; 0: it is not known.
func (e *Ends) Position(sends bool) int {
	number := 0
	for _, c := range e.Cursors() {
		if c.Sends != sends {
			continue
		}
		if number != 0 {
			return 0 // on which of several links the call was is not known
		}
		number = int(e.seed.Number(c.Origin, *c.stamp))
	}
	if !sends {
		return number
	}
	if number == 1 { // it has given no stamp: it passes on what it receives
		number = e.Position(false)
	}
	return number - 1 // a stamp is given before its message is sent
}
