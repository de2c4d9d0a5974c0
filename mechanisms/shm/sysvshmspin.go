package shm

import "ipcbench/mechanisms"

// System V shared memory without its semaphores.
var _ = sysvshmspin.register(mechanisms.Mechanism{
	VariantOf: "shmspin",
	Summary:   "slots in System V shared memory, counted by indices that each side polls",
	Man:       segmentMan,
	Facts: mechanisms.Facts{
		Kernel: segmentKernel + "Each slot ends in a mark, the number of the message in it, and one index counts the slots that have been emptied. " +
			"The waiter reads the mark or the index until it changes, and the kernel takes no part: the same ring as shmspin's, in the memory of sysvshm.",
		Traits: segmentTraits,
		Cautions: []mechanisms.Caution{
			usesUpCPU,
			segmentStays,
			{Text: "neither side learns that the other has gone: it waits forever", Man: "shmop(2)"},
			unprotected,
			oneEach,
			fenced,
		},
	},
})

var sysvshmspin = ringKind{name: "sysvshmspin", hop: mechanisms.Hop{Own: 1, Waits: []string{"sched_yield"}}, spins: true, in: segment{}, single: true, wait: spins}
