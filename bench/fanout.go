package bench

import "fmt"

// FanOut has one sender serve k receivers in turn, a link each, as a process
// hands out work, or news to subscribers. A message more is due to the first
// receivers where they do not come out even. The next one waits while the link
// before it is full, as with any sender that keeps no queue of its own.
var FanOut = Register(&Workload{
	Name:     "FanOut",
	Summary:  "one sender serves k receivers in turn, each by a link of its own",
	Op:       "message",
	Payloads: 1,
	Peers:    "receivers",
	MinPeers: 2,
	Means:    "one sender, several receivers, a link each",
	Order:    5,
	Topology: func(k int) Topology {
		sender := Part{Role: "sender", Play: sendInTurn}
		var receivers []Part
		var t Topology
		for i := range k {
			t.Wires = append(t.Wires, Wire{Senders: 1, Receivers: 1})
			sender.Sends = append(sender.Sends, i)
			receivers = append(receivers, Part{
				Role: fmt.Sprintf("receiver%d", i), Receives: []int{i}, From: i, Origins: 1, Share: share(i, k), Play: receive,
			})
		}
		t.Parts = append([]Part{sender}, receivers...)
		return t
	},
})

func sendInTurn(e *Ends, n int) error {
	to := 0
	for range n {
		e.stampFor(to)
		if err := e.Senders[to].Send(e.buf); err != nil {
			return err
		}
		if to++; to == len(e.Senders) {
			to = 0
		}
	}
	return nil
}
