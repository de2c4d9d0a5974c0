package conformance

import (
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"ipcbench/mechanisms"
)

// line is a link with its ends, all in this process.
type line struct {
	bed       *bed
	link      *mechanisms.Link
	senders   []sender
	receivers []receiver
	notifiers []notifier
	waiters   []waiter
	lockers   []locker

	sending, receiving atomic.Int32 // how many are at it

	mu   sync.Mutex
	ends []io.Closer
	seqs []uint64 // by sender: its next message
	in   *inbox
	room int // messages of each sender that are known to fit, where a full link loses them
}

// Ends that may be closed again.
type (
	sender struct {
		mechanisms.Sender
		*closing
	}
	receiver struct {
		mechanisms.Receiver
		*closing
	}
	notifier struct {
		mechanisms.Notifier
		*closing
	}
	waiter struct {
		mechanisms.Waiter
		*closing
	}
	locker struct {
		mechanisms.Locker
		*closing
	}
)

func (s sender) Close() error   { return s.closing.Close() }
func (r receiver) Close() error { return r.closing.Close() }
func (n notifier) Close() error { return n.closing.Close() }
func (w waiter) Close() error   { return w.closing.Close() }
func (k locker) Close() error   { return k.closing.Close() }

// closing closes an end once, and knows that it has.
type closing struct {
	end    io.Closer
	once   sync.Once
	closed atomic.Bool
	err    error
}

func (c *closing) Close() error {
	c.once.Do(func() {
		c.closed.Store(true)
		c.err = c.end.Close()
	})
	return c.err
}

// open returns an end of either side that is open; ok reports whether there
// are.
func (l *line) open() (s sender, r receiver, ok bool) {
	i := slices.IndexFunc(l.senders, func(s sender) bool { return !s.closed.Load() })
	j := slices.IndexFunc(l.receivers, func(r receiver) bool { return !r.closed.Load() })
	if i < 0 || j < 0 {
		return s, r, false
	}
	return l.senders[i], l.receivers[j], true
}

// bare makes a link and opens none of its ends.
func (b *bed) bare(s mechanisms.Spec) (*line, error) {
	l, err := b.m.New(s)
	if err != nil {
		return nil, err
	}
	return b.hold(l, s), nil
}

// hold takes over a link that was made.
func (b *bed) hold(link *mechanisms.Link, s mechanisms.Spec) *line {
	l := &line{bed: b, link: link, in: newInbox(s), room: 1}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, l)
	return l
}

// line makes a link, opens all its ends and releases it, as a launch does.
func (b *bed) line(s mechanisms.Spec) (*line, error) {
	l, err := b.bare(s)
	if err != nil {
		return nil, err
	}
	return l, l.attach(s)
}

func (l *line) attach(s mechanisms.Spec) error {
	if err := l.openReceiver(); err != nil {
		return err
	}
	for range s.Senders {
		if err := l.openSender(); err != nil {
			return err
		}
	}
	return l.release()
}

func (l *line) release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.link.Release()
}

// adopt adds an end that was opened to those of its kind, as an end that may be
// closed again.
func adopt[E io.Closer, A io.Closer](l *line, all *[]A, end E, err error, as func(E, *closing) A) error {
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	again := as(end, &closing{end: end})
	*all, l.ends = append(*all, again), append(l.ends, again)
	return nil
}

func (l *line) openSender() error {
	if !l.bed.m.Offers(mechanisms.Messages) {
		n, err := l.bed.m.OpenNotifier(l.link.Sender)
		return adopt(l, &l.notifiers, n, err, func(n mechanisms.Notifier, c *closing) notifier { return notifier{n, c} })
	}
	l.seqs = append(l.seqs, 0)
	s, err := l.bed.m.OpenSender(l.link.Sender)
	return adopt(l, &l.senders, s, err, func(s mechanisms.Sender, c *closing) sender { return sender{s, c} })
}

func (l *line) openReceiver() error {
	if !l.bed.m.Offers(mechanisms.Messages) {
		return l.openWaiter()
	}
	r, err := l.bed.m.OpenReceiver(l.link.Receiver)
	return adopt(l, &l.receivers, r, err, func(r mechanisms.Receiver, c *closing) receiver { return receiver{r, c} })
}

// openWaiter opens one for the calling thread, to which the caller is locked
// until it closes the line's ends.
func (l *line) openWaiter() error {
	w, err := l.bed.m.OpenWaiter(l.link.Receiver)
	return adopt(l, &l.waiters, w, err, func(w mechanisms.Waiter, c *closing) waiter { return waiter{w, c} })
}

func (l *line) openLocker() error {
	k, err := l.bed.m.OpenLocker(l.link.Sender)
	return adopt(l, &l.lockers, k, err, func(k mechanisms.Locker, c *closing) locker { return locker{k, c} })
}

func (l *line) destroy() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.link.Destroy()
}

// closeEnds closes the ends that are open still.
func (l *line) closeEnds() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, e := range l.ends {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}

// close destroys the link and closes its ends.
func (l *line) close() error { return errors.Join(l.destroy(), l.closeEnds()) }
