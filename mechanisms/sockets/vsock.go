package sockets

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

var vsock = socketKind{"vsock", connectPair(unix.AF_VSOCK, unix.SOCK_STREAM, vsockPort, sizeVsock), givenVsock}

var _ = vsock.register(mechanisms.Mechanism{
	Summary: "byte stream through virtual sockets, within one machine",
	Family:  mechanisms.NetworkSockets,
	Man:     []string{"vsock(7)", "socket(7)"},
	Framing: mechanisms.Stream,
	Since:   "5.6", // VMADDR_CID_LOCAL
	EOF:     true,
	Needs:   vsockNeeds,
	Facts: mechanisms.Facts{
		Kernel: "A write(2) enters vsock_connectible_sendmsg, which waits for credit, and copies the message into packets of at most 64 KiB. " +
			"The loopback transport puts them on a list, from which a kernel worker delivers them (vsock_loopback_work). It queues them on the receiver's socket, and wakes the receiver. " +
			"A read(2) enters vsock_connectible_recvmsg, which copies out of them and gives credit back.",
		Unrelated: true,
		Traits:    vsockTraits,
		Cautions: []mechanisms.Caution{
			{Text: "any process of the machine may connect to a port, in whatever namespace it is", Man: "vsock(7)"},
			{Text: "it keeps no message boundaries: the reader must know where a message ends", Man: "vsock(7)"},
			brokenSocket,
		},
	},
	Limits:   vsockLimits,
	Capacity: vsockCapacity,
})

// vsockPort is an address of this machine with a port that the kernel chooses.
func vsockPort(mechanisms.Spec) (address, error) {
	return address{Sockaddr: &unix.SockaddrVM{CID: unix.VMADDR_CID_LOCAL, Port: unix.VMADDR_PORT_ANY}}, nil
}

// vsockNeeds tries to bind a socket to the loopback, which the kernel knows only
// with the transport vsock_loopback, and to meet another on it.
func vsockNeeds() error {
	p, err := vsock.meet(mechanisms.Spec{Size: 1})
	if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.ENODEV) {
		return &mechanisms.UnsupportedError{Mechanism: "vsock", What: "no loopback: " + err.Error() + " on context ID 1: this kernel is without CONFIG_VSOCKETS_LOOPBACK, or its module vsock_loopback is not loaded, vsock(7)"}
	}
	if err != nil {
		return nil // it ought to work: New has the reason if it does not
	}
	unix.Close(p[0])
	unix.Close(p[1])
	return nil
}

func vsockLimits(int) (mechanisms.Limits, error) {
	return mechanisms.Limits{
		Atomic:    mechanisms.Limit{N: 1, Source: "SOCK_STREAM", Beyond: "no page promises that writes do not interleave, vsock(7)"},
		Receivers: descriptor.OneReader,
	}, nil
}

// sizeVsock asks for a buffer before a socket connects or listens. What it
// accepts inherits it.
func sizeVsock(fd int, s mechanisms.Spec) error {
	if s.Queue == 0 {
		return nil
	}
	for _, option := range []int{unix.SO_VM_SOCKETS_BUFFER_MAX_SIZE, unix.SO_VM_SOCKETS_BUFFER_SIZE} {
		if err := unix.SetsockoptUint64(fd, unix.AF_VSOCK, option, uint64(s.Queue)); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}

// givenVsock is what the receiver has announced to take.
func givenVsock(_ socketKind, _, to, _ int) (mechanisms.Given, error) {
	n, err := vsockBuffer(to)
	return mechanisms.Given{Queue: n, Source: vsockSource}, err
}

// vsockCapacity is of the receiver, as givenVsock is.
func vsockCapacity(e mechanisms.End) (mechanisms.Given, error) {
	if e.Sends {
		return mechanisms.Given{}, nil
	}
	return descriptor.Capacity(e, vsockSource, vsockBuffer)
}

const vsockSource = "SO_VM_SOCKETS_BUFFER_SIZE"

func vsockBuffer(fd int) (int, error) {
	n, err := unix.GetsockoptUint64(fd, unix.AF_VSOCK, unix.SO_VM_SOCKETS_BUFFER_SIZE)
	return int(n), os.NewSyscallError("getsockopt", err)
}

var vsockTraits = func() mechanisms.Traits {
	t := tcpTraits
	t.Persistence = mechanisms.Documented("nothing", "vsock(7)")
	t.Selection = mechanisms.Documented("in order only", "vsock(7)")
	t.Atomic = mechanisms.Documented("nothing, at any size", "vsock(7)")
	t.Message = mechanisms.Documented("no messages", "vsock(7)")
	t.Duplex = mechanisms.Documented("both ways", "vsock(7)")
	t.Capacity = mechanisms.Documented("SO_VM_SOCKETS_BUFFER_SIZE of the receiver", "vsock(7)")
	t.Permission = mechanisms.Documented("any user of the machine", "vsock(7)")
	t.Namespace = mechanisms.Documented("none: context ID and port", "vsock(7)")
	return t
}()
