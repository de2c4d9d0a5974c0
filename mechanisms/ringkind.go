package mechanisms

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ringKind is a ring of one name: one layout, in one kind of memory, with one
// way to wait. Its methods are the functions of a Mechanism.
type ringKind struct {
	name string
	in   memory // nil: what the Spec asks for
	// single says that it has one sender. Else several take turns by a lock.
	single bool
	// begin writes to new memory what its ends wait on. Optional.
	begin func(h *header, slots int)
	// prepare makes what its ends wait on besides memory. Optional.
	prepare func(*ringMaking) error
	// wait gives an end its turn; it is nil where ends are of a kind of their own.
	wait func(Ticket, *ring) (turn, error)
}

// ringMaking is a ring while it is made.
type ringMaking struct {
	*Link
	Spec
	ringAttr
}

// ringAttr is what an end needs to find the ring.
type ringAttr struct {
	Slots int             `json:"slots"`
	Found json.RawMessage `json:"found,omitempty"` // of its memory
	Sem   int             `json:"sem"`             // System V semaphores
}

// memory is what a ring lies in that s asks for.
func (k ringKind) memory(s Spec) memory {
	switch {
	case k.in != nil:
		return k.in
	case s.Memory == "":
		return memories[ringMemories[0]]
	}
	return memories[s.Memory]
}

func (k ringKind) limits(queue int) (Limits, error) {
	l := Limits{
		Receivers: Limit{N: 1, Source: "one reading index", Beyond: "two receivers would take the same slot: nothing keeps them apart, shm_overview(7)"},
	}
	if k.single {
		l.Senders = Limit{N: 1, Source: "one writing index", Beyond: "two senders would write to the same slot: nothing keeps them apart, shm_overview(7)"}
	}
	if queue > 0 {
		l.Message = tooLargeForRing(queue)
	}
	return l, nil
}

// tooLargeForRing is the limit on a message where the ring's size was asked
// for. Nothing in the kernel draws it: New refuses.
func tooLargeForRing(queue int) Limit {
	return Limit{N: queue, Source: "the queue asked for", Beyond: "no slot of the ring holds it"}
}

func (k ringKind) make(s Spec) (*Link, error) {
	l, err := k.build(s)
	if err != nil {
		return nil, failed("make", k.name, s.Size, err)
	}
	return l, nil
}

// build makes the memory and what else there is. What it has made is in the
// link as soon as it exists, so that a failure leaves nothing.
func (k ringKind) build(s Spec) (l *Link, err error) {
	m := ringMaking{Link: &Link{Mechanism: k.name}, Spec: s, ringAttr: ringAttr{Slots: slotsFor(s)}}
	switch {
	case s.Queue > 0 && s.Size > s.Queue:
		return nil, &UnsupportedError{Mechanism: k.name, What: "message size", Value: s.Size, Limit: tooLargeForRing(s.Queue)}
	case s.Batch > m.Slots:
		return nil, &UnsupportedError{Mechanism: k.name, What: "batch", Value: s.Batch,
			Limit: Limit{N: m.Slots, Source: "slots of the queue asked for", Beyond: "they would never all be free"}}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Destroy())
		}
	}()
	size := ringBytes(m.Slots, s.Size)
	n, source, found, err := k.memory(s).make(m.Link, s, size)
	if err != nil {
		return nil, err
	}
	m.Found, m.Given = found, Given{Queue: n - size + m.Slots*lines(s.Size), Source: source + " less the ring's header and marks"}
	if k.prepare != nil {
		if err = k.prepare(&m); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(m.ringAttr)
	m.Sender.Spec, m.Sender.Attr = s, text
	m.Receiver.Spec, m.Receiver.Attr = s, text
	if err == nil && k.begin != nil {
		err = k.write(m.Sender)
	}
	return m.Link, err
}

// write maps new memory for long enough to begin it.
func (k ringKind) write(t Ticket) error {
	r, _, err := k.open(t, sending)
	if err != nil {
		return err
	}
	k.begin(r.header, r.slots)
	return r.Close()
}

// open maps the ring for one end.
func (k ringKind) open(t Ticket, from side) (*ring, ringAttr, error) {
	var a ringAttr
	if err := json.Unmarshal(t.Attr, &a); err != nil {
		return nil, a, failed("open", k.name, t.Spec.Size, err)
	}
	size := ringBytes(a.Slots, t.Spec.Size)
	m, err := k.memory(t.Spec).open(t, a.Found, size)
	if err == nil && len(m.bytes) < size {
		err = errors.Join(fmt.Errorf("memory of %d bytes, want %d: %w", len(m.bytes), size, ErrNotOurs), m.unmap())
	}
	if err != nil {
		return nil, a, failed("open", k.name, t.Spec.Size, err)
	}
	r := lay(k.name, t.Spec, a.Slots, m, from)
	r.touch()
	return r, a, nil
}

// turn opens an end that takes its turns by k.wait, after others that send
// where there are several.
func (k ringKind) turn(t Ticket, from side) (*ring, turn, error) {
	r, _, err := k.open(t, from)
	if err != nil {
		return nil, nil, err
	}
	w, err := k.wait(t, r)
	if err != nil {
		return nil, nil, failed("open", k.name, t.Spec.Size, errors.Join(err, r.Close()))
	}
	if from == sending && t.Spec.Senders > 1 {
		w = lockedTurn{w, &r.lock.mutex}
	}
	return r, w, nil
}

func (k ringKind) openSender(t Ticket) (Sender, error) {
	r, w, err := k.turn(t, sending)
	if err != nil {
		return nil, err
	}
	return &ringSender{r, w}, nil
}

func (k ringKind) openReceiver(t Ticket) (Receiver, error) {
	r, w, err := k.turn(t, receiving)
	if err != nil {
		return nil, err
	}
	return &ringReceiver{r, w}, nil
}
