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

	sending, receiving atomic.Int32 // how many are at it

	mu   sync.Mutex
	ends []io.Closer
	seqs []uint64 // by sender: its next message
	in   *inbox
	room int // messages of each sender that are known to fit, where a full link loses them
}

// sender and receiver are ends that may be closed again.
type (
	sender struct {
		mechanisms.Sender
		*closing
	}
	receiver struct {
		mechanisms.Receiver
		*closing
	}
)

// notifier and waiter are the ends of a line without messages.
type (
	notifier struct {
		mechanisms.Notifier
		close func() error
	}
	waiter struct {
		mechanisms.Waiter
		close func() error
	}
)

func (n notifier) Close() error { return n.close() }
func (w waiter) Close() error   { return w.close() }

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

func (s sender) Close() error   { return s.closing.Close() }
func (r receiver) Close() error { return r.closing.Close() }

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

func (l *line) openSender() error {
	if !l.bed.m.Offers(mechanisms.Messages) {
		return l.openNotifier()
	}
	s, err := l.bed.m.OpenSender(l.link.Sender)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	end := sender{s, &closing{end: s}}
	l.senders, l.seqs, l.ends = append(l.senders, end), append(l.seqs, 0), append(l.ends, end)
	return nil
}

func (l *line) openNotifier() error {
	n, err := l.bed.m.OpenNotifier(l.link.Sender)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	end := notifier{n, sync.OnceValue(n.Close)}
	l.notifiers, l.ends = append(l.notifiers, end), append(l.ends, end)
	return nil
}

// openWaiter opens one for the calling thread, to which the caller is locked
// until it closes the line's ends.
func (l *line) openWaiter() error {
	w, err := l.bed.m.OpenWaiter(l.link.Receiver)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	end := waiter{w, sync.OnceValue(w.Close)}
	l.waiters, l.ends = append(l.waiters, end), append(l.ends, end)
	return nil
}

func (l *line) openReceiver() error {
	if !l.bed.m.Offers(mechanisms.Messages) {
		return l.openWaiter()
	}
	r, err := l.bed.m.OpenReceiver(l.link.Receiver)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	end := receiver{r, &closing{end: r}}
	l.receivers, l.ends = append(l.receivers, end), append(l.ends, end)
	return nil
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
