package mechanisms

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

var vsock = socketKind{"vsock", meets(unix.AF_VSOCK, unix.SOCK_STREAM, vsockPort, sizeVsock), givenVsock}

var _ = Register(Mechanism{
	Name:    "vsock",
	Summary: "byte stream through virtual sockets, within one machine",
	Man:     []string{"vsock(7)", "socket(7)"},
	Framing: Stream,
	Since:   "5.6", // VMADDR_CID_LOCAL
	EOF:     true,
	Polls:   true,
	Batches: true,
	Needs:   vsockNeeds,
	Facts: Facts{
		Kernel: "A write(2) enters vsock_connectible_sendmsg, which waits for credit, and copies the message into packets of at most 64 KiB. " +
			"The loopback transport puts them on a list and has a kernel worker deliver them (vsock_loopback_work), which queues them on the receiver's socket and wakes it. " +
			"A read(2) enters vsock_connectible_recvmsg, which copies out of them and gives credit back.",
		Path: socketPath, Unrelated: true,
		Gone:   "EPIPE",
		Traits: vsockTraits,
		Cautions: []Caution{
			{"any process of the machine may connect to a port, in whatever namespace it is", "vsock(7)"},
			{"it keeps no message boundaries: the reader must know where a message ends", "vsock(7)"},
			brokenSocket,
		},
	},
	Limits:       vsockLimits,
	New:          vsock.newLink,
	NewPair:      vsock.newPair,
	Capacity:     vsockCapacity,
	OpenSender:   opens("vsock", sendStream),
	OpenReceiver: opens("vsock", recvStream),
})

// vsockPort is an address of this machine with a port that the kernel chooses.
func vsockPort(Spec) (address, error) {
	return address{Sockaddr: &unix.SockaddrVM{CID: unix.VMADDR_CID_LOCAL, Port: unix.VMADDR_PORT_ANY}}, nil
}

// vsockNeeds tries to bind a socket to the loopback, which the kernel knows only
// with the transport vsock_loopback, and to meet another on it.
func vsockNeeds() error {
	p, err := vsock.meet(Spec{Size: 1})
	if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.ENODEV) {
		return &UnsupportedError{Mechanism: "vsock", What: "no loopback: " + err.Error() + " on context ID 1: this kernel is without CONFIG_VSOCKETS_LOOPBACK, or its module vsock_loopback is not loaded, vsock(7)"}
	}
	if err != nil {
		return nil // it ought to work: New will say why it does not
	}
	unix.Close(p[0])
	unix.Close(p[1])
	return nil
}

func vsockLimits(int) (Limits, error) {
	return Limits{
		Atomic:    Limit{N: 1, Source: "SOCK_STREAM", Beyond: "no page says that writes do not interleave, vsock(7)"},
		Receivers: oneReader,
	}, nil
}

// sizeVsock asks for a buffer before a socket connects or listens. What it
// accepts inherits it.
func sizeVsock(fd int, s Spec) error {
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

// givenVsock is what the receiver has told its sender that it will take.
func givenVsock(_ socketKind, _, to, _ int) (Given, error) {
	n, err := vsockBuffer(to)
	return Given{Queue: n, Source: vsockSource}, err
}

// vsockCapacity is of the receiver, as givenVsock is.
func vsockCapacity(e End) (Given, error) {
	if e.Sends {
		return Given{}, nil
	}
	return ofDescriptor(e, vsockSource, vsockBuffer)
}

const vsockSource = "SO_VM_SOCKETS_BUFFER_SIZE"

func vsockBuffer(fd int) (int, error) {
	n, err := unix.GetsockoptUint64(fd, unix.AF_VSOCK, unix.SO_VM_SOCKETS_BUFFER_SIZE)
	return int(n), os.NewSyscallError("getsockopt", err)
}
