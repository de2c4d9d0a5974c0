package descriptor

import (
	"ipcbench/mechanisms"
)

// inPlaceReader is a Borrower that shows a message where its own Recv has put it:
// a copy on the receiver's side that nothing saves.
type inPlaceReader struct {
	mechanisms.Receiver
	buf []byte
}

func (r *inPlaceReader) Borrow() ([]byte, error) { return r.buf, r.Recv(r.buf) }

func (r *inPlaceReader) Return() error { return nil }

// InPlace is r, as a Borrower where the link lends.
func InPlace(r mechanisms.Receiver, s mechanisms.Spec) mechanisms.Receiver {
	if s.Lend {
		return &inPlaceReader{r, mechanisms.Buffer(s.Size)}
	}
	return r
}

// OpensInPlace opens the receivers of a pipe that lends.
func OpensInPlace(mech string) func(mechanisms.Ticket) (mechanisms.Receiver, error) {
	open := Opens(mech, RecvStream)
	return func(t mechanisms.Ticket) (mechanisms.Receiver, error) {
		r, err := open(t)
		if err != nil {
			return nil, err
		}
		return InPlace(r, t.Spec), nil
	}
}
