package bench

import (
	"ipcbench/internal/sys"
	"ipcbench/results"
)

// Wake is one process waking another and going to sleep: half of any round
// trip. The word that they share shows whose turn it is. On one CPU the kernel
// often runs the woken process before the other sleeps, as it does with
// messages: an operation is one context switch either way.
var Wake = &Workload{
	Name: results.FloorWorkload, Bound: Bound{Floor: results.FloorWake},
	Summary: "one process wakes another and sleeps, one way, futex(2)",
	Op:      "wake-up",
	Size:    wordSize,
	Topology: func(int) Topology {
		return Topology{Shared: wordSize, Parts: []Part{
			{Role: "first", Origins: 1, Play: wakeAndSleep(0)},
			{Role: "second", ID: 1, Origins: 1, Play: wakeAndSleep(1)},
		}}
	},
}

// Bounce is a cache line that two CPUs write in turn: what the least possible
// message between them costs when neither sleeps.
var Bounce = &Workload{
	Name: results.FloorWorkload, Bound: Bound{Floor: results.FloorBounce, Spins: true},
	Summary: "a cache line that two processes write in turn, one way, and neither process sleeps",
	Op:      "transfer",
	Size:    cacheLine,
	Topology: func(int) Topology {
		return Topology{Shared: cacheLine, Parts: []Part{
			{Role: "first", Origins: 1, Play: writeAndSpin(0)},
			{Role: "second", ID: 1, Origins: 1, Play: writeAndSpin(1)},
		}}
	},
}

const (
	wordSize  = 4  // bytes of a futex
	cacheLine = 64 // bytes that one CPU takes from another at a time

	// patience is how often a spinning process looks before it lets others run:
	// some microseconds, far longer than a line takes. It is spent only if both
	// processes were moved to one CPU, and then no time slice is. Such a launch
	// is untrusted: each waited for its CPU.
	patience = 1 << 12
)

// Both count the shared word up in turn: the i-th of n operations is done by
// the part with i's parity, and seen by the other. The word runs on from round
// to round.

func wakeAndSleep(parity int) func(*Ends, int) error {
	return func(e *Ends, n int) error {
		word := sys.Word(e.Shared)
		for i := range n {
			before := e.floor.handed
			e.floor.handed++
			if i%2 == parity {
				word.Store(e.floor.handed)
				if _, err := sys.FutexWake(word, 1); err != nil {
					return err
				}
				continue
			}
			for word.Load() == before {
				if err := sys.FutexWait(word, before); err != nil {
					return err
				}
			}
			if err := e.handedOver(word.Load()); err != nil {
				return err
			}
		}
		return nil
	}
}

func writeAndSpin(parity int) func(*Ends, int) error {
	return func(e *Ends, n int) error {
		word := sys.Word(e.Shared)
		for i := range n {
			before := e.floor.handed
			e.floor.handed++
			if i%2 == parity {
				word.Store(e.floor.handed)
				continue
			}
			got := word.Load()
			for spins := 1; got == before; spins++ {
				if spins%patience == 0 {
					sys.SchedYield()
				}
				got = word.Load()
			}
			if err := e.handedOver(got); err != nil {
				return err
			}
		}
		return nil
	}
}

// handedOver holds the word that came against the one that was due.
func (e *Ends) handedOver(got uint32) error {
	if got != e.floor.handed {
		return &CheckError{What: "lost or doubled", Sender: 1 - e.part.ID, Want: uint64(e.floor.handed), Got: uint64(got)}
	}
	return nil
}
