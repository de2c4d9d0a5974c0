package mechanisms

import (
	"sync/atomic"

	"ipcbench/internal/sys"
)

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

// filling is a sender's turn by counts. It marks each slot that it fills, behind
// the message, with the number of the message: who waits for it looks at memory
// that it wants to read anyway, and one cache line brings a small message whole.
type filling struct {
	*ring
	waiting
	seen uint64 // what the receiver had emptied when last looked at
}

// least is what the receiver must have emptied before n slots more are free.
func (f *filling) least(n int) uint64 { return f.passed + uint64(n) - uint64(f.slots) }

// take looks at the receiver's count only when what is known of it is not enough.
// What is known may be long out of date: another sender may have gone on.
func (f *filling) take(n int) error {
	if int64(f.seen-f.least(n)) >= 0 {
		return nil
	}
	return f.catchUp(f.least(n))
}

func (f *filling) catchUp(least uint64) error {
	err := f.await(&f.emptied.Uint64, least)
	f.seen = f.emptied.Load()
	return err
}

func (f *filling) try() (bool, error) {
	f.seen = f.emptied.Load()
	return int64(f.seen-f.least(1)) >= 0, nil
}

// give marks the slots in order, and tells of the last.
func (f *filling) give(n int) error {
	for ; n > 1; n-- {
		mark := f.marked(0)
		f.advance(1)
		sys.StoreRelease(mark, f.passed)
	}
	mark := f.marked(0)
	f.advance(1)
	return f.tell(mark, f.passed)
}

// emptying is a receiver's turn by counts. It counts in one place what it has
// emptied, where the sender seldom looks.
type emptying struct {
	*ring
	waiting
}

// take waits for the last of n slots: they are filled in order.
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

// counted is the turn by counts of this end.
func (r *ring) counted(w waiting) turn {
	if r.side == sending {
		return &filling{ring: r, waiting: w}
	}
	return &emptying{r, w}
}
