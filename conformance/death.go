package conformance

import (
	"errors"
	"fmt"
	"os"
	"time"

	"ipcbench/mechanisms"
)

// promised is within what time a process learns that its peer was killed, where
// the mechanism reports that; heard is what a busy machine gets.
const promised = time.Second

var heard = 10 * promised

// unheard is how long a process is watched that is not to learn of it: what is
// reported at all is reported within 1 ms on an idle machine.
const unheard = 20 * time.Millisecond

// deaths are the ways in which one side of a link is killed.
var deaths = []struct {
	name   string
	size   int
	binds  func(*mechanisms.Mechanism) bool
	learns func(*mechanisms.Mechanism) bool // declared: the survivor is to learn of it
	kill   func(*bed, *wire) (survivor call, err error)
}{
	{"the sender is killed, the receiver waits", 64, carriesAny, (*mechanisms.Mechanism).SenderDeath, (*bed).killIdleSender},
	{"the sender is killed within a message", 100 << 10, carriesPartly, (*mechanisms.Mechanism).SenderDeath, (*bed).killBusySender},
	{"the receiver is killed, the sender waits", 64, fillsUp, (*mechanisms.Mechanism).ReceiverDeath, (*bed).killReceiver},
	{"the receiver is killed, the sender goes on", 64, carriesAny, (*mechanisms.Mechanism).ReceiverDeath, (*bed).killReceiverBetween},
}

func carriesAny(m *mechanisms.Mechanism) bool {
	return m.Offers(mechanisms.Messages) || m.Offers(mechanisms.Counts)
}

// carriesPartly are the mechanisms whose receiver may get a part of a message.
func carriesPartly(m *mechanisms.Mechanism) bool {
	return m.Offers(mechanisms.Messages) && m.Framing == mechanisms.Stream
}

// fillsUp are the mechanisms whose sender waits while the link is full.
func fillsUp(m *mechanisms.Mechanism) bool {
	return m.Offers(mechanisms.Messages) && m.Lost == nil
}

// death kills either side, and holds the other to what is declared.
func death(b *bed) error {
	defer stay()() // peers end with the thread that started them
	for _, d := range deaths {
		if !d.binds(b.m) {
			continue
		}
		if err := b.survives(b.spec(d.size), d.learns(b.m), d.kill); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

// wire is a link whose ends two processes hold. This one holds none: its copy would
// hide the end of the other.
type wire struct{ sender, receiver *peer }

func (b *bed) wire(s mechanisms.Spec) (*wire, *line, error) {
	l, err := b.bare(s)
	if err != nil {
		return nil, nil, err
	}
	w := &wire{}
	if w.receiver, err = b.peer(l.link.Receiver, false); err != nil {
		return nil, nil, err
	}
	if w.sender, err = b.peer(l.link.Sender, true); err != nil {
		return nil, nil, err
	}
	if err := errors.Join(w.receiver.opened(), w.sender.opened()); err != nil {
		return nil, nil, err
	}
	return w, l, l.release()
}

// survives kills one side, and sees whether the other learns of it.
func (b *bed) survives(s mechanisms.Spec, declared bool, kill func(*bed, *wire) (call, error)) error {
	s.Queue = b.smallQueue()
	w, l, err := b.wire(s)
	if err != nil {
		return err
	}
	survivor, err := kill(b, w)
	if err != nil {
		return err
	}
	begun, most := time.Now(), unheard
	if declared {
		most = heard
	}
	select {
	case got := <-survivor.done:
		switch took := time.Since(begun); {
		case errors.Is(got, os.ErrDeadlineExceeded) || got == nil:
			return fmt.Errorf("the survivor does not end: %v", got)
		case !declared:
			return fmt.Errorf("declared not to be reported, and the survivor got: %w", got)
		case took > promised:
			fmt.Fprintf(os.Stderr, "%s: a peer learnt only after %v that the other was killed\n", b.m.Name, took)
		}
	case <-time.After(most):
		if declared {
			return fmt.Errorf("declared to be reported, and after %v the survivor knows nothing", most)
		}
	}
	return errors.Join(b.endPeers(), l.close())
}

// handshake passes a few messages, which shows that both ends work.
func (b *bed) handshake(w *wire) error {
	const n = 3
	for range n { // one by one: notifications may coalesce
		sent := b.move(w.sender, moving{Messages: 1}, patience)
		if err := errors.Join(<-sent.done, <-b.move(w.receiver, moving{Messages: 1}, patience).done); err != nil {
			return err
		}
	}
	return nil
}

func (b *bed) killIdleSender(w *wire) (call, error) {
	if err := b.handshake(w); err != nil {
		return call{}, err
	}
	survivor := b.move(w.receiver, moving{}, 2*patience)
	if err := b.waits(survivor, b.m.Facts.Path.Receive); err != nil {
		return call{}, err
	}
	w.sender.kill()
	return survivor, nil
}

// killBusySender kills a sender that waits for room, and for most mechanisms in the
// middle of a message.
func (b *bed) killBusySender(w *wire) (call, error) {
	if err := b.waits(b.move(w.sender, moving{}, 2*patience), b.m.Facts.Path.Send); err != nil {
		return call{}, err
	}
	w.sender.kill()
	return b.move(w.receiver, moving{}, 2*patience), nil
}

func (b *bed) killReceiver(w *wire) (call, error) {
	if err := b.handshake(w); err != nil {
		return call{}, err
	}
	survivor := b.move(w.sender, moving{}, 2*patience)
	if err := b.waits(survivor, b.m.Facts.Path.Send); err != nil {
		return call{}, err
	}
	w.receiver.kill()
	return survivor, nil
}

// killReceiverBetween kills a receiver while the sender is between two messages. A
// kernel may take one message more before it answers with an error.
func (b *bed) killReceiverBetween(w *wire) (call, error) {
	if err := b.handshake(w); err != nil {
		return call{}, err
	}
	w.receiver.kill()
	return b.move(w.sender, moving{Pause: time.Millisecond}, 2*patience), nil
}
