// Package mechanisms holds the ways in which Linux moves messages between
// processes, one file each, behind one contract: a one-way link of fixed-size
// messages. A sender gives n bytes; a receiver gets those n bytes, whole,
// once, in order per sender; Send blocks while the kernel will not take more.
// That is all that a byte stream, a packet pipe, a message queue and shared
// memory have in common, and it is enough to measure them with one harness.
//
// A mechanism knows no workload. It is a struct literal in a file of its own:
//
//	var _ = Register(Mechanism{Name: "pipe", …})
//
// and with no other edit it is in `ipcbench list`, in every benchmark, in the
// conformance suite and in the reports.
package mechanisms

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"ipcbench/internal/suggest"
	"ipcbench/internal/sys"
)

// Framing reports how the kernel sees a message.
type Framing int

const (
	Stream Framing = iota // a run of bytes: reads and writes need not match
	Packet                // a unit: one receive takes what one send gave
	Slot                  // a place in memory that both sides map
	Count                 // no message: something has happened, so many times
)

func (f Framing) String() string { return [...]string{"stream", "packet", "slot", "count"}[f] }

// Mechanism is one way to move messages between processes.
type Mechanism struct {
	Name    string   // as in flags, files and benchmark names: [a-z][a-z0-9]*, unique, not ending in a digit
	Summary string   // one line
	Man     []string // the pages that define it, the most telling first: "msgop(2)"
	Framing Framing
	Since   string // first Linux release that has it, "2.6.35"; absent from a later kernel is a failure unless Needs says why
	EOF     bool   // Recv returns io.EOF once every sender has closed
	Facts   Facts  // what to know before choosing it

	Family Family   // what it is built on
	Called []string // what people call it besides, in small letters without blanks and hyphens: "uds"

	// VariantOf is the mechanism that it does the work of by other calls, or in other
	// memory: a reader chooses between the two last. "" for most.
	VariantOf string

	// What a Spec may ask of it besides the numbers that Limits bounds.
	Polls        bool     // ends are descriptors that poll(2) can wait for, and are Descriptors: Spec.Wait applies
	Memories     []string // what may back its memory, the first by default: Spec.Memory
	Batches      bool     // ends are a BatchSender and a BatchReceiver
	WorksInPlace bool     // ends are a InPlaceSender and an InPlaceReceiver
	Relays       bool     // its sending end is a Relay: a process that passes messages on needs no copy
	Maps         bool     // messages lie in memory that every end maps, and ends are Mapped: the process that makes a link chooses its NUMA node
	Spins        bool     // ends wait without sleeping, so that each needs a CPU of its own
	Selects      bool     // ends are a TypeSender and a TypeReceiver
	Coalesces    bool     // notifications that have not been taken yet may count as one
	Scheduled    bool     // ends wait in Go's scheduler: their process keeps it, with all that it costs

	// Needs names what this kernel or sandbox withholds, as an
	// *UnsupportedError or a call's errno, which Refused explains; nil where
	// nothing is known to be missing. Optional.
	Needs func() error

	// Room reports whether the kind of memory that the Spec names has room for
	// a link: nil, or an *UnsupportedError. Optional.
	Room func(Spec) error

	// Lost counts the messages that the kernel has dropped on the way to the
	// receiver whose ticket it is, while that is open. Optional: without it a
	// link loses nothing, and Send waits for room. With it Send may succeed and
	// the message be lost, which the receiver must find out.
	Lost func(Ticket) (int, error)

	// Limits reads from the running kernel what a link carries whose Spec
	// asks for queue bytes (0: the default).
	Limits func(queue int) (Limits, error)

	// Capacity reads what one open end has of its link's capacity, in the process
	// that holds it; the zero Given where it is the other side's to read.
	// JoinCapacity joins what all ends of a link read. The conformance suite
	// asks for it wherever a link carries messages.
	Capacity func(End) (Given, error)
	// Usual is the capacity of a link of that Spec where nothing is short.
	// Optional: without it no capacity is held against another.
	Usual func(Spec) Usual
	// Tunes: the kernel changes the capacity as messages pass, where Spec.Queue
	// is 0.
	Tunes bool

	// Uses lists what a link, or a pair of NewPair, takes of what the kernel
	// counts for a user, a process or a namespace. Optional.
	Uses func(Spec) []Use

	// New makes the kernel objects of one link.
	New func(Spec) (*Link, error)

	// NewPair makes both directions on one object, as one socketpair carries
	// them. Optional: without it two links are made.
	NewPair func(Spec) (there, back *Link, err error)

	// Program opens the ends and plays on them in place of the functions below; nil:
	// of all mechanisms but external ones.
	Program *Program

	// OpenSender and OpenReceiver open one end in the calling process. An end
	// owns what it opened (descriptors are duplicated), so the holder of the
	// ticket still closes the ticket's own.
	OpenSender   func(Ticket) (Sender, error)
	OpenReceiver func(Ticket) (Receiver, error)

	// OpenNotifier and OpenWaiter are in their place where a link carries
	// notifications, from the sending to the receiving end.
	OpenNotifier func(Ticket) (Notifier, error)
	OpenWaiter   func(Ticket) (Waiter, error)

	// OpenLocker opens one end of a link that is a lock. Its ticket is that of a
	// sending end. Optional beside the others.
	OpenLocker func(Ticket) (Locker, error)
}

