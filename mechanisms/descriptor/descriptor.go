// Package descriptor has the ends of links that are file descriptors: how they
// send, receive, wait, and move several messages in one call. Mechanisms on
// pipes, sockets and files build on it.
package descriptor

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// End is an end of a link that is one file descriptor. It is what the
// ends below have in common. Without a waiter it is in blocking mode.
type End struct {
	Mechanism string
	Num       int
	Waiter
	Beside int // another descriptor that the end keeps open; 0: none
}

// Duplicate copies the ticket's only descriptor. Copies begin at 3: a broken
// pipe on 1 or 2 ends a Go program by SIGPIPE.
func Duplicate(mech string, t mechanisms.Ticket) (fd int, err error) {
	if len(t.FDs) != 1 {
		return -1, mechanisms.Failed("open", mech, t.Spec.Size, fmt.Errorf("ticket with %d descriptors, want 1", len(t.FDs)))
	}
	if fd, err = unix.FcntlInt(uintptr(t.FDs[0]), unix.F_DUPFD_CLOEXEC, 3); err != nil {
		return -1, mechanisms.Failed("open", mech, t.Spec.Size, os.NewSyscallError("fcntl", err))
	}
	return fd, nil
}

// Opens returns a Mechanism's OpenSender or OpenReceiver: a duplicate, as the
// end that as makes of it.
func Opens[E any](mech string, as func(End) E) func(mechanisms.Ticket) (E, error) {
	return func(t mechanisms.Ticket) (end E, err error) {
		fd, err := Duplicate(mech, t)
		if err != nil {
			return end, err
		}
		return Own(mech, fd, t.Spec, as)
	}
}

// Close closes the end. Once only.
func (d End) Close() error {
	err := os.NewSyscallError("close", unix.Close(d.Num))
	if d.Waiter != nil {
		err = errors.Join(err, d.Waiter.Close())
	}
	if d.Beside != 0 {
		err = errors.Join(err, os.NewSyscallError("close", unix.Close(d.Beside)))
	}
	return err
}

// Fill writes without blocking: unless the end is in that mode anyway,
// O_NONBLOCK is set meanwhile on the open file description, which all ends share
// that were copied from the same descriptor.
func (d End) Fill(p []byte) (whole int, err error) {
	if d.Waiter == nil {
		if err := unix.SetNonblock(d.Num, true); err != nil {
			return 0, mechanisms.Failed("send", d.Mechanism, len(p), os.NewSyscallError("fcntl", err))
		}
		defer func() { err = errors.Join(err, os.NewSyscallError("fcntl", unix.SetNonblock(d.Num, false))) }()
	}
	return d.FillNonblocking(p)
}

// FillNonblocking is Fill where the description does not block.
func (d End) FillNonblocking(p []byte) (whole int, err error) {
	for {
		for rest := p; len(rest) > 0; {
			n, err := sys.Write(d.Num, rest)
			if errors.Is(err, unix.EAGAIN) {
				return whole, nil
			}
			if err != nil {
				return whole, mechanisms.Failed("send", d.Mechanism, len(p), err)
			}
			rest = rest[n:]
		}
		whole++
	}
}

// FD is the end's number in this process.
func (d End) FD() int { return d.Num }

// Capacity reads from the descriptor of an end, without duplicating it: a
// second descriptor would hide an end of file. An end that is none reads
// nothing.
func Capacity(e mechanisms.End, source string, read func(fd int) (int, error)) (g mechanisms.Given, err error) {
	at := func(fd int) {
		var n int
		if n, err = read(fd); err == nil {
			g = mechanisms.Given{Queue: n, Source: source}
		}
	}
	end := e.Value
	switch wrapped := end.(type) {
	case *inPlaceReader:
		end = wrapped.Receiver
	case *Transfer:
		end = wrapped.Conduit
	}
	switch end := end.(type) {
	case mechanisms.Descriptor:
		at(end.FD())
	case pollerFile:
		raw, e := end.SyscallConn()
		if e == nil {
			e = raw.Control(func(fd uintptr) { at(int(fd)) })
		}
		err = errors.Join(err, e)
	}
	return g, err
}
