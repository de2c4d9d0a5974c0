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