// Spec is what a link is asked to be.
type Spec struct {
	Size      int    `json:"size"`             // bytes in every message, at least 1
	Senders   int    `json:"senders"`          // sending ends, at least 1
	Receivers int    `json:"receivers"`        // receiving ends, at least 1
	Queue     int    `json:"queue"`            // bytes the link should hold before Send blocks; 0: the default
	Beside    int    `json:"beside,omitempty"` // bytes of other messages that stay on the link
	Dir       string `json:"dir,omitempty"`    // private 0700 directory for names, where the mechanism needs one

	Wait    string `json:"wait,omitempty"`   // how ends wait that are descriptors: one of Waits; "": in the call itself
	Memory  string `json:"memory,omitempty"` // one of the mechanism's Memories; "": the first
	Batch   int    `json:"batch,omitempty"`  // messages that one call hands over; 0: one
	InPlace bool   `json:"lend,omitempty"`   // ends work in the link's own memory, as a InPlaceSender and an InPlaceReceiver
}

// Waits are the ways in which an end waits that is a descriptor, besides
// sleeping in the call that moves the message: the values of Spec.Wait.
var Waits = []string{"poll", "epoll", "spin"}

// Sender is the sending end of a link. It is not safe for concurrent use.
type Sender interface {
	// Send hands over the message p, of the link's size and made by Buffer, and
	// blocks while the kernel will not take it. The caller may reuse p as soon
	// as it returns.
	Send(p []byte) error
	// Fill sends copies of p until the link would block and returns how many
	// whole messages it took. It spends the link: a part of one more message
	// may be inside.
	Fill(p []byte) (int, error)
	Close() error
}

// Receiver is the receiving end of a link. It is not safe for concurrent use.
type Receiver interface {
	// Recv fills p, of the link's size and made by Buffer, with the next message. A message of
	// another length is an error; where the kernel would hide a longer one, it
	// shows in the spare byte that p has beyond its length.
	// Recv returns io.EOF, bare, when all senders have closed and the
	// mechanism knows.
	Recv(p []byte) error
	Close() error
}

// Mapped is an end of a link that lies in memory.
type Mapped interface {
	// Mapped is the memory as this process maps it, every page of it touched.
	Mapped() []byte
}

// Descriptor is an end that is a file descriptor.
type Descriptor interface {
	// FD is its number in this process, for poll(2): readable where a message
	// may be received, writable where one may be sent.
	FD() int
}

// Relay is a Sender that can pass on what comes from a Receiver of its own
// mechanism without its process looking at it.
type Relay interface {
	// Relay passes on the next message, of len(p) bytes, in parts where it
	// comes or goes in parts. It reports whether p holds a copy of it, so that
	// it can be checked. As Recv, it returns io.EOF, bare.
	Relay(from Receiver, p []byte) (copied bool, err error)
}

// BatchSender is a Sender that hands over several messages in one call, as
// writev(2), sendmmsg(2) or one semop(2) do.
type BatchSender interface {
	// SendBatch sends every message of ps, made by Buffers, at most Spec.Batch
	// of them, in order, under the promise of Send.
	SendBatch(ps [][]byte) error
}

// BatchReceiver is a Receiver that takes several messages in one call.
type BatchReceiver interface {
	// RecvBatch fills every message of ps, made by Buffers, at most Spec.Batch
	// of them, in order, however they were sent: it blocks until all are full.
	RecvBatch(ps [][]byte) error
}

// TypeSender is a Sender whose messages have a type.
type TypeSender interface {
	// SendType is Send for a message of that type, at least 1, which may be
	// shorter than the link's.
	SendType(p []byte, typ int) error
}

// TypeReceiver is a Receiver that chooses among messages.
type TypeReceiver interface {
	// RecvType is Recv for the first message of that type, whatever others stand
	// before it.
	RecvType(p []byte, typ int) error
}

