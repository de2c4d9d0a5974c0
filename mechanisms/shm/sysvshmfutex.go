package shm

import "ipcbench/mechanisms"

// System V shared memory with a futex in the place of its semaphores.
var _ = sysvshmfutex.register(mechanisms.Mechanism{
	VariantOf: "shmfutex",
	Summary:   "slots in System V shared memory, counted by indices; the waiter spins briefly, then sleeps on a futex",
	Man:       append([]string{"futex(2)"}, segmentMan...),
	Facts: mechanisms.Facts{
		Kernel: segmentKernel + "The waiter looks at a slot's mark or the other's index some hundred times, and then enters futex_wait. That sleeps unless the word has changed meanwhile. " +
			"A side that passes a slot on enters futex_wake only where a word shows that its peer sleeps: the same ring as shmfutex's, in the memory of sysvshm.",
		Traits: segmentTraits,
		Cautions: []mechanisms.Caution{
			segmentStays,
			{Text: "neither side learns that the other has gone: it waits forever", Man: "shmop(2)"},
			delicate,
			unprotected,
			fenced,
		},
	},
})

var sysvshmfutex = ringKind{name: "sysvshmfutex", hop: mechanisms.Hop{Own: 1, Waits: []string{"futex"}}, in: segment{}, wait: sleepsOnFutex}
