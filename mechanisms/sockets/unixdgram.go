package sockets

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "unixdgramsock",
	Summary: "datagrams through UNIX domain sockets, sent to a path",
	Family:  mechanisms.UnixSockets,
	Man:     []string{"unix(7)", "socket(7)", "connect(2)", "bind(2)"},
	Framing: mechanisms.Packet,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     false,    // a receiver gets no notice that its senders have closed
	Polls:   true,
	Batches: true,
	Facts: mechanisms.Facts{
		Kernel: "The path leads connect(2) to the receiver's socket. " +
			"A write(2) enters unix_dgram_sendmsg, which copies the message into one socket buffer (sk_buff) charged to the sender's SO_SNDBUF. It queues the buffer on the receiver's sk_receive_queue, and wakes the receiver. A read(2) enters unix_dgram_recvmsg, which copies the message out and frees the whole buffer. " +
			"The sender sleeps in sock_alloc_send_pskb while its charge is spent. It sleeps in unix_wait_for_peer while the receiver, which need not know its senders, has more than max_dgram_qlen messages to read.",
		Path: socketPath, Unrelated: true,
		Gone:   "ECONNREFUSED",
		Traits: unixdgramTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a receiver holds max_dgram_qlen messages, 10 by default, of any size: then every sender sleeps", Man: "unix(7)"},
			{Text: "a receiver gets no notice that its senders have gone: it waits forever, and a read of 0 bytes is a message", Man: "recv(2)"},
			{Text: "a read with too small a buffer discards the rest of the message", Man: "recv(2)"},
			{Text: "a message must fit the send buffer: one larger than SO_SNDBUF less 32 bytes is refused with EMSGSIZE", Man: "unix(7)"},
			{Text: "the name stays when its processes have gone, and bind fails with EADDRINUSE until it is unlinked", Man: "unix(7)"},
			bookkeeping,
		},
	},
	Limits:       unixdgramLimits,
	New:          newUnixDgram,
	Capacity:     sentCapacity,
	OpenSender:   opensBy(connectUnixDgram, "unixdgramsock", descriptor.SendMessages),
	OpenReceiver: descriptor.Opens("unixdgramsock", descriptor.RecvMessages),
})

const dgramQueue = "/proc/sys/net/unix/max_dgram_qlen"

// unixdgramLimits are those of a pair, and that of the receiver's queue.
func unixdgramLimits(queue int) (mechanisms.Limits, error) {
	l, err := packetSocketLimits(unix.SOCK_DGRAM)(queue)
	if err != nil {
		return l, err
	}
	n, err := mechanisms.Sysctl(dgramQueue)
	l.Held = mechanisms.Limit{N: n + 1, Source: dgramQueue, Beyond: "the sender sleeps, unix(7)"}
	return l, err
}

// newUnixDgram makes the receiver's socket, which every sender connects to by
// its name. The name goes at Release.
func newUnixDgram(s mechanisms.Spec) (*mechanisms.Link, error) {
	l := &mechanisms.Link{Mechanism: "unixdgramsock"}
	if err := nameDgram(l, s); err != nil {
		return nil, mechanisms.Failed("make", "unixdgramsock", s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

func nameDgram(l *mechanisms.Link, s mechanisms.Spec) error {
	fd, err := prepared(unix.AF_UNIX, unix.SOCK_DGRAM, nil, s)
	if err != nil {
		return err
	}
	l.FDs = []int{fd}
	l.Receiver = mechanisms.Ticket{Spec: s, FDs: []int{fd}}
	// What a sender will have: its socket is of the same kind.
	n, err := socketBuffer("unixdgramsock", fd, unix.SO_SNDBUF, s.Queue)
	if err != nil {
		return err
	}
	l.Given = mechanisms.Given{Queue: n, Source: "SO_SNDBUF"}
	l.Objects, err = nameSocket(fd, s.Dir)
	if err != nil {
		return err
	}
	l.Sender.Spec = s
	l.Sender.Attr, err = json.Marshal(l.Objects[0])
	return err
}

// nameSocket binds a socket to a path of its own, which goes at Release.
func nameSocket(fd int, dir string) ([]mechanisms.Object, error) {
	p, err := openPlace(dir, unixName())
	if err != nil {
		return nil, err
	}
	defer p.close()
	if err := bind(fd, address{Sockaddr: &p.SockaddrUnix}); err != nil {
		return nil, err
	}
	o, err := mechanisms.PathObject(filepath.Join(dir, p.name))
	if err != nil {
		return nil, errors.Join(err, p.remove())
	}
	o.AtRelease = true
	return []mechanisms.Object{o}, nil
}

func sizeDgram(fd int, s mechanisms.Spec) error {
	_, err := socketBuffer("unixdgramsock", fd, unix.SO_SNDBUF, s.Queue)
	return err
}

// connectUnixDgram makes a sender's socket.
func connectUnixDgram(t mechanisms.Ticket) (fd int, err error) {
	var o mechanisms.Object
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

var unixdgramTraits = func() mechanisms.Traits {
	t := named(dgramTraits)
	t.Duplex = mechanisms.Documented("one way: a socket without a name gets no answer", "unix(7)")
	t.Capacity = mechanisms.Checked("max_dgram_qlen messages and one more, 11 by default, and SO_SNDBUF", "N17")
	return t
}()
