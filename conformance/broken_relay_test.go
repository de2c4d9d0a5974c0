package conformance

import "ipcbench/mechanisms"

// skipper passes on all but every hundredth message, which it takes off the
// first link like the others.
type skipper struct {
	mechanisms.Sender
	passed int
}

func (f *skipper) Relay(from mechanisms.Receiver, p []byte) (bool, error) {
	if f.passed++; f.passed%100 == 0 {
		return true, from.Recv(p)
	}
	return f.Sender.(mechanisms.Relay).Relay(from, p)
}

func skipping(s mechanisms.Sender) mechanisms.Sender { return &skipper{Sender: s} }
