package sys

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestPollset(t *testing.T) {
	var r, w [3]int
	for i := range r {
		r[i], w[i] = pipe(t)
	}
	s, err := NewPollset(Readable, r[:]...)
	must(t, err)
	ready := func() (got []int) {
		n, err := s.Wait()
		must(t, err)
		for i := range n {
			got = append(got, s.Ready(i))
		}
		return got
	}
	_, err = Write(w[2], []byte("ab"))
	must(t, err)
	for range 2 { // once for each byte: it is still there
		if got := ready(); len(got) != 1 || got[0] != 2 {
			t.Fatalf("ready: %d, want 2 alone", got)
		}
		_, err = Read(r[2], make([]byte, 1))
		must(t, err)
	}
	for _, i := range []int{0, 1} {
		_, err = Write(w[i], []byte("a"))
		must(t, err)
	}
	if got := ready(); len(got) != 2 || got[0]+got[1] != 1 {
		t.Errorf("ready: %d, want 0 and 1", got)
	}
	if n := testing.AllocsPerRun(100, func() { s.Wait() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	must(t, s.Close())
	_, err = s.Wait()
	wantErrno(t, err, "epoll_pwait", unix.EBADF)
	_, err = NewPollset(Readable, -1)
	wantErrno(t, err, "epoll_ctl", unix.EBADF)
}
