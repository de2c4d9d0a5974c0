package sockets

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// streamSocketLimits are those of SOCK_STREAM.
func streamSocketLimits(int) (mechanisms.Limits, error) {
	queue, err := socketQueueLimit(unix.AF_UNIX, unix.SO_SNDBUF)
	return mechanisms.Limits{
		Atomic:    mechanisms.Limit{N: 1, Source: "SOCK_STREAM", Beyond: "no page promises that writes do not interleave, unix(7)"},
		Queue:     queue,
		Receivers: descriptor.OneReader,
	}, err
}

// packetSocketLimits returns the limits of a type of socket that keeps
// messages apart.
func packetSocketLimits(typ int) func(queue int) (mechanisms.Limits, error) {
	return func(queue int) (l mechanisms.Limits, err error) {
		if l.Queue, err = socketQueueLimit(unix.AF_UNIX, unix.SO_SNDBUF); err != nil {
			return l, err
		}
		l.Message, err = socketMessageLimit(typ, queue)
		return l, err
	}
}

// socketQueueLimit asks for a larger buffer than any socket gets, and takes the
// least of these options: a network namespace need not show the files that hold
// the limits.
func socketQueueLimit(domain int, options ...int) (least mechanisms.Limit, err error) {
	fd, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return mechanisms.Limit{}, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	for _, option := range options {
		n, err := askBuffer(fd, option, 1<<30)
		if err != nil {
			return mechanisms.Limit{}, err
		}
		if least.N == 0 || n/2 < least.N {
			least = mechanisms.Limit{N: n / 2, Source: maxBuffer[option], Beyond: "capped in silence, socket(7)"}
		}
	}
	return least, nil
}

// socketMessageLimit is the size of the send buffer less 32 bytes, unix(7).
// A message also needs memory in one piece, of which the kernel gives a few
// MiB at most, so that a large buffer may be out of reach: what it takes is
// found by trial.
func socketMessageLimit(typ, queue int) (mechanisms.Limit, error) {
	p, err := socketPair(typ | unix.SOCK_NONBLOCK)
	if err != nil {
		return mechanisms.Limit{}, err
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	n, err := askBuffer(p[0], unix.SO_SNDBUF, queue)
	if err != nil {
		return mechanisms.Limit{}, err
	}
	n -= 32
	buf := make([]byte, n)
	taken, err := passes(p, buf)
	if err != nil || taken {
		return mechanisms.Limit{N: n, Source: "SO_SNDBUF - 32", Beyond: "unix(7)", Errno: unix.EMSGSIZE}, err
	}
	low, high := 0, n // passes and does not
	for high-low > 1 {
		mid := low + (high-low)/2
		if taken, err = passes(p, buf[:mid]); err != nil {
			return mechanisms.Limit{}, err
		}
		if taken {
			low = mid
		} else {
			high = mid
		}
	}
	return mechanisms.Limit{N: low, Source: "by trial", Beyond: "no such piece of memory, net/unix/af_unix.c", Errno: unix.ENOBUFS}, nil
}

// passes sends msg from one socket to the other and reports whether the kernel
// had the memory for it.
func passes(p [2]int, msg []byte) (bool, error) {
	_, err := sys.Write(p[0], msg)
	if errors.Is(err, unix.ENOBUFS) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = sys.Read(p[1], msg[:1]) // the rest is discarded
	return true, err
}

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
