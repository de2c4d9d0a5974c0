package mechanisms

import (
	"encoding/json"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// A link is a set of two semaphores: one counts, from 0; one is a lock, from 1.
var _ = Register(Mechanism{
	Name:    "sysvsem",
	Summary: "a System V semaphore",
	Man:     []string{"semop(2)", "semget(2)", "semctl(2)", "sysvipc(7)"},
	Framing: Count,
	Since:   "2.6.0", // semtimedop
	Facts: Facts{
		Kernel: "A semtimedop(2) enters do_semtimedop, which changes the value of a semaphore (perform_atomic_semop) or, where it would become negative, puts the process on a list and sleeps. " +
			"Who adds to it walks that list, performs what can be performed now on behalf of those who sleep, and wakes them (do_smart_update). " +
			"To take one and to give one is one call each, whether anybody waits or not.",
		Path: Path{
			Send: Hop{Call: "semtimedop", Kernel: 1}, Object: "a value of 15 bits",
			Receive: Hop{Call: "semtimedop", Kernel: 1},
		},
		Unrelated: true,
		Traits: Traits{
			Duplex:      trait("one value: anybody may take or give", "E16"),
			Persistence: said("the set, until IPC_RMID", "semctl(2)"),
			Pollable:    trait("no: an identifier is no descriptor", "E02"),
			Selection:   trait("one or several at a time", "E05"),
			Atomic:      trait("several operations together or not at all", "E05"),
			Message:     said("no payload: a number is added", "semop(2)"),
			Capacity:    trait("32767, SEMVMX", "E08"),
			PeerDeath:   trait("nobody is told; SEM_UNDO gives back", "E06"),
			PassFD:      said("no", "semop(2)"),
			Permission:  trait("mode of the set", "E15"),
			Namespace:   said("IPC: an identifier", "ipc_namespaces(7)"),
		},
		Cautions: []Caution{
			{"a process that dies while it holds one leaves it taken, unless it took it with SEM_UNDO", "semop(2)"},
			{"a semaphore is no lock: it has no owner, and who never took it can give it", "semop(2)"},
			{"the set outlives its processes, until IPC_RMID or a reboot: ipcs(1) shows it", "semctl(2)"},
			{"a signal interrupts a waiting semop with EINTR, whatever SA_RESTART says", "semop(2)"},
			{"between semget and the first SETVAL another process can see a set without its values", "semget(2)"},
		},
	},
	Needs: sysvNeeds("sysvsem", func() error { _, err := sys.SemStat(-1); return err }),
	Limits: func(int) (Limits, error) {
		return Limits{Count: Limit{N: sys.SEMVMX, Source: "SEMVMX", Beyond: "semop(2)", Errno: unix.ERANGE}}, nil
	},
	New:          newSysvsem,
	Uses:         func(Spec) []Use { return setUses(2) },
	OpenNotifier: opensSysvsem(func(e sysvsemEnd) Notifier { return &sysvsemNotifier{e} }),
	OpenWaiter:   opensSysvsem(func(e sysvsemEnd) Waiter { return &sysvsemWaiter{e} }),
	OpenLocker:   opensSysvsem(func(e sysvsemEnd) Locker { return &sysvsemLocker{e} }),
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

func newSysvsem(s Spec) (*Link, error) {
	l := &Link{Mechanism: "sysvsem"}
	id, err := addSet(l, []uint16{semCount: 0, semMutex: 1})
	if err != nil {
		return nil, failed("make", "sysvsem", 0, err)
	}
	attr, err := json.Marshal(id)
	l.Sender = Ticket{Spec: s, Attr: attr}
	l.Receiver = l.Sender
	return l, err
}

func opensSysvsem[E any](as func(sysvsemEnd) E) func(Ticket) (E, error) {
	return func(t Ticket) (end E, err error) {
		var id int
		if err = json.Unmarshal(t.Attr, &id); err == nil {
			_, err = sys.SemStat(id)
		}
		if err != nil {
			return end, failed("open", "sysvsem", 0, err)
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
			return failed(op, "sysvsem", 0, err)
		}
	}
	return nil
}
