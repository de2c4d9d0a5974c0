package mechanisms

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// A link is memory with a count, and with a lock on a line of its own.
var _ = Register(Mechanism{
	Name:    "futex",
	Summary: "a word in shared memory, and the kernel only to sleep and to wake",
	Man:     []string{"futex(2)", "futex(7)", "memfd_create(2)"},
	Framing: Count,
	Since:   "3.17", // memfd_create
	Facts: Facts{
		Kernel: "A count and a lock are words that processes change by atomic instructions, without the kernel. " +
			"Who has to wait calls futex(2), which enters futex_wait: that looks at the word once more, under the lock of a hash bucket, and sleeps. " +
			"Who has changed the word, and sees that somebody sleeps, enters futex_wake, which finds the sleepers by the page and offset of the word.",
		Path: Path{
			Send: Hop{Waits: []string{"futex"}}, Object: "a word of shared memory",
			Receive: Hop{Waits: []string{"futex"}},
		},
		Traits: Traits{
			Duplex:      trait("memory: as the processes agree", "S17"),
			Persistence: said("as long as the memory", "futex(7)"),
			Pollable:    said("no: a word is no descriptor", "futex(2)"),
			Selection:   said("memory: as the processes agree", "futex(7)"),
			Atomic:      trait("atomic adds are exact", "S17"),
			Message:     said("no payload: a word of 32 bits", "futex(2)"),
			Capacity:    said("2^32-1", "futex(2)"),
			PeerDeath:   said("nobody is told, but for robust locks", "get_robust_list(2)"),
			PassFD:      said("no", "futex(7)"),
			Permission:  trait("who can map the memory; not with FUTEX_PRIVATE_FLAG", "V04"),
			Namespace:   said("none", "futex(7)"),
		},
		Cautions: []Caution{
			{"a wake-up is no message: who is woken looks at the word again, and may find nothing", "futex(2)"},
			{"FUTEX_PRIVATE_FLAG, which threads use, does not wake another process", "futex(2)"},
			{"a process that dies while it holds a lock leaves it taken, unless it is on the kernel's robust list", "get_robust_list(2)"},
			{"a lock is not fair: who comes by while the one that was woken still wakes up takes it", "futex(2)"},
		},
	},
	Limits:       func(int) (Limits, error) { return Limits{}, nil },
	New:          newFutex,
	OpenNotifier: opensFutex(func(m futexMemory) Notifier { return &futexNotifier{m} }),
	OpenWaiter:   opensFutex(func(m futexMemory) Waiter { return &futexWaiter{m} }),
	OpenLocker:   opensFutex(func(m futexMemory) Locker { return &futexLocker{m} }),
})

// Where the words are, in bytes.
const (
	futexSleepers = 4         // beside the count: who changes one reads the other
	futexLock     = cacheLine // on a line of its own
	futexSize     = 2 * cacheLine
)

func newFutex(s Spec) (*Link, error) {
	fd, err := sys.MemfdCreate("ipcbench-futex", futexSize)
	if err != nil {
		return nil, failed("make", "futex", 0, err)
	}
	t := Ticket{Spec: s, FDs: []int{fd}}
	return &Link{Mechanism: "futex", FDs: []int{fd}, Sender: t, Receiver: t}, nil
}

// opensFutex opens an end, which needs the mapping and not the descriptor.
func opensFutex[E any](as func(futexMemory) E) func(Ticket) (E, error) {
	return func(t Ticket) (end E, err error) {
		fd, err := duplicate("futex", t)
		if err != nil {
			return end, err
		}
		p, err := sys.Mmap(fd, futexSize)
		if err = errors.Join(err, os.NewSyscallError("close", unix.Close(fd))); err != nil {
			return end, failed("open", "futex", 0, err)
		}
		return as(futexMemory(p)), nil
	}
}

// futexMemory is the mapped memory of an end.
type futexMemory []byte

// Close unmaps it. Once only.
func (m futexMemory) Close() error { return unix.Munmap(m) }
