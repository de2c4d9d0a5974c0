package mechanisms

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// The sender keeps messages in memory of its own, which nobody else maps, and
// the receiver copies them out of there. The two share one page, by which they
// tell each other where that is and how far they have come.
var _ = Register(Mechanism{
	Name:    "processvm",
	Summary: "copied straight out of the sender's memory, told of by futex",
	Man:     []string{"process_vm_readv(2)", "ptrace(2)", "futex(2)"},
	Framing: Slot,
	Since:   "3.2",
	Lends:   true,
	Facts: Facts{
		Kernel: "The sender makes no call for the message itself: it raises a count in a page that both map, and wakes the receiver by futex(2) if that sleeps. " +
			"A process_vm_readv(2) enters process_vm_rw in mm/process_vm_access.c, which checks that the caller may trace the other process (mm_access), pins the sender's pages some at a time (pin_user_pages_remote) and copies out of them. " +
			"A second count gives the slot back.",
		Path: Path{
			Send: Hop{Own: 1, Waits: []string{"futex"}}, Object: "memory of the sender alone",
			Receive: Hop{Call: "process_vm_readv", Kernel: 1, Waits: []string{"futex"}},
		},
		Traits: processvmTraits,
		Cautions: []Caution{
			{"who may read the sender's message may read all of its memory: the right is that of a debugger, PTRACE_MODE_ATTACH_REALCREDS", "process_vm_readv(2)"},
			{"where Yama restricts it (ptrace_scope 1) the sender must name its reader by PR_SET_PTRACER, and at 2 only CAP_SYS_PTRACE helps", "ptrace(2)"},
			{"a message is gone when its sender is, though it was sent", "process_vm_readv(2)"},
			{"nothing keeps the sender from writing to what is being read: the copy is not atomic", "process_vm_readv(2)"},
			{"nobody tells either side that the other has gone: both wait for ever", "futex(2)"},
		},
	},
	Needs:  processvmNeeds,
	Limits: processvmLimits,
	New:    newProcessvm,

	Capacity:     ownCapacity,
	OpenSender:   openVMSender,
	OpenReceiver: openVMReceiver,
})

var processvmTraits = Traits{
	Duplex:      said("one way: by reading; process_vm_writev writes", "process_vm_readv(2)"),
	Persistence: said("nothing: the memory is its process's", "process_vm_readv(2)"),
	Pollable:    said("no: a futex is no descriptor", "futex(2)"),
	Selection:   said("memory: any address", "process_vm_readv(2)"),
	Atomic:      said("none", "process_vm_readv(2)"),
	Message:     said("what the sender has in memory", "process_vm_readv(2)"),
	Capacity:    said("what the sender keeps unread", "process_vm_readv(2)"),
	PeerDeath:   said("receiver: ESRCH; sender: nothing", "process_vm_readv(2)"),
	PassFD:      said("no", "process_vm_readv(2)"),
	Permission:  said("that of a debugger: same user, and Yama", "ptrace(2)"),
	Namespace:   said("PID, and user", "process_vm_readv(2)"),
}

const yamaScope = "/proc/sys/kernel/yama/ptrace_scope"

// processvmNeeds reads from this process itself, which nothing but a kernel
// without the call, or a filter, refuses.
func processvmNeeds() error {
	var from, to [1]byte
	if _, err := sys.ProcessVMReadv(os.Getpid(), to[:], addressOf(from[:])); err != nil {
		return &UnsupportedError{Mechanism: "processvm", What: err.Error() + ": built without CONFIG_CROSS_MEMORY_ATTACH, or filtered by seccomp(2)"}
	}
	// From 2 on Yama has no regard for who was named.
	if scope, err := sysctl(yamaScope); err == nil && scope > 1 {
		return &UnsupportedError{Mechanism: "processvm", What: fmt.Sprintf("%s is %d, want 0 or 1: workers hold no CAP_SYS_PTRACE, ptrace(2)", yamaScope, scope)}
	}
	return nil
}

func processvmLimits(int) (Limits, error) {
	return Limits{
		Senders:   Limit{N: 1, Source: "one address", Beyond: "a receiver reads from one process, process_vm_readv(2)"},
		Receivers: Limit{N: 1, Source: "one reading index", Beyond: "two receivers would take the same slot, process_vm_readv(2)"},
	}, nil
}

// vmPage is the page that both processes map.
type vmPage struct {
	address  atomic.Uint64 // of the sender's slots
	sender   atomic.Uint32
	receiver atomic.Uint32
	_        [cacheLine - 16]byte
	filled   gauge // messages sent, ever
	emptied  gauge // messages received, ever
}

type vmAttr struct {
	Slots int `json:"slots"` // a power of two, so that counts may overflow
}

func newProcessvm(s Spec) (*Link, error) {
	fd, err := sys.MemfdCreate("ipcbench-processvm", os.Getpagesize())
	if err != nil {
		return nil, failed("make", "processvm", s.Size, err)
	}
	a := vmAttr{Slots: 1 << bits.Len(uint(slotsFor(s)-1))}
	text, err := json.Marshal(a)
	if err != nil {
		return nil, failed("make", "processvm", s.Size, errors.Join(err, unix.Close(fd)))
	}
	t := Ticket{Spec: s, FDs: []int{fd}, Attr: text}
	return &Link{
		Mechanism: "processvm",
		Given:     Given{Queue: a.Slots * stride(s.Size), Source: "slots of the sender"},
		Sender:    t,
		Receiver:  t,
		FDs:       []int{fd},
	}, nil
}
