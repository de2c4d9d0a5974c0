package bench

import "ipcbench/results"

// Duplex sends messages both ways at once between two sides, as fast as the
// links take them. Each side is two processes, since each does one thing: one
// sends and one receives. Where a mechanism carries both directions on one
// object, they do so here, and what they then share shows beside Stream: its
// time of a message is the time of one each way here, if the directions do not
// hinder each other and there are CPUs enough.
var Duplex = Register(&Workload{
	Name:     "Duplex",
	Summary:  "both directions at once, as fast as they go, between two sides of two processes",
	Op:       "message each way",
	Payloads: 2,
	Means:    "both directions at once, as fast as they go",
	Order:    9,
	Against:  results.Nothing,
	Topology: func(int) Topology {
		return Topology{
			Wires: []Wire{{Senders: 1, Receivers: 1}, {Senders: 1, Receivers: 1, Back: true}},
			// Placed in turn, a side shares a CPU where there are two.
			Parts: []Part{
				{Role: "leftsender", Sends: []int{0}, Play: send},
				{Role: "rightreceiver", Receives: []int{0}, Origins: 1, Play: receive},
				{Role: "leftreceiver", Receives: []int{1}, From: 1, Origins: 1, Play: receive},
				{Role: "rightsender", Sends: []int{1}, ID: 1, Play: send},
			},
		}
	},
})
