package mechanisms

// What System V shared memory is worth without its semaphores.
var _ = Register(Mechanism{
	Name:    "sysvshmspin",
	Summary: "slots in System V shared memory, counted by indices that each side polls",
	Man:     segmentMan,
	Framing: Slot,
	Since:   segmentSince,
	Facts: Facts{
		Kernel: segmentKernel + "Each slot ends in a mark, the number of the message in it, and one index says how many slots have been emptied. " +
			"Who waits reads the mark or the index until it changes, and the kernel takes no part: the same ring as shmspin's, in the memory of sysvshm.",
		Path: Path{
			Send: Hop{Own: 1, Waits: []string{"sched_yield"}}, Object: segmentObject,
			Receive: Hop{Own: 1, Waits: []string{"sched_yield"}},
		},
		Unrelated: true,
		Traits:    segmentTraits,
		Cautions: []Caution{
			usesUpCPU,
			segmentStays,
			{"nobody tells either side that the other has gone: both wait for ever", "shmop(2)"},
			unprotected,
			oneEach,
			fenced,
		},
	},
	Batches:      true,
	Lends:        true,
	Spins:        true,
	Needs:        segmentNeeds("sysvshmspin"),
	Limits:       segmentLimits(sysvshmspin),
	New:          sysvshmspin.make,
	Uses:         segmentUses,
	Capacity:     ownCapacity,
	OpenSender:   openSpinSender(sysvshmspin),
	OpenReceiver: openSpinReceiver(sysvshmspin),
})

var sysvshmspin = ringKind{name: "sysvshmspin", in: segment{}, single: true, wait: spins}
