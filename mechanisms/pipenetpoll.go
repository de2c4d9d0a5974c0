package mechanisms

import (
	"os"

	"golang.org/x/sys/unix"
)

var _ = Register(Mechanism{
	Name:      "pipenetpoll",
	Summary:   "byte stream through a pipe, by os.File and Go's poller",
	Man:       []string{"pipe(2)", "pipe(7)", "epoll(7)"},
	Framing:   Stream,
	Since:     "2.6.27", // pipe2, epoll_create1
	EOF:       true,
	Scheduled: true,
	Facts: Facts{
		Kernel:   netpollKernel,
		Path:     Path{Send: netpollHop("write"), Object: "pages of a pipe", Receive: netpollHop("read")},
		Gone:     "EPIPE",
		Traits:   pipeTraits,
		Cautions: []Caution{otherCalls, sleepyGo, interleaves, breaks},
	},
	Limits:       pipeLimits,
	New:          func(s Spec) (*Link, error) { return newPipe("pipenetpoll", s, unix.O_NONBLOCK) },
	Capacity:     pipeCapacity,
	Uses:         pipeUses,
	Usual:        usualPipe,
	OpenSender:   func(t Ticket) (Sender, error) { return openPolledPipe(t) },
	OpenReceiver: func(t Ticket) (Receiver, error) { return openPolledPipe(t) },
})

// A file that does not block is left to the poller.
var openPolledPipe = opensPolled("pipenetpoll", func(f *os.File) (Polled, error) { return f, nil })
