package mechanisms

import (
	"encoding/json"
	"errors"
	"math"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// The segment is a ring of slots that two semaphores count, the free ones and
// the filled ones. Several senders take turns by a third.
var _ = Register(Mechanism{
	Name:    "sysvshm",
	Summary: "slots in System V shared memory, counted by semaphores",
	Man:     []string{"shmop(2)", "shmget(2)", "semop(2)", "sysvipc(7)"},
	Framing: Slot,
	Since:   "2.6.0", // semtimedop
	Facts: Facts{
		Kernel: "shmat(2) enters do_shmat, which maps the pages of the segment into each process: a message is copied by the processes themselves, and the kernel never sees it. " +
			"Two semaphores count the free and the filled slots. semtimedop(2) enters do_semtimedop, which changes a count (perform_atomic_semop) or sleeps until somebody else's operation lets it (do_smart_update). " +
			"Each message takes two operations on each side.",
		Path: Path{
			Send: Hop{Call: "semtimedop", Own: 1}, Object: "slots of a shared segment",
			Receive: Hop{Call: "semtimedop", Own: 1},
		},
		Unrelated: true,
		Traits:    sysvshmTraits,
		Cautions: []Caution{
			{"a process that dies between two operations leaves the counts as they are, and its peer waits for ever; SEM_UNDO would give back counts, not messages", "semop(2)"},
			{"nobody tells either side that the other has gone: both wait for ever", "semop(2)"},
			{"segment and semaphores outlive their processes, until IPC_RMID or a reboot: ipcs(1) shows them", "shmctl(2)"},
			{"nothing protects a slot: every process that maps the segment can write to any, at any time", "shmop(2)"},
			{"a signal interrupts a waiting semop with EINTR, whatever SA_RESTART says", "semop(2)"},
		},
	},
	Needs:        sysvNeeds("sysvshm", func() error { _, err := sys.ShmStat(-1); return err }),
	Limits:       sysvshmLimits,
	New:          newSysvshm,
	OpenSender:   openRingSender,
	OpenReceiver: openRingReceiver,
})

const shmMax = "/proc/sys/kernel/shmmax"

func sysvshmLimits(queue int) (Limits, error) {
	largest, err := sysctl(shmMax)
	if err != nil {
		return Limits{}, err
	}
	l := Limits{
		Receivers: Limit{N: 1, Source: "one reading index", Beyond: "two receivers would take the same slot, semop(2) only counts them"},
	}
	if room := largest - ringHeader; largest < math.MaxInt {
		l.Queue = Limit{N: room, Source: shmMax, Beyond: "shmget(2)", Errno: unix.EINVAL}
		l.Message = Limit{N: room / 2 &^ (cacheLine - 1), Source: shmMax, Beyond: "a ring of two slots, shmget(2)", Errno: unix.EINVAL}
	}
	if queue > 0 {
		l.Message = tooLargeForRing(queue)
	}
	return l, nil
}

// tooLargeForRing is the limit on a message where the ring's size was asked
// for. Nothing in the kernel draws it: New refuses.
func tooLargeForRing(queue int) Limit {
	return Limit{N: queue, Source: "the queue asked for", Beyond: "no slot of the ring holds it"}
}

func newSysvshm(s Spec) (*Link, error) {
	l, err := makeRing(s)
	if err != nil {
		return nil, failed("make", "sysvshm", s.Size, err)
	}
	return l, nil
}

// makeRing makes the segment and the semaphores. What it has made is in the
// link as soon as it exists, so that a failure leaves nothing.
func makeRing(s Spec) (l *Link, err error) {
	slots := slotsFor(s)
	switch {
	case s.Queue > 0 && s.Size > s.Queue:
		return nil, &UnsupportedError{Mechanism: "sysvshm", What: "message size", Value: s.Size, Limit: tooLargeForRing(s.Queue)}
	case slots > sys.SEMVMX:
		return nil, &UnsupportedError{Mechanism: "sysvshm", What: "slots", Value: slots,
			Limit: Limit{N: sys.SEMVMX, Source: "SEMVMX", Beyond: "semop(2)", Errno: unix.ERANGE}}
	}
	l = &Link{Mechanism: "sysvshm"}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Destroy())
		}
	}()

	attr := ringAttr{Slots: slots}
	if attr.Shm, err = addSegment(l, slots*stride(s.Size)+ringHeader); err != nil {
		return nil, err
	}
	if attr.Sem, err = addSemaphores(l, slots, s.Senders > 1); err != nil {
		return nil, err
	}
	text, err := json.Marshal(attr)
	l.Sender = Ticket{Spec: s, Attr: text}
	l.Receiver = Ticket{Spec: s, Attr: text}
	return l, err
}

// addSegment makes the link's segment. It goes with the last process that has
// it attached, once Release has marked it.
func addSegment(l *Link, size int) (id int, err error) {
	id, err = sys.Shmget(unix.IPC_PRIVATE, size, 0o600)
	if errors.Is(err, unix.EINVAL) {
		largest, _ := sysctl(shmMax)
		err = &UnsupportedError{Mechanism: "sysvshm", What: "segment", Value: size,
			Limit: Limit{N: largest, Source: shmMax, Beyond: "shmget(2)", Errno: unix.EINVAL}}
	}
	if err != nil {
		return -1, err
	}
	o, err := sysvObject(KindShm, id)
	ds, e := sys.ShmStat(id)
	if err = errors.Join(err, e); err != nil {
		return -1, errors.Join(err, sys.ShmRemove(id))
	}
	o.AtRelease = true
	l.Objects = append(l.Objects, o)
	l.Given = Given{Queue: int(ds.Segsz) - ringHeader, Source: "shm_segsz less the ring's header"}
	return id, nil
}

// addSemaphores makes the link's semaphores, with a lock for several senders.
func addSemaphores(l *Link, slots int, lock bool) (id int, err error) {
	values := []uint16{semFree: uint16(slots), semFilled: 0}
	if lock {
		values = append(values, 1)
	}
	return addSet(l, values)
}
