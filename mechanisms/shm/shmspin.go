package shm

import (
	"ipcbench/mechanisms"
)

var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "shmspin",
	Summary: "slots in shared memory, counted by indices that each side polls",
	Man:     ringMan,
	Framing: mechanisms.Slot,
	Since:   ringSince,
	Facts: mechanisms.Facts{
		Kernel: ringKernel + "Each slot ends in a mark, the number of the message in it, and one index counts the slots that have been emptied. The waiter reads the mark or the index until it changes, " +
			"and the kernel takes no part at all: what a message costs is the lines that one CPU's cache takes from another's.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Own: 1, Waits: []string{"sched_yield"}}, Object: ringObject,
			Receive: mechanisms.Hop{Own: 1, Waits: []string{"sched_yield"}},
		},
		Traits: ringTraits,
		Cautions: []mechanisms.Caution{
			usesUpCPU,
			neverTold,
			unprotected,
			oneEach,
			fenced,
		},
	},
	Memories:     ringMemories,
	Room:         memoryRoom,
	Batches:      true,
	WorksInPlace: true,
	Spins:        true,
	Limits:       shmspin.limits,
	New:          shmspin.make,
	Capacity:     mechanisms.OwnCapacity,
	OpenSender:   openSpinSender(shmspin),
	OpenReceiver: openSpinReceiver(shmspin),
})

var shmspin = ringKind{name: "shmspin", single: true, wait: spins}
