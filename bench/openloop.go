package bench

import (
	"encoding/binary"

	"ipcbench/internal/sys"
)

// OpenLoop sends messages at a fixed rate, as customers come, without waiting
// for those before them to be served. The latency of a message is counted from
// when it was due to be sent, on the clock that all processes share: a message
// that waits behind a stall counts its wait. A loop that sends when it has its
// answer would send less meanwhile, and see one slow message where there were
// thousands (coordinated omission).
//
// What is due late is not left out: the sender goes on without a pause until it
// has caught up. Where it never does the rate is more than the link takes, and
// latency grows as long as the round lasts.
var OpenLoop = Register(&Workload{
	Name:     "OpenLoop",
	Summary:  "messages at a fixed rate, whether the receiver keeps up or not; latency counts from when a message was due",
	Op:       "message",
	Payloads: 1,
	Takes:    []string{"rate"},
	Paced:    true,
	Least:    dueFrom + dueBytes,
	Means:    "one way, at a fixed rate: the 99th percentile of the time from when a message was due",
	Order:    13,
	Sizes:    []int{64, 4 << 10},
	Topology: func(int) Topology {
		return Topology{
			Wires: []Wire{{Senders: 1, Receivers: 1}},
			Parts: []Part{
				{Role: "sender", Sends: []int{0}, Whole: true, Play: sendWhenDue},
				{Role: "receiver", Receives: []int{0}, Origins: 1, Timer: true, Play: receiveDue},
			},
		}
	},
})

// A message at a rate carries after its stamp when it was due to be sent:
// sys.Monotonic, little endian.
const (
	dueFrom  = stampBytes
	dueBytes = 8
)

const second = 1_000_000_000 // ns

// Rates are those that are planned where none is asked for, in messages a
// second.
var Rates = []int{1_000, 10_000, 100_000}

// sendWhenDue sends message i of a round i/rate after the first.
func sendWhenDue(e *Ends, n int) error {
	out, rate := e.Senders[0], int64(e.cell.Rate)
	wait := spinUntil
	if !ownCPUs[e.cell.Place] {
		wait = sys.SleepUntil
		if err := sys.SetTimerSlack(1); err != nil {
			return err
		}
	}
	start := sys.Monotonic()
	for i := range int64(n) {
		due := start + i*second/rate
		if sys.Monotonic() < due {
			if err := wait(due); err != nil {
				return err
			}
		}
		e.stamp()
		if e.content == Stamped { // a seal is in its place
			binary.LittleEndian.PutUint64(e.buf[dueFrom:], uint64(due))
		}
		if err := out.Send(e.buf); err != nil {
			return err
		}
	}
	return nil
}

// ownCPUs are the places where no process shares its CPU with another: there a
// sender may look at the clock all the time. Elsewhere that would keep the
// receiver from the CPU; it sleeps, and wakes some microseconds late, which
// count as latency as well.
var ownCPUs = map[string]bool{"smt": true, "cross": true, "socket": true}

func spinUntil(due int64) error {
	for sys.Monotonic() < due {
	}
	return nil
}

// receiveDue receives n messages and records how long after it was due each
// came.
func receiveDue(e *Ends, n int) error {
	in, hist := e.Receivers[0], e.Latency
	for range n {
		if err := in.Recv(e.buf); err != nil {
			return err
		}
		var now int64
		if hist != nil {
			now = sys.Monotonic()
		}
		if err := e.check(); err != nil {
			return err
		}
		if hist != nil {
			record(hist, now-int64(binary.LittleEndian.Uint64(e.buf[dueFrom:])))
		}
	}
	return nil
}
