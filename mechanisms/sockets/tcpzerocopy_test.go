package sockets

import (
	"math"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// A notice may report calls of several buffers, of part of one's, and come in
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
	m := mechanisms.Lookup("tcpzerocopy")
	if err := m.Needs(); err != nil {
		t.Skip(err)
	}
	s := linktest.Spec(t, m, 1)
	l := linktest.NewLink(t, m, s)
	out, in := linktest.Attach(t, m, l)
	linktest.Must(t, l.Release())
	want := linktest.Message(s.Size, 0, 1)
	n, err := out.Fill(want)
	linktest.Must(t, err)
	if !out.(*zerocopySender).holds() {
		t.Fatal("nothing is under way on a full link")
	}
	linktest.Must(t, out.Close())
	p := mechanisms.Buffer(s.Size)
	for range n {
		linktest.Within(t, func() error { return in.Recv(p) })
		linktest.Must(t, linktest.Same(p, want))
	}
}

// The limit is the largest message that the kernel's own arithmetic lets through.
func TestLockableIsOfWholePages(t *testing.T) {
	most, err := lockable()
	linktest.Must(t, err)
	var r unix.Rlimit
	linktest.Must(t, unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r))
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
