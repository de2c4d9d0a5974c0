package mechtest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// gone closes the only receiver of a link and lets its sender go on.
func gone(b *bed) error {
	s := b.spec(64)
	l, err := b.bare(s)
	if err != nil {
		return err
	}
	if err := errors.Join(l.openReceiver(), l.openSender()); err != nil {
		return err
	}
	want := b.m.Facts.Gone
	another := want == "" && b.m.Framing == mechanisms.Slot // or nobody would ever wake the sender
	if !another {
		if err := l.release(); err != nil {
			return err
		}
	}
	if err := l.receivers[0].Close(); err != nil {
		return err
	}
	var enough atomic.Bool
	call := b.thread(func() error {
		for p := mechanisms.Buffer(s.Size); !enough.Load(); {
			if err := l.senders[0].Send(p); err != nil {
				return err
			}
		}
		return nil
	})
	if want == "" {
		if err := b.waits(call, b.m.Facts.Path.Send); err != nil {
			return fmt.Errorf("nobody is declared to tell, and Send: %w", err)
		}
		if !another {
			return nil
		}
		enough.Store(true)
		if err := l.openReceiver(); err != nil {
			return err
		}
		if err := l.receivers[1].Recv(mechanisms.Buffer(s.Size)); err != nil {
			return fmt.Errorf("another receiver: %w", err)
		}
		if err := <-call.done; err != nil {
			return fmt.Errorf("with another receiver Send: %w", err)
		}
		return nil
	}
	var errno syscall.Errno
	if err := <-call.done; !errors.As(err, &errno) || unix.ErrnoName(errno) != want {
		return fmt.Errorf("%w, want %s", err, want)
	}
	return nil
}

// unrelated looks at what tickets bring, and opens the ends in workers, which
// inherit that and nothing else.
func unrelated(b *bed) error {
	l, err := b.bare(b.spec(64))
	if err != nil {
		return err
	}
	brings := len(l.link.Sender.FDs) + len(l.link.Receiver.FDs)
	switch {
	case brings > 0 && b.m.Facts.Unrelated:
		return fmt.Errorf("declared, and its tickets bring descriptors: %d", brings)
	case brings == 0 && !b.m.Facts.Unrelated:
		return errors.New("not declared, and its tickets bring no descriptor")
	case brings > 0:
		return nil
	}
	s, err := b.start(runner.Options{Timeout: patience})
	if err != nil {
		return err
	}
	if err := outcome(s, results.Cell{Workload: "Stream", Mechanism: b.m.Name, Size: 64, Place: "free"}, fewOps); err != nil {
		return err
	}
	return b.stop()
}

// calls counts the system calls of a few messages one way.
func calls(b *bed) error {
	s, err := b.start(runner.Options{Timeout: patience})
	if err != nil {
		return err
	}
	seen, err := s.Trace(results.Cell{Workload: "Stream", Mechanism: b.m.Name, Size: 64, Place: runner.TracePlaceOf(b.m)}, fewOps)
	if err != nil {
		return err
	}
	path := map[string]mechanisms.Hop{"sender": b.m.Facts.Path.Send, "receiver": b.m.Facts.Path.Receive}
	for _, c := range seen {
		if hop := path[c.Role]; c.Call != hop.Call && !slices.Contains(hop.Waits, c.Call) {
			return fmt.Errorf("the %s makes %v %s a message, and %s is declared", c.Role, c.PerOp, c.Call, hop.Call)
		}
	}
	for role, hop := range path {
		if hop.Call != "" && !slices.ContainsFunc(seen, func(c runner.Calls) bool { return c.Role == role && c.Call == hop.Call }) {
			return fmt.Errorf("the %s is declared to make %s, and seen is only %v", role, hop.Call, seen)
		}
	}
	return b.stop()
}
