package sys

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A signal that lands on a thread inside a call ends it with EINTR. The call
// must be started anew, and counted. The runtime restarts what it can by
// SA_RESTART; the calls below are those that signal(7) says it cannot: System
// V ones, those that wait for descriptors, and sockets with a time limit.
func TestInterruptedCallsStartAnew(t *testing.T) {
	text := func(size int) Msg { return NewMsg(MsgBuffer(size), 1) }
	for _, c := range []struct {
		name  string
		setup func(t *testing.T) (call, release func() error)
	}{
		{"Read", func(t *testing.T) (call, release func() error) {
			a, b := socketsWithTimeLimit(t)
			return func() error { _, err := Read(a, make([]byte, 1)); return err },
				func() error { _, err := Write(b, make([]byte, 1)); return err }
		}},
		{"Write", func(t *testing.T) (call, release func() error) {
			a, b := socketsWithTimeLimit(t)
			full := make([]byte, 1<<20)
			must(t, unix.SetNonblock(a, true))
			for {
				if _, err := Write(a, full); err != nil {
					wantErrno(t, err, "write", unix.EAGAIN)
					break
				}
			}
			must(t, unix.SetNonblock(a, false))
			return func() error { _, err := Write(a, full[:1]); return err },
				func() error { return drain(b) }
		}},
		{"Poll", func(t *testing.T) (call, release func() error) {
			r, w := pipe(t)
			return func() error { return Poll(&unix.PollFd{Fd: int32(r), Events: unix.POLLIN}) },
				func() error { _, err := Write(w, make([]byte, 1)); return err }
		}},
		{"Pollset", func(t *testing.T) (call, release func() error) {
			r, w := pipe(t)
			set, err := NewPollset(Readable, r)
			must(t, err)
			t.Cleanup(func() { set.Close() })
			return func() error { _, err := set.Wait(); return err },
				func() error { _, err := Write(w, make([]byte, 1)); return err }
		}},
		{"Semop", func(t *testing.T) (call, release func() error) {
			id := semaphores(t, 0)
			return func() error { return Semop(id, []Sembuf{{Op: -1}}) },
				func() error { return Semop(id, []Sembuf{{Op: 1}}) }
		}},
		{"Msgrcv", func(t *testing.T) (call, release func() error) {
			id := queue(t)
			return func() error { _, err := Msgrcv(id, text(1), 0); return err },
				func() error { return Msgsnd(id, text(1), 0) }
		}},
		{"Msgsnd", func(t *testing.T) (call, release func() error) {
			id := queue(t)
			must(t, MsgSetQbytes(id, 1))
			must(t, Msgsnd(id, text(1), 0))
			return func() error { return Msgsnd(id, text(1), 0) },
				func() error { _, err := Msgrcv(id, text(1), 0); return err }
		}},
		{"Ring", func(t *testing.T) (call, release func() error) {
			in, out := pipe(t)
			r := ring(t)
			return func() error { _, err := r.Read(in, make([]byte, 1)); return err },
				func() error { _, err := Write(out, make([]byte, 1)); return err }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			call, release := c.setup(t)
			thread, done := make(chan int), make(chan error, 1)
			go func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				thread <- unix.Gettid()
				done <- call()
			}()
			tid, before := <-thread, Interrupts()
			// SIGURG is the runtime's own and harmless.
			for deadline := time.Now().Add(10 * time.Second); Interrupts() == before; runtime.Gosched() {
				if time.Now().After(deadline) {
					t.Fatal("signals for 10 s, and no call was interrupted")
				}
				must(t, unix.Tgkill(unix.Getpid(), tid, unix.SIGURG))
			}
			select {
			case err := <-done:
				t.Fatalf("returned %v before anything released it", err)
			default:
			}
			must(t, release())
			select {
			case err := <-done:
				must(t, err)
			case <-time.After(10 * time.Second):
				t.Fatal("did not return when released")
			}
		})
	}
}

// socketsWithTimeLimit returns a pair on which a blocked call is not
// restarted by the kernel after a signal.
func socketsWithTimeLimit(t *testing.T) (a, b int) {
	t.Helper()
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(p[0]); unix.Close(p[1]) })
	minute := unix.NsecToTimeval(time.Minute.Nanoseconds())
	must(t, unix.SetsockoptTimeval(p[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &minute))
	must(t, unix.SetsockoptTimeval(p[0], unix.SOL_SOCKET, unix.SO_SNDTIMEO, &minute))
	return p[0], p[1]
}

// drain reads what is in the socket, at least one read's worth.
func drain(fd int) error {
	p := make([]byte, 1<<20)
	for n := len(p); n == len(p); {
		var err error
		if n, err = Read(fd, p); err != nil {
			return err
		}
	}
	return nil
}

// A call outside the timed path is made anew as well, and any other error is
// handed on.
func TestRetry(t *testing.T) {
	left, before := 2, Interrupts()
	interrupted := func() error {
		if left--; left >= 0 {
			return unix.EINTR
		}
		return unix.ENOSPC
	}
	if err := Retry(interrupted); err != unix.ENOSPC || left != -1 || Interrupts()-before != 2 {
		t.Errorf("%v after %d interruptions, want ENOSPC after 2", err, Interrupts()-before)
	}
}
