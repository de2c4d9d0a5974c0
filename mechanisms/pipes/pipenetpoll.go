package pipes

import (
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

var _ = register(unix.O_NONBLOCK, mechanisms.Mechanism{
	Name:      "pipenetpoll",
	VariantOf: "pipe",
	Summary:   "byte stream through a pipe, by os.File and Go's poller",
	Man:       []string{"pipe(2)", "pipe(7)", "epoll(7)"},
	Framing:   mechanisms.Stream,
	Since:     "2.6.27", // pipe2, epoll_create1
	Scheduled: true,
	Facts: mechanisms.Facts{
		Kernel:   descriptor.PollerKernel,
		Path:     mechanisms.Path{Send: descriptor.PollerHop("write"), Object: "pages of a pipe", Receive: descriptor.PollerHop("read")},
		Traits:   pipeTraits,
		Cautions: []mechanisms.Caution{descriptor.PollerCalls, descriptor.PollerSleeps, interleaves, breaks},
	},
	OpenSender:   func(t mechanisms.Ticket) (mechanisms.Sender, error) { return openPolledPipe(t) },
	OpenReceiver: func(t mechanisms.Ticket) (mechanisms.Receiver, error) { return openPolledPipe(t) },
})

// A file that does not block is left to the poller.
var openPolledPipe = descriptor.OpensPolled("pipenetpoll", func(f *os.File) (descriptor.Polled, error) { return f, nil })
