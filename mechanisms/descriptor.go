package mechanisms

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// descriptor is an end of a link that is one file descriptor. It is what the
// ends below have in common. Without a waiter it is in blocking mode.
type descriptor struct {
	mechanism string
	fd        int
	waiter
	beside int // another descriptor that the end keeps open; 0: none
}

// duplicate copies the ticket's only descriptor. Copies begin at 3: a broken
// pipe on 1 or 2 ends a Go program by SIGPIPE.
func duplicate(mech string, t Ticket) (fd int, err error) {
	if len(t.FDs) != 1 {
		return -1, failed("open", mech, t.Spec.Size, fmt.Errorf("ticket with %d descriptors, want 1", len(t.FDs)))
	}
	if fd, err = unix.FcntlInt(uintptr(t.FDs[0]), unix.F_DUPFD_CLOEXEC, 3); err != nil {
		return -1, failed("open", mech, t.Spec.Size, os.NewSyscallError("fcntl", err))
	}
	return fd, nil
}

// opens returns a Mechanism's OpenSender or OpenReceiver: a duplicate, as the
// end that as makes of it.
func opens[E any](mech string, as func(descriptor) E) func(Ticket) (E, error) {
	return func(t Ticket) (end E, err error) {
		fd, err := duplicate(mech, t)
		if err != nil {
			return end, err
		}
		return open(mech, fd, t.Spec, as)
	}
}

func sendStream(d descriptor) Sender   { return &streamSender{descriptor: d} }
func recvStream(d descriptor) Receiver { return looped(d, &streamReceiver{descriptor: d}) }
func sendPacket(d descriptor) Sender   { return &packetSender{d} }
func recvPacket(d descriptor) Receiver { return looped(d, &packetReceiver{d}) }

// Close closes the end. Once only.
func (d descriptor) Close() error {
	err := os.NewSyscallError("close", unix.Close(d.fd))
	if d.waiter != nil {
		err = errors.Join(err, d.close())
	}
	if d.beside != 0 {
		err = errors.Join(err, os.NewSyscallError("close", unix.Close(d.beside)))
	}
	return err
}

// Fill writes without blocking: unless the end is in that mode anyway,
// O_NONBLOCK is set meanwhile on the open file description, which all ends share
// that were copied from the same descriptor.
func (d descriptor) Fill(p []byte) (whole int, err error) {
	if d.waiter == nil {
		if err := unix.SetNonblock(d.fd, true); err != nil {
			return 0, failed("send", d.mechanism, len(p), os.NewSyscallError("fcntl", err))
		}
		defer func() { err = errors.Join(err, os.NewSyscallError("fcntl", unix.SetNonblock(d.fd, false))) }()
	}
	return d.fill(p)
}

// fill is Fill where the description does not block.
func (d descriptor) fill(p []byte) (whole int, err error) {
	for {
		for rest := p; len(rest) > 0; {
			n, err := sys.Write(d.fd, rest)
			if errors.Is(err, unix.EAGAIN) {
				return whole, nil
			}
			if err != nil {
				return whole, failed("send", d.mechanism, len(p), err)
			}
			rest = rest[n:]
		}
		whole++
	}
}

type (
	streamSender struct {
		descriptor
		vector // of a batch
	}
	streamReceiver struct {
		descriptor
		vector
	}
	packetSender   struct{ descriptor }
	packetReceiver struct{ descriptor }
)

// Send writes until all of p is in.
func (s *streamSender) Send(p []byte) error {
	a := sys.TryWrite(s.fd, p)
	if int(a) == len(p) {
		return nil
	}
	return s.send(p, a)
}

func (s *streamSender) send(p []byte, a sys.Attempt) error {
	for rest := p; ; a = sys.TryWrite(s.fd, rest) {
		n, err := s.write(rest, a)
		if err != nil {
			return failed("send", s.mechanism, len(p), err)
		}
		if rest = rest[n:]; len(rest) == 0 {
			return nil
		}
	}
}

// Recv reads until p is full. The end of the stream inside a message is
// io.ErrUnexpectedEOF.
func (r *streamReceiver) Recv(p []byte) error {
	a := sys.TryRead(r.fd, p)
	if int(a) == len(p) {
		return nil
	}
	return r.recv(p, a)
}

func (r *streamReceiver) recv(p []byte, a sys.Attempt) error {
	for rest := p; ; a = sys.TryRead(r.fd, rest) {
		n, err := r.read(rest, a)
		switch {
		case err != nil:
			return failed("recv", r.mechanism, len(p), err)
		case n == 0 && len(rest) == len(p):
			return io.EOF
		case n == 0:
			return failed("recv", r.mechanism, len(p), io.ErrUnexpectedEOF)
		}
		if rest = rest[n:]; len(rest) == 0 {
			return nil
		}
	}
}

// Send writes p in one call.
func (s *packetSender) Send(p []byte) error {
	a := sys.TryWrite(s.fd, p)
	if int(a) == len(p) {
		return nil
	}
	return s.send(p, a)
}

func (s *packetSender) send(p []byte, a sys.Attempt) error {
	n, err := s.write(p, a)
	if err == nil && n != len(p) {
		err = errLength(n, len(p))
	}
	if err != nil {
		return failed("send", s.mechanism, len(p), err)
	}
	return nil
}

// Recv takes one packet. read(2) discards in silence what does not fit, so it
// is offered the spare byte as well: a longer packet gives len(p)+1.
func (r *packetReceiver) Recv(p []byte) error {
	a := sys.TryRead(r.fd, p[:len(p)+1])
	if int(a) == len(p) {
		return nil
	}
	return r.recv(p, a)
}

func (r *packetReceiver) recv(p []byte, a sys.Attempt) error {
	n, err := r.read(p[:len(p)+1], a)
	switch {
	case err == nil && n == len(p):
		return nil
	case err == nil && n == 0:
		return io.EOF
	case err == nil:
		err = errLength(n, len(p))
	}
	return failed("recv", r.mechanism, len(p), err)
}

// FD is the end's number in this process.
func (d descriptor) FD() int { return d.fd }
