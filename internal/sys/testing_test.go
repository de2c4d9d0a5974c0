package sys

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// pipe returns the ends of a pipe that blocks.
func pipe(t *testing.T) (r, w int) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(p[0]); unix.Close(p[1]) })
	return p[0], p[1]
}

// semaphores returns a private set with these values.
func semaphores(t *testing.T, values ...uint16) (id int) {
	t.Helper()
	id, err := Semget(unix.IPC_PRIVATE, len(values), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { SemRemove(id) })
	if err := SemSetAll(id, values); err != nil {
		t.Fatal(err)
	}
	return id
}

// queue returns a private message queue.
func queue(t *testing.T) (id int) {
	t.Helper()
	id, err := Msgget(unix.IPC_PRIVATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { MsgRemove(id) })
	return id
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErrno fails the test unless err is an *os.SyscallError of that call
// with that errno.
func wantErrno(t *testing.T, err error, call string, errno error) {
	t.Helper()
	var s *os.SyscallError
	if !errors.As(err, &s) || s.Syscall != call || !errors.Is(err, errno) {
		t.Errorf("got %v (%T), want %s: %v as an *os.SyscallError", err, err, call, errno)
	}
}
