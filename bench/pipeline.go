package bench

import (
	"fmt"

	"ipcbench/mechanisms"
)

// Pipeline passes messages through n processes and n−1 links, as a shell
// pipeline does.
var Pipeline = Register(&Workload{
	Name:     "Pipeline",
	Summary:  "n processes in a row pass messages on, as in a shell pipeline",
	Op:       "message",
	Payloads: 1,
	Peers:    "stages",
	MinPeers: 2,
	Means:    "processes in a row pass messages on",
	Order:    4,
	First:    true,
	Portable: true,
	Topology: func(n int) Topology {
		var t Topology
		for i := range n {
			p := Part{Role: fmt.Sprintf("stage%d", i), Origins: 1, Play: relay}
			if i > 0 {
				p.Receives = []int{i - 1}
			}
			if i < n-1 {
				p.Sends = []int{i}
				t.Wires = append(t.Wires, Wire{Senders: 1, Receivers: 1})
			}
			switch i {
			case 0:
				p.Origins, p.Play = 0, send
			case n - 1:
				p.Play = receive
			}
			t.Parts = append(t.Parts, p)
		}
		return t
	},
})

// relay is forward by the mechanism's own means of passing on, where it has
// any. It checks what it gets to see; the last stage checks every message.
//
// Such a mechanism passes a message on in parts, which a row of processes does
// not mind. A process that sends and waits for the answer before it reads does:
// see PingPong, whose other side forwards.
func relay(e *Ends, n int) error {
	in := e.Receivers[0]
	out, ok := e.Senders[0].(mechanisms.Relay)
	if !ok {
		return forward(e, n)
	}
	for range n {
		copied, err := out.Relay(in, e.buf)
		if err != nil {
			return err
		}
		if copied {
			if err := e.check(); err != nil {
				return err
			}
		}
	}
	return nil
}
