package mechtest

import "ipcbench/mechanisms"

// forgetter passes on all but every hundredth message, which it takes off the
// first link like the others.
type forgetter struct {
	mechanisms.Sender
	passed int
}

func (f *forgetter) Relay(from mechanisms.Receiver, p []byte) (bool, error) {
	if f.passed++; f.passed%100 == 0 {
		return true, from.Recv(p)
	}
	return f.Sender.(mechanisms.Relay).Relay(from, p)
}

func forgetting(s mechanisms.Sender) mechanisms.Sender { return &forgetter{Sender: s} }
