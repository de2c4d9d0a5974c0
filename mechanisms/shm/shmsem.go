package shm

import (
	"sync/atomic"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

var _ = shmsem.register(mechanisms.Mechanism{
	Summary: "slots in shared memory, counted by POSIX semaphores: sem_wait, sem_post",
	Called:  []string{"sem"},
	Man:     append([]string{"sem_overview(7)", "sem_wait(3)", "futex(7)"}, ringMan...),
	Facts: mechanisms.Facts{
		Kernel: ringKernel + "Two semaphores count the free and the filled slots, each a count and a number of waiters, as the C library keeps them. " +
			"sem_wait(3) takes from the count if it can, and else enters futex_wait; sem_post(3) adds to it, and enters futex_wake where a process waits.",
		Traits: ringTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a process that dies between two operations leaves the counts as they are, and its peer waits forever: there is no SEM_UNDO", Man: "sem_overview(7)"},
			neverTold,
			{Text: "both sides write to both counts: each message moves their lines between caches, even where neither waits", Man: "sem_post(3)"},
			{Text: "a waiter sleeps at once: no semaphore spins first", Man: "sem_wait(3)"},
			unprotected,
		},
	},
})

var shmsem = ringKind{
	name:  "shmsem",
	hop:   mechanisms.Hop{Own: 1, Waits: []string{"futex"}},
	begin: func(h *header, slots int) { h.wait[sending].word.Store(uint32(slots)) },
	wait: func(_ mechanisms.Ticket, r *ring) (slotAccess, error) {
		return &posixAccess{r, r.semaphore(r.side), r.semaphore(r.side.other())}, nil
	},
}

// semaphore is a count, and how many wait for it to grow: sem_init(3) in words
// of their own, as the C library has them where 64 bits are no atomic unit.
type semaphore struct{ count, waiters *atomic.Uint32 }

// semaphore is the one that a side takes from.
func (r *ring) semaphore(of side) semaphore {
	return semaphore{&r.wait[of].word, &r.wait[of].waiters}
}

func (s semaphore) try(n uint32) bool {
	for {
		have := s.count.Load()
		if have < n {
			return false
		}
		if s.count.CompareAndSwap(have, have-n) {
			return true
		}
	}
}

// wait is sem_wait, of n at once.
func (s semaphore) wait(n uint32) error {
	if s.try(n) {
		return nil
	}
	s.waiters.Add(1)
	defer s.waiters.Add(^uint32(0))
	for {
		if have := s.count.Load(); have < n {
			if err := sys.FutexWait(s.count, have); err != nil {
				return err
			}
		} else if s.count.CompareAndSwap(have, have-n) {
			return nil
		}
	}
}

// post is sem_post, of n at once.
func (s semaphore) post(n uint32) error {
	s.count.Add(n)
	if s.waiters.Load() == 0 {
		return nil
	}
	_, err := sys.FutexWake(s.count, 1)
	return err
}

// posixAccess waits by semaphores: each operation is a barrier.
type posixAccess struct {
	*ring
	mine, theirs semaphore
}

func (t *posixAccess) acquire(n int) error { return t.mine.wait(uint32(n)) }

func (t *posixAccess) tryAcquire() (bool, error) { return t.mine.try(1), nil }

func (t *posixAccess) publish(n int) error {
	t.advance(n)
	return t.theirs.post(uint32(n))
}
