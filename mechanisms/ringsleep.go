package mechanisms

import "sync/atomic"

// sleeper waits by looking for a moment, and then sleeps. Before it does, it
// says so in a word that its peer looks at after every hand-over, so that
// nobody makes a call to wake who is awake. Either the peer sees the word, or
// who would sleep sees what the peer has passed on: both write first, and look
// then.
type sleeper struct {
	asleep *atomic.Uint32 // this side sleeps, or is about to: 1
	peer   *atomic.Uint32 // the other side does
	bed
}

// bed is where a sleeper sleeps.
type bed interface {
	sleep() error // until wake of the other side, or for no reason
	wake() error
}

func (r *ring) sleeper(b bed) turn {
	return r.counted(&sleeper{asleep: &r.rest[r.side].word, peer: &r.rest[r.side.other()].word, bed: b})
}

// briefly is how often a sleeper looks before it sleeps: a microsecond or two,
// in which a peer that runs on another CPU answers.
const briefly = 1 << 10

func (s *sleeper) await(word *atomic.Uint64, least uint64) error {
	for range briefly {
		if reached(word, least) {
			return nil
		}
	}
	for {
		s.asleep.Store(1)
		if reached(word, least) {
			s.asleep.Store(0)
			return nil
		}
		if err := s.sleep(); err != nil {
			return err
		}
	}
}

func (s *sleeper) tell(word *atomic.Uint64, value uint64) error {
	word.Store(value)
	if s.peer.Load() != 0 && s.peer.Swap(0) != 0 {
		return s.wake()
	}
	return nil
}
