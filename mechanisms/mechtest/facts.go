package mechtest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// gone closes the only receiver of a link and lets its sender go on.
func gone(b *bed) error {
	l, err := b.line(b.spec(64))
	if err != nil {
		return err
	}
	if err := l.receivers[0].Close(); err != nil {
		return err
	}
	call := b.thread(func() error {
		for p := mechanisms.Buffer(64); ; {
			if err := l.senders[0].Send(p); err != nil {
				return err
			}
		}
	})
	want := b.m.Facts.Gone
	if want == "" {
		if err := call.asleep(); err != nil {
			return fmt.Errorf("nobody is declared to tell, and Send: %w", err)
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
	s, err := b.start(runner.Options{Timeout: patience})
	if err != nil {
		return err
	}
	if err := outcome(s, results.Cell{Workload: "Stream", Mechanism: b.m.Name, Size: 64, Place: "free"}, fewOps); err != nil {
		return err
	}
	return b.stop()
}

// met tells whether one of the descriptors is a socket that is bound to a name,
// which a process needs only to know in order to connect to it. The maker of a
// link may have done that for its ends.
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
	s, err := b.start(runner.Options{Timeout: patience})
	if err != nil {
		return err
	}
	stream := results.Cell{Workload: "Stream", Mechanism: b.m.Name, Size: 64, Place: runner.TracePlace}
	if err := declaredCalls(s, stream, map[string]mechanisms.Hop{"sender": b.m.Facts.Path.Send, "receiver": b.m.Facts.Path.Receive}); err != nil {
		return err
	}
	if b.m.Relays {
		row := stream
		row.Workload, row.Peers = "Pipeline", 3
		if err := declaredCalls(s, row, map[string]mechanisms.Hop{
			"stage0": b.m.Facts.Path.Send, "stage1": b.m.Facts.Path.Relay, "stage2": b.m.Facts.Path.Receive,
		}); err != nil {
			return err
		}
	}
	return b.stop()
}

// declaredCalls holds what the processes of a cell call to what is declared for
// each of their roles.
func declaredCalls(s *runner.Session, c results.Cell, path map[string]mechanisms.Hop) error {
	seen, err := s.Trace(c, fewOps)
	if err != nil {
		return err
	}
	for _, c := range seen {
		if hop := path[c.Role]; !slices.Contains(slices.Concat([]string{hop.Call}, hop.Also, hop.Waits), c.Call) {
			return fmt.Errorf("the %s makes %v %s a message, and %s is declared", c.Role, c.PerOp, c.Call, hop.Call)
		}
	}
	for role, hop := range path {
		if hop.Call != "" && !slices.ContainsFunc(seen, func(c runner.Calls) bool { return c.Role == role && c.Call == hop.Call }) {
			return fmt.Errorf("the %s is declared to make %s, and seen is only %v", role, hop.Call, seen)
		}
	}
	return nil
}
