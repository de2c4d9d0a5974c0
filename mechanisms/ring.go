package mechanisms

import (
	"errors"
	"os"
	"sync/atomic"
	"unsafe"
)

const (
	cacheLine   = 64  // bytes; slots begin on one, lest two CPUs fight over a line
	apart       = 128 // bytes between words that different CPUs write: some fetch lines in pairs
	markBytes   = 8
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
	emptied waterline    // the slots that the receiver has handed back, ever
	place   [2]place     // by side
	rest    [2]waitWords // by side: what it waits on
	lock    struct {     // held by the sender that writes, where there are several
		mutex
		_ [apart - 4]byte
	}
}

// waterline is a count with memory of its own.
type waterline struct {
	atomic.Uint64
	_ [apart - 8]byte
}

// place is where a side stands; nobody else looks.
type place struct {
	passed uint64 // the slots that it has handed on, ever
	at     uint64 // where its next slot begins
	_      [apart - 16]byte
}

// waitWords are what a side waits on.
type waitWords struct {
	word    atomic.Uint32 // of its futex
	waiters atomic.Uint32
	count   uint64 // guarded by mutex
	mutex
	_ [apart - 20]byte
}

// lines are the bytes of the cache lines that hold so many.
func lines(n int) int { return (n + cacheLine - 1) &^ (cacheLine - 1) }

// markAt is where the mark of a slot lies, behind a message of size bytes.
func markAt(size int) int { return (size + markBytes - 1) &^ (markBytes - 1) }

// stride is the distance of slots for messages of size bytes.
func stride(size int) int { return lines(markAt(size) + markBytes) }

// slotsFor returns how many messages make up the bytes that s asks for, each on
// lines of its own, rounded up; by default at least two batches, so that sender
// and receiver need not alternate. Marks are not counted.
func slotsFor(s Spec) int {
	step := lines(s.Size)
	if s.Queue == 0 {
		return max(2*max(1, s.Batch), ringDefault/step)
	}
	return (s.Queue + step - 1) / step
}

// headerAt is where the header begins behind so many bytes of slots.
func headerAt(slots int) int { return (slots + apart - 1) &^ (apart - 1) }

// ringBytes is how much memory a ring of so many slots takes.
func ringBytes(slots, size int) int { return headerAt(slots*stride(size)) + ringHeader }

// ring is the mapped ring of one end.
type ring struct {
	mechanism string
	slots     int
	size      int // bytes in a message
	mark      int // where in a slot its mark lies
	stride    int // bytes from slot to slot
	end       int // where the slots end
	memory    mapping
	*header
	*place // of its own side
	side
	closers []func() error // of what its end waits on besides memory
}

// lay finds the parts of a ring in its memory.
func lay(mech string, s Spec, slots int, m mapping, from side) *ring {
	end := slots * stride(s.Size)
	h := (*header)(unsafe.Pointer(&m.bytes[headerAt(end)]))
	return &ring{
		mechanism: mech, slots: slots, size: s.Size, mark: markAt(s.Size), stride: stride(s.Size), end: end, memory: m,
		header: h, place: &h.place[from], side: from,
	}
}

// touch maps every page, so that no page fault falls into the timed path.
// Adding 0 writes to a page and changes nothing that another end has put there.
func (r *ring) touch() {
	for at := 0; at < len(r.memory.bytes); at += os.Getpagesize() {
		atomic.AddUint32((*uint32)(unsafe.Pointer(&r.memory.bytes[at])), 0)
	}
}

// nth is where the i-th slot from here begins, i at most what the ring has.
func (r *ring) nth(i int) int {
	at := int(r.at) + i*r.stride
	if at >= r.end {
		at -= r.end
	}
	return at
}

// message is the memory of the message in the slot that begins there.
func (r *ring) message(at int) []byte { return r.memory.bytes[at : at+r.size : at+r.mark] }

// slot returns the memory of the next message.
func (r *ring) slot() []byte { return r.message(int(r.at)) }

// marked is the mark of the i-th slot from here.
func (r *ring) marked(i int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&r.memory.bytes[r.nth(i)+r.mark]))
}

// advance moves on by n slots.
func (r *ring) advance(n int) {
	r.passed += uint64(n)
	r.at = uint64(r.nth(n))
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
