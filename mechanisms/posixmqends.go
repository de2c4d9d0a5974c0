package mechanisms

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

type (
	mqSender   struct{ descriptor }
	mqReceiver struct{ descriptor }
)

// Send sends p with priority 0, so that messages come in order.
func (s *mqSender) Send(p []byte) error {
	if a := sys.TryMqTimedsend(s.fd, p); a != 0 {
		if err := a.MqTimedsend(s.fd, p); err != nil {
			return failed("send", s.mechanism, len(p), err)
		}
	}
	return nil
}

// Fill sends without blocking: the open queue is this end's own.
func (s *mqSender) Fill(p []byte) (whole int, err error) {
	if err := unix.SetNonblock(s.fd, true); err != nil {
		return 0, failed("send", s.mechanism, len(p), os.NewSyscallError("fcntl", err))
	}
	defer func() { err = errors.Join(err, os.NewSyscallError("fcntl", unix.SetNonblock(s.fd, false))) }()
	for ; ; whole++ {
		err := sys.MqTimedsend(s.fd, p)
		if errors.Is(err, unix.EAGAIN) {
			return whole, nil
		}
		if err != nil {
			return whole, failed("send", s.mechanism, len(p), err)
		}
	}
}

// Recv offers the spare byte as well; a longer message than the link's the
// queue does not take.
func (r *mqReceiver) Recv(p []byte) error {
	a := sys.TryMqTimedreceive(r.fd, p[:len(p)+1])
	if int(a) == len(p) {
		return nil
	}
	return r.recv(p, a)
}

func (r *mqReceiver) recv(p []byte, a sys.Attempt) error {
	n, err := a.MqTimedreceive(r.fd, p[:len(p)+1])
	if err == nil && n != len(p) {
		err = errLength(n, len(p))
	}
	if err != nil {
		return failed("recv", r.mechanism, len(p), err)
	}
	return nil
}
