package bench

import "fmt"

// Pairs has k pairs of processes stream at once, each by a link of its own: what
// the machine carries when all of it is busy, and what the kernel makes
// strangers share. One pair would be Stream. The n messages are those of all
// pairs together.
var Pairs = Register(&Workload{
	Name:     "Pairs",
	Summary:  "k independent pairs of processes stream at once",
	Op:       "message",
	Payloads: 1,
	Peers:    "pairs",
	MinPeers: 2,
	Means:    "several senders and receivers in pairs, all at once",
	Order:    10,
	Topology: func(k int) (t Topology) {
		for i := range k {
			t.Wires = append(t.Wires, Wire{Senders: 1, Receivers: 1})
			t.Parts = append(t.Parts,
				Part{Role: fmt.Sprintf("sender%d", i), Sends: []int{i}, ID: i, Share: share(i, k), Play: send},
				Part{Role: fmt.Sprintf("receiver%d", i), Receives: []int{i}, From: i, Origins: 1, Share: share(i, k), Play: receive})
		}
		return t
	},
})
