package shm

import (
	"sync/atomic"

	"ipcbench/internal/sharedmem"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

var _ = shmcond.register(mechanisms.Mechanism{
	Summary: "slots in shared memory, counted under a mutex with condition variables",
	Man:     append([]string{"pthread_cond_init(3)", "pthread_mutexattr_setpshared(3)", "futex(7)"}, ringMan...),
	Facts: mechanisms.Facts{
		Kernel: ringKernel + "A mutex guards the counts of free and filled slots, and two condition variables announce their growth, shared between processes. " +
			"A lock that is held, and a condition that is waited for, enter futex_wait; to unlock and to signal enter futex_wake where a process waits.",
		Traits: ringTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a process that dies while it holds the mutex locks out its peer forever, unless the mutex is robust", Man: "pthread_mutexattr_setrobust(3)"},
			neverTold,
			{Text: "both have to ask for PTHREAD_PROCESS_SHARED: without it the behaviour between processes is not defined", Man: "pthread_mutexattr_setpshared(3)"},
			{Text: "each message locks twice on each side, and a sleeper that is signalled needs the lock to go on", Man: "pthread_cond_init(3)"},
			unprotected,
		},
	},
})

var shmcond = ringKind{
	name:  "shmcond",
	hop:   mechanisms.Hop{Own: 1, Waits: []string{"futex"}},
	begin: func(h *header, slots int) { h.wait[sending].count = uint64(slots) },
	wait: func(_ mechanisms.Ticket, r *ring) (slotAccess, error) {
		return &condAccess{r, &r.wait[sending].Mutex, &r.wait[r.side], &r.wait[r.side.other()]}, nil
	},
}

// condAccess waits for a count to grow that a mutex guards, as
// pthread_cond_wait(3) does.
type condAccess struct {
	*ring
	guard        *sharedmem.Mutex
	mine, theirs *waitState
}

func (t *condAccess) acquire(n int) error {
	if err := t.guard.Lock(); err != nil {
		return err
	}
	for t.mine.count < uint64(n) {
		if err := t.mine.wait(t.guard); err != nil {
			return err
		}
	}
	t.mine.count -= uint64(n)
	return t.guard.Unlock()
}

func (t *condAccess) tryAcquire() (bool, error) {
	if err := t.guard.Lock(); err != nil {
		return false, err
	}
	ok := t.mine.count > 0
	if ok {
		t.mine.count--
	}
	return ok, t.guard.Unlock()
}

func (t *condAccess) publish(n int) error {
	t.advance(n)
	if err := t.guard.Lock(); err != nil {
		return err
	}
	t.theirs.count += uint64(n)
	sleeper := t.theirs.signal()
	if err := t.guard.Unlock(); err != nil || sleeper == nil {
		return err
	}
	// Once the lock is free: the process that wakes needs it.
	_, err := sys.FutexWake(sleeper, 1)
	return err
}

// wait gives up the lock until a signal, or for no reason. The word
// counts signals: one that comes before the sleep prevents it.
func (c *waitState) wait(lock *sharedmem.Mutex) error {
	before := c.word.Load()
	c.waiters.Add(1)
	if err := lock.Unlock(); err != nil {
		return err
	}
	err := sys.FutexWait(&c.word, before)
	if again := lock.Lock(); err == nil {
		err = again
	}
	c.waiters.Add(^uint32(0))
	return err
}

// signal returns the word to wake a sleeper on; nil where none sleeps. The
// lock must be held.
func (c *waitState) signal() *atomic.Uint32 {
	if c.waiters.Load() == 0 {
		return nil
	}
	c.word.Add(1)
	return &c.word
}
