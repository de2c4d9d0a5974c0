package conformance

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/mechanisms"
)

// counted is how many notifications the rule on counts gives.
const counted = 4000

// handshake gives n notifications, each when the one before has been taken.
func (l *line) handshake(n int) error {
	for range n {
		if err := l.notifiers[0].Notify(); err != nil {
			return err
		}
		got, err := l.waiters[0].Wait()
		if err != nil {
			return err
		}
		if got != 1 {
			return &bench.CheckError{What: "one notification", Want: 1, Got: got}
		}
	}
	return nil
}

// waiting is a waiter on a thread of its own.
type waiting struct {
	call
	line  *line
	taken atomic.Uint64
	over  atomic.Bool // the next that it takes is its last
}

// wait makes a link and opens its ends. A thread of its own waits.
func (b *bed) wait() (*waiting, error) {
	l, err := b.bare(b.spec(1))
	if err != nil {
		return nil, err
	}
	w := &waiting{line: l}
	opened := make(chan error, 1)
	w.call = b.thread(func() error {
		err := l.openWaiter()
		opened <- err
		if err != nil {
			return err
		}
		for end := false; !end && err == nil; {
			var n uint64
			if n, err = l.waiters[0].Wait(); err == nil && n == 0 {
				err = errors.New("took nothing, should sleep")
			}
			w.taken.Add(n)
			end = w.over.Load()
		}
		return errors.Join(err, l.waiters[0].Close())
	})
	return w, errors.Join(<-opened, l.openSender(), l.release())
}

// one gives a notification to the waiter, which must sleep before and take one.
func (w *waiting) one() error {
	if err := w.asleep(); err != nil {
		return fmt.Errorf("with nothing to take, Wait: %w", err)
	}
	before := w.taken.Load()
	if err := w.line.notifiers[0].Notify(); err != nil {
		return err
	}
	if !w.over.Load() {
		if err := w.asleep(); err != nil {
			return fmt.Errorf("with nothing left to take, Wait: %w", err)
		}
	} else if err := <-w.done; err != nil {
		return err
	}
	if now := w.taken.Load(); now != before+1 {
		return &bench.CheckError{What: "lost or doubled: notifications taken by the waiter that slept", Want: before + 1, Got: now}
	}
	return nil
}

// letGo ends the waiter, however the rule has ended.
func (w *waiting) letGo() {
	w.over.Store(true)
	for range 2 { // one of them may be what is broken
		w.line.notifiers[0].Notify()
	}
}

// countAll gives notifications faster than they are taken, and then a few one
// at a time.
func countAll(b *bed) error {
	limits, err := b.m.Limits(0)
	if err != nil {
		return err
	}
	give := uint64(counted)
	if limits.Count.Errno != 0 { // a waiter that lags behind must not meet it
		give = min(give, uint64(limits.Count.N)/2)
	}
	w, err := b.wait()
	if err != nil {
		return err
	}
	defer w.letGo()
	for range give {
		if err := w.line.notifiers[0].Notify(); err != nil {
			return err
		}
	}
	if err := w.asleep(); err != nil {
		return fmt.Errorf("when %d were given, Wait: %w", give, err)
	}
	if taken := w.taken.Load(); taken > give || taken < give && !b.m.Coalesces || taken == 0 {
		return &bench.CheckError{What: "lost or doubled: notifications taken", Want: give, Got: taken}
	}
	return w.one()
}

func waitSleeps(b *bed) error {
	w, err := b.wait()
	if err != nil {
		return err
	}
	for i := range 3 {
		w.over.Store(i == 2)
		if err := w.one(); err != nil {
			w.letGo()
			return err
		}
	}
	return nil
}

// mostCounted bounds the counts that the suite fills.
const mostCounted = 1 << 17

// countFull fills a count that refuses more. Where the limit is of all that a
// user has, EAGAIN, others may have used some of it.
func countFull(b *bed) error {
	limits, err := b.m.Limits(0)
	if err != nil {
		return err
	}
	limit := limits.Count
	if limit.N == 0 || limit.N > mostCounted || limit.Errno == 0 {
		return nil // nothing refuses, within reach
	}
	defer stay()()
	l, err := b.bare(b.spec(1))
	if err != nil {
		return err
	}
	defer l.closeEnds()
	if err := l.attach(l.link.Sender.Spec); err != nil {
		return err
	}
	given := uint64(0)
	for err == nil && given <= uint64(limit.N) {
		if err = l.notifiers[0].Notify(); err == nil {
			given++
		}
	}
	if given > uint64(limit.N) {
		return fmt.Errorf("%d notifications were taken, and %d (%s) is declared", given, limit.N, limit.Source)
	}
	if !errors.Is(err, limit.Errno) {
		return fmt.Errorf("after %d notifications: %w, want %v", given, err, limit.Errno)
	}
	least := uint64(limit.N)
	if limit.Errno == unix.EAGAIN {
		least /= 2
	}
	if given < least {
		return fmt.Errorf("refused after %d notifications, and %d (%s) is declared", given, limit.N, limit.Source)
	}
	for taken := uint64(0); taken < given; {
		n, err := l.waiters[0].Wait()
		if err != nil {
			return err
		}
		if taken += n; taken > given {
			return &bench.CheckError{What: "doubled: notifications taken", Want: given, Got: taken}
		}
	}
	return nil
}

func countAllocation(b *bed) error {
	defer stay()()
	l, err := b.bare(b.spec(1))
	if err != nil {
		return err
	}
	defer l.closeEnds()
	if err := l.attach(mechanisms.Spec{Senders: 1}); err != nil {
		return err
	}
	return allocates("Notify and Wait", func() error { return l.handshake(1) })
}
