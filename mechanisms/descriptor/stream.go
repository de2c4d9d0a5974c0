package descriptor

import (
	"fmt"
	"io"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// Source is the descriptor that another link's receiver reads from.
func (s *StreamSender) Source(from mechanisms.Receiver) (int, error) {
	if r, ok := from.(*streamReceiver); ok {
		return r.Num, nil
	}
	return -1, fmt.Errorf("cannot pass on from a %T", from)
}

// Relayed is what a Relay returns.
func (s *StreamSender) Relayed(p []byte, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return mechanisms.Failed("relay", s.Mechanism, len(p), err)
}

func SendStream(d End) mechanisms.Sender { return &StreamSender{End: d} }

func RecvStream(d End) mechanisms.Receiver { return looped(d, &streamReceiver{End: d}) }

func SendPacket(d End) mechanisms.Sender { return &PacketSender{d} }

func RecvPacket(d End) mechanisms.Receiver { return looped(d, &packetReceiver{d}) }

type (
	StreamSender struct {
		End
		vector // of a batch
	}
	streamReceiver struct {
		End
		vector
	}
	PacketSender   struct{ End }
	packetReceiver struct{ End }
)

// Send writes until all of p is in.
func (s *StreamSender) Send(p []byte) error {
	a := sys.TryWrite(s.Num, p)
	if int(a) == len(p) {
		return nil
	}
	return s.send(p, a)
}

func (s *StreamSender) send(p []byte, a sys.Attempt) error {
	for rest := p; ; a = sys.TryWrite(s.Num, rest) {
		n, err := s.write(rest, a)
		if err != nil {
			return mechanisms.Failed("send", s.Mechanism, len(p), err)
		}
		if rest = rest[n:]; len(rest) == 0 {
			return nil
		}
	}
}

// Recv reads until p is full. The end of the stream inside a message is
// io.ErrUnexpectedEOF.
func (r *streamReceiver) Recv(p []byte) error {
	a := sys.TryRead(r.Num, p)
	if int(a) == len(p) {
		return nil
	}
	return r.recv(p, a)
}

func (r *streamReceiver) recv(p []byte, a sys.Attempt) error {
	for rest := p; ; a = sys.TryRead(r.Num, rest) {
		n, err := r.read(rest, a)
		switch {
		case err != nil:
			return mechanisms.Failed("recv", r.Mechanism, len(p), err)
		case n == 0 && len(rest) == len(p):
			return io.EOF
		case n == 0:
			return mechanisms.Failed("recv", r.Mechanism, len(p), io.ErrUnexpectedEOF)
		}
		if rest = rest[n:]; len(rest) == 0 {
			return nil
		}
	}
}

// Send writes p in one call.
func (s *PacketSender) Send(p []byte) error {
	a := sys.TryWrite(s.Num, p)
	if int(a) == len(p) {
		return nil
	}
	return s.send(p, a)
}

func (s *PacketSender) send(p []byte, a sys.Attempt) error {
	n, err := s.write(p, a)
	if err == nil && n != len(p) {
		err = mechanisms.WrongLength(n, len(p))
	}
	if err != nil {
		return mechanisms.Failed("send", s.Mechanism, len(p), err)
	}
	return nil
}

// Recv takes one packet. read(2) discards in silence what does not fit, so it
// is offered the spare byte as well: a longer packet gives len(p)+1.
func (r *packetReceiver) Recv(p []byte) error {
	a := sys.TryRead(r.Num, p[:len(p)+1])
	if int(a) == len(p) {
		return nil
	}
	return r.recv(p, a)
}

func (r *packetReceiver) recv(p []byte, a sys.Attempt) error {
	n, err := r.read(p[:len(p)+1], a)
	switch {
	case err == nil && n == len(p):
		return nil
	case err == nil && n == 0:
		return io.EOF
	case err == nil:
		err = mechanisms.WrongLength(n, len(p))
	}
	return mechanisms.Failed("recv", r.Mechanism, len(p), err)
}

// OneReader is the limit on the receivers of a byte stream.
var OneReader = mechanisms.Limit{N: 1, Source: "byte stream", Beyond: "a short read leaves the rest to another receiver, read(2)"}

// SendBatch writes until all of ps is in, by writev(2).
func (s *StreamSender) SendBatch(ps [][]byte) error {
	for s.set(ps); len(s.left) > 0; {
		n, err := s.writev(sys.TryWritev(s.Num, s.left))
		if err != nil {
			return mechanisms.Failed("send", s.Mechanism, len(ps[0]), err)
		}
		s.pass(n)
	}
	return nil
}

// RecvBatch reads until all of ps is full, by readv(2). The end of the stream
// inside a batch is io.ErrUnexpectedEOF.
func (r *streamReceiver) RecvBatch(ps [][]byte) error {
	r.set(ps)
	for first := true; len(r.left) > 0; first = false {
		n, err := r.readv(sys.TryReadv(r.Num, r.left))
		switch {
		case err != nil:
			return mechanisms.Failed("recv", r.Mechanism, len(ps[0]), err)
		case n == 0 && first:
			return io.EOF
		case n == 0:
			return mechanisms.Failed("recv", r.Mechanism, len(ps[0]), io.ErrUnexpectedEOF)
		}
		r.pass(n)
	}
	return nil
}

// writev is a writev of what is left that began with the attempt a.
func (s *StreamSender) writev(a sys.Attempt) (int, error) {
	if a >= 0 {
		return int(a), nil
	}
	return Settle(&s.End, "writev", sys.Attempt.SettleWritev, a, s.left)
}

// readv is a readv of what is left that began with the attempt a.
func (r *streamReceiver) readv(a sys.Attempt) (int, error) {
	if a >= 0 {
		return int(a), nil
	}
	return Settle(&r.End, "readv", sys.Attempt.SettleReadv, a, r.left)
}
