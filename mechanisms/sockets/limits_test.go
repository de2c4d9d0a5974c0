package sockets

import (
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// A send buffer may be larger than the largest message: the kernel wants a
// packet's memory in one piece.
func TestLargestSendBuffer(t *testing.T) {
	for _, name := range []string{"dgram", "seqpacket"} {
		queue, err := socketQueueLimit(unix.AF_UNIX, unix.SO_SNDBUF)
		linktest.Must(t, err)
		limits, err := mechanisms.Lookup(name).Limits(queue.N)
		linktest.Must(t, err)
		l := limits.Message
		switch {
		case l.Errno == unix.EMSGSIZE && l.N == 2*queue.N-32:
		case l.Errno == unix.ENOBUFS && l.N > 0 && l.N < 2*queue.N-32:
		default:
			t.Errorf("%s with a queue of %d bytes: %+v", name, queue.N, l)
		}
	}
}
