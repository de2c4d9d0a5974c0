package bench

import "fmt"

// Compete has k receivers take messages from one link, as workers take jobs
// from a queue: the kernel chooses which receiver gets which. So none knows
// when the round is over, and the sender ends it with a stop message for each:
// a receiver that has one takes no other. These k messages are in the time of a
// round; they are not counted.
//
// The stamps that one receiver sees must grow, and what all have taken together
// must be what was sent: see Tally.
var Compete = Register(&Workload{
	Name:     "Compete",
	Summary:  "one sender, and k receivers of one link that compete for its messages",
	Op:       "message",
	Payloads: 1,
	Peers:    "receivers",
	MinPeers: 2,
	Least:    stampBytes, // a stamp to stop
	Means:    "one sender, several receivers that compete for its messages",
	Order:    11,
	Topology: func(k int) Topology {
		t := Topology{
			Wires: []Wire{{Senders: 1, Receivers: k}},
			Parts: []Part{{Role: "sender", Sends: []int{0}, Prepare: beginStops, Play: sendCounted, Conclude: sayStop(k)}},
		}
		for i := range k {
			t.Parts = append(t.Parts, Part{Role: fmt.Sprintf("receiver%d", i), Receives: []int{0}, Origins: 1, Whole: true, Prepare: beginStops, Play: takeUntilStop})
		}
		return t
	},
})

// stopSender is the sender in the stamp of a stop message; the rest counts
// rounds, from a number that the launch's seed gives.
const stopSender = 1<<16 - 1

// beginStops keeps the stamp that ends a round, before the first.
func beginStops(e *Ends) error {
	stop := e.seed.first(stopSender)
	e.Own = &stop
	return nil
}

// nextStop is the stamp that ends the round under way.
func (e *Ends) nextStop() uint64 {
	stop := e.Own.(*uint64)
	*stop++
	return *stop
}

func sendCounted(e *Ends, n int) error {
	out := e.Senders[0]
	for range n {
		e.put(e.next)
		e.Sent.add(e.next)
		e.next++
		if err := out.Send(e.buf); err != nil {
			return err
		}
	}
	return nil
}

func sayStop(k int) func(*Ends) error {
	return func(e *Ends) error {
		out := e.Senders[0]
		stop := e.nextStop()
		for range k {
			e.put(stop)
			if err := out.Send(e.buf); err != nil {
				return err
			}
		}
		return nil
	}
}

func takeUntilStop(e *Ends, _ int) error {
	in := e.Receivers[0]
	stop := e.nextStop()
	least := &e.in.next[0] // the stamp of the next message is this, or larger
	for {
		if err := in.Recv(e.buf); err != nil {
			return err
		}
		if err := e.unseal(); err != nil {
			return err
		}
		got := getStamp(e.buf)
		switch {
		case got>>senderShift == stopSender:
			if got != stop {
				return &CheckError{What: "the end of another round", Sender: stopSender, Want: stop, Got: got}
			}
			return nil
		case got < *least:
			return &CheckError{What: "doubled or reordered", Want: *least, Got: got}
		}
		*least = got + 1
		e.Taken.add(got)
	}
}

// put makes the buffer a message with this stamp, which it carries whatever the
// round is for: without it no receiver would know the end.
func (e *Ends) put(stamp uint64) {
	putStamp(e.buf, stamp)
	if e.content == Sealed {
		seal(e.buf)
	}
}

// Tally is messages whose receiver is not known beforehand: how many, and a sum
// over their stamps, which shows a loss that a doubled message hides. The
// tallies of all senders and of all receivers must be equal.
type Tally struct {
	Messages int    `json:"messages"`
	Sum      uint64 `json:"sum"`
}

// add counts a message. Stamps are mixed first, lest two that are lost weigh as
// much as two others that are doubled.
func (t *Tally) add(stamp uint64) {
	const golden = 0x9e3779b97f4a7c15 // the golden ratio, as in a multiplicative hash
	x := (stamp + 1) * golden
	t.Sum += (x ^ x>>32) * golden
	t.Messages++
}

// Plus is both tallies together.
func (t Tally) Plus(o Tally) Tally { return Tally{t.Messages + o.Messages, t.Sum + o.Sum} }

// CheckTaken holds what was taken against what was sent: nil, or a *CheckError.
func CheckTaken(sent, taken Tally) error {
	switch {
	case taken.Messages != sent.Messages:
		return &CheckError{What: "lost or doubled: messages that all receivers took", Want: uint64(sent.Messages), Got: uint64(taken.Messages)}
	case taken.Sum != sent.Sum:
		return &CheckError{What: "lost, and others doubled: sum of the stamps that all receivers took", Want: sent.Sum, Got: taken.Sum}
	}
	return nil
}
