package bench

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"unsafe"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// Contend lets k processes take turns in a critical section: each takes the
// lock, adds one to a count in shared memory by an ordinary load and store, and
// gives the lock back. Two at once lose additions: rarely, except in a round
// that verifies, where each lets others run in between.
var Contend = Register(&Workload{
	Name:     "Contend",
	Summary:  "k processes take turns in a critical section over shared memory",
	Op:       "critical section",
	Contract: mechanisms.Locks,
	Size:     8, // bytes of the count
	Peers:    "contenders",
	MinPeers: 2,
	Means:    "processes take turns in a critical section: the time of one turn",
	Order:    15,
	Topology: func(k int) Topology {
		t := Topology{Wires: []Wire{{Senders: k}}, Shared: 2 * cacheLine}
		for i := range k {
			t.Parts = append(t.Parts, Part{
				Role: fmt.Sprintf("contender%d", i), Sends: []int{0}, ID: i, Origins: 1,
				Share: share(i, k), Play: takeTurns, Finish: countTurns,
			})
		}
		return t
	},
})

func takeTurns(e *Ends, n int) error {
	lock, count, verify := e.Locker, e.Shared[:8], e.content == Sealed
	for range n {
		if err := lock.Lock(); err != nil {
			return err
		}
		before := binary.NativeEndian.Uint64(count)
		if verify { // any other holder can be here now
			sys.SchedYield()
			e.Verified++
		}
		binary.NativeEndian.PutUint64(count, before+1)
		if err := lock.Unlock(); err != nil {
			return err
		}
	}
	return nil
}

// countTurns holds the count against the turns that were taken. Each part adds
// how many were its own; the part that completes the sum is the last, and no
// other adds to the count any more.
func countTurns(e *Ends, n int) error {
	turns := uint64(n) // of all parts in all rounds so far
	if before, ok := e.Own.(uint64); ok {
		turns += before
	}
	e.Own = turns
	taken := (*atomic.Uint64)(unsafe.Pointer(&e.Shared[cacheLine])) // on a line that no critical section touches
	if taken.Add(uint64(e.part.Share(n))) != turns {
		return nil
	}
	if count := binary.NativeEndian.Uint64(e.Shared); count != turns {
		return &CheckError{What: "two were in the critical section at once: additions", Sender: noSender, Want: turns, Got: count}
	}
	return nil
}
