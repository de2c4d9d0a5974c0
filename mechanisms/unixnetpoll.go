package mechanisms

import (
	"errors"
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
	New:          unixPair("unixnetpoll", unix.SOCK_STREAM|unix.SOCK_NONBLOCK).newLink,
	NewPair:      unixPair("unixnetpoll", unix.SOCK_STREAM|unix.SOCK_NONBLOCK).newPair,
	Capacity:     sentCapacity,
	OpenSender:   func(t Ticket) (Sender, error) { return openPolledSocket(t) },
	OpenReceiver: func(t Ticket) (Receiver, error) { return openPolledSocket(t) },
})

// NetConn is net.FileConn, once package netconn has initialised. In a session,
// which comes before and only finds out how much a link holds, the socket is an
// *os.File: it is polled alike.
var NetConn func(*os.File) (Polled, error)

var openPolledSocket = opensPolled("unixnetpoll", func(f *os.File) (Polled, error) {
	if NetConn == nil {
		return f, nil
	}
	c, err := NetConn(f)
	return c, errors.Join(err, f.Close())
})
