package mechanisms

import (
	"errors"
	"os"
	"sync/atomic"
	"unsafe"
)

const (
	cacheLine   = 64       // bytes; slots begin on one, lest two CPUs fight over a line
	apart       = 128      // bytes between words that different CPUs write: some fetch lines in pairs
	ringDefault = 64 << 10 // bytes of slots where the Spec asks for none, as a pipe has
	ringHeader  = int(unsafe.Sizeof(header{}))
)

// side is one of the two ends of a ring; a sender has no other words than
// the other senders.
type side int

const (
	sending side = iota
	receiving
)

func (s side) other() side { return 1 - s }

// header lies behind the slots: what the ends tell each other besides messages.
// New memory is zero, and so it begins. Which of it is used is a matter of how
// the ring's ends wait.
type header struct {
	passed [2]waterline // by side: the slots that it has handed on, ever
	next   [2]struct {  // by side: where its next slot begins; nobody else looks
		at uint64
		_  [apart - 8]byte
	}
	rest [2]waitWords // by side: what it waits on
	lock struct {     // held by the sender that writes, where there are several
		mutex
		_ [apart - 4]byte
	}
}

// waterline is a count with memory of its own.
type waterline struct {
	atomic.Uint64
	_ [apart - 8]byte
}

// waitWords are what a side waits on.
type waitWords struct {
	word    atomic.Uint32 // of its futex
	waiters atomic.Uint32
	count   uint64 // guarded by mutex
	mutex
	_ [apart - 20]byte
}

// stride is the distance of slots for messages of size bytes.
func stride(size int) int { return (size + cacheLine - 1) &^ (cacheLine - 1) }

// slotsFor returns how many slots hold the bytes that s asks for, rounded up;
// by default at least two batches, so that sender and receiver need not
// alternate.
func slotsFor(s Spec) int {
	step := stride(s.Size)
	if s.Queue == 0 {
		return max(2*max(1, s.Batch), ringDefault/step)
	}
	return (s.Queue + step - 1) / step
}

// headerAt is where the header begins behind so many bytes of slots.
func headerAt(slots int) int { return (slots + apart - 1) &^ (apart - 1) }

// ring is the mapped ring of one end.
type ring struct {
	mechanism string
	slots     int
	size      int    // bytes in a message
	stride    int    // bytes from slot to slot
	end       uint64 // where the slots end
	memory    mapping
	*header
	side
	closers []func() error // of what its end waits on besides memory
}

// lay finds the parts of a ring in its memory.
func lay(mech string, s Spec, slots int, m mapping, from side) *ring {
	end := slots * stride(s.Size)
	return &ring{
		mechanism: mech, slots: slots, size: s.Size, stride: stride(s.Size), end: uint64(end), memory: m,
		header: (*header)(unsafe.Pointer(&m.bytes[headerAt(end)])), side: from,
	}
}

// touch maps every page, so that no page fault falls into the timed path.
// Adding 0 writes to a page and changes nothing that another end has put there.
func (r *ring) touch() {
	for at := 0; at < len(r.memory.bytes); at += os.Getpagesize() {
		atomic.AddUint32((*uint32)(unsafe.Pointer(&r.memory.bytes[at])), 0)
	}
}

// slot returns the memory of the next message.
func (r *ring) slot() []byte {
	at := int(r.next[r.side].at)
	return r.memory.bytes[at : at+r.size : at+r.stride]
}

// advance moves on to the slot after this.
func (r *ring) advance() {
	next := &r.next[r.side].at
	if *next += uint64(r.stride); *next == r.end {
		*next = 0
	}
}

// Close gives up this end's mapping of the memory, and what it has waited on.
// Once only.
func (r *ring) Close() error {
	errs := []error{r.memory.unmap()}
	for _, closes := range r.closers {
		errs = append(errs, closes())
	}
	return errors.Join(errs...)
}

func (r *ring) failed(op string, size int, err error) error {
	return failed(op, r.mechanism, size, err)
}

// whole tells whether the messages of a batch are of the ring's size.
func (r *ring) whole(ps [][]byte) error {
	for _, p := range ps {
		if len(p) != r.size {
			return errLength(len(p), r.size)
		}
	}
	return nil
}
