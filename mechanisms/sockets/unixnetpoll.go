package sockets

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:      "unixnetpoll",
	VariantOf: "socketpair",
	Summary:   "byte stream through a pair of UNIX domain sockets, by net.UnixConn and Go's poller",
	Family:    mechanisms.UnixSockets,
	Man:       append(socketMan[:len(socketMan):len(socketMan)], "epoll(7)"),
	Framing:   mechanisms.Stream,
	Since:     "2.6.27", // SOCK_CLOEXEC, epoll_create1
	EOF:       true,
	Scheduled: true,
	Facts: mechanisms.Facts{
		Kernel:   descriptor.PollerKernel,
		Path:     mechanisms.Path{Send: descriptor.PollerHop("write"), Object: "socket buffers of the receiver", Receive: descriptor.PollerHop("read")},
		Gone:     "EPIPE",
		Traits:   socketpairTraits,
		Cautions: []mechanisms.Caution{descriptor.PollerCalls, descriptor.PollerSleeps, bookkeeping, brokenSocket},
	},
	Limits:       streamSocketLimits,
	New:          unixPair("unixnetpoll", unix.SOCK_STREAM|unix.SOCK_NONBLOCK).newLink,
	NewPair:      unixPair("unixnetpoll", unix.SOCK_STREAM|unix.SOCK_NONBLOCK).newPair,
	Capacity:     sentCapacity,
	OpenSender:   func(t mechanisms.Ticket) (mechanisms.Sender, error) { return openPolledSocket(t) },
	OpenReceiver: func(t mechanisms.Ticket) (mechanisms.Receiver, error) { return openPolledSocket(t) },
})

// NetConn is net.FileConn, once package netconn has initialised. In a session,
// which comes before and only finds out how much a link holds, the socket is an
// *os.File: it is polled alike.
var NetConn func(*os.File) (descriptor.Polled, error)

var openPolledSocket = descriptor.OpensPolled("unixnetpoll", func(f *os.File) (descriptor.Polled, error) {
	if NetConn == nil {
		return f, nil
	}
	c, err := NetConn(f)
	return c, errors.Join(err, f.Close())
})
