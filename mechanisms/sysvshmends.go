package mechanisms

import "ipcbench/internal/sys"

// semSender is a ringSender whose first attempts are compiled into Send: every
// message takes two calls.
type semSender struct {
	ringSender
	sem *semTurn
}

func openSemSender(t Ticket) (Sender, error) {
	r, a, err := sysvshm.open(t, sending)
	if err != nil {
		return nil, err
	}
	w := newSemTurn(r, a, t.Spec.Senders)
	return &semSender{ringSender{r, w}, w}, nil
}

func (s *semSender) Send(p []byte) error {
	if len(p) != s.size {
		return s.failed("send", len(p), errLength(len(p), s.size))
	}
	t := s.sem
	t.takes[0].Op = -1
	if a := sys.TrySemop(t.sem, t.takes); a != 0 {
		if err := a.Semop(t.sem, t.takes); err != nil {
			return s.failed("send", len(p), err)
		}
	}
	copy(s.slot(), p)
	s.advance(1)
	t.passes[0].Op = 1
	if a := sys.TrySemop(t.sem, t.passes); a != 0 {
		if err := a.Semop(t.sem, t.passes); err != nil {
			return s.failed("send", len(p), err)
		}
	}
	return nil
}

// semReceiver is to ringReceiver what semSender is to ringSender.
type semReceiver struct {
	ringReceiver
	sem *semTurn
}

func openSemReceiver(t Ticket) (Receiver, error) {
	r, a, err := sysvshm.open(t, receiving)
	if err != nil {
		return nil, err
	}
	w := newSemTurn(r, a, t.Spec.Senders)
	return &semReceiver{ringReceiver{r, w}, w}, nil
}

func (r *semReceiver) Recv(p []byte) error {
	if len(p) != r.size {
		return r.failed("recv", len(p), errLength(r.size, len(p)))
	}
	t := r.sem
	t.takes[0].Op = -1
	if a := sys.TrySemop(t.sem, t.takes); a != 0 {
		if err := a.Semop(t.sem, t.takes); err != nil {
			return r.failed("recv", len(p), err)
		}
	}
	copy(p, r.slot())
	r.advance(1)
	t.passes[0].Op = 1
	if a := sys.TrySemop(t.sem, t.passes); a != 0 {
		if err := a.Semop(t.sem, t.passes); err != nil {
			return r.failed("recv", len(p), err)
		}
	}
	return nil
}
