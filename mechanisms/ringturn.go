package mechanisms

import (
	"sync/atomic"

	"ipcbench/internal/sys"
)

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

// waiting is how an end waits for a count to grow, and tells of one that has.
// Counts go up only.
type waiting interface {
	// await waits until the word is least or more.
	await(word *atomic.Uint64, least uint64) error
	// tell stores to a word that the other side may wait for. What was read and
	// written before is seen there once the word is.
	tell(word *atomic.Uint64, value uint64) error
}

func reached(word *atomic.Uint64, least uint64) bool { return int64(word.Load()-least) >= 0 }

// counted is a turn by counts. The sender marks each slot that it fills, behind
// the message, with the number of the message: who waits for it looks at memory
// that it wants to read anyway, and one cache line brings a small message whole.
// The receiver counts in one place what it has emptied: the sender looks there
// only when what it has seen last is not enough.
func (r *ring) counted(w waiting) turn {
	if r.side == sending {
		return &filling{ring: r, waiting: w}
	}
	return &emptying{r, w}
}

type filling struct {
	*ring
	waiting
	seen uint64 // emptied, as last looked at
}

func (f *filling) least(n int) uint64 { return f.passed + uint64(n) - uint64(f.slots) }

func (f *filling) take(n int) error {
	least := f.passed + uint64(n) - uint64(f.slots)
	if int64(f.seen-least) >= 0 {
		return nil
	}
	err := f.await(&f.emptied.Uint64, least)
	f.seen = f.emptied.Load()
	return err
}

func (f *filling) try() (bool, error) {
	f.seen = f.emptied.Load()
	return int64(f.seen-f.least(1)) >= 0, nil
}

// give marks the slots, the first one first, and tells of the last.
func (f *filling) give(n int) error {
	for ; n > 1; n-- {
		sys.StoreRelease(f.marked(0), f.passed+1)
		f.advance(1)
	}
	mark := f.marked(0)
	f.advance(1)
	return f.tell(mark, f.passed)
}

type emptying struct {
	*ring
	waiting
}

func (e *emptying) take(n int) error {
	mark, least := e.marked(n-1), e.passed+uint64(n)
	if reached(mark, least) {
		return nil
	}
	return e.await(mark, least)
}

func (e *emptying) try() (bool, error) { return reached(e.marked(0), e.passed+1), nil }

func (e *emptying) give(n int) error {
	e.advance(n)
	return e.tell(&e.emptied.Uint64, e.passed)
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
