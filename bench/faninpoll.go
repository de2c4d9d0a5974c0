package bench

import (
	"fmt"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// FanInPoll has one receiver serve k senders, a link each, as servers do: it
// waits with epoll(7), level-triggered, and takes one message from each end
// that is ready before it waits again. Messages of different links come in any
// order, those of one in theirs.
var FanInPoll = Register(&Workload{
	Name:     "FanInPoll",
	Summary:  "k senders, each by a link of its own, to one receiver that waits for all of them, epoll(7)",
	Op:       "message",
	Payloads: 1,
	Peers:    "senders",
	MinPeers: 2,
	Polls:    true,
	Means:    "several senders, a link each, and one receiver that polls",
	Order:    6,
	Topology: func(k int) Topology {
		receiver := Part{Role: "receiver", Origins: k, Prepare: watchAll, Play: receiveReady}
		var senders []Part
		var t Topology
		for i := range k {
			t.Wires = append(t.Wires, Wire{Senders: 1, Receivers: 1})
			receiver.Receives = append(receiver.Receives, i)
			senders = append(senders, Part{
				Role: fmt.Sprintf("sender%d", i), Sends: []int{i}, ID: i, Share: share(i, k), Play: send,
			})
		}
		t.Parts = append([]Part{receiver}, senders...)
		return t
	},
})

// watchAll makes what the receiver waits with. It lives as long as the worker.
func watchAll(e *Ends) (err error) {
	var fds []int
	for _, in := range e.Receivers {
		d, ok := in.(mechanisms.Descriptor)
		if !ok {
			return fmt.Errorf("%T is no Descriptor, though its mechanism is declared to poll", in)
		}
		fds = append(fds, d.FD())
	}
	e.Own, err = sys.NewPollset(sys.Readable, fds...)
	return err
}

func receiveReady(e *Ends, n int) error {
	pollset := e.Own.(*sys.Pollset)
	for n > 0 {
		ready, err := pollset.Wait()
		if err != nil {
			return err
		}
		ready = min(ready, n) // those left are ready at the next wait
		for i := range ready {
			from := pollset.Ready(i)
			if err := e.Receivers[from].Recv(e.buf); err != nil {
				return err
			}
			if err := e.checkFrom(from); err != nil {
				return err
			}
		}
		n -= ready
	}
	return nil
}
