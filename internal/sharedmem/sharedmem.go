// Package sharedmem has words in memory that processes share: a mutex, and a
// counter to wait for.
package sharedmem

import (
	"sync/atomic"

	"ipcbench/internal/sys"
)

// Mutex is a lock in shared memory, as pthread_mutex_lock(3) makes one of a
// process-shared mutex: 0 it is free, 1 it is held, 2 a process sleeps
// for it as well, futex(7).
type Mutex struct{ word atomic.Uint32 }

func (m *Mutex) TryLock() bool { return m.word.CompareAndSwap(0, 1) }

func (m *Mutex) Lock() error {
	if m.TryLock() {
		return nil
	}
	for m.word.Swap(2) != 0 {
		if err := sys.FutexWait(&m.word, 2); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mutex) Unlock() error {
	if m.word.Swap(0) == 1 {
		return nil
	}
	_, err := sys.FutexWake(&m.word, 1)
	return err
}

// CacheLine is the size of a cache line in bytes: slots begin on one, lest two
// CPUs fight over a line.
const CacheLine = 64

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

// Free frees the addresses of an end that no goroutine can reach any more.
// Close gives back the memory, and leaves them: it may come while a goroutine is
// in the end.
func Free(memory []byte) { sys.Munmap(memory) }