// InPlaceSender is a Sender that gives its caller the link's own memory, which
// writes a message there rather than have it copied.
type InPlaceSender interface {
	// Reserve returns the memory of the next message, which the caller may write to
	// until Commit, and blocks while there is none. What it holds is not
	// defined.
	Reserve() ([]byte, error)
	// Commit hands over the message that Reserve returned.
	Commit() error
}

// InPlaceReceiver is a Receiver that shows a message where it lies.
type InPlaceReceiver interface {
	// Peek waits for the next message and returns it in the link's own memory,
	// unchanged until Release.
	Peek() ([]byte, error)
	// Release gives the memory back to the sender.
	Release() error
}

// Buffer returns a message buffer of size bytes with the spare byte that
// Receiver.Recv asks for. It begins on a page, since how a message lies in
// memory is no difference to measure, and every page is written once, so that
// no page fault falls into the timed path. In front of it is room for the type
// of a System V message, msgop(2), so that no copy is made to prepend one.
func Buffer(size int) []byte {
	p := sys.MsgBuffer(size)[:size+1]
	for i := range min(256, len(p)) {
		p[i] = byte(i)
	}
	for n := 256; n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
	return p[:size]
}

// Buffers returns n buffers of a batch. They lie beside each other, as messages
// do that a program collects, on cache lines of their own; the first is as Buffer
// makes it, and all have the spare byte.
func Buffers(size, n int) [][]byte {
	const line = 64
	stride := (size + line) / line * line // with the spare byte
	all := Buffer(stride * n)
	ps := make([][]byte, n)
	for i := range ps {
		at := i * stride
		ps[i] = all[at : at+size : at+size+1]
	}
	return ps
}

// Ticket is what a process needs to open one end: descriptors that it
// inherited and a small attribute of the mechanism's own.
type Ticket struct {
	Spec Spec            `json:"spec"`
	FDs  []int           `json:"fds,omitempty"` // numbers in the process that holds the ticket
	Attr json.RawMessage `json:"attr,omitempty"`
}

// Given is what the kernel gave, which need not be what the Spec asked for.
type Given struct {
	Queue  int    `json:"queue"`  // bytes, as read back from the kernel
	Source string `json:"source"` // where it was read: "F_GETPIPE_SZ"
}

// registry is in the order of names.
var registry []*Mechanism

// find returns where in the registry the name stands or would stand.
func find(name string) (at int, taken bool) {
	return slices.BinarySearchFunc(registry, name, func(m *Mechanism, name string) int { return strings.Compare(m.Name, name) })
}

// ValidName reports whether s may be the name of a mechanism: small letters and
// digits, with letters at both ends. No regular expression is compiled
// for it: every process of a run registers all mechanisms.
func ValidName(s string) bool {
	const letters, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"
	return strings.Trim(s, letters+digits) == "" && strings.Trim(s, digits) == s && s != ""
}

// Register adds a mechanism to the suite. One with a name that is taken or malformed,
// or without a function that it needs, is left out: Misregistered reports it.
func Register(m Mechanism) *Mechanism {
	at, taken := find(m.Name)
	wrong := ""
	switch {
	case !ValidName(m.Name):
		wrong = "its name must be of small letters and digits, with a letter at both ends"
	case taken:
		wrong = "there is a mechanism of this name: give it another"
	case m.Limits == nil:
		wrong = "it lacks Limits"
	case m.New == nil:
		wrong = "it lacks New"
	default:
		wrong = m.incomplete()
	}
	if wrong != "" {
		_, file, line, _ := runtime.Caller(1)
		misregistered = errors.Join(misregistered, fmt.Errorf("mechanism %q, registered at %s:%d: %s", m.Name, filepath.Base(file), line, wrong))
		return &m
	}
	m.Family = cmp.Or(m.Family, Others)
	suggest.Call(m.Name, m.Called...)
	registry = slices.Insert(registry, at, &m)
	return &m
}

var misregistered error

// Misregistered is what is wrong with the calls of Register so far, a line for each;
// nil: nothing is. A program that registers mechanisms of its own reports it and ends.
func Misregistered() error { return misregistered }

// All returns every registered mechanism in the order of names.
func All() []*Mechanism { return slices.Clone(registry) }

// Lookup returns the mechanism of that name, or nil.
func Lookup(name string) *Mechanism {
	if at, ok := find(name); ok {
		return registry[at]
	}
	return nil
}

// DefaultQueue is the capacity in bytes of a link in memory whose Spec asks for
// none, as a pipe has.
const DefaultQueue = 64 << 10
