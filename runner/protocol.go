package runner

import (
	"encoding/binary"
	"errors"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"ipcbench/bench"
	"ipcbench/external"
	"ipcbench/internal/reexec"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Kind is what a round is for.
type Kind string

const (
	Calibrate Kind = "calibrate" // finds how many operations fill the asked time
	Warmup    Kind = "warmup"
	Timed     Kind = "timed"   // ns/op comes from these: no clock is read per operation
	Latency   Kind = "latency" // percentiles come from these
	Verify    Kind = "verify"  // every payload carries and is checked against a CRC-32C
	Bare      Kind = "bare"    // no message is stamped or checked: what that costs, and no number to publish
	Dying     Kind = "dying"   // an external program is killed, and the others show what they see of it
	Calm      Kind = "calm"    // as timed, and a worker that is woken does not preempt the one that woke it
	Traced    Kind = "traced"  // its system calls are counted: it makes none to account for what it uses
)

// content is what the messages of a round carry.
func (k Kind) content() bench.Content {
	switch k {
	case Verify:
		return bench.Sealed
	case Bare:
		return bench.Bare
	}
	return bench.Stamped
}

// conn is a control connection. No control traffic flows during a round.
type conn struct {
	*reexec.Conn
	f *os.File
}

func newConn(fd int) *conn {
	f := os.NewFile(uintptr(fd), "control")
	return &conn{reexec.NewConn(f, f), f}
}

// request goes from the coordinator to the session. One of the pointers is set.
type request struct {
	Token string        `json:"token,omitempty"` // in the first one
	Setup *setup        `json:"setup,omitempty"`
	Open  *openRequest  `json:"open,omitempty"`
	Play  *playRequest  `json:"play,omitempty"`
	Close *closeRequest `json:"close,omitempty"`
}

// setup is the first request: what the session arranges for itself.
type setup struct {
	Namespaces bool              `json:"namespaces"` // it runs in its own IPC and mount namespaces
	Sysctls    map[string]string `json:"sysctls"`    // the host's limits, to be carried over
	Journal    string            `json:"journal"`    // file for the objects that outlive a process; "" in namespaces

	External []*external.Declaration `json:"external,omitempty"` // transports that only the coordinator knows
}

// openRequest starts the processes of one launch.
type openRequest struct {
	Cell    results.Cell  `json:"cell"`
	CPUs    []int         `json:"cpus"`           // of the parts, as many as each takes; empty: not pinned
	Node    *int          `json:"node,omitempty"` // NUMA node of the links' memory; nil: the kernel's choice
	Timeout time.Duration `json:"timeout"`
}

// playRequest asks for rounds, one after the other. It goes on to the workers as
// it is: a worker that has played a round arms itself for the next, so that a
// round costs two messages a worker. One without rounds ends the worker.
type playRequest struct {
	Rounds []roundRequest `json:"rounds"`
}

type roundRequest struct {
	Kind    Kind          `json:"kind"`
	N       int           `json:"n"`
	Victim  int           `json:"victim,omitempty"` // of a dying round: the part that is killed
	After   time.Duration `json:"after,omitempty"`  // of a dying round: when, from its start
	Marks   int           `json:"marks,omitempty"`  // of the clock that each part leaves on its way; 0: none
	Steady  bool          `json:"steady,omitempty"` // report the pace
	Rest    time.Duration `json:"rest,omitempty"`   // what a worker that is done sleeps before it accounts for the round
	Timeout time.Duration `json:"timeout"`
}

type closeRequest struct {
	Timeout time.Duration `json:"timeout"`
	Next    *openRequest  `json:"next,omitempty"` // starts meanwhile
}

// reply goes from the session to the coordinator: an error, or the answer to the
// request.
type reply struct {
	Phase  string          `json:"phase,omitempty"` // alone: the answer follows, and the session is in this phase
	Died   []*wireError    `json:"died,omitempty"`  // processes whose death does not fail the request
	Error  *wireError      `json:"error,omitempty"`
	Setup  *setupReply     `json:"setup,omitempty"`
	Opened *openedReply    `json:"opened,omitempty"`
	Played [][]workerRound `json:"played,omitempty"` // by round, by part
	Closed *closedReply    `json:"closed,omitempty"`
}

type setupReply struct {
	Limits []string `json:"limits"` // what could not be carried over into the namespace
}

type openedReply struct {
	Given       *results.Given   `json:"given"`
	Links       []results.Link   `json:"links,omitempty"`        // by wire
	Warnings    []string         `json:"warnings,omitempty"`     // about them
	Workers     []results.Worker `json:"workers"`                // by part
	Settings    []settings       `json:"settings"`               // the same
	Transport   string           `json:"transport,omitempty"`    // of an external one: name and version
	BuiltOn     string           `json:"built_on,omitempty"`     // of the same: the mechanism that it stands on
	SharesFiles bool             `json:"shares_files,omitempty"` // some worker has no descriptor table of its own
}

type closedReply struct {
	Stopped bool           `json:"stopped"`         // a worker was stopped or continued by a signal
	Links   []results.Link `json:"links,omitempty"` // by wire, with what they hold after the last round
}

// assignment is the first message from the session to a worker.
type assignment struct {
	Token     string              `json:"token"`
	Cell      results.Cell        `json:"cell"`
	Part      int                 `json:"part"`
	Seed      bench.Seed          `json:"seed"` // of the launch: where the stamps of its messages begin
	CPUs      []int               `json:"cpus"` // none: not pinned
	Senders   []mechanisms.Ticket `json:"senders"`
	Receivers []mechanisms.Ticket `json:"receivers"`
	Factory   *linkFactory        `json:"factory,omitempty"` // it makes its links itself; there are no tickets then
	Hosting   *hosting            `json:"hosting,omitempty"` // an external program plays the part
	Shared    int                 `json:"shared"`            // bytes to map of the first descriptor inherited, which is in no ticket then; 0: none
}

// workerReply goes from a worker to the session.
type workerReply struct {
	Error       *wireError     `json:"error,omitempty"`
	At          int64          `json:"at,omitempty"`           // with Error, in a round: when the call failed, CLOCK_MONOTONIC in ns
	Message     int            `json:"message,omitempty"`      // with Error: see WorkerError
	Cursors     []bench.Cursor `json:"cursors,omitempty"`      // with Ready
	Ready       *settings      `json:"ready,omitempty"`        // attached; its settings as read back
	SharesFiles bool           `json:"shares_files,omitempty"` // with Ready: it has no descriptor table of its own
	Capacities  []endCapacity  `json:"capacities,omitempty"`   // with Ready: what its ends hold
	Made        bool           `json:"made,omitempty"`         // an external program has made what others need to find its links
	Transport   string         `json:"transport,omitempty"`    // with Made: its name and version, as it says
	BuiltOn     string         `json:"built_on,omitempty"`     // with Made: the mechanism that it stands on
	Left        *leaving       `json:"left,omitempty"`         // after the last round, when the session has closed
	Armed       bool           `json:"armed,omitempty"`        // waits for the byte that starts the round
	Done        *workerRound   `json:"done,omitempty"`         // with Armed: the round before
}

// leaving is what a worker has read when its rounds are over.
type leaving struct {
	Capacities []endCapacity `json:"capacities"` // as with Ready
}

// workerRound is one worker's account of a round. Start and End are
// CLOCK_MONOTONIC in ns, which all processes of a machine share.
type workerRound struct {
	Start     int64          `json:"start"`
	End       int64          `json:"end"`
	Steady    int64          `json:"steady,omitempty"` // ns that the round took at its pace, where that was asked for
	Usage     results.Worker `json:"usage"`            // only what was used in the round
	Receives  bool           `json:"receives"`
	Verified  int64          `json:"verified,omitempty"`
	Sent      bench.Tally    `json:"sent,omitzero"`
	Taken     bench.Tally    `json:"taken,omitzero"`
	Latencies histogram      `json:"latencies,omitempty"`
	ClockNs   float64        `json:"clock_ns,omitempty"`

	Progress *bench.Progress `json:"progress,omitempty"` // nil: the part left too few marks
	Settings settings        `json:"settings,omitzero"`  // after the round; none in a round whose calls are counted
	CPU      results.Count   `json:"cpu,omitzero"`       // that the worker was on when it was done, where it is not pinned

	Looks int    `json:"looks,omitempty"` // in a dying round: those at the program that waits, before the other died
	Runs  int    `json:"runs,omitempty"`  // those in which it did not sleep
	Saw   string `json:"saw,omitempty"`   // in a dying round: how the program answered; "": it did not

	// How long a part that makes links has waited for what the kernel gives back
	// late. End is as if it had not.
	Waited    int64  `json:"waited,omitempty"` // ns
	WaitedFor string `json:"waited_for,omitempty"`
}

// histogram is a distribution of latencies on its way from a worker: of every
// counter that is not 0, how many come before it since the last one, and its
// count, as uvarints. A worker does not compress it: the first compression costs
// a process a millisecond, in every launch.
type histogram []byte

func pack(h *hdrhistogram.Histogram) (packed histogram) {
	skipped := uint64(0)
	for _, n := range h.Export().Counts {
		if n == 0 {
			skipped++
			continue
		}
		packed = binary.AppendUvarint(binary.AppendUvarint(packed, skipped), uint64(n))
		skipped = 0
	}
	return packed
}

// counters is more than a distribution of that range and precision has.
const counters = 1 << 17

// unpack returns the distribution, or an error where this is none.
func (p histogram) unpack() (*hdrhistogram.Histogram, error) {
	var counts []int64
	for len(p) > 0 {
		skipped, n := binary.Uvarint(p)
		count, m := binary.Uvarint(p[max(n, 0):])
		if n <= 0 || m <= 0 || skipped > counters || len(counts) > counters {
			return nil, errors.New("a worker's histogram is none")
		}
		counts = append(append(counts, make([]int64, skipped)...), int64(count))
		p = p[n+m:]
	}
	return hdrhistogram.Import(&hdrhistogram.Snapshot{LowestTrackableValue: results.MinLatency, HighestTrackableValue: results.MaxLatency, SignificantFigures: results.LatencyDigits, Counts: counts}), nil
}
