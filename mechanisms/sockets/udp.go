package sockets

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "udp",
	Summary: "datagrams through UDP on 127.0.0.1; a full receiver drops them",
	Family:  mechanisms.NetworkSockets,
	Called:  []string{"inet", "loopback"},
	Man:     []string{"udp(7)", "ip(7)", "socket(7)"},
	Framing: mechanisms.Packet,
	Since:   "3.9", // SO_REUSEPORT
	EOF:     false, // a receiver gets no notice that its senders have closed
	Polls:   true,
	Batches: true,
	Lost:    lostUDP,
	Facts: mechanisms.Facts{
		Kernel: "A write(2) enters udp_sendmsg, which copies the message into a socket buffer (sk_buff) and gives it to IP; the loopback device hands it to a softirq on the same CPU. " +
			"There udp_rcv charges it to the receiver's SO_RCVBUF, queues it and wakes the receiver, or, where that is spent, counts and frees it (__udp_enqueue_schedule_skb): the sender's call has long succeeded. " +
			"A read(2) enters udp_recvmsg, which copies it out and frees the buffer, whole.",
		Path: socketPath, Unrelated: true,
		Gone:   "ECONNREFUSED",
		Traits: udpTraits,
		Cautions: []mechanisms.Caution{
			{Text: "what does not fit the receiver's buffer is dropped without a report: a program that needs every message has to count them and send again", Man: "udp(7)", Silent: true},
			{Text: "any process that reaches the port may send: 127.0.0.1 keeps other machines out, and no user of this one", Man: "ip(7)"},
			{Text: "a receiver gets no notice that its senders have gone: it waits forever, and a read of 0 bytes is a message", Man: "recv(2)"},
			{Text: "a read with too small a buffer discards the rest of the message", Man: "recv(2)"},
			bookkeepingReceive,
		},
	},
	Limits:       udpLimits,
	New:          newUDP,
	Capacity:     receivedCapacity,
	OpenSender:   opensBy(connectUDP, "udp", sendUDP),
	OpenReceiver: openUDPReceiver,
})

var bookkeepingReceive = mechanisms.Caution{Text: "SO_RCVBUF counts the kernel's bookkeeping too, so that it holds far less in small messages than in large ones", Man: "socket(7)"}

// maxUDP is a packet of 65535 bytes without the headers of IPv4 and UDP.
const maxUDP = 65535 - 20 - 8

func udpLimits(int) (mechanisms.Limits, error) {
	queue, err := socketQueueLimit(unix.AF_INET, unix.SO_RCVBUF)
	return mechanisms.Limits{
		Message: mechanisms.Limit{N: maxUDP, Source: "IPv4: 65535 - 28", Beyond: "udp(7)", Errno: unix.EMSGSIZE},
		Queue:   queue,
	}, err
}

// udpRoute is where datagrams of a link go, and from where: both on 127.0.0.1.
// The receiver is connected to From, so that the kernel drops what has another
// source. A guard keeps other users from having that source, see guardPort.
type udpRoute struct {
	To   unix.SockaddrInet4
	From unix.SockaddrInet4
}

// newUDP makes the receiver's socket, with the queue that was asked for.
func newUDP(s mechanisms.Spec) (*mechanisms.Link, error) {
	l := &mechanisms.Link{Mechanism: "udp"}
	if err := bindUDP(l, s); err != nil {
		return nil, mechanisms.Failed("make", "udp", s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

func bindUDP(l *mechanisms.Link, s mechanisms.Spec) error {
	fd, err := prepared(unix.AF_INET, unix.SOCK_DGRAM, nil, s)
	if err != nil {
		return err
	}
	l.FDs = []int{fd}
	n, err := socketBuffer("udp", fd, unix.SO_RCVBUF, s.Queue)
	if err != nil {
		return err
	}
	l.Given = mechanisms.Given{Queue: n, Source: "SO_RCVBUF"}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: loopback}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	var r udpRoute
	r.To = *at.(*unix.SockaddrInet4)
	guard, port, err := guardPort()
	if err != nil {
		return err
	}
	l.FDs = append(l.FDs, guard)
	r.From = unix.SockaddrInet4{Port: port, Addr: loopback}
	if err := unix.Connect(fd, &r.From); err != nil {
		return os.NewSyscallError("connect", err)
	}
	attr, err := json.Marshal(r)
	l.Receiver = mechanisms.Ticket{Spec: s, FDs: []int{fd, guard}, Attr: attr}
	l.Sender = mechanisms.Ticket{Spec: s, Attr: attr}
	return err
}

// guardPort reserves a port for the sockets of this user alone, as long as its
// descriptor is open. It is bound to every address, since the source of a
// datagram is the port that a socket has and any address of the machine that
// IP_PKTINFO names, ip(7): with the port of 127.0.0.1 alone reserved, a stranger
// binds that of 127.0.0.2. SO_REUSEPORT lets the senders of the same user bind
// the port, and no other user's, socket(7). What comes to the guard is dropped.
func guardPort() (fd, port int, err error) {
	if fd, err = prepared(unix.AF_INET, unix.SOCK_DGRAM, dropAll, mechanisms.Spec{}); err != nil {
		return -1, 0, err
	}
	err = os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrInet4{}))
	if err == nil { // only now, lest the kernel choose the port of another guard
		err = sharePort(fd, mechanisms.Spec{})
	}
	var at unix.Sockaddr
	if err == nil {
		at, err = unix.Getsockname(fd)
		err = os.NewSyscallError("getsockname", err)
	}
	if err != nil {
		unix.Close(fd)
		return -1, 0, err
	}
	return fd, at.(*unix.SockaddrInet4).Port, nil
}

