package sockets

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// backlog is how many strangers may wait to be accepted. More have to try again,
// and so has the client that is awaited.
const backlog = 64

// patience is how long strangers may keep the client from being accepted.
var patience = 5 * time.Second

// address is what a socket can be bound to: a name of its own. Done forgets it,
// once both sockets have met.
type address struct {
	unix.Sockaddr
	done func() error
}

// connectPair makes two sockets meet as those of processes do that inherit
// nothing from each other: one is bound to a name and listens, the other
// connects to that name, and the first accepts it. The link's maker does all of
// it, so that no order in which ends are opened can make a process wait, and
// that both directions can share one connection. What strangers connect
// meanwhile is dropped. Before they meet, prepare sets up each socket.
func connectPair(domain, typ int, name func(mechanisms.Spec) (address, error), prepare func(fd int, s mechanisms.Spec) error) func(mechanisms.Spec) ([2]int, error) {
	return func(s mechanisms.Spec) (p [2]int, err error) {
		at, err := name(s)
		if err != nil {
			return p, err
		}
		if at.done != nil {
			defer func() { err = errors.Join(err, at.done()) }()
		}
		listener, err := prepared(domain, typ|unix.SOCK_NONBLOCK, prepare, s)
		if err != nil {
			return p, err
		}
		defer unix.Close(listener)
		if err := bind(listener, at); err != nil {
			return p, err
		}
		if err := unix.Listen(listener, backlog); err != nil {
			return p, os.NewSyscallError("listen", err)
		}
		client, err := prepared(domain, typ|unix.SOCK_NONBLOCK, prepare, s)
		if err != nil {
			return p, err
		}
		server, err := connectTo(client, listener)
		if err != nil {
			unix.Close(client)
			return p, err
		}
		return [2]int{client, server}, nil
	}
}

func prepared(domain, typ int, prepare func(int, mechanisms.Spec) error, s mechanisms.Spec) (fd int, err error) {
	if fd, err = unix.Socket(domain, typ|unix.SOCK_CLOEXEC, 0); err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if prepare != nil {
		if err := prepare(fd, s); err != nil {
			unix.Close(fd)
			return -1, err
		}
	}
	return fd, nil
}

// connectedTo makes a socket whose datagrams go to an address.
func connectedTo(domain int, to unix.Sockaddr, prepare func(int, mechanisms.Spec) error, s mechanisms.Spec) (fd int, err error) {
	if fd, err = prepared(domain, unix.SOCK_DGRAM, prepare, s); err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, to); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("connect", err)
	}
	return fd, nil
}

// opensBy returns a Mechanism's OpenSender or OpenReceiver for ends that
// connect by what their ticket says.
func opensBy[E any](connect func(mechanisms.Ticket) (int, error), mech string, as func(descriptor.End) E) func(mechanisms.Ticket) (E, error) {
	return func(t mechanisms.Ticket) (end E, err error) {
		fd, err := connect(t)
		if err != nil {
			return end, mechanisms.Failed("open", mech, t.Spec.Size, err)
		}
		return descriptor.Own(mech, fd, t.Spec, as)
	}
}

// bind gives a socket its name. A file that the name is gets mode 0600.
func bind(fd int, at address) error {
	if _, file := at.Sockaddr.(*unix.SockaddrUnix); file {
		if err := unix.Fchmod(fd, 0o600); err != nil {
			return os.NewSyscallError("fchmod", err)
		}
	}
	return os.NewSyscallError("bind", unix.Bind(fd, at))
}

// connectTo connects the client to whatever listens, and returns the socket on the
// other side of just this connection. Both are in non-blocking mode: while the
// backlog is full of strangers, a client that waited for room would wait for this
// process. The client leaves that mode.
func connectTo(client, listener int) (server int, err error) {
	where, err := unix.Getsockname(listener)
	if err != nil {
		return -1, os.NewSyscallError("getsockname", err)
	}
	strangers := 0
	for began := time.Now(); time.Since(began) < patience; {
		done, err := connects(client, where)
		if err != nil {
			return -1, err
		}
		server, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		switch err {
		case nil:
		case unix.EAGAIN, unix.EINTR, unix.ECONNABORTED:
			if _, err := sys.PollWithin(&unix.PollFd{Fd: int32(listener), Events: unix.POLLIN}, time.Millisecond); err != nil {
				return -1, err
			}
			continue
		default:
			return -1, os.NewSyscallError("accept4", err)
		}
		ours, err := connected(client, server)
		// A vsock is accepted before its client has the answer.
		for ours && err == nil && !done && time.Since(began) < patience {
			if _, err = sys.PollWithin(&unix.PollFd{Fd: int32(client), Events: unix.POLLOUT}, time.Millisecond); err == nil {
				done, err = connects(client, where)
			}
		}
		if err == nil && ours && done {
			return server, os.NewSyscallError("fcntl", unix.SetNonblock(client, false))
		}
		unix.Close(server)
		if err != nil {
			return -1, err
		}
		strangers++
	}
	return -1, fmt.Errorf("no connection within %v: %d other sockets were connected to the listener meanwhile, whose backlog is %d", patience, strangers, backlog)
}

