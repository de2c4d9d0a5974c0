package notify

import (
	"encoding/json"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/sysv"
)

// A link is a set of two semaphores: one counts, from 0; one is a lock, from 1.
var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "sysvsem",
	Summary: "a System V semaphore",
	Family:  mechanisms.SystemV,
	Called:  []string{"semaphore", "sem"},
	Man:     []string{"semop(2)", "semget(2)", "semctl(2)", "sysvipc(7)"},
	Framing: mechanisms.Count,
	Since:   "2.6.0", // semtimedop
	Facts: mechanisms.Facts{
		Kernel: "A semtimedop(2) enters do_semtimedop, which changes the value of a semaphore (perform_atomic_semop). If it would become negative, the process is put on a list and sleeps. " +
			"An operation that adds to it walks that list, performs what can be performed now on behalf of the sleepers, and wakes them (do_smart_update). " +
			"To take one and to give one is one call each, whether a process waits or not.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "semtimedop", Kernel: 1}, Object: "a value of 15 bits",
			Receive: mechanisms.Hop{Call: "semtimedop", Kernel: 1},
		},
		Unrelated: true,
		Traits: mechanisms.Traits{
			Duplex:      mechanisms.Checked("one value: any process may take or give", "E16"),
			Persistence: mechanisms.Documented("the set, until IPC_RMID", "semctl(2)"),
			Pollable:    mechanisms.Documented("no: an identifier is no descriptor", "sysvipc(7)"),
			Selection:   mechanisms.Checked("one or several at a time", "E05"),
			Atomic:      mechanisms.Checked("several operations together or not at all", "E05"),
			Message:     mechanisms.Documented("no payload: a number is added", "semop(2)"),
			Capacity:    mechanisms.Checked("32767, SEMVMX", "E08"),
			PeerDeath:   mechanisms.Checked("not reported; SEM_UNDO gives back", "E06"),
			PassFD:      mechanisms.Documented("no", "semop(2)"),
			Permission:  mechanisms.Checked("mode of the set", "E15"),
			Namespace:   mechanisms.Checked("IPC: an identifier", "E31"),
		},
		Cautions: []mechanisms.Caution{
			{Text: "a process that dies while it holds one leaves it taken, unless it took it with SEM_UNDO", Man: "semop(2)"},
			{Text: "a semaphore is no lock: it has no owner, and a process that never took it can give it", Man: "semop(2)"},
			{Text: "the set outlives its processes, until IPC_RMID or a reboot: ipcs(1) shows it", Man: "semctl(2)"},
			{Text: "a signal interrupts a waiting semop with EINTR, even with SA_RESTART", Man: "semop(2)"},
			{Text: "between semget and the first SETVAL another process can see a set without its values", Man: "semget(2)"},
		},
	},
	Needs: sysv.Needs("sysvsem", func() error { _, err := sys.SemStat(-1); return err }),
	Limits: func(int) (mechanisms.Limits, error) {
		return mechanisms.Limits{Count: mechanisms.Limit{N: sys.SEMVMX, Source: "SEMVMX", Beyond: "semop(2)", Errno: unix.ERANGE}}, nil
	},
	New:          newSysvsem,
	Uses:         func(mechanisms.Spec) []mechanisms.Use { return sysv.SetUses(2) },
	OpenNotifier: opensSysvsem(func(e sysvsemEnd) mechanisms.Notifier { return &sysvsemNotifier{e} }),
	OpenWaiter:   opensSysvsem(func(e sysvsemEnd) mechanisms.Waiter { return &sysvsemWaiter{e} }),
	OpenLocker:   opensSysvsem(func(e sysvsemEnd) mechanisms.Locker { return &sysvsemLocker{e} }),
})

const (
	semCount = iota
	semMutex
)

// Operations, each alone in its call.
var (
	giveCount = []sys.Sembuf{{Num: semCount, Op: 1}}
	takeCount = []sys.Sembuf{{Num: semCount, Op: -1}}
	giveMutex = []sys.Sembuf{{Num: semMutex, Op: 1}}
	takeMutex = []sys.Sembuf{{Num: semMutex, Op: -1}}
)

func newSysvsem(s mechanisms.Spec) (*mechanisms.Link, error) {
	l := &mechanisms.Link{Mechanism: "sysvsem"}
	id, err := sysv.AddSet(l, []uint16{semCount: 0, semMutex: 1})
	if err != nil {
		return nil, mechanisms.Failed("make", "sysvsem", 0, err)
	}
	attr, err := json.Marshal(id)
	l.Sender = mechanisms.Ticket{Spec: s, Attr: attr}
	l.Receiver = l.Sender
	return l, err
}

func opensSysvsem[E any](as func(sysvsemEnd) E) func(mechanisms.Ticket) (E, error) {
	return func(t mechanisms.Ticket) (end E, err error) {
		var id int
		if err = json.Unmarshal(t.Attr, &id); err == nil {
			_, err = sys.SemStat(id)
		}
		if err != nil {
			return end, mechanisms.Failed("open", "sysvsem", 0, err)
		}
		return as(sysvsemEnd(id)), nil
	}
}

// sysvsemEnd is an end: the set's identifier.
type sysvsemEnd int

// Close has nothing to close: an identifier is not held.
func (sysvsemEnd) Close() error { return nil }

type (
	sysvsemNotifier struct{ sysvsemEnd }
	sysvsemWaiter   struct{ sysvsemEnd }
	sysvsemLocker   struct{ sysvsemEnd }
)

func (n *sysvsemNotifier) Notify() error { return n.semop("notify", giveCount) }

// Wait takes one: to take all it would have to know how many there are.
func (w *sysvsemWaiter) Wait() (uint64, error) { return 1, w.semop("wait", takeCount) }

func (l *sysvsemLocker) Lock() error { return l.semop("lock", takeMutex) }

func (l *sysvsemLocker) Unlock() error { return l.semop("unlock", giveMutex) }

func (e sysvsemEnd) semop(op string, ops []sys.Sembuf) error {
	if a := sys.TrySemop(int(e), ops); a != 0 {
		if err := a.Semop(int(e), ops); err != nil {
			return mechanisms.Failed(op, "sysvsem", 0, err)
		}
	}
	return nil
}
