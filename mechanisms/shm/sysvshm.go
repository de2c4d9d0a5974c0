package shm

import (
	"errors"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/sysv"
)

// The slots of a segment that two semaphores count, the free ones and the
// filled ones. Several senders take turns by a third.
var _ = sysvshm.register(mechanisms.Mechanism{
	Summary: "slots in System V shared memory, counted by semaphores",
	Called:  []string{"shm", "sharedmemory"},
	Man:     []string{"shmop(2)", "shmget(2)", "semop(2)", "sysvipc(7)"},
	Facts: mechanisms.Facts{
		Kernel: segmentKernel +
			"Two semaphores count the free and the filled slots. semtimedop(2) enters do_semtimedop, which changes a count (perform_atomic_semop) or sleeps until another operation lets it (do_smart_update). " +
			"Each message takes two operations on each side.",
		Traits: sysvshmTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a process that dies between two operations leaves the counts as they are, and its peer waits forever; SEM_UNDO would give back counts, not messages", Man: "semop(2)"},
			{Text: "neither side learns that the other has gone: it waits forever", Man: "semop(2)"},
			{Text: "segment and semaphores outlive their processes, until IPC_RMID or a reboot: ipcs(1) shows them", Man: "shmctl(2)"},
			unprotected,
			{Text: "a signal interrupts a waiting semop with EINTR, even with SA_RESTART", Man: "semop(2)"},
		},
	},
	Uses: func(s mechanisms.Spec) []mechanisms.Use {
		return append(segmentUses(s), sysv.SetUses(semaphores(s))...)
	},
	OpenSender:   openSemSender,
	OpenReceiver: openSemReceiver,
})

var sysvshm = ringKind{name: "sysvshm", hop: mechanisms.Hop{Call: "semtimedop", Own: 1}, in: segment{}, prepare: addSemaphores}

// The semaphores of a ring. The third is there only for several senders.
const (
	semFree   = iota // slots that may be written
	semFilled        // slots that may be read
	semLock          // 1 while no sender writes
)

// semaphores is how many the ring of one link has.
func semaphores(s mechanisms.Spec) int {
	if s.Senders > 1 {
		return semLock + 1
	}
	return semLock
}

// addSemaphores makes the link's semaphores, with a lock for several senders.
func addSemaphores(m *ringBuild) error {
	if m.Slots > sys.SEMVMX {
		return &mechanisms.UnsupportedError{Mechanism: "sysvshm", What: "slots", Value: m.Slots,
			Limit: mechanisms.Limit{N: sys.SEMVMX, Source: "SEMVMX", Beyond: "semop(2)", Errno: unix.ERANGE}}
	}
	values := []uint16{semFree: uint16(m.Slots), semFilled: 0, semLock: 1}
	id, err := sysv.AddSet(m.Link, values[:semaphores(m.Spec)])
	m.Sem = id
	return err
}

// semAccess waits by semaphores: each semop is a barrier, so that what was
// written before one that raises a count is seen after one that lowers it.
type semAccess struct {
	*ring
	sem    int
	takes  []sys.Sembuf // waits for slots, and for the lock
	tries  []sys.Sembuf // the same, but does not wait
	passes []sys.Sembuf // hands slots over, and the lock back
}

func newSemAccess(r *ring, a ringAttr, senders int) *semAccess {
	wanted, other := uint16(semFree), uint16(semFilled)
	if r.side == receiving {
		wanted, other = other, wanted
	}
	t := &semAccess{ring: r, sem: a.Sem, takes: []sys.Sembuf{{Num: wanted, Op: -1}}, passes: []sys.Sembuf{{Num: other, Op: 1}}}
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

func (t *semAccess) acquire(n int) error {
	t.takes[0].Op = -int16(n)
	return sys.Semop(t.sem, t.takes)
}

func (t *semAccess) tryAcquire() (bool, error) {
	err := sys.Semop(t.sem, t.tries)
	if errors.Is(err, unix.EAGAIN) {
		return false, nil
	}
	return err == nil, err
}

func (t *semAccess) publish(n int) error {
	t.advance(n)
	t.passes[0].Op = int16(n)
	return sys.Semop(t.sem, t.passes)
}

// semSender is a ringSender whose first attempts are compiled into Send: every
// message takes two calls.
type semSender struct {
	ringSender
	sem *semAccess
}

func openSemSender(t mechanisms.Ticket) (mechanisms.Sender, error) {
	r, a, err := sysvshm.open(t, sending)
	if err != nil {
		return nil, err
	}
	w := newSemAccess(r, a, t.Spec.Senders)
	return &semSender{ringSender{r, w}, w}, nil
}

func (s *semSender) Send(p []byte) error {
	if len(p) != s.size {
		return s.fails("send", len(p), mechanisms.WrongLength(len(p), s.size))
	}
	t := s.sem
	t.takes[0].Op = -1
	if a := sys.TrySemop(t.sem, t.takes); a != 0 {
		if err := a.Semop(t.sem, t.takes); err != nil {
			return s.fails("send", len(p), err)
		}
	}
	copy(s.slot(), p)
	s.advance(1)
	t.passes[0].Op = 1
	if a := sys.TrySemop(t.sem, t.passes); a != 0 {
		if err := a.Semop(t.sem, t.passes); err != nil {
			return s.fails("send", len(p), err)
		}
	}
	return nil
}

// semReceiver is to ringReceiver what semSender is to ringSender.
type semReceiver struct {
	ringReceiver
	sem *semAccess
}

func openSemReceiver(t mechanisms.Ticket) (mechanisms.Receiver, error) {
	r, a, err := sysvshm.open(t, receiving)
	if err != nil {
		return nil, err
	}
	w := newSemAccess(r, a, t.Spec.Senders)
	return &semReceiver{ringReceiver{r, w}, w}, nil
}

func (r *semReceiver) Recv(p []byte) error {
	if len(p) != r.size {
		return r.fails("recv", len(p), mechanisms.WrongLength(r.size, len(p)))
	}
	t := r.sem
	t.takes[0].Op = -1
	if a := sys.TrySemop(t.sem, t.takes); a != 0 {
		if err := a.Semop(t.sem, t.takes); err != nil {
			return r.fails("recv", len(p), err)
		}
	}
	copy(p, r.slot())
	r.advance(1)
	t.passes[0].Op = 1
	if a := sys.TrySemop(t.sem, t.passes); a != 0 {
		if err := a.Semop(t.sem, t.passes); err != nil {
			return r.fails("recv", len(p), err)
		}
	}
	return nil
}

var sysvshmTraits = mechanisms.Traits{
	Duplex:      mechanisms.Checked("memory: as the processes agree", "S17"),
	Persistence: mechanisms.Checked("segment and what is in it, until IPC_RMID", "S05", "S10"),
	Pollable:    mechanisms.Documented("no: semaphores sleep in semop", "sysvipc(7)"),
	Selection:   mechanisms.Documented("memory: any place", "shmop(2)"),
	Atomic:      mechanisms.Checked("nothing alone: processes take turns by semaphores", "S17", "E14"),
	Message:     mechanisms.Checked("shmmax", "S13"),
	Capacity:    mechanisms.Checked("the size of the segment", "S04"),
	PeerDeath:   mechanisms.Checked("not reported; SEM_UNDO gives back", "E06"),
	PassFD:      mechanisms.Documented("no", "unix(7)"),
	Permission:  mechanisms.Checked("mode of segment and semaphores", "S11", "E15"),
	Namespace:   mechanisms.Checked("IPC", "S14"),
}
