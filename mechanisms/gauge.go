package mechanisms

import (
	"sync/atomic"

	"ipcbench/internal/sys"
)

// gauge is a count in shared memory that one process raises and one other
// waits for. It has a cache line of its own.
type gauge struct {
	count  atomic.Uint32
	asleep atomic.Uint32 // 1 while who waits sleeps, or is about to: the futex
	_      [cacheLine - 8]byte
}

// raise counts one more, and wakes whoever waits for it.
func (g *gauge) raise() error {
	g.count.Add(1)
	if g.asleep.Load() == 0 || g.asleep.Swap(0) == 0 {
		return nil
	}
	_, err := sys.FutexWake(&g.asleep, 1)
	return err
}

// await waits until the count is another than it was. Who finds it so after
// having said that it sleeps does not sleep: the next raise then wakes nobody,
// once. Who raises it in between takes the word back, so that futex(2) returns
// at once.
func (g *gauge) await(was uint32) error {
	for g.count.Load() == was {
		g.asleep.Store(1)
		if g.count.Load() != was {
			return nil
		}
		if err := sys.FutexWait(&g.asleep, 1); err != nil {
			return err
		}
	}
	return nil
}
