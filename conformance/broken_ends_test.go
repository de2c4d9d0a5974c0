package conformance

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"ipcbench/mechanisms"
)

// Endless loops of broken mechanisms end with their test.
var (
	stopped  atomic.Bool
	spinning sync.WaitGroup
)

func stopSpinning() {
	stopped.Store(true)
	spinning.Wait()
	stopped.Store(false)
}

type spinner struct{ mechanisms.Receiver }

func (spinner) Recv([]byte) error {
	spinning.Add(1)
	defer spinning.Done()
	for !stopped.Load() {
	}
	return errors.New("stopped")
}

type allocator struct{ mechanisms.Sender }

var sink []byte

func (a allocator) Send(p []byte) error {
	sink = bytes.Clone(p)
	return a.Sender.Send(sink)
}

// delayer keeps the caller's buffer and sends it one call too late.
type delayer struct {
	mechanisms.Sender
	last []byte
}

func (d *delayer) Send(p []byte) error {
	last := d.last
	d.last = p
	if last == nil {
		return nil
	}
	return d.Sender.Send(last)
}

// dropper loses what a full link does not take: its descriptor does not block.
type dropper struct{ mechanisms.Sender }

func (d dropper) Send(p []byte) error {
	if err := d.Sender.Send(p); !errors.Is(err, syscall.EAGAIN) {
		return err
	}
	return nil
}

// miscounter is off by some messages in what it filled in.
type miscounter struct {
	mechanisms.Sender
	off int
}

func (m miscounter) Fill(p []byte) (int, error) {
	n, err := m.Sender.Fill(p)
	return n + m.off, err
}

// backward sends the messages of a batch in the order that suits it.
type backward struct{ mechanisms.Sender }

func (b backward) SendBatch(ps [][]byte) error {
	ps = slices.Clone(ps)
	slices.Reverse(ps)
	return b.Sender.(mechanisms.BatchSender).SendBatch(ps)
}

// shortener takes what one call took of a batch for all of it.
type shortener struct{ mechanisms.Sender }

func (s shortener) SendBatch(ps [][]byte) error {
	return s.Sender.(mechanisms.BatchSender).SendBatch(ps[:min(len(ps), 15)])
}

// hoarding has a receiver keep the sending end too.
func hoarding(m *mechanisms.Mechanism) {
	make, open := m.New, m.OpenReceiver
	m.New = func(s mechanisms.Spec) (*mechanisms.Link, error) {
		l, err := make(s)
		if err == nil {
			l.Receiver.FDs = append(l.Receiver.FDs, l.Sender.FDs...)
		}
		return l, err
	}
	m.OpenReceiver = func(t mechanisms.Ticket) (mechanisms.Receiver, error) {
		for _, fd := range t.FDs[1:] {
			if _, err := syscall.Dup(fd); err != nil {
				return nil, err
			}
		}
		t.FDs = t.FDs[:1]
		return open(t)
	}
}

// stoic swallows the errors of its end.
type stoic struct{ mechanisms.Sender }

func (s stoic) Send(p []byte) error { s.Sender.Send(p); return nil }
