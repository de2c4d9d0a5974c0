package sockets

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// A line that one reading of the table misses is in another; one that is in none
// is an error.
func TestDropsAreReadAgain(t *testing.T) {
	r := udpRoute{To: unix.SockaddrInet4{Port: 0x1234, Addr: [4]byte{127, 0, 0, 1}}, From: unix.SockaddrInet4{Port: 0x2345, Addr: [4]byte{127, 0, 0, 1}}}
	line := "  7: " + hexAddress(r.To) + " " + hexAddress(r.From) + " 01 00000000:00000000 00:00000000 00000000 0 0 1 2 0 42\n"
	for _, c := range []struct {
		missed int
		ok     bool
	}{{0, true}, {1, true}, {readings - 1, true}, {readings, false}} {
		n := 0
		got, err := r.dropsIn(func() ([]byte, error) {
			if n++; n <= c.missed {
				return []byte("  sl  local_address rem_address\n"), nil
			}
			return []byte(line), nil
		})
		if (err == nil) != c.ok || c.ok && got != 42 {
			t.Errorf("missed %d times: %d, %v", c.missed, got, err)
		}
	}
}

// forgery is a way to send a datagram from an address that another user has.
type forgery struct {
	name  string
	share []int    // options of the socket
	bind  *[4]byte // with the port of the address; nil: the address itself
	spoof bool     // the address comes by IP_PKTINFO
	same  bool     // it is tried as the user whose link it is
}

var forgeries = []forgery{
	{name: "SO_REUSEADDR", share: []int{unix.SO_REUSEADDR}},
	{name: "SO_REUSEPORT", share: []int{unix.SO_REUSEPORT}},
	{name: "both", share: []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT}},
	{name: "another address", bind: &[4]byte{127, 0, 0, 2}, spoof: true},
	{name: "another address, both", share: []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT}, bind: &[4]byte{127, 0, 0, 2}, spoof: true},
	{name: "every address, both", share: []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT}, bind: &[4]byte{}, spoof: true},
	{name: "any port", bind: &[4]byte{127, 0, 0, 2}, spoof: true},
	{name: "the same user", share: []int{unix.SO_REUSEPORT}, same: true},
}

// send sends p to a route's receiver from its sender's address.
func (f forgery) send(r udpRoute, p []byte) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, option := range f.share {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1); err != nil {
			return err
		}
	}
	at := r.From
	if f.bind != nil {
		at.Addr = *f.bind
	}
	if f.name == "any port" {
		at.Port = 0
	}
	if err := unix.Bind(fd, &at); err != nil {
		return os.NewSyscallError("bind", err)
	}
	var control []byte
	if f.spoof {
		control = unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: r.From.Addr})
	}
	return os.NewSyscallError("sendmsg", unix.Sendmsg(fd, p, control, &r.To, 0))
}

// What another user sends to the receiver of a udp link never arrives, whatever
// address it is sent from, and whether senders are open yet. What the same user
// sends does: this test sees it.
func TestStrangersDoNotReachUDP(t *testing.T) {
	need.Time(t)
	m := mechanisms.Lookup("udp")
	for _, f := range forgeries {
		for _, opened := range []int{0, 1, 2} {
			t.Run(fmt.Sprintf("%s/%d senders", f.name, opened), func(t *testing.T) {
				s := linktest.Spec(t, m, 64)
				s.Senders = 2
				l := linktest.NewLink(t, m, s)
				var r udpRoute
				linktest.Must(t, json.Unmarshal(l.Sender.Attr, &r))
				in, err := m.OpenReceiver(l.Receiver)
				linktest.Must(t, err)
				defer in.Close()
				var out mechanisms.Sender
				send := func() {
					out, err = m.OpenSender(l.Sender)
					linktest.Must(t, err)
					t.Cleanup(func() { out.Close() })
				}
				for range opened {
					send()
				}
				forged, p := linktest.Message(64, 9, 9), linktest.Message(64, 0, 0)
				attack := func() error { return f.send(r, forged) }
				if f.same {
					linktest.Must(t, attack())
				} else if err := linktest.AsStranger(t, attack); err != nil {
					t.Logf("refused: %v", err)
				}
				send()
				got := mechanisms.Buffer(64)
				linktest.Within(t, func() error { return errors.Join(out.Send(p), in.Recv(got)) })
				if arrived := linktest.Same(got, forged) == nil; arrived != f.same {
					t.Errorf("the forged datagram arrived: %v", arrived)
				}
			})
		}
	}
}
