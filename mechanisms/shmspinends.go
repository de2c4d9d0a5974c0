package mechanisms

import "ipcbench/internal/sys"

// spinSender is a ringSender whose turn is compiled into Send: what an end does
// between the line that comes and the line that goes is a good part of a round
// trip.
type spinSender struct {
	ringSender
	turn *filling
}

func openSpinSender(k ringKind) func(Ticket) (Sender, error) {
	return func(t Ticket) (Sender, error) {
		r, w, err := k.turn(t, sending)
		if err != nil {
			return nil, err
		}
		f, ok := w.(*filling)
		if !ok { // one of several, who take a lock first
			return &ringSender{r, w}, nil
		}
		return &spinSender{ringSender{r, w}, f}, nil
	}
}

func (s *spinSender) Send(p []byte) error {
	f := s.turn
	r := f.ring
	if len(p) != r.size {
		return s.failed("send", len(p), errLength(len(p), s.size))
	}
	if int64(f.seen-f.least(1)) < 0 {
		if err := f.catchUp(f.least(1)); err != nil {
			return s.failed("send", len(p), err)
		}
	}
	copy(r.slot(), p)
	mark := r.marked(0)
	r.advance(1)
	sys.StoreRelease(mark, r.passed)
	return nil
}

// spinReceiver is to ringReceiver what spinSender is to ringSender.
type spinReceiver struct {
	ringReceiver
	turn *emptying
}

func openSpinReceiver(k ringKind) func(Ticket) (Receiver, error) {
	return func(t Ticket) (Receiver, error) {
		r, w, err := k.turn(t, receiving)
		if err != nil {
			return nil, err
		}
		return &spinReceiver{ringReceiver{r, w}, w.(*emptying)}, nil
	}
}

func (s *spinReceiver) Recv(p []byte) error {
	r := s.turn.ring
	if len(p) != r.size {
		return r.failed("recv", len(p), errLength(r.size, len(p)))
	}
	message, mark := r.slot(), r.marked(0)
	r.advance(1)
	for looks := 0; looks < looksAtOnce && !reached(mark, r.passed); looks++ {
		sys.Pause() // as soon does, which no compiler puts in here
	}
	if !reached(mark, r.passed) {
		if err := s.turn.await(mark, r.passed); err != nil {
			return r.failed("recv", len(p), err)
		}
	}
	copy(p, message)
	sys.StoreRelease(&r.emptied.Uint64, r.passed)
	return nil
}
