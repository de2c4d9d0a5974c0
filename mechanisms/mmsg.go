package mechanisms

import (
	"io"

	"ipcbench/internal/sys"
)

// Ends of sockets that keep messages apart, and so move several in one call:
// sendmmsg(2) and recvmmsg(2).

func sendMessages(d descriptor) Sender { return &messageSender{packetSender{d}, nil} }
func recvMessages(d descriptor) Receiver {
	return looped(d, &messageReceiver{packetReceiver{d}, nil})
}

type messageSender struct {
	packetSender
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
func (s *messageSender) SendBatch(ps [][]byte) error {
	s.batch = room(s.batch, len(ps))
	for i, p := range ps {
		s.batch.Point(i, p)
	}
	for done := 0; done < len(ps); {
		n, err := settle(&s.descriptor, "sendmmsg", sys.Attempt.SettleSendmmsg, sys.Untried, s.batch.Headers(done, len(ps)))
		if err != nil {
			return failed("send", s.mechanism, len(ps[done]), err)
		}
		for ; n > 0; n-- {
			if got := s.batch.Len(done); got != len(ps[done]) {
				return failed("send", s.mechanism, len(ps[done]), errLength(got, len(ps[done])))
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
		n, err := settle(&r.descriptor, "recvmmsg", sys.Attempt.SettleRecvmmsg, sys.Untried, r.batch.Headers(done, len(ps)))
		if err != nil {
			return failed("recv", r.mechanism, len(ps[done]), err)
		}
		for ; n > 0; n-- {
			switch got := r.batch.Len(done); {
			case got == len(ps[done]):
			case got > 0:
				return failed("recv", r.mechanism, len(ps[done]), errLength(got, len(ps[done])))
			case done == 0:
				return io.EOF
			default:
				return failed("recv", r.mechanism, len(ps[done]), io.ErrUnexpectedEOF)
			}
			done++
		}
	}
	return nil
}
