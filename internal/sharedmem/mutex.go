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
