package bench

import "ipcbench/results"

// Burst sends 64 messages at once and then nothing until the receiver has
// answered that it has them all: what capacity buys. The percentiles report how
// long the sender was busy: from the burst's start until the last Send
// returned, which is short where the link holds the burst and as long as the
// receiver takes where it does not. The time of an operation goes on until the
// answer, one more message of the same size by a way back, has come.
var Burst = Register(&Workload{
	Name:     "Burst",
	Summary:  "64 messages at once, then a pause until the receiver has them all; percentiles count how long the sender is busy with a burst",
	Op:       "burst of 64",
	Payloads: burst,
	Means:    "64 messages at once, then nothing until they have arrived",
	Order:    7,
	Against:  results.Nothing,
	Topology: func(int) Topology {
		return Topology{
			Wires: []Wire{{Senders: 1, Receivers: 1}, {Senders: 1, Receivers: 1, Back: true}},
			Parts: []Part{
				{Role: "sender", Sends: []int{0}, Receives: []int{1}, From: 1, Origins: 1, Timer: true, Play: sendBursts},
				{Role: "receiver", Sends: []int{1}, Receives: []int{0}, ID: 1, Origins: 1, Play: receiveBursts},
			},
		}
	},
})

// burst is how many messages come at once: more than the 16 packets that a
// pipe in packet mode holds, and fewer than the messages of 64 bytes that any
// of the usual queues do. One number makes mechanisms comparable.
const burst = 64

func sendBursts(e *Ends, n int) error {
	out, answers := e.Senders[0], e.Receivers[0]
	watch := e.stopwatch()
	for range n {
		watch.restart()
		for range burst {
			e.stamp()
			if err := out.Send(e.buf); err != nil {
				return err
			}
		}
		watch.lap()
		if err := answers.Recv(e.buf); err != nil {
			return err
		}
		if err := e.check(); err != nil {
			return err
		}
	}
	return nil
}

func receiveBursts(e *Ends, n int) error {
	for range n {
		if err := receive(e, burst); err != nil {
			return err
		}
		e.stamp()
		if err := e.Senders[0].Send(e.buf); err != nil {
			return err
		}
	}
	return nil
}