// connects goes on to connect a socket in non-blocking mode, and reports whether it
// is connected.
func connects(client int, where unix.Sockaddr) (bool, error) {
	switch err := unix.Connect(client, where); err {
	case nil, unix.EISCONN:
		return true, nil
	case unix.EAGAIN, unix.EINPROGRESS, unix.EALREADY, unix.EINTR:
		return false, nil
	default:
		return false, os.NewSyscallError("connect", err)
	}
}

// connected reports whether the peer of a socket is the client, in this
// process. UNIX domain sockets that connect have no name, but credentials that
// the kernel vouches for, unix(7).
func connected(client, server int) (bool, error) {
	mine, err := unix.Getsockname(client)
	if err != nil {
		return false, os.NewSyscallError("getsockname", err)
	}
	if _, unnamed := mine.(*unix.SockaddrUnix); unnamed {
		peer, err := unix.GetsockoptUcred(server, unix.SOL_SOCKET, unix.SO_PEERCRED)
		return err == nil && int(peer.Pid) == os.Getpid(), os.NewSyscallError("getsockopt", err)
	}
	if virtual, ok := mine.(*unix.SockaddrVM); ok {
		// connect(2) has bound it to any context ID; its peer sees the one that
		// it comes from (vsock_auto_bind, vsock_loopback_get_local_cid).
		virtual.CID = unix.VMADDR_CID_LOCAL
	}
	theirs, err := unix.Getpeername(server)
	if errors.Is(err, unix.ENOTCONN) { // it has gone already
		return false, nil
	}
	return reflect.DeepEqual(mine, theirs), os.NewSyscallError("getpeername", err)
}

// maxUnixPath is the longest path in a struct sockaddr_un, unix(7).
const maxUnixPath = 107

// unixPlace is a path that a UNIX domain socket is bound to or looked up by, in
// a private directory. One that is too long is taken from the directory's
// descriptor.
type unixPlace struct {
	unix.SockaddrUnix
	dir  int // O_PATH
	name string
}

func openPlace(dir, name string) (p unixPlace, err error) {
	if p.dir, err = mechanisms.OpenPrivate(dir); err != nil {
		return p, err
	}
	p.name = name
	if p.Name = filepath.Join(dir, name); len(p.Name) > maxUnixPath {
		p.Name = fmt.Sprintf("/proc/self/fd/%d/%s", p.dir, name)
	}
	return p, nil
}

// remove removes the name, if it was bound.
func (p unixPlace) remove() error {
	err := unix.Unlinkat(p.dir, p.name, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return os.NewSyscallError("unlinkat", err)
}

// close gives up the directory's descriptor. Once only.
func (p unixPlace) close() error { return os.NewSyscallError("close", unix.Close(p.dir)) }

// unixName is a name in a directory that no other has.
func unixName() string { return "socket-" + rand.Text() }

// unixFile is an address in the link's private directory. It goes once the
// sockets have met.
func unixFile(s mechanisms.Spec) (address, error) {
	p, err := openPlace(s.Dir, unixName())
	if err != nil {
		return address{}, err
	}
	return address{&p.SockaddrUnix, func() error { return errors.Join(p.remove(), p.close()) }}, nil
}

// unixAbstract is an address of the network namespace that cannot be
// guessed. A process that reads it in /proc/net/unix and connects is dropped.
func unixAbstract(mechanisms.Spec) (address, error) {
	return address{Sockaddr: &unix.SockaddrUnix{Name: "@ipcbench-" + rand.Text()}}, nil
}
