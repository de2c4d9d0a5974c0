package shm

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sharedmem"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// The sender keeps messages in memory of its own, which no other process maps,
// and the receiver copies them out of there. The two share one page, which
// holds where that is and how far each has come.
var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:         "processvm",
	Summary:      "the receiver copies out of the sender's memory; the sender announces each message with a futex",
	Family:       mechanisms.Rings,
	Man:          []string{"process_vm_readv(2)", "ptrace(2)", "futex(2)"},
	Framing:      mechanisms.Slot,
	Since:        "3.2",
	WorksInPlace: true,
	Facts: mechanisms.Facts{
		Kernel: "The sender makes no call for the message itself: it raises a count in a page that both map, and wakes the receiver by futex(2) if that sleeps. " +
			"A process_vm_readv(2) enters process_vm_rw in mm/process_vm_access.c, which checks that the caller may trace the other process (mm_access). It pins some of the sender's pages at a time (pin_user_pages_remote) and copies out of them. " +
			"A second count gives the slot back.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Own: 1, Waits: []string{"futex"}}, Object: "memory of the sender alone",
			Receive: mechanisms.Hop{Call: "process_vm_readv", Kernel: 1, Waits: []string{"futex"}},
		},
		Traits: processvmTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a process that may read the sender's message may read all of its memory: the right is that of a debugger, PTRACE_MODE_ATTACH_REALCREDS", Man: "process_vm_readv(2)"},
			{Text: "where Yama restricts it (ptrace_scope 1) the sender must name its reader by PR_SET_PTRACER, and at 2 only CAP_SYS_PTRACE helps", Man: "ptrace(2)"},
			{Text: "a message is gone when its sender is, though it was sent", Man: "process_vm_readv(2)"},
			{Text: "nothing keeps the sender from writing to what is being read: the copy is not atomic", Man: "process_vm_readv(2)", Silent: true},
			{Text: "neither side learns that the other has gone: it waits forever", Man: "futex(2)"},
		},
	},
	Needs:  processvmNeeds,
	Limits: processvmLimits,
	New:    newProcessvm,

	Capacity:     mechanisms.OwnCapacity,
	OpenSender:   openVMSender,
	OpenReceiver: openVMReceiver,
})

var processvmTraits = mechanisms.Traits{
	Duplex:      mechanisms.Documented("one way: by reading; process_vm_writev writes", "process_vm_readv(2)"),
	Persistence: mechanisms.Documented("nothing: the memory is its process's", "process_vm_readv(2)"),
	Pollable:    mechanisms.Documented("no: a futex is no descriptor", "futex(2)"),
	Selection:   mechanisms.Documented("memory: any address", "process_vm_readv(2)"),
	Atomic:      mechanisms.Documented("nothing", "process_vm_readv(2)"),
	Message:     mechanisms.Documented("what the sender has in memory", "process_vm_readv(2)"),
	Capacity:    mechanisms.Documented("what the sender keeps unread", "process_vm_readv(2)"),
	PeerDeath:   mechanisms.Documented("receiver: ESRCH; sender: nothing", "process_vm_readv(2)"),
	PassFD:      mechanisms.Documented("no", "process_vm_readv(2)"),
	Permission:  mechanisms.Documented("that of a debugger: same user, and Yama", "ptrace(2)"),
	Namespace:   mechanisms.Documented("PID, and user", "process_vm_readv(2)"),
}

const yamaScope = "/proc/sys/kernel/yama/ptrace_scope"

// processvmNeeds reads from this process itself, which nothing but a kernel
// without the call, or a filter, refuses.
func processvmNeeds() error {
	var from, to [1]byte
	if _, err := sys.ProcessVMReadv(os.Getpid(), to[:], addressOf(from[:])); err != nil {
		return err // built without CONFIG_CROSS_MEMORY_ATTACH, or filtered
	}
	// From 2 on Yama disregards the process that was named.
	if scope, err := mechanisms.Sysctl(yamaScope); err == nil && scope > 1 {
		return &mechanisms.UnsupportedError{Mechanism: "processvm", What: fmt.Sprintf("%s is %d, want 0 or 1: workers hold no CAP_SYS_PTRACE, ptrace(2)", yamaScope, scope)}
	}
	return nil
}

func processvmLimits(int) (mechanisms.Limits, error) {
	return mechanisms.Limits{
		Senders:   mechanisms.Limit{N: 1, Source: "one address", Beyond: "a receiver reads from one process, process_vm_readv(2)"},
		Receivers: mechanisms.Limit{N: 1, Source: "one reading index", Beyond: "two receivers would take the same slot, process_vm_readv(2)"},
	}, nil
}

// vmPage is the page that both processes map.
type vmPage struct {
	address  atomic.Uint64 // of the sender's slots
	sender   atomic.Uint32
	receiver atomic.Uint32
	_        [sharedmem.CacheLine - 16]byte
	filled   sharedmem.Counter // messages sent, ever
	emptied  sharedmem.Counter // messages received, ever
}

type vmAttr struct {
	Slots int `json:"slots"` // a power of two, so that counts may overflow
}

func newProcessvm(s mechanisms.Spec) (*mechanisms.Link, error) {
	fd, err := sys.MemfdCreate("ipcbench-processvm", os.Getpagesize())
	if err != nil {
		return nil, mechanisms.Failed("make", "processvm", s.Size, err)
	}
	a := vmAttr{Slots: 1 << bits.Len(uint(slotsFor(s)-1))}
	text, err := json.Marshal(a)
	if err != nil {
		return nil, mechanisms.Failed("make", "processvm", s.Size, errors.Join(err, unix.Close(fd)))
	}
	t := mechanisms.Ticket{Spec: s, FDs: []int{fd}, Attr: text}
	return &mechanisms.Link{
		Mechanism: "processvm",
		Given:     mechanisms.Given{Queue: a.Slots * stride(s.Size), Source: "slots of the sender"},
		Sender:    t,
		Receiver:  t,
		FDs:       []int{fd},
	}, nil
}

