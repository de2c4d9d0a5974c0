package sharedmem

import (
	"sync/atomic"

	"ipcbench/internal/sys"
)

// Counter is a count in shared memory that one process raises and one other
// waits for. It has a cache line of its own.
type Counter struct {
	Count  atomic.Uint32
	asleep atomic.Uint32 // 1 while the waiter sleeps, or is about to: the futex
	_      [CacheLine - 8]byte
}

// Raise counts one more, and wakes the waiter.
func (g *Counter) Raise() error {
	g.Count.Add(1)
	if g.asleep.Load() == 0 || g.asleep.Swap(0) == 0 {
		return nil
	}
	_, err := sys.FutexWake(&g.asleep, 1)
	return err
}

// Await waits until the count is another than it was. A waiter that finds it so after
// it has announced its sleep does not sleep: the next raise then makes a call for
// nothing, once. A raise in between takes the word back, so that futex(2)
// returns at once.
func (g *Counter) Await(was uint32) error {
	for g.Count.Load() == was {
		g.asleep.Store(1)
		if g.Count.Load() != was {
			return nil
		}
		if err := sys.FutexWait(&g.asleep, 1); err != nil {
			return err
		}
	}
	return nil
}
