package sys

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestPoll(t *testing.T) {
	r, w := pipe(t)
	_, err := Write(w, []byte("x"))
	must(t, err)
	fd := unix.PollFd{Fd: int32(r), Events: unix.POLLIN}
	for range 2 { // it is there still
		must(t, Poll(&fd))
	}
	if fd.Revents != unix.POLLIN {
		t.Errorf("poll %+v", fd)
	}
	if n := testing.AllocsPerRun(100, func() { Poll(&fd) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPollWithin(t *testing.T) {
	r, w := pipe(t)
	fd := unix.PollFd{Fd: int32(r), Events: unix.POLLIN}
	const limit = 20 * time.Millisecond
	start := time.Now()
	ready, err := PollWithin(&fd, limit)
	must(t, err)
	if waited := time.Since(start); ready || waited < limit {
		t.Errorf("nothing there: ready %v after %v", ready, waited)
	}
	_, err = Write(w, []byte("x"))
	must(t, err)
	if ready, err = PollWithin(&fd, time.Hour); !ready || err != nil {
		t.Errorf("ready %v, %v", ready, err)
	}
}

// An end that waits gets no error for what is not there yet: that would take
// memory.
func TestSettledAttempts(t *testing.T) {
	r, w := pipe(t)
	must(t, unix.SetNonblock(r, true))
	must(t, unix.SetNonblock(w, true))
	p := make([]byte, 1<<16)
	a := Attempt(0)
	if n := testing.AllocsPerRun(100, func() { a = TryRead(r, p).SettleRead(r, p) }); n != 0 || !a.WouldBlock() {
		t.Errorf("empty: %v, %v allocations", a, n)
	}
	for range 2 {
		a = TryWrite(w, p).SettleWrite(w, p)
	}
	if !a.WouldBlock() {
		t.Errorf("full: %v", a)
	}
	if n, err := TryRead(r, p).SettleRead(r, p).Result("read"); n != len(p) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}
