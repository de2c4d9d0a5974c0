package mechanisms

// turn is how an end of a ring waits for slots and hands them on.
type turn interface {
	// take waits until n slots more are this end's, n at most what the ring has.
	take(n int) error
	// try takes one slot if it need not wait.
	try() (bool, error)
	// give hands n slots to the other side. What was written to them before is
	// seen there after the take that gets them.
	give(n int) error
}

// indices tell by two counts whose the slots are: of what either side has
// passed on, ever. Each side writes one and looks at the other's only when what
// it knows of it is not enough. Go's atomic operations are sequentially
// consistent: the messages are there before the count that tells of them.
type indices struct {
	mine, theirs *waterline
	lead         uint64 // how far mine may be ahead of theirs: by all slots for a sender, by none for a receiver
	seen         uint64 // theirs, as last looked at
}

func (r *ring) indices() indices {
	x := indices{mine: &r.passed[r.side], theirs: &r.passed[r.side.other()]}
	if r.side == sending {
		x.lead = uint64(r.slots)
	}
	return x
}

// ready tells whether n slots are there, by what is known. It may be long out of
// date: another sender has moved mine far beyond.
func (x *indices) ready(n int) bool { return int64(x.seen+x.lead-x.mine.Load()) >= int64(n) }

// look is ready with what the other side has done meanwhile.
func (x *indices) look(n int) bool {
	x.seen = x.theirs.Load()
	return x.ready(n)
}

func (x *indices) try() (bool, error) { return x.ready(1) || x.look(1), nil }

func (x *indices) pass(n int) { x.mine.Store(x.mine.Load() + uint64(n)) }

// lockedTurn is the turn of one of several senders, who write one after the other.
type lockedTurn struct {
	turn
	lock *mutex
}

func (l lockedTurn) take(n int) error {
	if err := l.lock.Lock(); err != nil {
		return err
	}
	err := l.turn.take(n)
	if err != nil {
		l.lock.Unlock()
	}
	return err
}

func (l lockedTurn) try() (bool, error) {
	if !l.lock.TryLock() {
		return false, nil
	}
	ok, err := l.turn.try()
	if ok {
		return true, nil
	}
	if unlock := l.lock.Unlock(); err == nil {
		err = unlock
	}
	return false, err
}

func (l lockedTurn) give(n int) error {
	if err := l.turn.give(n); err != nil {
		return err
	}
	return l.lock.Unlock()
}
