package descriptor

import (
	"io"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// Ends of sockets that keep messages apart, and so move several in one call:
// sendmmsg(2) and recvmmsg(2).

func SendMessages(d End) mechanisms.Sender { return &MessageSender{PacketSender{d}, nil} }

func RecvMessages(d End) mechanisms.Receiver {
	return looped(d, &messageReceiver{packetReceiver{d}, nil})
}

type MessageSender struct {
	PacketSender
	batch *sys.Messages // made at the first batch
}

type messageReceiver struct {
	packetReceiver
	batch *sys.Messages
}

// room returns headers for n messages: those of before, where they are enough.
func room(m *sys.Messages, n int) *sys.Messages {
	if m == nil || m.Room() < n {
		return sys.NewMessages(n)
	}
	return m
}

// SendBatch sends ps in as few calls as the kernel takes them in.
func (s *MessageSender) SendBatch(ps [][]byte) error {
	s.batch = room(s.batch, len(ps))
	for i, p := range ps {
		s.batch.Point(i, p)
	}
	for done := 0; done < len(ps); {
		n, err := Settle(&s.End, "sendmmsg", sys.Attempt.SettleSendmmsg, sys.Untried, s.batch.Headers(done, len(ps)))
		if err != nil {
			return mechanisms.Failed("send", s.Mechanism, len(ps[done]), err)
		}
		for ; n > 0; n-- {
			if got := s.batch.Len(done); got != len(ps[done]) {
				return mechanisms.Failed("send", s.Mechanism, len(ps[done]), mechanisms.WrongLength(got, len(ps[done])))
			}
			done++
		}
	}
	return nil
}

// RecvBatch takes what there is, call by call, until all of ps are filled. What
// is too long shows in the spare byte, as in Recv.
func (r *messageReceiver) RecvBatch(ps [][]byte) error {
	r.batch = room(r.batch, len(ps))
	for i, p := range ps {
		r.batch.Point(i, p[:len(p)+1])
	}
	for done := 0; done < len(ps); {
		n, err := Settle(&r.End, "recvmmsg", sys.Attempt.SettleRecvmmsg, sys.Untried, r.batch.Headers(done, len(ps)))
		if err != nil {
			return mechanisms.Failed("recv", r.Mechanism, len(ps[done]), err)
		}
		for ; n > 0; n-- {
			switch got := r.batch.Len(done); {
			case got == len(ps[done]):
			case got > 0:
				return mechanisms.Failed("recv", r.Mechanism, len(ps[done]), mechanisms.WrongLength(got, len(ps[done])))
			case done == 0:
				return io.EOF
			default:
				return mechanisms.Failed("recv", r.Mechanism, len(ps[done]), io.ErrUnexpectedEOF)
			}
			done++
		}
	}
	return nil
}

// vector is what has yet to be written of several messages, or read. It keeps
// its memory from one batch to the next.
type vector struct {
	all  []unix.Iovec
	left []unix.Iovec // the end of all
}

// set makes the vector that of ps.
func (v *vector) set(ps [][]byte) {
	if len(v.all) < len(ps) {
		v.all = make([]unix.Iovec, len(ps)) // once, for the largest batch
	}
	v.left = v.all[:len(ps)]
	for i, p := range ps {
		v.left[i].Base = unsafe.SliceData(p)
		v.left[i].SetLen(len(p))
	}
}

// pass drops the first n bytes, which are done.
func (v *vector) pass(n int) {
	for n > 0 {
		first := &v.left[0]
		size := int(first.Len)
		if n < size {
			first.Base = (*byte)(unsafe.Add(unsafe.Pointer(first.Base), n))
			first.SetLen(size - n)
			return
		}
		n -= size
		v.left = v.left[1:]
	}
}

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
