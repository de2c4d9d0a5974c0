package mechanisms

import (
	"sync/atomic"

	"ipcbench/internal/sys"
)

var _ = Register(Mechanism{
	Name:    "shmspin",
	Summary: "slots in shared memory, counted by indices that each side polls",
	Man:     ringMan,
	Framing: Slot,
	Since:   ringSince,
	Facts: Facts{
		Kernel: ringKernel + "Each slot ends in a mark, the number of the message in it, and one index says how many slots have been emptied. Who waits reads the mark or the index until it changes, " +
			"and the kernel takes no part at all: what a message costs is the lines that one CPU's cache takes from another's.",
		Path: Path{
			Send: Hop{Own: 1, Waits: []string{"sched_yield"}}, Object: ringObject,
			Receive: Hop{Own: 1, Waits: []string{"sched_yield"}},
		},
		Traits: ringTraits,
		Cautions: []Caution{
			usesUpCPU,
			neverTold,
			unprotected,
			oneEach,
			fenced,
		},
	},
	Memories:     ringMemories,
	Batches:      true,
	Lends:        true,
	Spins:        true,
	Limits:       shmspin.limits,
	New:          shmspin.make,
	Capacity:     ownCapacity,
	OpenSender:   openSpinSender(shmspin),
	OpenReceiver: openSpinReceiver(shmspin),
})

var shmspin = ringKind{name: "shmspin", single: true, wait: spins}

// looksAtOnce is how often who spins looks before it lets others run: some
// microseconds, far longer than a cache line takes. Only if somebody has moved
// both processes to one CPU is it ever spent, or if one waits for long, and
// then no time slice is.
const looksAtOnce = 1 << 8

// spinner waits by looking.
type spinner struct{}

func spins(_ Ticket, r *ring) (turn, error) { return r.counted(spinner{}), nil }

// soon looks for a while, and tells whether the word is least or more.
func soon(word *atomic.Uint64, least uint64) bool {
	for range looksAtOnce {
		if reached(word, least) {
			return true
		}
		sys.Pause()
	}
	return false
}

func (spinner) await(word *atomic.Uint64, least uint64) error {
	for !soon(word, least) {
		sys.LetGoroutinesRun()
		sys.SchedYield()
	}
	return nil
}

func (spinner) tell(word *atomic.Uint64, value uint64) error {
	sys.StoreRelease(word, value)
	return nil
}
