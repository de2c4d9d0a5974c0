// Package bench defines what is measured: workloads (which processes exchange
// messages, and what each does), axes, and the plans made from them. A workload
// knows no mechanism: it plays on the ends it is given.
package bench

import (
	"fmt"
	"slices"
	"strings"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Workload is a pattern of communication between processes.
type Workload struct {
	Name    string // as in benchmark names: "PingPong"
	Summary string // one line
	Op      string // what one operation is: "round trip", "message"

	// Payloads is how many payloads one operation delivers: B/s counts them all.
	Payloads int

	// Contract is what its processes play on.
	Contract mechanisms.Contract

	// Peers is what the peers axis counts ("senders", "stages"); "" where the
	// workload fixes the number of processes. MinPeers is the smallest.
	Peers    string
	MinPeers int

	// Takes names the options, by the keys of results.Axes, that it can be played
	// with besides those of the link alone: "batch", "touch", "copy", "rate".
	Takes []string

	// For readers and plans: see results.Workload.
	Means   string          // what it is like, for a reader new to its name
	Order   int             // where readers meet it, ascending and unique
	TwoWay  bool            // a message goes there and back: time is charted, not throughput
	Against results.Against // the floors that it is held against

	// First puts it in a plan of axes alone, and in `go test -bench .`.
	First bool
	// Portable: programs outside the suite can play it, see Outside.
	Portable bool
	// Sizes (nil: 64 B, 4 KiB and 64 KiB) and Queues (nil: the default) are those
	// of the preset full.
	Sizes, Queues []int

	// Paced: its messages are due at a rate, which every cell of it has: the
	// rate axis. Latency is recorded of all of them.
	Paced bool

	// Size is how many bytes an operation touches of what does not depend on the
	// plan's sizes and queues: floors, and workloads without messages, whose
	// cells have this size; 0 for all others.
	Size int
	// Least is the smallest size, in bytes, at which a floor is planned, and
	// with which any other workload can be played; 0: all sizes.
	Least int
	// Polls: some part waits for several ends at once, which must be
	// descriptors.
	Polls bool
	// Makes: its one part makes the links itself, in its operations. Its
	// topology only describes them.
	Makes bool
	// What only floors have.
	Bound

	// Topology lays out links and parts for a number of peers. It is pure.
	Topology func(peers int) Topology
}

// Topology is the processes of a workload and the links between them.
type Topology struct {
	Wires  []Wire
	Parts  []Part // one process each
	Shared int    // bytes of memory that all parts map besides their links; 0: none
}

// CPUs is how many CPUs all parts together take.
func (t Topology) CPUs() (n int) {
	for _, p := range t.Parts {
		n += p.cpus()
	}
	return n
}

// CPUsOf are those of the i-th part, of all that were given in turn; none
// where none were.
func (t Topology) CPUsOf(i int, given []int) []int {
	if len(given) == 0 {
		return nil
	}
	first := Topology{Parts: t.Parts[:i]}.CPUs()
	return given[first : first+t.Parts[i].cpus()]
}

// Wire is a link to be made, by its numbers of ends.
type Wire struct {
	Senders   int
	Receivers int
	Back      bool // the way back of the wire before it: one object may carry both
	Beside    int  // bytes of other messages that stay on the link
}

// Part is what one process does.
type Part struct {
	Role     string // "ping"; unique in the topology
	Sends    []int  // wires on which it sends
	Receives []int  // wires from which it receives
	ID       int    // numbers what originates messages, from 0: this part, or the first of its links where it has several
	From     int    // the first of those whose messages it receives
	Origins  int    // how many originate the messages that it receives, one a link where it has several; 0: it receives none
	Cold     bool   // it works in memory that no cache holds, in place of message buffers
	Threads  int    // how many of its threads run at once, each on a CPU of its own where the place has as many; 0: one
	Timer    bool   // its operations begin and end here: it can record their latency
	// Prepare comes before the first round, with its ends open. Optional.
	Prepare func(e *Ends) error
	// Share is how many of a round's n operations fall to this part; nil: all.
	Share func(n int) int
	// Whole: a round is one call of Play: a further call would cost as much as
	// an operation, or would not know where the round ends.
	Whole bool
	// Play performs its share of a round, in one call or several. InPlace is to Play what works in the
	// link's own memory, where a cell asks for that: nil where nothing does.
	Play    func(e *Ends, n int) error
	InPlace func(e *Ends, n int) error
	// Batch is Play where a call hands over several messages; nil where the
	// workload takes no batches.
	Batch func(e *Ends, n int) error
	// Conclude ends a round, within its time. Optional.
	Conclude func(e *Ends) error
	// Finish holds a round of n operations in all against what was done,
	// outside the timed path; nil: by the messages' stamps.
	Finish func(e *Ends, n int) error
}

func (p Part) cpus() int { return max(1, p.Threads) }

// Workloads is every workload that mechanisms carry, in the order in which
// people meet them. Each registers itself.
var Workloads []*Workload

// Register adds a workload to the suite: it is then in `ipcbench list`, in the
// flags, plans and reports. It panics where the name or the order is taken:
// both are errors of the programmer.
func Register(w *Workload) *Workload {
	at, taken := slices.BinarySearchFunc(Workloads, w.Order, func(x *Workload, order int) int { return x.Order - order })
	if taken || LookupWorkload(w.Name) != nil {
		panic(fmt.Sprintf("bench: workload %s, order %d: registered already: take the next number that no file of bench has", w.Name, w.Order))
	}
	Workloads = slices.Insert(Workloads, at, w)
	results.AddWorkload(results.Workload{Name: w.Name, Means: w.Means, Order: w.Order, TwoWay: w.TwoWay, Against: w.Against})
	return w
}

// where returns the names of the workloads that have a property.
func where(has func(*Workload) bool) (names []string) {
	for _, w := range Workloads {
		if has(w) {
			names = append(names, w.Name)
		}
	}
	return names
}

// First are the workloads that people meet first.
func First() []string { return where(func(w *Workload) bool { return w.First }) }

// WorkloadOf returns the workload, or the floor, that the cell is of, or nil.
func WorkloadOf(c results.Cell) *Workload {
	for _, w := range slices.Concat(Workloads, Floors) {
		if w.Name == c.Workload && (w.Floor == "" || w.Floor == c.Mechanism) {
			return w
		}
	}
	return nil
}

// LookupWorkload returns the workload of that name, in any case, or nil. A
// floor is none to ask for by name.
func LookupWorkload(name string) *Workload {
	for _, w := range Workloads {
		if strings.EqualFold(w.Name, name) {
			return w
		}
	}
	return nil
}

// RoundTrip is the workload that goes there and back between two processes on
// the mechanism.
func RoundTrip(m *mechanisms.Mechanism) *Workload {
	if m.Offers(mechanisms.Counts) {
		return Notify
	}
	return PingPong
}

// Timed reports whether single operations of the workload can be timed, so that
// their distribution is recorded.
func (w *Workload) Timed() bool {
	return slices.ContainsFunc(w.Topology(w.MinPeers).Parts, func(p Part) bool { return p.Timer })
}

// Spec is what the wire asks of a mechanism in a cell.
func (w Wire) Spec(c results.Cell) mechanisms.Spec {
	return mechanisms.Spec{
		Size: c.Size, Senders: w.Senders, Receivers: w.Receivers, Queue: c.Queue, Beside: w.Beside,
		Wait: c.Wait, Memory: c.Memory, Batch: c.Batch, InPlace: c.InPlace,
	}
}
