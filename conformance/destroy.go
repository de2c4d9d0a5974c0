package conformance

import (
	"fmt"

	"ipcbench/mechanisms"
)

// lives are the ways in which a link may live until it is destroyed.
var lives = []struct {
	name string
	live func(*line) error
}{
	{"made", func(*line) error { return nil }},
	{"released", (*line).release},
	{"attached", func(l *line) error {
		if err := l.openReceiver(); err != nil {
			return err
		}
		return l.openSender()
	}},
	{"used", func(l *line) error {
		if err := l.attach(l.link.Sender.Spec); err != nil {
			return err
		}
		if l.notifiers != nil {
			return l.handshake(3)
		}
		return l.pass(3)
	}},
	{"filled", func(l *line) error {
		if err := l.attach(l.link.Sender.Spec); err != nil {
			return err
		}
		if l.notifiers != nil {
			return l.notifiers[0].Notify()
		}
		_, err := l.senders[0].Fill(mechanisms.Buffer(l.link.Sender.Spec.Size))
		return err
	}},
}

func destroy(b *bed) error {
	defer stay()()
	for _, life := range lives {
		l, err := b.bare(b.spec(64))
		if err != nil {
			return err
		}
		objects := l.link.Objects
		if err := life.live(l); err != nil {
			return fmt.Errorf("%s: %w", life.name, err)
		}
		if err := l.closeEnds(); err != nil {
			return fmt.Errorf("%s: %w", life.name, err)
		}
		// Another process knows the objects from a journal, and no descriptor.
		journalled := mechanisms.Link{Mechanism: l.link.Mechanism, Objects: objects}
		for i, destroy := range []func() error{journalled.Destroy, l.destroy, l.destroy, journalled.Destroy} {
			if err := destroy(); err != nil {
				return fmt.Errorf("%s, call %d of Destroy: %w", life.name, i+1, err)
			}
		}
		for _, o := range objects {
			there, err := o.Exists()
			if err != nil {
				return fmt.Errorf("%s: %w", life.name, err)
			}
			if there {
				return fmt.Errorf("%s: %v is left", life.name, o)
			}
		}
	}
	return nil
}

func leak(b *bed) error {
	defer stay()()
	before, err := count(b.dir)
	if err != nil {
		return err
	}
	for _, life := range lives {
		l, err := b.bare(b.spec(64))
		if err != nil {
			return err
		}
		if err := life.live(l); err != nil {
			return fmt.Errorf("%s: %w", life.name, err)
		}
		if err := l.close(); err != nil {
			return fmt.Errorf("%s: %w", life.name, err)
		}
		if err := before.restored(b.dir); err != nil {
			return fmt.Errorf("%s: %w", life.name, err)
		}
	}
	// What is refused leaves nothing either.
	l, err := b.m.Limits(0)
	if err != nil {
		return err
	}
	s := b.spec(64)
	s.Queue = largest
	if refused, err := b.bare(s); err == nil {
		if err := refused.close(); err != nil {
			return err
		}
	}
	if !b.m.Offers(mechanisms.Messages) {
		return before.restored(b.dir)
	}
	if n := l.Message.N; n > 0 && n < largest {
		if refused, err := b.bare(b.spec(n + 1)); err == nil {
			if err := refused.close(); err != nil {
				return err
			}
		}
	}
	return before.restored(b.dir)
}
