package shm

import (
	"sync/atomic"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// sleeper waits by looking for a moment, and then sleeps. Before it does, it
// says so in a word that its peer looks at after every hand-over, so that
// no call is made to wake a process that is awake. Either the peer sees the
// word, or the waiter sees what the peer has passed on: both write first, and look
// then.
type sleeper struct {
	asleep *atomic.Uint32 // this side sleeps, or is about to: 1
	peer   *atomic.Uint32 // the other side does
	parker
}

// parker is where a sleeper sleeps.
type parker interface {
	sleep() error // until wake of the other side, or for no reason
	wake() error
}

func (r *ring) sleeper(b parker) slotAccess {
	return r.counted(&sleeper{asleep: &r.wait[r.side].word, peer: &r.wait[r.side.other()].word, parker: b})
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

func (s *sleeper) announce(word *atomic.Uint64, value uint64) error {
	word.Store(value)
	if s.peer.Load() != 0 && s.peer.Swap(0) != 0 {
		return s.wake()
	}
	return nil
}

// looksAtOnce is how often a spinning waiter looks before it lets others run: some
// microseconds, far longer than a cache line takes. Only if the system has moved
// both processes to one CPU is it ever spent, or if one waits for long, and
// then no time slice is.
const looksAtOnce = 1 << 8

// spinner waits by looking.
type spinner struct{}

func spins(_ mechanisms.Ticket, r *ring) (slotAccess, error) { return r.counted(spinner{}), nil }

// soon looks for a while, and reports whether the word is least or more.
func soon(word *atomic.Uint64, least uint64) bool {
	for range looksAtOnce {
		if reached(word, least) {
			return true
		}
		sys.Pause()
	}
	return false
}

func (spinner) await(word *atomic.Uint64, least uint64) error {
	for !soon(word, least) {
		sys.LetGoroutinesRun()
		sys.SchedYield()
	}
	return nil
}

func (spinner) announce(word *atomic.Uint64, value uint64) error {
	sys.StoreRelease(word, value)
	return nil
}

// spinSender is a ringSender whose turn is compiled into Send: what an end does
// between the line that comes and the line that goes is a good part of a round
// trip.
type spinSender struct {
	ringSender
	turn *producer
}

func (e ringEnd) spinSender() mechanisms.Sender {
	f, ok := e.slotAccess.(*producer)
	if !ok { // one of several, which take a lock first
		return e.sender()
	}
	return &spinSender{ringSender(e), f}
}

func (s *spinSender) Send(p []byte) error {
	f := s.turn
	r := f.ring
	if len(p) != r.size {
		return s.fails("send", len(p), mechanisms.WrongLength(len(p), s.size))
	}
	if int64(f.seen-f.least(1)) < 0 {
		if err := f.catchUp(f.least(1)); err != nil {
			return s.fails("send", len(p), err)
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
	turn *consumer
}

func (e ringEnd) spinReceiver() mechanisms.Receiver {
	return &spinReceiver{ringReceiver(e), e.slotAccess.(*consumer)}
}

func (s *spinReceiver) Recv(p []byte) error {
	r := s.turn.ring
	if len(p) != r.size {
		return r.fails("recv", len(p), mechanisms.WrongLength(r.size, len(p)))
	}
	message, mark := r.slot(), r.marked(0)
	r.advance(1)
	for looks := 0; looks < looksAtOnce && !reached(mark, r.passed); looks++ {
		sys.Pause() // as soon does, which no compiler puts in here
	}
	if !reached(mark, r.passed) {
		if err := s.turn.await(mark, r.passed); err != nil {
			return r.fails("recv", len(p), err)
		}
	}
	copy(p, message)
	sys.StoreRelease(&r.consumed.Uint64, r.passed)
	return nil
}
