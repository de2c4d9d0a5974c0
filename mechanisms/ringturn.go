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
