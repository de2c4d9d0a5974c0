package mechanisms

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

var _ = Register(Mechanism{
	Name:    "unixdgramsock",
	Summary: "datagrams through UNIX domain sockets, sent to a path",
	Man:     []string{"unix(7)", "socket(7)", "connect(2)", "bind(2)"},
	Framing: Packet,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     false,    // a receiver is not told that its senders have closed
	Polls:   true,
	Batches: true,
	Facts: Facts{
		Kernel: "The path leads connect(2) to the receiver's socket. " +
			"A write(2) enters unix_dgram_sendmsg, which copies the message into one socket buffer (sk_buff) charged to the sender's SO_SNDBUF, queues it on the receiver's sk_receive_queue and wakes it; a read(2) enters unix_dgram_recvmsg, which copies it out and frees the buffer, whole. " +
			"The sender sleeps in sock_alloc_send_pskb while its charge is spent, or in unix_wait_for_peer while the receiver, which need not know its senders, has more than max_dgram_qlen messages to read.",
		Path: socketPath, Unrelated: true,
		Gone:   "ECONNREFUSED",
		Traits: unixdgramTraits,
		Cautions: []Caution{
			{"a receiver holds max_dgram_qlen messages, 10 by default, of any size: then every sender sleeps", "unix(7)"},
			{"a receiver is not told that its senders have gone: it waits for ever, and a read of 0 bytes is a message", "recv(2)"},
			{"a read with too small a buffer discards the rest of the message", "recv(2)"},
			{"a message must fit the send buffer: one larger than SO_SNDBUF less 32 bytes is refused with EMSGSIZE", "unix(7)"},
			{"the name stays when its processes have gone, and bind fails with EADDRINUSE until somebody unlinks it", "unix(7)"},
			bookkeeping,
		},
	},
	Limits:       unixdgramLimits,
	New:          newUnixDgram,
	Capacity:     sentCapacity,
	OpenSender:   opensBy(connectUnixDgram, "unixdgramsock", sendMessages),
	OpenReceiver: opens("unixdgramsock", recvMessages),
})

const dgramQueue = "/proc/sys/net/unix/max_dgram_qlen"

// unixdgramLimits are those of a pair, and that of the receiver's queue.
func unixdgramLimits(queue int) (Limits, error) {
	l, err := packetSocketLimits(unix.SOCK_DGRAM)(queue)
	if err != nil {
		return l, err
	}
	n, err := sysctl(dgramQueue)
	l.Held = Limit{N: n + 1, Source: dgramQueue, Beyond: "the sender sleeps, unix(7)"}
	return l, err
}

// newUnixDgram makes the receiver's socket, which every sender connects to by
// its name. The name goes at Release.
func newUnixDgram(s Spec) (*Link, error) {
	l := &Link{Mechanism: "unixdgramsock"}
	if err := nameDgram(l, s); err != nil {
		return nil, failed("make", "unixdgramsock", s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

func nameDgram(l *Link, s Spec) error {
	fd, err := prepared(unix.AF_UNIX, unix.SOCK_DGRAM, nil, s)
	if err != nil {
		return err
	}
	l.FDs = []int{fd}
	l.Receiver = Ticket{Spec: s, FDs: []int{fd}}
	// What a sender will have: its socket is of the same kind.
	n, err := socketBuffer("unixdgramsock", fd, unix.SO_SNDBUF, s.Queue)
	if err != nil {
		return err
	}
	l.Given = Given{Queue: n, Source: "SO_SNDBUF"}
	l.Objects, err = nameSocket(fd, s.Dir)
	if err != nil {
		return err
	}
	l.Sender.Spec = s
	l.Sender.Attr, err = json.Marshal(l.Objects[0])
	return err
}

// nameSocket binds a socket to a path of its own, which goes at Release.
func nameSocket(fd int, dir string) ([]Object, error) {
	p, err := openPlace(dir, unixName())
	if err != nil {
		return nil, err
	}
	defer p.close()
	if err := bind(fd, address{Sockaddr: &p.SockaddrUnix}); err != nil {
		return nil, err
	}
	o, err := PathObject(filepath.Join(dir, p.name))
	if err != nil {
		return nil, errors.Join(err, p.remove())
	}
	o.AtRelease = true
	return []Object{o}, nil
}

func sizeDgram(fd int, s Spec) error {
	_, err := socketBuffer("unixdgramsock", fd, unix.SO_SNDBUF, s.Queue)
	return err
}

// connectUnixDgram makes a sender's socket.
func connectUnixDgram(t Ticket) (fd int, err error) {
	var o Object
	if err := json.Unmarshal(t.Attr, &o); err != nil {
		return -1, err
	}
	there, err := o.Exists()
	if err == nil && !there {
		err = fmt.Errorf("%v: %w", o, unix.ENOENT)
	}
	if err != nil {
		return -1, err
	}
	p, err := openPlace(filepath.Split(o.Path))
	if err != nil {
		return -1, err
	}
	defer p.close()
	return connectedTo(unix.AF_UNIX, &p.SockaddrUnix, sizeDgram, t.Spec)
}
