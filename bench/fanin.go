package bench

import "fmt"

// FanIn lets k senders share one link to one receiver, as workers share a log
// or a queue of results.
var FanIn = Register(&Workload{
	Name:     "FanIn",
	Summary:  "k senders share one link to one receiver",
	Op:       "message",
	Payloads: 1,
	Peers:    "senders",
	MinPeers: 2,
	Means:    "several senders, one receiver",
	Order:    3,
	First:    true,
	Portable: true,
	Topology: func(k int) Topology {
		t := Topology{
			Wires: []Wire{{Senders: k, Receivers: 1}},
			Parts: []Part{{Role: "receiver", Receives: []int{0}, Origins: k, Play: receive}},
		}
		for i := range k {
			t.Parts = append(t.Parts, Part{
				Role: fmt.Sprintf("sender%d", i), Sends: []int{0}, ID: i, Share: share(i, k), Play: send,
			})
		}
		return t
	},
})
