package mechanisms

// ringSender is the sending end of a ring, however it waits.
type ringSender struct {
	*ring
	turn
}

func (s *ringSender) Send(p []byte) error {
	if len(p) != s.size {
		return s.failed("send", len(p), errLength(len(p), s.size))
	}
	if err := s.take(1); err != nil {
		return s.failed("send", len(p), err)
	}
	copy(s.slot(), p)
	return s.SendLoan()
}

// Fill takes slots as long as it need not wait.
func (s *ringSender) Fill(p []byte) (int, error) {
	for whole := 0; ; whole++ {
		ok, err := s.try()
		if ok {
			copy(s.slot(), p)
			err = s.give(1)
		}
		if err != nil {
			return whole, s.failed("send", len(p), err)
		}
		if !ok {
			return whole, nil
		}
	}
}

// SendBatch hands over all of ps at once.
func (s *ringSender) SendBatch(ps [][]byte) error {
	if err := s.whole(ps); err != nil {
		return s.failed("send", s.size, err)
	}
	if err := s.take(len(ps)); err != nil {
		return s.failed("send", s.size, err)
	}
	for i, p := range ps {
		copy(s.message(s.nth(i)), p)
	}
	if err := s.give(len(ps)); err != nil {
		return s.failed("send", s.size, err)
	}
	return nil
}

func (s *ringSender) Loan() ([]byte, error) {
	if err := s.take(1); err != nil {
		return nil, s.failed("send", s.size, err)
	}
	return s.slot(), nil
}

func (s *ringSender) SendLoan() error {
	if err := s.give(1); err != nil {
		return s.failed("send", s.size, err)
	}
	return nil
}

// ringReceiver is the receiving end of a ring, however it waits.
type ringReceiver struct {
	*ring
	turn
}

func (r *ringReceiver) Recv(p []byte) error {
	if len(p) != r.size {
		return r.failed("recv", len(p), errLength(r.size, len(p)))
	}
	if err := r.take(1); err != nil {
		return r.failed("recv", len(p), err)
	}
	copy(p, r.slot())
	return r.Return()
}

// RecvBatch takes as many messages as ps has room for, and waits for all.
func (r *ringReceiver) RecvBatch(ps [][]byte) error {
	if err := r.whole(ps); err != nil {
		return r.failed("recv", r.size, err)
	}
	if err := r.take(len(ps)); err != nil {
		return r.failed("recv", r.size, err)
	}
	for i, p := range ps {
		copy(p, r.message(r.nth(i)))
	}
	if err := r.give(len(ps)); err != nil {
		return r.failed("recv", r.size, err)
	}
	return nil
}

func (r *ringReceiver) Borrow() ([]byte, error) {
	if err := r.take(1); err != nil {
		return nil, r.failed("recv", r.size, err)
	}
	return r.slot(), nil
}

func (r *ringReceiver) Return() error {
	if err := r.give(1); err != nil {
		return r.failed("recv", r.size, err)
	}
	return nil
}
