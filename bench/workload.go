// Package bench says what is measured: workloads (who talks to whom, and what
// each process does), axes, and the plans made from them. A workload knows no
// mechanism: it plays on the ends it is given.
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

	// Peers tells what the peers axis counts ("senders", "stages"); "" where
	// the workload fixes the number of processes. MinPeers is the smallest.
	Peers    string
	MinPeers int

	// Takes names the options that it can be played with, besides those of the
	// link alone, wait and memory: "batch", "touch", "copy", "rate".
	Takes []string

	// Paced says that its messages are due at a rate, which every cell of it has:
	// the rate axis. Latency is recorded of all of them.
	Paced bool

	// Floor names what runs in place of a mechanism in a workload with no
	// links: a bound that no mechanism can beat. "" for all others.
	Floor string
	// Size is how many bytes an operation touches of what does not depend on the
	// plan's sizes and queues: floors, and workloads without messages, whose
	// cells have this size; 0 for all others.
	Size int
	// Least is the smallest size, in bytes, at which a floor is planned, and
	// with which any other workload can be played; 0: all sizes.
	Least int
	// Polls says that some part waits for several ends at once, which must be
	// descriptors.
	Polls bool
	// Makes says that its one part makes the links itself, in its operations:
	// its topology only says what they are like.
	Makes bool
	// Spins says that the processes of a floor wait without sleeping.
	Spins bool
	// Scheduled says that the processes of a floor are plain Go programs, whose
	// goroutines wait in Go's scheduler.
	Scheduled bool
	// Asked says that a floor is planned only where somebody asks for it.
	Asked bool

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
	// Whole says that a round is one call of Play: a further call would cost as
	// much as an operation, or would not know where the round ends.
	Whole bool
	// Play performs its share of a round, in one call or several. Lent is to Play what works in the
	// link's own memory, where a cell asks for that: nil where nothing does.
	Play func(e *Ends, n int) error
	Lent func(e *Ends, n int) error
	// Batch is Play where a call hands over several messages; nil where the
	// workload takes no batches.
	Batch func(e *Ends, n int) error
	// Conclude ends a round, within its time. Optional.
	Conclude func(e *Ends) error
	// Finish holds a round of n operations in all against what was done, outside
	// the timed path; nil: what the messages' stamps tell.
	Finish func(e *Ends, n int) error
}

func (p Part) cpus() int { return max(1, p.Threads) }

// Workloads is every workload that mechanisms carry, in the order in which
// people meet them.
var Workloads = []*Workload{
	PingPong, Stream, FanIn, Pipeline,
	FanOut, FanInPoll, Burst, Lifecycle, Duplex, Pairs, Compete, Select, OpenLoop,
	Notify, Contend,
}

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

// Admit tells whether the workload can have that many peers, messages of that
// size, and be in that place; the last two are *mechanisms.UnsupportedErrors
// where it can't. The cell's other axes do not matter.
func (w *Workload) Admit(c results.Cell) error {
	switch {
	case w.Peers == "" && c.Peers != 0:
		return fmt.Errorf("%s fixes its number of processes: peers %d does not apply", w.Name, c.Peers)
	case w.Peers != "" && (c.Peers < w.MinPeers || c.Peers > MaxPeers):
		return fmt.Errorf("%s: %d %s: want %d to %d", w.Name, c.Peers, w.Peers, w.MinPeers, MaxPeers)
	case w.Floor == "" && c.Size < w.Least:
		return &mechanisms.UnsupportedError{Mechanism: w.Name,
			What: fmt.Sprintf("message size %d < %d: what its messages tell does not fit", c.Size, w.Least)}
	case w.Spins && (c.Place == "same" || c.Place == "free"):
		return &mechanisms.UnsupportedError{Mechanism: w.Floor,
			What: "place " + c.Place + ": its processes wait without sleeping, and on one CPU each would use up the other's time slice, sched(7)"}
	}
	if w.Floor == "" && w.Size > 0 && (c.Size != w.Size && c.Size != 0 || c.Queue != 0) {
		return fmt.Errorf("%s has no messages: size %d and queue %s do not apply", w.Name, c.Size, results.FormatQueue(c.Queue))
	}
	return w.admitOptions(c)
}

// Suits tells whether ends of m do what the workload needs of them besides
// what its contract says: nil, or an *mechanisms.UnsupportedError.
func (w *Workload) Suits(m *mechanisms.Mechanism) error {
	if err := m.Keeps(w.Contract); err != nil {
		return err
	}
	if w.Polls && !m.Polls {
		return &mechanisms.UnsupportedError{Mechanism: m.Name,
			What: w.Name + " waits for several ends at once, and its ends are no descriptors that poll(2) or epoll(7) could wait for"}
	}
	return nil
}

// PlaysOn tells whether cells of the workload are planned with m. Of those that
// carry messages all are: why one does not admit it is worth knowing.
func (w *Workload) PlaysOn(m *mechanisms.Mechanism) bool {
	return m.Offers(w.Contract) || w.Contract == mechanisms.Selection && m.Offers(mechanisms.Messages)
}

// RoundTrip is the workload that goes there and back between two processes on
// the mechanism.
func RoundTrip(m *mechanisms.Mechanism) *Workload {
	if m.Offers(mechanisms.Counts) {
		return Notify
	}
	return PingPong
}

// Timed tells whether single operations of the workload can be timed, so that
// their distribution is recorded.
func (w *Workload) Timed() bool {
	return slices.ContainsFunc(w.Topology(w.MinPeers).Parts, func(p Part) bool { return p.Timer })
}

// PeersHelp says what the peers axis counts in each workload that has one:
// "senders of FanIn, stages of Pipeline".
func PeersHelp() string {
	var counted []string
	for _, w := range Workloads {
		if w.Peers != "" {
			counted = append(counted, w.Peers+" of "+w.Name)
		}
	}
	return strings.Join(counted, ", ")
}

// MaxPeers bounds the peers axis: each peer is a process.
const MaxPeers = 64

// Spec is what the wire asks of a mechanism in a cell.
func (w Wire) Spec(c results.Cell) mechanisms.Spec {
	return mechanisms.Spec{
		Size: c.Size, Senders: w.Senders, Receivers: w.Receivers, Queue: c.Queue, Beside: w.Beside,
		Wait: c.Wait, Memory: c.Memory, Batch: c.Batch, Lend: c.Lend,
	}
}
