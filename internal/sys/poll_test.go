package sys

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestPollAndEpollSeeWhatIsThere(t *testing.T) {
	r, w := pipe(t)
	epfd, err := Epoll(r, unix.EPOLLIN)
	must(t, err)
	defer unix.Close(epfd)
	_, err = Write(w, []byte("x"))
	must(t, err)
	fd, event := unix.PollFd{Fd: int32(r), Events: unix.POLLIN}, unix.EpollEvent{}
	for range 2 { // level-triggered: it is there still
		must(t, Poll(&fd))
		must(t, EpollWait(epfd, &event))
	}
	if fd.Revents != unix.POLLIN || event.Events != unix.EPOLLIN || event.Fd != int32(r) {
		t.Errorf("poll %+v, epoll %+v", fd, event)
	}
	if n := testing.AllocsPerRun(100, func() { Poll(&fd); EpollWait(epfd, &event) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestEpollRefusesWhatCannotBeWaitedFor(t *testing.T) {
	_, err := Epoll(-1, unix.EPOLLIN)
	wantErrno(t, err, "epoll_ctl", unix.EBADF)
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
