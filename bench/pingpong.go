package bench

import "ipcbench/results"

// PingPong sends one message there and the same message back, again and
// again: what a request and its answer cost.
var PingPong = Register(&Workload{
	Name:     "PingPong",
	Summary:  "one message there and back between two processes; the round trip",
	Op:       "round trip",
	Payloads: 2,
	Takes:    []string{"touch", "copy"},
	Means:    "request and reply: the time of a round trip",
	Order:    1,
	TwoWay:   true,
	Against:  results.WakeUp,
	First:    true,
	Portable: true,
	Sizes:    allSizes,
	Topology: func(int) Topology {
		return Topology{
			Wires: []Wire{{Senders: 1, Receivers: 1}, {Senders: 1, Receivers: 1, Back: true}},
			Parts: []Part{
				{Role: "ping", Sends: []int{0}, Receives: []int{1}, Origins: 1, Timer: true, Play: ping, InPlace: pingInPlace},
				{Role: "pong", Sends: []int{1}, Receives: []int{0}, Origins: 1, Play: forward, InPlace: answerInPlace},
			},
		}
	},
})

func ping(e *Ends, n int) error {
	there, back := e.Senders[0], e.Receivers[0]
	watch := e.stopwatch()
	for range n {
		e.stamp()
		if err := there.Send(e.buf); err != nil {
			return err
		}
		if err := back.Recv(e.buf); err != nil {
			return err
		}
		if !e.acceptNext() {
			if err := e.examine(); err != nil {
				return err
			}
		}
		watch.lap()
	}
	return nil
}
