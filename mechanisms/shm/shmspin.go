package shm

import "ipcbench/mechanisms"

var _ = shmspin.register(mechanisms.Mechanism{
	Summary: "slots in shared memory, counted by indices that each side polls",
	Called:  []string{"shm", "sharedmemory", "ring"},
	Man:     ringMan,
	Facts: mechanisms.Facts{
		Kernel: ringKernel + "Each slot ends in a mark, the number of the message in it, and one index counts the slots that have been emptied. The waiter reads the mark or the index until it changes, " +
			"and the kernel takes no part at all: what a message costs is the lines that one CPU's cache takes from another's.",
		Traits: ringTraits,
		Cautions: []mechanisms.Caution{
			usesUpCPU,
			neverTold,
			unprotected,
			oneEach,
			fenced,
		},
	},
})

var shmspin = ringKind{name: "shmspin", hop: mechanisms.Hop{Own: 1, Waits: []string{"sched_yield"}}, spins: true, single: true, wait: spins}
