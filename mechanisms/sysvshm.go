package mechanisms

import (
	"errors"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// The slots of a segment that two semaphores count, the free ones and the
// filled ones. Several senders take turns by a third.
var _ = Register(Mechanism{
	Name:    "sysvshm",
	Summary: "slots in System V shared memory, counted by semaphores",
	Man:     []string{"shmop(2)", "shmget(2)", "semop(2)", "sysvipc(7)"},
	Framing: Slot,
	Since:   "2.6.0", // semtimedop
	Facts: Facts{
		Kernel: segmentKernel +
			"Two semaphores count the free and the filled slots. semtimedop(2) enters do_semtimedop, which changes a count (perform_atomic_semop) or sleeps until somebody else's operation lets it (do_smart_update). " +
			"Each message takes two operations on each side.",
		Path: Path{
			Send: Hop{Call: "semtimedop", Own: 1}, Object: segmentObject,
			Receive: Hop{Call: "semtimedop", Own: 1},
		},
		Unrelated: true,
		Traits:    sysvshmTraits,
		Cautions: []Caution{
			{"a process that dies between two operations leaves the counts as they are, and its peer waits for ever; SEM_UNDO would give back counts, not messages", "semop(2)"},
			{"nobody tells either side that the other has gone: both wait for ever", "semop(2)"},
			{"segment and semaphores outlive their processes, until IPC_RMID or a reboot: ipcs(1) shows them", "shmctl(2)"},
			unprotected,
			{"a signal interrupts a waiting semop with EINTR, whatever SA_RESTART says", "semop(2)"},
		},
	},
	Batches:      true,
	Lends:        true,
	Needs:        segmentNeeds("sysvshm"),
	Limits:       segmentLimits(sysvshm),
	New:          sysvshm.make,
	Uses:         func(s Spec) []Use { return append(segmentUses(s), setUses(semaphores(s))...) },
	Capacity:     ownCapacity,
	OpenSender:   openSemSender,
	OpenReceiver: openSemReceiver,
})

var sysvshm = ringKind{name: "sysvshm", in: segment{}, prepare: addSemaphores}

// The semaphores of a ring. The third is there only for several senders.
const (
	semFree   = iota // slots that may be written
	semFilled        // slots that may be read
	semLock          // 1 while no sender writes
)

// semaphores is how many the ring of one link has.
func semaphores(s Spec) int {
	if s.Senders > 1 {
		return semLock + 1
	}
	return semLock
}

// addSemaphores makes the link's semaphores, with a lock for several senders.
func addSemaphores(m *ringMaking) error {
	if m.Slots > sys.SEMVMX {
		return &UnsupportedError{Mechanism: "sysvshm", What: "slots", Value: m.Slots,
			Limit: Limit{N: sys.SEMVMX, Source: "SEMVMX", Beyond: "semop(2)", Errno: unix.ERANGE}}
	}
	values := []uint16{semFree: uint16(m.Slots), semFilled: 0, semLock: 1}
	id, err := addSet(m.Link, values[:semaphores(m.Spec)])
	m.Sem = id
	return err
}

// semTurn waits by semaphores: each semop is a barrier, so that what was
// written before one that raises a count is seen after one that lowers it.
type semTurn struct {
	*ring
	sem    int
	takes  []sys.Sembuf // waits for slots, and for the lock
	tries  []sys.Sembuf // the same, but does not wait
	passes []sys.Sembuf // hands slots over, and the lock back
}

func newSemTurn(r *ring, a ringAttr, senders int) *semTurn {
	wanted, other := uint16(semFree), uint16(semFilled)
	if r.side == receiving {
		wanted, other = other, wanted
	}
	t := &semTurn{ring: r, sem: a.Sem, takes: []sys.Sembuf{{Num: wanted, Op: -1}}, passes: []sys.Sembuf{{Num: other, Op: 1}}}
	if r.side == sending && senders > 1 {
		t.takes = append(t.takes, sys.Sembuf{Num: semLock, Op: -1})
		t.passes = append(t.passes, sys.Sembuf{Num: semLock, Op: 1})
	}
	for _, op := range t.takes {
		op.Flg = unix.IPC_NOWAIT
		t.tries = append(t.tries, op)
	}
	return t
}

func (t *semTurn) take(n int) error {
	t.takes[0].Op = -int16(n)
	return sys.Semop(t.sem, t.takes)
}

func (t *semTurn) try() (bool, error) {
	err := sys.Semop(t.sem, t.tries)
	if errors.Is(err, unix.EAGAIN) {
		return false, nil
	}
	return err == nil, err
}

func (t *semTurn) give(n int) error {
	t.advance(n)
	t.passes[0].Op = int16(n)
	return sys.Semop(t.sem, t.passes)
}
