package conformance

import (
	"bytes"
	"errors"

	"ipcbench/mechanisms"
)

// faulty does wrong to those of its messages that at names, counted from 0.
type faulty struct {
	mechanisms.Sender
	at    func(i int) bool
	fault func(f *faulty, p []byte) error
	sent  int
	held  []byte // to be sent after the next
}

func (f *faulty) Send(p []byte) error {
	i := f.sent
	f.sent++
	if f.at(i) {
		return f.fault(f, p)
	}
	if err := f.Sender.Send(p); err != nil || f.held == nil {
		return err
	}
	held := f.held
	f.held = nil
	return f.Sender.Send(held)
}

// faults are what may happen to one message.
var faults = map[string]func(f *faulty, p []byte) error{
	"drop": func(*faulty, []byte) error { return nil },
	"double": func(f *faulty, p []byte) error {
		return errors.Join(f.Sender.Send(p), f.Sender.Send(p))
	},
	"swap": func(f *faulty, p []byte) error { f.held = clone(p); return nil },
	"truncate": func(f *faulty, p []byte) error {
		if len(p) == 1 {
			return nil
		}
		return f.Sender.Send(p[:len(p)-1])
	},
	"extend": func(f *faulty, p []byte) error { return f.Sender.Send(append(bytes.Clone(p), 0)) },
	"flip": func(f *faulty, p []byte) error {
		p = clone(p)
		p[len(p)-1] ^= 1
		return f.Sender.Send(p)
	},
}

// faulting breaks the messages that at names.
func faulting(fault string, at func(i int) bool) func(*mechanisms.Mechanism) {
	return sending(func(s mechanisms.Sender) mechanisms.Sender {
		return &faulty{Sender: s, at: at, fault: faults[fault]}
	})
}

func only(k int) func(int) bool { return func(i int) bool { return i == k } }

// clone is the message in a buffer of its own.
func clone(p []byte) []byte {
	q := mechanisms.Buffer(len(p))
	copy(q, p)
	return q
}
