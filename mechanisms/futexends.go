package mechanisms

import (
	"errors"
	"unsafe"

	"ipcbench/internal/sys"
)

type (
	futexNotifier struct{ futexMemory }
	futexWaiter   struct{ futexMemory }
	futexLocker   struct{ futexMemory }
)

var errFull = errors.New("a count of 32 bits is full")

// Notify counts, and only then looks whether somebody sleeps. A waiter says
// that it sleeps, and only then has the kernel look at the count: one of the
// two sees the other.
func (n *futexNotifier) Notify() error {
	word := sys.Word(n.futexMemory)
	if word.Add(1) == 0 {
		return failed("notify", "futex", 0, errFull)
	}
	if sys.Word(n.futexMemory[futexSleepers:]).Load() == 0 {
		return nil
	}
	if _, err := sys.FutexWake(word, 1); err != nil {
		return failed("notify", "futex", 0, err)
	}
	return nil
}

func (w *futexWaiter) Wait() (uint64, error) {
	word := sys.Word(w.futexMemory)
	if n := word.Swap(0); n > 0 {
		return uint64(n), nil
	}
	sleepers := sys.Word(w.futexMemory[futexSleepers:])
	sleepers.Add(1)
	defer sleepers.Add(^uint32(0))
	for {
		if err := sys.FutexWait(word, 0); err != nil {
			return 0, failed("wait", "futex", 0, err)
		}
		if n := word.Swap(0); n > 0 {
			return uint64(n), nil
		}
	}
}

// lock is the mutex in the link's memory.
func (l *futexLocker) lock() *mutex {
	return (*mutex)(unsafe.Pointer(&l.futexMemory[futexLock]))
}

func (l *futexLocker) Lock() error {
	if err := l.lock().Lock(); err != nil {
		return failed("lock", "futex", 0, err)
	}
	return nil
}

func (l *futexLocker) Unlock() error {
	if err := l.lock().Unlock(); err != nil {
		return failed("unlock", "futex", 0, err)
	}
	return nil
}
