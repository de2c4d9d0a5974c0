package bench

import "ipcbench/mechanisms"

// Select receives messages of one type from a queue that holds others in front
// of them, as a server does whose clients share a queue. The others stay, so
// that every receipt has to pass them by.
var Select = Register(&Workload{
	Name:     "Select",
	Summary:  "messages of one type, while 16 messages of another type stay in front of them",
	Op:       "message",
	Payloads: 1,
	Contract: mechanisms.Selection,
	Means:    "messages of one type, taken from behind others that stay",
	Order:    12,
	Sizes:    []int{64},
	Topology: func(int) Topology {
		return Topology{
			Wires: []Wire{{Senders: 1, Receivers: 1, Beside: others}},
			Parts: []Part{
				{Role: "sender", Sends: []int{0}, Play: sendTyped},
				{Role: "receiver", Receives: []int{0}, Origins: 1, Play: receiveTyped},
			},
		}
	},
})

const (
	others    = 16 // messages, of one byte each
	otherType = 1
	chosen    = 2 // the type that is received
)

// sendTyped puts the others in before its first message, which is in a round
// that gives no number.
func sendTyped(e *Ends, n int) error {
	out := e.Senders[0].(mechanisms.TypeSender)
	if e.Own == nil {
		e.Own = others // they are on the link
		p := mechanisms.Buffer(1)
		for range others {
			if err := out.SendType(p, otherType); err != nil {
				return err
			}
		}
	}
	for range n {
		e.stamp()
		if err := out.SendType(e.buf, chosen); err != nil {
			return err
		}
	}
	return nil
}

func receiveTyped(e *Ends, n int) error {
	in := e.Receivers[0].(mechanisms.TypeReceiver)
	for range n {
		if err := in.RecvType(e.buf, chosen); err != nil {
			return err
		}
		if err := e.check(); err != nil {
			return err
		}
	}
	return nil
}
