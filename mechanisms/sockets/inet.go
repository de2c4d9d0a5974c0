package sockets

import (
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// loopback is 127.0.0.1, which is not reached from outside.
var loopback = [4]byte{127, 0, 0, 1}

// inetPort is an address of the loopback with a port that the kernel chooses.
func inetPort(mechanisms.Spec) (address, error) {
	return address{Sockaddr: &unix.SockaddrInet4{Addr: loopback}}, nil
}

// sizeTCP sets up a socket of mechanism mech before it connects or listens: the
// window that it offers from then on depends on its buffer. What it accepts
// inherits all of it.
func sizeTCP(mech string, fd, queue int) error {
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	for _, option := range []int{unix.SO_SNDBUF, unix.SO_RCVBUF} {
		if _, err := socketBuffer(mech, fd, option, queue); err != nil {
			return err
		}
	}
	return nil
}

// givenTCP reads back both buffers that a message passes through.
func givenTCP(_ socketKind, from, to, _ int) (mechanisms.Given, error) {
	send, err := askBuffer(from, unix.SO_SNDBUF, 0)
	if err != nil {
		return mechanisms.Given{}, err
	}
	receive, err := askBuffer(to, unix.SO_RCVBUF, 0)
	return mechanisms.Given{Queue: send + receive, Source: "SO_SNDBUF + SO_RCVBUF"}, err
}

// tcpLimits are those of a byte stream with two buffers.
func tcpLimits(int) (mechanisms.Limits, error) {
	queue, err := socketQueueLimit(unix.AF_INET, unix.SO_SNDBUF, unix.SO_RCVBUF)
	return mechanisms.Limits{
		Atomic:    mechanisms.Limit{N: 1, Source: "SOCK_STREAM", Beyond: "no page promises that writes do not interleave, tcp(7)"},
		Queue:     queue,
		Receivers: descriptor.OneReader,
	}, err
}
