package shm

import (
	"sync/atomic"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

var _ = shmfutex.register(mechanisms.Mechanism{
	Summary: "slots in shared memory, counted by indices; the waiter spins briefly, then sleeps on a futex",
	Called:  []string{"shm", "sharedmemory", "mmap", "ring"},
	Man:     append([]string{"futex(2)", "futex(7)"}, ringMan...),
	Facts: mechanisms.Facts{
		Kernel: ringKernel + "The waiter looks at a slot's mark or the other's index some hundred times, and then enters futex_wait. That sleeps unless the word has changed meanwhile. " +
			"A side that passes a slot on enters futex_wake only where a word shows that its peer sleeps: a stream in which neither waits takes no call.",
		Traits: ringTraits,
		Cautions: []mechanisms.Caution{
			neverTold,
			delicate,
			{Text: "FUTEX_PRIVATE_FLAG must not be set between processes", Man: "futex(2)"},
			unprotected,
			fenced,
		},
	},
})

var shmfutex = ringKind{name: "shmfutex", hop: mechanisms.Hop{Own: 1, Waits: []string{"futex"}}, wait: sleepsOnFutex}

func sleepsOnFutex(_ mechanisms.Ticket, r *ring) (slotAccess, error) {
	return r.sleeper(&futexParker{&r.wait[r.side].word, &r.wait[r.side.other()].word}), nil
}

// futexParker sleeps on the wait state itself: it does not while that is 0.
type futexParker struct{ mine, peer *atomic.Uint32 }

func (b *futexParker) sleep() error { return sys.FutexWait(b.mine, 1) }

func (b *futexParker) wake() error {
	_, err := sys.FutexWake(b.peer, 1)
	return err
}
