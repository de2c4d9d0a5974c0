package conformance_test

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

// A whole mechanism. Its ends are one descriptor each, like those of most: in
// package mechanisms it would say opens("example", sendPacket).
var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "example",
	Summary: "packets through a pair of sockets with the default send buffer",
	Family:  mechanisms.UnixSockets,
	Called:  []string{"specimen"},
	Man:     []string{"socketpair(2)", "unix(7)"},
	Framing: mechanisms.Packet,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     true,
	Facts: mechanisms.Facts{
		Kernel: "write(2) enters unix_seqpacket_sendmsg, which queues one socket buffer on the peer. read(2) enters unix_seqpacket_recvmsg, which takes it off.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "write", Kernel: 1}, Object: "socket buffers of the receiver",
			Receive: mechanisms.Hop{Call: "read", Kernel: 1},
		},
		Gone:     "EPIPE",
		Traits:   mechanisms.Lookup("seqpacket").Facts.Traits, // each with the statements of package semantics that hold it true
		Cautions: []mechanisms.Caution{{Text: "a read with too small a buffer discards the rest", Man: "recv(2)"}},
	},
	Limits:       exampleLimits,
	New:          newExample,
	Capacity:     mechanisms.Lookup("seqpacket").Capacity,
	OpenSender:   mechanisms.Lookup("seqpacket").OpenSender,
	OpenReceiver: mechanisms.Lookup("seqpacket").OpenReceiver,
})

// exampleLimits looks at a link: every socket begins with the same buffer.
func exampleLimits(int) (mechanisms.Limits, error) {
	l, err := newExample(mechanisms.Spec{Size: 1})
	if err != nil {
		return mechanisms.Limits{}, err
	}
	n := l.Given.Queue
	return mechanisms.Limits{
		Message: mechanisms.Limit{N: n - 32, Source: "SO_SNDBUF - 32", Beyond: "unix(7)", Errno: unix.EMSGSIZE},
		Queue:   mechanisms.Limit{N: n, Source: "SO_SNDBUF", Beyond: "left as it is, socket(7)"},
	}, l.Destroy()
}

func newExample(s mechanisms.Spec) (*mechanisms.Link, error) {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, &mechanisms.Error{Op: "make", Mechanism: "example", Size: s.Size, Err: os.NewSyscallError("socketpair", err)}
	}
	l := &mechanisms.Link{
		Mechanism: "example",
		FDs:       []int{p[0], p[1]}, // closed by Release or Destroy
		Sender:    mechanisms.Ticket{Spec: s, FDs: []int{p[0]}},
		Receiver:  mechanisms.Ticket{Spec: s, FDs: []int{p[1]}},
	}
	n, err := unix.GetsockoptInt(p[0], unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err != nil {
		return nil, &mechanisms.Error{Op: "make", Mechanism: "example", Size: s.Size, Err: errors.Join(os.NewSyscallError("getsockopt", err), l.Destroy())}
	}
	l.Given = mechanisms.Given{Queue: n, Source: "SO_SNDBUF"}
	return l, nil
}