func addressOf(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }

// vmEnd is what both ends have.
type vmEnd struct {
	*vmPage
	shared []byte // the page
	size   int    // bytes in a message
	stride int    // bytes from slot to slot
	slots  uint32
	passed uint32 // messages, ever
}

func openVM(t mechanisms.Ticket) (e vmEnd, err error) {
	fd, err := descriptor.Duplicate("processvm", t)
	if err != nil {
		return e, err
	}
	d := descriptor.End{Mechanism: "processvm", Num: fd}
	var a vmAttr
	if err = json.Unmarshal(t.Attr, &a); err == nil {
		e.shared, err = sys.Mmap(d.Num, os.Getpagesize())
	}
	if err = errors.Join(err, d.Close()); err != nil {
		return e, mechanisms.Failed("open", "processvm", t.Spec.Size, err)
	}
	e.vmPage = (*vmPage)(unsafe.Pointer(unsafe.SliceData(e.shared)))
	e.size, e.stride, e.slots = t.Spec.Size, stride(t.Spec.Size), uint32(a.Slots)
	return e, nil
}

// at is how far from the first slot the next message lies.
func (e *vmEnd) at() int { return int(e.passed&(e.slots-1)) * e.stride }

type vmSender struct {
	vmEnd
	memory []byte
	reader uint32 // the process that may read it
}

// openVMSender publishes where the messages will be. It goes on where a sender
// before it has stopped.
func openVMSender(t mechanisms.Ticket) (mechanisms.Sender, error) {
	e, err := openVM(t)
	if err != nil {
		return nil, err
	}
	s := &vmSender{vmEnd: e}
	if s.memory, err = sys.Anonymous(int(s.slots) * s.stride); err != nil {
		return nil, mechanisms.Failed("open", "processvm", s.size, errors.Join(err, sys.Munmap(s.shared)))
	}
	s.passed = s.filled.Count.Load()
	s.address.Store(uint64(addressOf(s.memory)))
	s.sender.Store(uint32(os.Getpid()))
	return s, nil
}

// Close takes away what has not been received, with the memory that it is in.
func (s *vmSender) Close() error {
	return errors.Join(sys.Munmap(s.memory), sys.Munmap(s.shared))
}

// room waits for a free slot, or reports whether there is one.
func (s *vmSender) room(wait bool) (bool, error) {
	for {
		emptied := s.emptied.Count.Load()
		if s.passed-emptied < s.slots {
			return true, nil
		}
		if !wait {
			return false, nil
		}
		if err := s.emptied.Await(emptied); err != nil {
			return false, err
		}
	}
}

func (s *vmSender) Send(p []byte) error {
	if len(p) != s.size {
		return mechanisms.Failed("send", "processvm", len(p), mechanisms.WrongLength(len(p), s.size))
	}
	slot, err := s.Reserve()
	if err != nil {
		return err
	}
	copy(slot, p)
	return s.Commit()
}

func (s *vmSender) Reserve() ([]byte, error) {
	if _, err := s.room(true); err != nil {
		return nil, mechanisms.Failed("send", "processvm", s.size, err)
	}
	at := s.at()
	return s.memory[at : at+s.size], nil
}

// Commit counts the message. The receiver is admitted as soon as it is known
// which process that is: before any message where both have opened first.
func (s *vmSender) Commit() error {
	if now := s.receiver.Load(); now != s.reader {
		if err := sys.SetPtracer(int(now)); err != nil {
			return mechanisms.Failed("send", "processvm", s.size, err)
		}
		s.reader = now
	}
	s.passed++
	if err := s.filled.Raise(); err != nil {
		return mechanisms.Failed("send", "processvm", s.size, err)
	}
	return nil
}

func (s *vmSender) Fill(p []byte) (whole int, err error) {
	for ; ; whole++ {
		if room, _ := s.room(false); !room {
			return whole, nil
		}
		if err := s.Send(p); err != nil {
			return whole, err
		}
	}
}

type vmReceiver struct{ vmEnd }

func openVMReceiver(t mechanisms.Ticket) (mechanisms.Receiver, error) {
	e, err := openVM(t)
	if err != nil {
		return nil, err
	}
	r := &vmReceiver{e}
	r.passed = r.emptied.Count.Load()
	r.receiver.Store(uint32(os.Getpid()))
	return descriptor.InPlace(r, t.Spec), nil
}

func (r *vmReceiver) Close() error { return sys.Munmap(r.shared) }

func (r *vmReceiver) Recv(p []byte) error {
	if len(p) != r.size {
		return mechanisms.Failed("recv", "processvm", len(p), mechanisms.WrongLength(r.size, len(p)))
	}
	err := r.filled.Await(r.passed)
	if err == nil {
		var n int
		n, err = sys.ProcessVMReadv(int(r.sender.Load()), p, uintptr(r.address.Load())+uintptr(r.at()))
		if err == nil && n != r.size {
			err = mechanisms.WrongLength(n, r.size)
		}
	}
	if err == nil {
		r.passed++
		err = r.emptied.Raise()
	}
	if err != nil {
		return mechanisms.Failed("recv", "processvm", len(p), err)
	}
	return nil
}

func (e *vmEnd) Keeps() (mechanisms.Given, error) {
	return mechanisms.Given{Queue: int(e.slots) * e.stride, Source: "slots of the sender"}, nil
}
