package mechanisms

import (
	"encoding/json"
	"errors"
	"os"
	"sync/atomic"
	"unsafe"

	"ipcbench/internal/sys"
)

const (
	cacheLine   = 64        // bytes; slots begin on one, lest two CPUs fight over a line
	ringHeader  = cacheLine // bytes after the slots: the index that several senders share
	ringDefault = 64 << 10  // bytes of slots where the Spec asks for none, as a pipe has
)

// The semaphores of a ring. The third is there only for several senders.
const (
	semFree   = iota // slots that may be written
	semFilled        // slots that may be read
	semLock          // 1 while no sender writes
)

// stride is the distance of slots for messages of size bytes.
func stride(size int) int { return (size + cacheLine - 1) &^ (cacheLine - 1) }

// slotsFor returns how many slots hold the bytes that s asks for, rounded up;
// by default at least two, so that sender and receiver need not alternate.
func slotsFor(s Spec) int {
	step := stride(s.Size)
	if s.Queue == 0 {
		return max(2, ringDefault/step)
	}
	return (s.Queue + step - 1) / step
}

// ringAttr is what an end needs to find the ring.
type ringAttr struct {
	Shm   int `json:"shm"`
	Sem   int `json:"sem"`
	Slots int `json:"slots"`
}

// ring is the mapped ring of one end. Each semop is a barrier: what was
// written before one that raises a count is seen after one that lowers it.
type ring struct {
	ringAttr
	size   int // bytes in a message
	stride int // bytes from slot to slot
	memory []byte
	own    uint32  // the index of an end that shares it with no other
	next   *uint32 // the slot to use next: &own, or in the header
}

func openRing(t Ticket) (*ring, error) {
	r := &ring{size: t.Spec.Size, stride: stride(t.Spec.Size)}
	r.next = &r.own
	err := json.Unmarshal(t.Attr, &r.ringAttr)
	if err == nil {
		r.memory, err = sys.Shmat(r.Shm)
	}
	if err == nil && len(r.memory) != r.Slots*r.stride+ringHeader {
		err = errors.Join(ErrNotOurs, r.Close())
	}
	if err != nil {
		return nil, failed("open", "sysvshm", t.Spec.Size, err)
	}
	r.touch()
	return r, nil
}

// touch maps every page, so that no page fault falls into the timed path.
// Adding 0 writes to a page and changes nothing that another end has put there.
func (r *ring) touch() {
	for at := 0; at < len(r.memory); at += os.Getpagesize() {
		atomic.AddUint32((*uint32)(unsafe.Pointer(&r.memory[at])), 0)
	}
}

// slot returns the memory of the next message and moves on.
func (r *ring) slot() []byte {
	at := int(*r.next) * r.stride
	if *r.next++; int(*r.next) == r.Slots {
		*r.next = 0
	}
	return r.memory[at : at+r.size]
}

// Close detaches the segment. Once only.
func (r *ring) Close() error { return sys.Shmdt(r.memory) }
