package notify

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sharedmem"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// A link is memory with a count, and with a lock on a line of its own.
var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "futex",
	Summary: "a word in shared memory, and the kernel only to sleep and to wake",
	Family:  mechanisms.Notifications,
	Man:     []string{"futex(2)", "futex(7)", "memfd_create(2)"},
	Framing: mechanisms.Count,
	Since:   "3.17", // memfd_create
	Facts: mechanisms.Facts{
		Kernel: "A count and a lock are words that processes change by atomic instructions, without the kernel. " +
			"A process that has to wait calls futex(2), which enters futex_wait: that looks at the word once more, under the lock of a hash bucket, and sleeps. " +
			"A process that has changed the word, and sees that another sleeps, enters futex_wake. That finds the sleepers by the page and offset of the word.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Waits: []string{"futex"}}, Object: "a word of shared memory",
			Receive: mechanisms.Hop{Waits: []string{"futex"}},
		},
		Traits: mechanisms.Traits{
			Duplex:      mechanisms.Checked("memory: as the processes agree", "S17"),
			Persistence: mechanisms.Documented("as long as the memory", "futex(7)"),
			Pollable:    mechanisms.Documented("no: a word is no descriptor", "futex(2)"),
			Selection:   mechanisms.Documented("memory: as the processes agree", "futex(7)"),
			Atomic:      mechanisms.Checked("atomic adds are exact", "S17"),
			Message:     mechanisms.Documented("no payload: a word of 32 bits", "futex(2)"),
			Capacity:    mechanisms.Documented("2^32-1", "futex(2)"),
			PeerDeath:   mechanisms.Checked("not reported, but for robust locks", "X13", "X14"),
			PassFD:      mechanisms.Documented("no", "futex(7)"),
			Permission:  mechanisms.Checked("processes that can map the memory; not with FUTEX_PRIVATE_FLAG", "V04"),
			Namespace:   mechanisms.Documented("none", "futex(7)"),
		},
		Cautions: []mechanisms.Caution{
			{Text: "a wake-up is no message: the process that wakes looks at the word again, and may find nothing", Man: "futex(2)"},
			{Text: "FUTEX_PRIVATE_FLAG, which threads use, does not wake another process", Man: "futex(2)"},
			{Text: "a process that dies while it holds a lock leaves it taken, unless it is on the kernel's robust list", Man: "get_robust_list(2)"},
			{Text: "a lock is not fair: another process may take it while the one that was woken still wakes up", Man: "futex(2)"},
		},
	},
	Limits:       func(int) (mechanisms.Limits, error) { return mechanisms.Limits{}, nil },
	New:          newFutex,
	OpenNotifier: opensFutex(func(m futexMemory) mechanisms.Notifier { return &futexNotifier{m} }),
	OpenWaiter:   opensFutex(func(m futexMemory) mechanisms.Waiter { return &futexWaiter{m} }),
	OpenLocker:   opensFutex(func(m futexMemory) mechanisms.Locker { return &futexLocker{m} }),
})

// Where the words are, in bytes.
const (
	futexSleepers = 4                   // beside the count: a process that changes one reads the other
	futexLock     = sharedmem.CacheLine // on a line of its own
	futexSize     = 2 * sharedmem.CacheLine
)

func newFutex(s mechanisms.Spec) (*mechanisms.Link, error) {
	fd, err := sys.MemfdCreate("ipcbench-futex", futexSize)
	if err != nil {
		return nil, mechanisms.Failed("make", "futex", 0, err)
	}
	t := mechanisms.Ticket{Spec: s, FDs: []int{fd}}
	return &mechanisms.Link{Mechanism: "futex", FDs: []int{fd}, Sender: t, Receiver: t}, nil
}

// opensFutex opens an end, which needs the mapping and not the descriptor.
func opensFutex[E any](as func(futexMemory) E) func(mechanisms.Ticket) (E, error) {
	return func(t mechanisms.Ticket) (end E, err error) {
		fd, err := descriptor.Duplicate("futex", t)
		if err != nil {
			return end, err
		}
		p, err := sys.Mmap(fd, futexSize)
		if err = errors.Join(err, os.NewSyscallError("close", unix.Close(fd))); err != nil {
			return end, mechanisms.Failed("open", "futex", 0, err)
		}
		return as(futexMemory(p)), nil
	}
}

// futexMemory is the mapped memory of an end.
type futexMemory []byte

// Close unmaps it. Once only.
func (m futexMemory) Close() error { return unix.Munmap(m) }

type (
	futexNotifier struct{ futexMemory }
	futexWaiter   struct{ futexMemory }
	futexLocker   struct{ futexMemory }
)

var errFull = errors.New("a count of 32 bits is full")

// Notify counts, and only then looks whether a waiter sleeps. A waiter says
// that it sleeps, and only then has the kernel look at the count: one of the
// two sees the other.
func (n *futexNotifier) Notify() error {
	word := sys.Word(n.futexMemory)
	if word.Add(1) == 0 {
		return mechanisms.Failed("notify", "futex", 0, errFull)
	}
	if sys.Word(n.futexMemory[futexSleepers:]).Load() == 0 {
		return nil
	}
	if _, err := sys.FutexWake(word, 1); err != nil {
		return mechanisms.Failed("notify", "futex", 0, err)
	}
	return nil
}

func (w *futexWaiter) Wait() (uint64, error) {
	word := sys.Word(w.futexMemory)
	if n := word.Swap(0); n > 0 {
		return uint64(n), nil
	}
	sleepers := sys.Word(w.futexMemory[futexSleepers:])
	sleepers.Add(1)
	defer sleepers.Add(^uint32(0))
	for {
		if err := sys.FutexWait(word, 0); err != nil {
			return 0, mechanisms.Failed("wait", "futex", 0, err)
		}
		if n := word.Swap(0); n > 0 {
			return uint64(n), nil
		}
	}
}

// lock is the mutex in the link's memory.
func (l *futexLocker) lock() *sharedmem.Mutex {
	return (*sharedmem.Mutex)(unsafe.Pointer(&l.futexMemory[futexLock]))
}

func (l *futexLocker) Lock() error {
	if err := l.lock().Lock(); err != nil {
		return mechanisms.Failed("lock", "futex", 0, err)
	}
	return nil
}

func (l *futexLocker) Unlock() error {
	if err := l.lock().Unlock(); err != nil {
		return mechanisms.Failed("unlock", "futex", 0, err)
	}
	return nil
}
