package shm

import (
	"ipcbench/mechanisms"
)

// System V shared memory without its semaphores.
var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "sysvshmspin",
	Summary: "slots in System V shared memory, counted by indices that each side polls",
	Man:     segmentMan,
	Framing: mechanisms.Slot,
	Since:   segmentSince,
	Facts: mechanisms.Facts{
		Kernel: segmentKernel + "Each slot ends in a mark, the number of the message in it, and one index counts the slots that have been emptied. " +
			"The waiter reads the mark or the index until it changes, and the kernel takes no part: the same ring as shmspin's, in the memory of sysvshm.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Own: 1, Waits: []string{"sched_yield"}}, Object: segmentObject,
			Receive: mechanisms.Hop{Own: 1, Waits: []string{"sched_yield"}},
		},
		Unrelated: true,
		Traits:    segmentTraits,
		Cautions: []mechanisms.Caution{
			usesUpCPU,
			segmentStays,
			{Text: "neither side learns that the other has gone: it waits forever", Man: "shmop(2)"},
			unprotected,
			oneEach,
			fenced,
		},
	},
	Batches:      true,
	WorksInPlace: true,
	Spins:        true,
	Needs:        segmentNeeds("sysvshmspin"),
	Limits:       segmentLimits(sysvshmspin),
	New:          sysvshmspin.make,
	Uses:         segmentUses,
	Capacity:     mechanisms.OwnCapacity,
	OpenSender:   openSpinSender(sysvshmspin),
	OpenReceiver: openSpinReceiver(sysvshmspin),
})

var sysvshmspin = ringKind{name: "sysvshmspin", in: segment{}, single: true, wait: spins}
