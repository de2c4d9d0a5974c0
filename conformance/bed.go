package conformance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ipcbench/mechanisms"
	"ipcbench/runner"
)

// bed is where one rule tries one mechanism. It owns all that the rule makes.
type bed struct {
	m   *mechanisms.Mechanism
	dir string // private: for names, and in tmp and state for a session's

	mu      sync.Mutex
	lines   []*line
	session *runner.Coordinator
	peers   []*peer
	running sync.WaitGroup
	restore []func() error
}

func newBed(m *mechanisms.Mechanism) (*bed, error) {
	dir, err := os.MkdirTemp("", "conformance-") // 0700
	if err != nil {
		return nil, err
	}
	b := &bed{m: m, dir: dir}
	for name, sub := range map[string]string{"TMPDIR": "tmp", "XDG_STATE_HOME": "state"} {
		path := filepath.Join(dir, sub)
		if err := os.MkdirAll(filepath.Join(path, "ipcbench"), 0o700); err != nil {
			return nil, errors.Join(err, b.close())
		}
		b.setenv(name, path)
	}
	return b, nil
}

// share is how many mechanisms of a family share the launches of the rules on
// workloads, waits and batches, where siblings lists them: they have the same ends,
// and a third of these launches takes half of the time of all rules.
const share = 3

// siblings are the mechanisms of m's family that share launches, m among them. It is
// nil, and m is in all launches, where IPCBENCH_LONG=1 is set, where m is broken on
// purpose, and where another module runs the rules.
var siblings func(m *mechanisms.Mechanism) []*mechanisms.Mechanism

// mine reports whether the i-th launch of a rule is one for this mechanism. Of the
// siblings that can play it, does, at least one plays it, and each third one.
func (b *bed) mine(i int, does func(*mechanisms.Mechanism) bool) bool {
	if siblings == nil {
		return true
	}
	all := slices.DeleteFunc(siblings(b.m), func(m *mechanisms.Mechanism) bool { return !does(m) })
	return (slices.Index(all, b.m)+i)%min(share, len(all)) == 0
}

func (b *bed) setenv(name, value string) {
	old, was := os.LookupEnv(name)
	os.Setenv(name, value)
	b.restore = append(b.restore, func() error {
		if was {
			return os.Setenv(name, old)
		}
		return os.Unsetenv(name)
	})
}

// spec asks for a link of one sender and one receiver.
func (b *bed) spec(size int) mechanisms.Spec {
	return mechanisms.Spec{Size: b.size(size), Senders: 1, Receivers: 1, Dir: b.dir}
}

// smallQueue is the capacity, in bytes, to ask for where a rule needs no more: what
// the kernel tunes takes 4 million messages of 1 byte by default, in some 7 s. It
// is 0, the default, for any other mechanism.
func (b *bed) smallQueue() int {
	if b.m.Tunes {
		return 64 << 10
	}
	return 0
}

// size is the size to try for that one: where the mechanism is for larger
// messages only, so many bytes more than the least, which is as odd.
func (b *bed) size(size int) int {
	if l, err := b.m.Limits(0); err == nil && size < l.Least.N { // the rule on declarations reports the error
		return l.Least.N + size
	}
	return size
}

// admit returns the refusal of the mechanism's limits, or nil.
func (b *bed) admit(s mechanisms.Spec) error {
	l, err := b.m.Limits(s.Queue)
	if err != nil {
		return err
	}
	return l.Admit(b.m.Name, s)
}

// each tries f on links that s asks for, one for each of these sizes. A size that
// the limits refuse must be refused with the number and its source.
func (b *bed) each(s mechanisms.Spec, f func(*line) error, sizes ...int) error {
	for _, size := range sizes {
		s.Size = b.size(size)
		if refusal := b.admit(s); refusal != nil {
			if err := named(refusal); err != nil {
				return fmt.Errorf("%d B: %w", s.Size, err)
			}
			continue
		}
		l, err := b.line(s)
		if err == nil {
			err = f(l)
		}
		if err == nil {
			err = l.close()
		}
		if err != nil {
			return fmt.Errorf("%d B: %w", s.Size, err)
		}
	}
	return nil
}

// run starts a goroutine that close waits for.
func (b *bed) run(f func()) { b.running.Go(f) }

// together runs the functions beside each other, and returns the first error:
// what fails first has the reason, and the others may wait for it in vain.
func (b *bed) together(all ...func() error) error {
	done := make(chan error, len(all))
	for _, f := range all {
		b.run(func() { done <- f() })
	}
	for range all {
		if err := <-done; err != nil {
			return err
		}
	}
	return nil
}

// inWorkers has play measure in a session of the bed's.
func (b *bed) inWorkers(o runner.Options, play func(*runner.Coordinator) error) error {
	o.Timeout = patience
	s, err := runner.Start(o)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.session = s
	b.mu.Unlock()
	if err := play(s); err != nil {
		return err
	}
	return b.stop()
}

// stop ends the bed's session, if it has one.
func (b *bed) stop() error {
	b.mu.Lock()
	s := b.session
	b.session = nil
	b.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.Close()
}

// close gives back all that the rule made, whatever state it is in. A thread
// that sleeps on a System V object wakes when it is destroyed, one that sleeps
// on a descriptor when the other end closes, and one that waits for a slot when
// it is emptied. Memory is unmapped only when no thread can be in it.
func (b *bed) close() error {
	errs := []error{b.stop(), b.endPeers()}
	b.mu.Lock()
	lines := b.lines
	b.mu.Unlock()
	for _, l := range lines {
		errs = append(errs, l.destroy())
		if b.m.Framing != mechanisms.Slot && b.m.Framing != mechanisms.Count {
			errs = append(errs, l.closeEnds())
		}
	}
	idle := make(chan struct{})
	go func() { b.running.Wait(); close(idle) }()
	end := func() {}
	if b.m.Framing == mechanisms.Slot {
		end = b.drain(idle)
	}
	select {
	case <-idle:
		end()
		for _, l := range lines {
			errs = append(errs, l.closeEnds())
		}
	case <-time.After(time.Second): // lost; the rule has failed already
	}
	for _, f := range b.restore {
		errs = append(errs, f())
	}
	return errors.Join(append(errs, os.RemoveAll(b.dir))...)
}

// drain ends what waits in memory for a peer whose rule has failed: it takes
// what a sender waits to get rid of, and sends to a receiver what it does not
// expect. It returns what ends the taking once all have come back: as many more
// messages as there is room for, which wake a waiter and wait for no thread.
func (b *bed) drain(idle <-chan struct{}) (end func()) {
	select {
	case <-idle:
		return func() {}
	case <-time.After(50 * time.Millisecond):
	}
	var enough atomic.Bool
	var draining sync.WaitGroup
	var last []func()
	for _, l := range b.lines {
		s, r, ok := l.open()
		if !ok {
			continue
		}
		p, q := mechanisms.Buffer(l.link.Sender.Spec.Size), mechanisms.Buffer(l.link.Receiver.Spec.Size)
		switch {
		case l.sending.Load() == 0 && l.receiving.Load() > 0:
			s.Fill(p)
		case l.sending.Load() > 0 && l.receiving.Load() == 0:
			last = append(last, func() { s.Fill(p) })
			draining.Go(func() {
				for !enough.Load() && r.Recv(q) == nil {
				}
			})
		}
	}
	return func() {
		enough.Store(true)
		for _, fill := range last {
			fill()
		}
		draining.Wait()
	}
}
