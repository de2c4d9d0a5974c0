package sys

import (
	"testing"

	"golang.org/x/sys/unix"
)

// tcpPair is a connection over the loopback whose first socket may be asked not
// to copy.
func tcpPair(t *testing.T) (from, to int) {
	t.Helper()
	socket := func() int {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		must(t, err)
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
	listener := socket()
	must(t, unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, unix.Listen(listener, 1))
	at, err := unix.Getsockname(listener)
	must(t, err)
	from = socket()
	must(t, unix.SetsockoptInt(from, unix.SOL_SOCKET, unix.SO_ZEROCOPY, 1))
	must(t, unix.Connect(from, at))
	to, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	must(t, err)
	t.Cleanup(func() { unix.Close(to) })
	return from, to
}

// Every call that was given memory is in one notice, and over the loopback each
// says that the memory was copied.
func TestZeroCopyNotices(t *testing.T) {
	from, to := tcpPair(t)
	n := NewNotices()
	if a := n.Next(from); !a.WouldBlock() {
		t.Fatalf("before anything was sent: %v", a)
	}
	p, err := Anonymous(64 << 10)
	must(t, err)
	defer Munmap(p)
	next := uint32(0)
	const calls = 5
	for range calls {
		sent, err := Untried.SettleSend(from, p, unix.MSG_ZEROCOPY|unix.MSG_NOSIGNAL).Result("sendto")
		must(t, err)
		for q := make([]byte, len(p)); sent > 0; {
			got, err := Read(to, q)
			must(t, err)
			sent -= got
		}
	}
	for next < calls {
		must(t, Poll(&unix.PollFd{Fd: int32(from)})) // POLLERR is always asked for
		if _, err := n.Next(from).Result("recvmsg"); err != nil {
			t.Fatal(err)
		}
		first, last, copied, ok := n.Range()
		if !ok || first != next || last < first || last >= calls || !copied {
			t.Fatalf("a notice of %d to %d, copied %v, ok %v; want one from %d on, copied", first, last, copied, ok, next)
		}
		next = last + 1
	}
	if allocated := testing.AllocsPerRun(100, func() { n.Next(from); n.Range() }); allocated != 0 {
		t.Errorf("%v allocations", allocated)
	}
}

func TestSendToNobody(t *testing.T) {
	from, to := tcpPair(t)
	must(t, unix.Shutdown(from, unix.SHUT_WR))
	must(t, unix.Close(to))
	_, err := Untried.SettleSend(from, make([]byte, 1), unix.MSG_NOSIGNAL).Result("sendto")
	wantErrno(t, err, "sendto", unix.EPIPE)
}
