package mechanisms

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

var _ = Register(Mechanism{
	Name:      "unixnetpoll",
	Summary:   "byte stream through a pair of UNIX domain sockets, by net.UnixConn and Go's poller",
	Man:       append(socketMan[:len(socketMan):len(socketMan)], "epoll(7)"),
	Framing:   Stream,
	Since:     "2.6.27", // SOCK_CLOEXEC, epoll_create1
	EOF:       true,
	Scheduled: true,
	Facts: Facts{
		Kernel:   netpollKernel,
		Path:     Path{Send: netpollHop("write"), Object: "socket buffers of the receiver", Receive: netpollHop("read")},
		Gone:     "EPIPE",
		Traits:   socketpairTraits,
		Cautions: []Caution{otherCalls, sleepyGo, bookkeeping, brokenSocket},
	},
	Limits:       streamSocketLimits,
	New:          func(s Spec) (*Link, error) { return newSocket("unixnetpoll", unix.SOCK_STREAM, s) },
	NewPair:      func(s Spec) (there, back *Link, err error) { return newSocketPair("unixnetpoll", unix.SOCK_STREAM, s) },
	OpenSender:   func(t Ticket) (Sender, error) { return openPolledSocket(t) },
	OpenReceiver: func(t Ticket) (Receiver, error) { return openPolledSocket(t) },
})

var openPolledSocket = opensPolled("unixnetpoll", func(f *os.File) (pollable, error) {
	c, err := net.FileConn(f) // on a copy, which it keeps from blocking
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return c.(*net.UnixConn), nil
})
