package bench

// Stream sends messages one way as fast as the link takes them. The
// receiver's last message ends the round: timing the writes alone would
// report how fast the buffer fills.
var Stream = Register(&Workload{
	Name:     "Stream",
	Summary:  "one process sends and one receives, as fast as the link carries messages",
	Op:       "message",
	Payloads: 1,
	Takes:    []string{"batch", "touch", "copy"},
	Means:    "one way, as fast as it goes",
	Order:    2,
	First:    true,
	Portable: true,
	Sizes:    allSizes,
	Queues:   allQueues,
	Topology: func(int) Topology {
		return Topology{
			Wires: []Wire{{Senders: 1, Receivers: 1}},
			Parts: []Part{
				{Role: "sender", Sends: []int{0}, Play: send, Batch: sendBatches, InPlace: sendInPlace},
				{Role: "receiver", Receives: []int{0}, Origins: 1, Play: receive, Batch: receiveBatches, InPlace: receiveInPlace},
			},
		}
	},
})

func send(e *Ends, n int) error {
	out := e.Senders[0]
	for range n {
		e.stamp()
		if err := out.Send(e.buf); err != nil {
			return err
		}
	}
	return nil
}

func receive(e *Ends, n int) error {
	in := e.Receivers[0]
	for range n {
		if err := in.Recv(e.buf); err != nil {
			return err
		}
		if !e.acceptNext() {
			if err := e.examine(); err != nil {
				return err
			}
		}
	}
	return nil
}

// forward passes on what it receives.
func forward(e *Ends, n int) error {
	in, out := e.Receivers[0], e.Senders[0]
	for range n {
		if err := in.Recv(e.buf); err != nil {
			return err
		}
		if !e.acceptNext() {
			if err := e.examine(); err != nil {
				return err
			}
		}
		if err := out.Send(e.buf); err != nil {
			return err
		}
	}
	return nil
}
