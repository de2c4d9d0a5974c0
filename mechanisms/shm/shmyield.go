package shm

import (
	"sync/atomic"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

var _ = shmyield.register(mechanisms.Mechanism{
	VariantOf: "shmspin",
	Summary:   "slots in shared memory, counted by indices; the waiter yields its CPU",
	Man:       append([]string{"sched_yield(2)"}, ringMan...),
	Facts: mechanisms.Facts{
		Kernel: ringKernel + "Each slot ends in a mark, the number of the message in it, and one index counts the slots that have been emptied. The waiter calls sched_yield(2) after each look: " +
			"do_sched_yield puts it behind the others that wait for this CPU, and returns at once where there are none.",
		Traits: ringTraits,
		Cautions: []mechanisms.Caution{
			{Text: "the waiter uses up what CPU time others leave, and the scheduler does not promise when its peer runs", Man: "sched_yield(2)"},
			neverTold,
			unprotected,
			oneEach,
			fenced,
		},
	},
})

var shmyield = ringKind{name: "shmyield", hop: mechanisms.Hop{Own: 1, Waits: []string{"sched_yield"}}, single: true, wait: func(_ mechanisms.Ticket, r *ring) (slotAccess, error) { return r.counted(yielder{}), nil }}

// yielder waits by looking, and lets others run between looks.
type yielder struct{ spinner }

func (yielder) await(word *atomic.Uint64, least uint64) error {
	for !reached(word, least) {
		sys.LetGoroutinesRun()
		sys.SchedYield()
	}
	return nil
}
