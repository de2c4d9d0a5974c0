package conformance

import (
	"fmt"
	"io"

	"ipcbench/bench"
	"ipcbench/mechanisms"
)

// send sends n messages of the i-th sender.
func (l *line) send(i, n int) error {
	l.sending.Add(1)
	defer l.sending.Add(-1)
	p := mechanisms.Buffer(l.link.Sender.Spec.Size)
	for range n {
		l.put(p, i, l.seqs[i])
		if err := l.senders[i].Send(p); err != nil {
			return fmt.Errorf("message %d: %w", l.seqs[i], err)
		}
		l.seqs[i]++
	}
	return nil
}

// receive takes n messages and checks each.
func (l *line) receive(n int) error {
	l.receiving.Add(1)
	defer l.receiving.Add(-1)
	p := mechanisms.Buffer(l.link.Receiver.Spec.Size)
	for i := range n {
		switch err := l.receivers[0].Recv(p); {
		case err == io.EOF:
			return &bench.CheckError{What: "lost: end of file", Want: uint64(n), Got: uint64(i)}
		case err != nil:
			return err
		}
		if err := l.in.check(p); err != nil {
			return err
		}
	}
	return nil
}

// pass sends n messages from every sender at once and receives them.
func (l *line) pass(n int) error { return l.play(n, false) }

// finish passes the line's last messages: nothing may follow them.
func (l *line) finish(n int) error {
	if err := l.play(n, true); err != nil {
		return err
	}
	return l.spent()
}

// end closes a sender where that shows at the other end.
func (l *line) end(s sender) error {
	if l.bed.m.EOF {
		return s.Close()
	}
	return nil
}

// play passes n messages from every sender, in bursts that fit where a full
// link loses what does not. The last may end the senders.
func (l *line) play(n int, last bool) error {
	for ; l.bed.m.Lost != nil && n > l.room; n -= l.room {
		if err := l.burst(l.room, false); err != nil {
			return err
		}
	}
	return l.burst(n, last)
}

func (l *line) burst(n int, last bool) error {
	all := []func() error{func() error { return l.receive(n * len(l.senders)) }}
	for i, s := range l.senders {
		all = append(all, func() error {
			if err := l.send(i, n); err != nil || !last {
				return err
			}
			return l.end(s)
		})
	}
	return l.bed.together(all...)
}

// spent reports whether nothing more is inside: the end of file must come or,
// where there is none, what is sent next.
func (l *line) spent() error {
	if !l.bed.m.EOF {
		return l.pass(1)
	}
	p := mechanisms.Buffer(l.link.Receiver.Spec.Size)
	switch err := l.receivers[0].Recv(p); {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	}
	return &bench.CheckError{What: "doubled: a message after the last"}
}
