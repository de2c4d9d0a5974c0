package descriptor

import (
	"ipcbench/mechanisms"
)

// inPlaceReader is an InPlaceReceiver that shows a message where its own Recv has put it:
// a copy on the receiver's side that nothing saves.
type inPlaceReader struct {
	mechanisms.Receiver
	buf []byte
}

func (r *inPlaceReader) Peek() ([]byte, error) { return r.buf, r.Recv(r.buf) }

func (r *inPlaceReader) Release() error { return nil }

// InPlace is r, as an InPlaceReceiver where the link works in place.
func InPlace(r mechanisms.Receiver, s mechanisms.Spec) mechanisms.Receiver {
	if s.InPlace {
		return &inPlaceReader{r, mechanisms.Buffer(s.Size)}
	}
	return r
}

// OpensInPlace opens the receivers of a pipe whose ends work in place.
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
