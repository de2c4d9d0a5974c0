package sockets

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms/internal/linktest"
)

// tcpSocket makes a socket that closes with the test.
func tcpSocket(t *testing.T, flags int) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|flags, 0)
	linktest.Must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// crowdedListener listens, and its backlog is full of sockets that nothing awaits.
func crowdedListener(t *testing.T) (listener int) {
	t.Helper()
	listener = tcpSocket(t, unix.SOCK_NONBLOCK)
	linktest.Must(t, unix.Bind(listener, &unix.SockaddrInet4{Addr: loopback}))
	linktest.Must(t, unix.Listen(listener, backlog))
	at, err := unix.Getsockname(listener)
	linktest.Must(t, err)
	for range backlog + 1 {
		if err := unix.Connect(tcpSocket(t, unix.SOCK_NONBLOCK), at); err != nil && !errors.Is(err, unix.EINPROGRESS) {
			t.Fatal(err)
		}
	}
	return listener
}

// A backlog that is full when the client comes holds it up no longer than it takes
// TCP to send its request again.
func TestStrangersHoldNoConnectionUp(t *testing.T) {
	client, server := tcpSocket(t, unix.SOCK_NONBLOCK), -1
	listener := crowdedListener(t)
	linktest.Within(t, func() (err error) { server, err = connectTo(client, listener); return err })
	t.Cleanup(func() { unix.Close(server) })
	got := make([]byte, 1)
	_, err := unix.Write(client, []byte{'x'})
	linktest.Must(t, err)
	_, err = unix.Read(server, got)
	linktest.Must(t, err)
	for _, fd := range []int{client, server} {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		linktest.Must(t, err)
		if flags&unix.O_NONBLOCK != 0 || got[0] != 'x' {
			t.Errorf("socket %d has flags %#x, and %q came", fd, flags, got)
		}
	}
}

// A client that is never accepted is given up, and the reason counts what was.
func TestConnectIsBounded(t *testing.T) {
	before := patience
	patience = 100 * time.Millisecond
	t.Cleanup(func() { patience = before })
	elsewhere := tcpSocket(t, 0)
	linktest.Must(t, unix.Bind(elsewhere, &unix.SockaddrInet4{Addr: loopback}))
	linktest.Must(t, unix.Listen(elsewhere, 1))
	at, err := unix.Getsockname(elsewhere)
	linktest.Must(t, err)
	client := tcpSocket(t, 0)
	linktest.Must(t, unix.Connect(client, at))
	listener := crowdedListener(t)
	linktest.Within(t, func() error { _, err = connectTo(client, listener); return nil })
	if err == nil || !strings.HasPrefix(err.Error(), "no connection within 100ms: 65 other sockets were connected") {
		t.Errorf("a client that is connected elsewhere: %v", err)
	}
}
