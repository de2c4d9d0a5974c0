package conformance

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// gone closes the only receiver of a link and lets its sender go on.
func gone(b *bed) error {
	want := b.m.Facts.Gone
	if want == "" {
		return unnotified(b)
	}
	l, err := b.line(b.spec(64))
	if err != nil {
		return err
	}
	if err := l.receivers[0].Close(); err != nil {
		return err
	}
	call := b.thread(func() error {
		for p := mechanisms.Buffer(b.size(64)); ; {
			if err := l.senders[0].Send(p); err != nil {
				return err
			}
		}
	})
	var errno syscall.Errno
	if err := <-call.done; !errors.As(err, &errno) || unix.ErrnoName(errno) != want {
		return fmt.Errorf("%w, want %s", err, want)
	}
	return nil
}

// unnotified holds a sender that gets no notice to sending what the link holds,
// and then sleeping: until another receiver comes, with the link not yet
// released so that one can.
func unnotified(b *bed) error {
	p := mechanisms.Buffer(b.size(64))
	released, err := b.line(b.spec(64))
	if err != nil {
		return err
	}
	if err := released.receivers[0].Close(); err != nil {
		return err
	}
	if _, err := released.senders[0].Fill(p); err != nil {
		return fmt.Errorf("declared without notice to the sender, and Fill: %w: %w", errReturned, err)
	}
	l, err := b.bare(b.spec(64))
	if err != nil {
		return err
	}
	if err := errors.Join(l.openReceiver(), l.openSender()); err != nil {
		return err
	}
	if err := l.receivers[0].Close(); err != nil {
		return err
	}
	var over atomic.Bool
	call := b.thread(func() error {
		for !over.Load() {
			if err := l.senders[0].Send(p); err != nil {
				return err
			}
		}
		return nil
	})
	if err := b.waits(call, b.m.Facts.Path.Send); err != nil {
		return fmt.Errorf("declared without notice to the sender, and Send: %w", err)
	}
	over.Store(true)
	if err := l.openReceiver(); err != nil {
		return err
	}
	return errors.Join(l.receivers[1].Recv(mechanisms.Buffer(b.size(64))), <-call.done)
}

// unrelated looks at what tickets bring, and opens the ends in workers, which
// inherit that and nothing else.
func unrelated(b *bed) error {
	l, err := b.bare(b.spec(64))
	if err != nil {
		return err
	}
	brings := append(l.link.Sender.FDs, l.link.Receiver.FDs...)
	name, err := met(brings)
	if err != nil {
		return err
	}
	switch reachable := len(brings) == 0 || name; {
	case !reachable && b.m.Facts.Unrelated:
		return fmt.Errorf("declared, and its tickets bring descriptors without a name: %d", len(brings))
	case reachable && !b.m.Facts.Unrelated && len(brings) > 0:
		return errors.New("not declared, and its tickets bring a socket that has a name")
	case reachable && !b.m.Facts.Unrelated:
		return errors.New("not declared, and its tickets bring no descriptor")
	case !reachable:
		return nil
	}
	return b.inWorkers(runner.Options{}, func(s *runner.Coordinator) error { return outcome(s, b.oneWay("free"), fewOps) })
}

// met reports whether one of the descriptors is a socket that is bound to a
// name, which a process needs only to know in order to connect to it. The maker
// of a link may have done that for its ends.
func met(fds []int) (name bool, err error) {
	for _, fd := range fds {
		at, err := unix.Getsockname(fd)
		if errors.Is(err, unix.ENOTSOCK) {
			continue
		}
		if err != nil {
			return false, os.NewSyscallError("getsockname", err)
		}
		u, isUnix := at.(*unix.SockaddrUnix)
		name = name || !isUnix || len(u.Name) > len("@") // which is all that package unix shows of no name
	}
	return name, nil
}

// calls counts the system calls of a few messages one way.
func calls(b *bed) error {
	return b.inWorkers(runner.Options{}, func(s *runner.Coordinator) error {
		cell := b.oneWay(runner.TracePlaceOf(b.m))
		if err := declaredCalls(s, cell, b.m.Facts.Path); err != nil || !b.m.Relays {
			return err
		}
		cell.Workload, cell.Peers = bench.Pipeline.Name, 3
		return declaredCalls(s, cell, b.m.Facts.Path)
	})
}

// declaredCalls holds what the processes of a cell call to what is declared for
// what they do with a message.
func declaredCalls(s *runner.Coordinator, cell results.Cell, declared mechanisms.Path) error {
	seen, err := s.Trace(cell, fewOps)
	if err != nil {
		return err
	}
	path := map[string][]mechanisms.Hop{}
	for _, p := range bench.WorkloadOf(cell).Topology(cell.Peers).Parts {
		if p.Sends != nil && p.Receives != nil && declared.Relay.Call != "" {
			path[p.Role] = append(path[p.Role], declared.Relay)
			continue
		}
		if p.Sends != nil {
			path[p.Role] = append(path[p.Role], declared.Send)
		}
		if p.Receives != nil {
			path[p.Role] = append(path[p.Role], declared.Receive)
		}
	}
	for _, c := range seen {
		if !slices.ContainsFunc(path[c.Role], func(hop mechanisms.Hop) bool {
			return slices.Contains(slices.Concat([]string{hop.Call}, hop.Also, hop.Waits), c.Call)
		}) {
			return fmt.Errorf("the %s makes %v %s a message, and %+v is declared", c.Role, c.PerOp, c.Call, path[c.Role])
		}
	}
	for role, hops := range path {
		for _, hop := range hops {
			if hop.Call != "" && !slices.ContainsFunc(seen, func(c runner.Calls) bool { return c.Role == role && c.Call == hop.Call }) {
				return fmt.Errorf("the %s is declared to make %s, and seen is only %v", role, hop.Call, seen)
			}
		}
	}
	return nil
}

// oneWay is a cell of which each part sends or receives where that can be, and
// does nothing else.
func (b *bed) oneWay(place string) results.Cell {
	c := results.Cell{Workload: bench.Stream.Name, Mechanism: b.m.Name, Size: b.size(64), Place: place}
	if !b.m.Offers(mechanisms.Messages) {
		c.Workload, c.Size = bench.Notify.Name, bench.Notify.Size
	}
	return c
}
