package mechanisms

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// lostUDP counts the datagrams of a link that its receiver's socket had no room
// for, in any process of the network namespace. The ticket is that of the
// receiver or of a sender.
func lostUDP(t Ticket) (int, error) {
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
type udpSender struct{ messageSender }

func sendUDP(d descriptor) Sender { return &udpSender{messageSender{packetSender{d}, nil}} }

// Fill sends until the kernel has dropped a message, and tells how many were
// taken.
func (s *udpSender) Fill(p []byte) (whole int, err error) {
	r, err := s.route()
	if err != nil {
		return 0, failed("send", s.mechanism, len(p), err)
	}
	before, err := r.drops()
	for sent, now := 0, before; err == nil; sent++ {
		if now > before {
			return sent - (now - before), nil
		}
		if _, err = sys.Write(s.fd, p); err == nil {
			now, err = r.drops()
		}
	}
	return 0, failed("send", s.mechanism, len(p), err)
}

// route is that of the sender's socket.
func (s *udpSender) route() (r udpRoute, err error) {
	from, err := unix.Getsockname(s.fd)
	if err != nil {
		return r, os.NewSyscallError("getsockname", err)
	}
	to, err := unix.Getpeername(s.fd)
	if err != nil {
		return r, os.NewSyscallError("getpeername", err)
	}
	return udpRoute{To: *to.(*unix.SockaddrInet4), From: *from.(*unix.SockaddrInet4)}, nil
}