// dropAll has a socket keep nothing of what comes, by a filter of one
// instruction: the first 0 bytes of each datagram.
func dropAll(fd int, _ mechanisms.Spec) error {
	none := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}
	return os.NewSyscallError("setsockopt", unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &none}))
}

// sharePort lets sockets of this user bind the same port, which share it too.
func sharePort(fd int, _ mechanisms.Spec) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
}

// openUDPReceiver opens the socket and keeps its guard.
func openUDPReceiver(t mechanisms.Ticket) (mechanisms.Receiver, error) {
	if len(t.FDs) != 2 {
		return nil, mechanisms.Failed("open", "udp", t.Spec.Size, fmt.Errorf("ticket with %d descriptors, want 2", len(t.FDs)))
	}
	socket, guard := t, t
	socket.FDs, guard.FDs = t.FDs[:1], t.FDs[1:]
	kept, err := descriptor.Duplicate("udp", guard)
	if err != nil {
		return nil, err
	}
	r, err := descriptor.Opens("udp", func(d descriptor.End) mechanisms.Receiver {
		d.Beside = kept
		return descriptor.RecvMessages(d)
	})(socket)
	if err != nil {
		unix.Close(kept)
	}
	return r, err
}

// connectUDP makes a sender's socket. Those of one link share their address,
// SO_REUSEPORT: nothing is ever sent back to it.
func connectUDP(t mechanisms.Ticket) (fd int, err error) {
	var r udpRoute
	if err := json.Unmarshal(t.Attr, &r); err != nil {
		return -1, err
	}
	return connectedTo(unix.AF_INET, &r.To, func(fd int, s mechanisms.Spec) error {
		if err := sharePort(fd, s); err != nil {
			return err
		}
		return os.NewSyscallError("bind", unix.Bind(fd, &r.From))
	}, t.Spec)
}

// lostUDP counts the datagrams of a link that its receiver's socket had no room
// for, in any process of the network namespace. The ticket is that of the
// receiver or of a sender.
func lostUDP(t mechanisms.Ticket) (int, error) {
	var r udpRoute
	if err := json.Unmarshal(t.Attr, &r); err != nil {
		return 0, err
	}
	return r.drops()
}

const udpTable = "/proc/net/udp"

// drops reads the last column of the receiver's line in /proc/net/udp, proc(5).
func (r udpRoute) drops() (int, error) {
	return r.dropsIn(func() ([]byte, error) { return os.ReadFile(udpTable) })
}

// readings bounds how often the table is read for a line. The kernel gives it out
// by the page: where another socket opens or closes between two pages, a line may
// be in neither.
const readings = 10

func (r udpRoute) dropsIn(read func() ([]byte, error)) (int, error) {
	to, from := hexAddress(r.To), hexAddress(r.From)
	for range readings {
		text, err := read()
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 3 && f[1] == to && f[2] == from {
				return strconv.Atoi(f[len(f)-1])
			}
		}
	}
	return 0, fmt.Errorf("%s: no socket at %s in %d readings", udpTable, to, readings)
}

// hexAddress is an address as /proc/net shows it: its four bytes as one number
// of this machine, and the port.
func hexAddress(a unix.SockaddrInet4) string {
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(a.Addr[:]), a.Port)
}

// udpSender is a sender that finds the receiver's buffer full only by what is
// dropped.
type udpSender struct{ descriptor.MessageSender }

func sendUDP(d descriptor.End) mechanisms.Sender {
	return &udpSender{descriptor.MessageSender{PacketSender: descriptor.PacketSender{End: d}}}
}

// Fill sends until the kernel has dropped a message, and reports how many were
// taken.
func (s *udpSender) Fill(p []byte) (whole int, err error) {
	r, err := s.route()
	if err != nil {
		return 0, mechanisms.Failed("send", s.Mechanism, len(p), err)
	}
	before, err := r.drops()
	for sent, now := 0, before; err == nil; sent++ {
		if now > before {
			return sent - (now - before), nil
		}
		if _, err = sys.Write(s.Num, p); err == nil {
			now, err = r.drops()
		}
	}
	return 0, mechanisms.Failed("send", s.Mechanism, len(p), err)
}

// route is that of the sender's socket.
func (s *udpSender) route() (r udpRoute, err error) {
	from, err := unix.Getsockname(s.Num)
	if err != nil {
		return r, os.NewSyscallError("getsockname", err)
	}
	to, err := unix.Getpeername(s.Num)
	if err != nil {
		return r, os.NewSyscallError("getpeername", err)
	}
	return udpRoute{To: *to.(*unix.SockaddrInet4), From: *from.(*unix.SockaddrInet4)}, nil
}

var udpTraits = func() mechanisms.Traits {
	t := tcpTraits
	t.Duplex = mechanisms.Documented("both ways, once each knows the other", "udp(7)")
	t.Persistence = mechanisms.Documented("nothing", "udp(7)")
	t.Selection = mechanisms.Documented("as they come, which need not be in order", "udp(7)")
	t.Atomic = mechanisms.Documented("whole messages", "udp(7)")
	t.Message = mechanisms.Documented("65507 bytes", "udp(7)")
	t.Capacity = mechanisms.Documented("SO_RCVBUF of the receiver; what comes beyond is dropped", "udp(7)")
	t.PeerDeath = mechanisms.Documented("reader: nothing; a connected writer: ECONNREFUSED, after the fact", "udp(7)")
	return t
}()
