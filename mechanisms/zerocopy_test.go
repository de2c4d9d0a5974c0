package mechanisms

import (
	"math"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A notice may tell of calls of several buffers, of part of one's, and come in
// any order; numbers go round.
func TestNoticesFreeWhatTheyTellOf(t *testing.T) {
	for _, from := range []uint32{0, 7, math.MaxUint32, math.MaxUint32 - 1} {
		b := heldBuffer{from: from, n: 3, held: 3}
		for _, c := range []struct{ first, last, held uint32 }{
			{from - 5, from - 1, 3}, // those before
			{from + 3, from + 9, 3}, // those after
			{from + 2, from + 4, 2},
			{from + 1, from + 1, 1},
			{from - 2, from, 0},
		} {
			if b.done(c.first, c.last); b.held != c.held {
				t.Errorf("from %d: after calls %d to %d it is held by %d, want %d", from, c.first, c.last, b.held, c.held)
			}
		}
	}
}

// What is under way when its sender closes arrives: the kernel has the pages.
func TestZerocopyClosedUnderWay(t *testing.T) {
	m := Lookup("tcpzerocopy")
	if err := m.Needs(); err != nil {
		t.Skip(err)
	}
	s := spec(t, m, 1)
	l := newLink(t, m, s)
	out, in := attach(t, m, l)
	must(t, l.Release())
	want := message(s.Size, 0, 1)
	n, err := out.Fill(want)
	must(t, err)
	if !out.(*zerocopySender).holds() {
		t.Fatal("nothing is under way on a full link")
	}
	must(t, out.Close())
	p := Buffer(s.Size)
	for range n {
		within(t, func() error { return in.Recv(p) })
		must(t, same(p, want))
	}
}

// The limit is the largest message that the kernel's own arithmetic lets through.
func TestLockableIsOfWholePages(t *testing.T) {
	most, err := lockable()
	must(t, err)
	var r unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r))
	if r.Cur > math.MaxInt32 {
		if most.N != 0 {
			t.Errorf("unlimited, and %+v", most)
		}
		return
	}
	pages := func(size int) uint64 { return uint64(size/os.Getpagesize() + 2) } // mm_account_pinned_pages
	if limit := r.Cur >> 12; pages(most.N) > limit || pages(most.N+1) <= limit {
		t.Errorf("%d bytes of %d pages", most.N, limit)
	}
}
