package mechanisms

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// nobody is a user that owns nothing.
const nobody = 65534

// asStranger calls f on a thread of another user, which ends with it.
func asStranger(t *testing.T, f func() error) (err error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root becomes another user, setresuid(2)")
	}
	became, done := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine
		for _, call := range [][2]uintptr{{unix.SYS_SETGROUPS, 0}, {unix.SYS_SETRESGID, nobody}, {unix.SYS_SETRESUID, nobody}} {
			if _, _, errno := syscall.RawSyscall6(call[0], call[1], call[1], call[1], 0, 0, 0); errno != 0 {
				became <- errno
				return
			}
		}
		became <- nil
		done <- f()
	}()
	if err := <-became; err != nil {
		t.Skipf("this root does not become user %d: %v, user_namespaces(7)", nobody, err)
	}
	return <-done
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
	m := Lookup("udp")
	for _, f := range forgeries {
		for _, opened := range []int{0, 1, 2} {
			t.Run(fmt.Sprintf("%s/%d senders", f.name, opened), func(t *testing.T) {
				s := spec(t, m, 64)
				s.Senders = 2
				l := newLink(t, m, s)
				var r udpRoute
				must(t, json.Unmarshal(l.Sender.Attr, &r))
				in, err := m.OpenReceiver(l.Receiver)
				must(t, err)
				defer in.Close()
				var out Sender
				send := func() {
					out, err = m.OpenSender(l.Sender)
					must(t, err)
					t.Cleanup(func() { out.Close() })
				}
				for range opened {
					send()
				}
				forged, p := message(64, 9, 9), message(64, 0, 0)
				attack := func() error { return f.send(r, forged) }
				if f.same {
					must(t, attack())
				} else if err := asStranger(t, attack); err != nil {
					t.Logf("refused: %v", err)
				}
				send()
				got := Buffer(64)
				within(t, func() error { return errors.Join(out.Send(p), in.Recv(got)) })
				if arrived := same(got, forged) == nil; arrived != f.same {
					t.Errorf("the forged datagram arrived: %v", arrived)
				}
			})
		}
	}
}

// Of what a link leaves in the kernel under a name or a number, and of what it
// listens to, another user reaches nothing.
func TestStrangersReachNoObject(t *testing.T) {
	each(t, func(t *testing.T, m *Mechanism) {
		for _, memory := range append([]string{""}, m.Memories...) {
			s := spec(t, m, 64)
			s.Memory = memory
			l, err := m.New(s)
			if errors.Is(err, errors.ErrUnsupported) {
				continue
			}
			must(t, err)
			objects := l.Objects
			err = asStranger(t, func() (err error) {
				for _, o := range objects {
					if reached := reach(o); !errors.Is(reached, unix.EACCES) {
						err = errors.Join(err, fmt.Errorf("%v: %v, want EACCES", o, reached))
					}
				}
				return err
			})
			err = errors.Join(err, listening())
			destroy(t, l)
			must(t, err)
		}
	})
}

// reach tries to take what is in an object, or to open it.
func reach(o Object) error {
	switch o.Kind {
	case KindShm:
		p, err := sys.Shmat(o.ID)
		if err == nil {
			err = sys.Shmdt(p)
		}
		return err
	case KindSem:
		return sys.SemopOnce(o.ID, []sys.Sembuf{{Op: 1}}, 0)
	case KindMsg:
		_, err := sys.MsgrcvOnce(o.ID, sys.NewMsg(sys.MsgBuffer(64), 1), 0, unix.IPC_NOWAIT)
		return err
	}
	open := func() (int, error) { return unix.Open(o.Path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0) }
	if o.Kind == KindMq {
		open = func() (int, error) { return sys.MqOpen(o.Path[1:], unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0, nil) }
	}
	fd, err := open()
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// listening is the error that a socket of this process accepts connections:
// its maker connects it to its peer before it gives the link away.
func listening() error {
	names, err := os.ReadDir("/proc/self/fd")
	for _, name := range names {
		fd, _ := strconv.Atoi(name.Name())
		if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && on != 0 {
			return fmt.Errorf("descriptor %d listens", fd)
		}
	}
	return err
}
