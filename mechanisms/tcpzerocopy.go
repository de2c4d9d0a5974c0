package mechanisms

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

var tcpzerocopy = socketKind{"tcpzerocopy", meets(unix.AF_INET, unix.SOCK_STREAM, inetPort, sizeZerocopy), givenTCP}

// TCP whose sender hands over its own pages. The two directions of a pair are
// two connections: what waits to read would be woken by notices of what it has
// sent on the same socket, POLLERR, and find nothing to read.
var _ = Register(Mechanism{
	Name:    "tcpzerocopy",
	Summary: "the sender's own pages through TCP on 127.0.0.1, MSG_ZEROCOPY, which the loopback copies after all",
	Man:     []string{"tcp(7)", "send(2)", "recv(2)", "ip(7)"},
	Framing: Stream,
	Since:   "4.14",
	EOF:     true,
	Polls:   true,
	Lends:   true,
	Facts: Facts{
		Kernel: "A sendto(2) with MSG_ZEROCOPY enters tcp_sendmsg_locked, which takes a reference to each page of the message (msg_zerocopy_realloc, skb_zerocopy_iter_stream) and copies nothing. " +
			"The loopback device hands each packet to a softirq on the same CPU, where skb_orphan_frags_rx copies the pages after all (skb_copy_ubufs), since a receiver on this machine might keep them for ever: " + zerocopyPage + ", deferred copies. " +
			"When a packet is acknowledged its references are dropped (__msg_zerocopy_callback), and the error queue of the socket tells by number the calls whose pages may be used again, one notice for several in a row, with SO_EE_CODE_ZEROCOPY_COPIED. " +
			"A read(2) enters tcp_recvmsg, which copies out of those copies.",
		Path: Path{
			Send: Hop{Call: "sendto", Kernel: 1, Own: 1, Also: []string{"recvmsg"}, Waits: []string{"ppoll"}}, Object: "copies that the loopback made",
			Receive: Hop{Call: "read", Kernel: 1},
		},
		Unrelated: true,
		Gone:      "EPIPE",
		Traits:    tcpzerocopyTraits,
		Cautions: []Caution{
			{"over the loopback the kernel copies all the same, and pinning pages and telling of them comes on top: it is for a network card", zerocopyPage},
			{"what is written to a page before its notice has come may be sent in the place of what was there", zerocopyPage},
			{"a notice waits as POLLERR, also for who waits to read on the same socket", zerocopyPage},
			{"pages under way count as locked, for all processes of a user together: past RLIMIT_MEMLOCK a send fails with ENOBUFS", zerocopyPage},
			{"no page of the manual tells of it, and one still says that TCP has no error queue", "ip(7)"},
			anyUser,
			noBoundaries,
			resets,
		},
	},
	Needs:        needsZerocopy,
	Limits:       zerocopyLimits,
	New:          newZerocopy,
	Capacity:     bothCapacity,
	Tunes:        true,
	OpenSender:   openZerocopySender,
	OpenReceiver: openReader("tcpzerocopy"),
})

const zerocopyPage = "Documentation/networking/msg_zerocopy.rst"

// zerocopyLeast is the smallest message, in bytes.
const zerocopyLeast = 64 << 10

// sizeZerocopy sets up a socket as sizeTCP does, and has it heed MSG_ZEROCOPY,
// which before Linux 4.17 could only be said of one that is not connected. It
// asks for no less than holds the least message: each part of one that a smaller
// window lets out waits for an acknowledgement that TCP delays, 40 ms.
func sizeZerocopy(fd int, s Spec) error {
	queue := s.Queue
	if queue > 0 {
		queue = max(queue, zerocopyLeast)
	}
	if err := sizeTCP("tcpzerocopy", fd, queue); err != nil {
		return err
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ZEROCOPY, 1))
}

// lockable is how much memory a process without CAP_IPC_LOCK may have under way
// in one message: as many pages as RLIMIT_MEMLOCK lets its user lock, of which
// the kernel takes two for itself, mm_account_pinned_pages in net/core/skbuff.c.
// 0: as much as it likes.
func lockable() (Limit, error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r); err != nil {
		return Limit{}, os.NewSyscallError("getrlimit", err)
	}
	if r.Cur > math.MaxInt32 {
		return Limit{}, nil
	}
	page := os.Getpagesize()
	n := max(1, (int(r.Cur)/page-1)*page-1)
	return Limit{N: n, Source: "RLIMIT_MEMLOCK", Beyond: "more pages than a user may lock, getrlimit(2)", Errno: unix.ENOBUFS}, nil
}

func needsZerocopy() error {
	if most, err := lockable(); err != nil || most.N > 0 && most.N < zerocopyLeast {
		if err != nil {
			return err
		}
		return &UnsupportedError{Mechanism: "tcpzerocopy", What: "message size", Value: zerocopyLeast, Limit: most}
	}
	return nil
}

// zerocopyLimits are those of a connection with one sender.
func zerocopyLimits(int) (l Limits, err error) {
	if l, err = tcpLimits(0); err != nil {
		return l, err
	}
	l.Atomic = Limit{}
	l.Senders = Limit{N: 1, Source: "one error queue", Beyond: "each would take the notices of another's pages, recv(2)"}
	l.Least = Limit{N: zerocopyLeast, Source: zerocopyPage, Beyond: "pinning pages and telling of them costs more than the copy, sendto(2)"}
	l.Message, err = lockable()
	return l, err
}

// newZerocopy refuses sizes that the kernel would take: a capability lifts its
// limit, which a process that measures does not have.
func newZerocopy(s Spec) (*Link, error) {
	l, err := zerocopyLimits(s.Queue)
	if err != nil {
		return nil, failed("make", "tcpzerocopy", s.Size, err)
	}
	if err := (Limits{Message: l.Message, Least: l.Least}).Admit("tcpzerocopy", s); err != nil {
		return nil, err
	}
	return tcpzerocopy.newLink(s)
}
