package bench

import "fmt"

// Pipeline passes messages through n processes and n−1 links, as a shell
// pipeline does.
var Pipeline = &Workload{
	Name:     "Pipeline",
	Summary:  "n processes in a row pass messages on, as in a shell pipeline",
	Op:       "message",
	Payloads: 1,
	Peers:    "stages",
	MinPeers: 2,
	Topology: func(n int) Topology {
		var t Topology
		for i := range n {
			p := Part{Role: fmt.Sprintf("stage%d", i), Origins: 1, Play: forward}
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
}
