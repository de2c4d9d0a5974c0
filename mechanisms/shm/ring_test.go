package shm

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// newRing makes a ring with so many senders and returns its semaphore set.
func newRing(t *testing.T, senders int) (*mechanisms.Link, int) {
	t.Helper()
	m := mechanisms.Lookup("sysvshm")
	if err := m.Needs(); err != nil {
		t.Skip(err)
	}
	s := linktest.Spec(t, m, 64)
	s.Senders = senders
	s.Queue = 4 * 64
	l := linktest.NewLink(t, m, s)
	var attr ringAttr
	linktest.Must(t, json.Unmarshal(l.Sender.Attr, &attr))
	return l, attr.Sem
}

// Senders must take the lock before they write and give it back.
func TestSeveralSendersOfARingTakeTurns(t *testing.T) {
	l, sem := newRing(t, 2)
	out, err := openSemSender(l.Sender)
	linktest.Must(t, err)
	defer out.Close()

	_, err = sys.Semctl(sem, semLock, sys.SemSetVal, 0) // as another sender that is writing
	linktest.Must(t, err)
	if n, err := out.Fill(mechanisms.Buffer(64)); n != 0 || err != nil {
		t.Errorf("wrote %d messages without the lock, error %v", n, err)
	}
	_, err = sys.Semctl(sem, semLock, sys.SemSetVal, 1)
	linktest.Must(t, err)
	if n, err := out.Fill(mechanisms.Buffer(64)); n != 4 || err != nil {
		t.Errorf("wrote %d messages with the lock, error %v; want 4", n, err)
	}
	for num, want := range []int{semFree: 0, semFilled: 4, semLock: 1} {
		if v, err := sys.Semctl(sem, num, sys.SemGetVal, 0); v != want || err != nil {
			t.Errorf("semaphore %d is %d, error %v; want %d", num, v, err, want)
		}
	}
}

// Senders that write in turn must not write to the same slot.
func TestSeveralSendersOfARingShareTheIndex(t *testing.T) {
	l, _ := newRing(t, 2)
	first, in := linktest.Attach(t, mechanisms.Lookup("sysvshm"), l)
	second, err := openSemSender(l.Sender)
	linktest.Must(t, err)
	defer second.Close()
	for i := range 10 { // more than once around
		linktest.Must(t, first.Send(linktest.Message(64, 1, i)))
		linktest.Must(t, second.Send(linktest.Message(64, 2, i)))
		for _, k := range []int{1, 2} {
			p := mechanisms.Buffer(64)
			linktest.Must(t, in.Recv(p))
			linktest.Must(t, linktest.Same(p, linktest.Message(64, k, i)))
		}
	}
}

// One sender needs no lock: it would cost and measure nothing.
func TestOneSenderOfARingHasNoLock(t *testing.T) {
	_, sem := newRing(t, 1)
	ds, err := sys.SemStat(sem)
	linktest.Must(t, err)
	if ds.Nsems != 2 {
		t.Errorf("%d semaphores, want 2", ds.Nsems)
	}
}

// Rings hold at least what was asked for, in whole cache lines.
func TestSlotsFor(t *testing.T) {
	for _, c := range []struct{ size, queue, want int }{
		{1, 0, 1024}, {64, 0, 1024}, {65, 0, 512}, {1 << 20, 0, 2},
		{100, 100, 1}, {64, 65, 2}, {64, 128, 2}, {1, 4096, 64},
	} {
		if n := slotsFor(mechanisms.Spec{Size: c.size, Queue: c.queue}); n != c.want {
			t.Errorf("size %d, queue %d: %d slots, want %d", c.size, c.queue, n, c.want)
		}
	}
}

// Memory of an unnamed file is refused, with a remedy, where no directory has a
// place for one.
func TestNoPlaceForAnUnnamedFile(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	fd, err := unnamedIn("/proc", none, "/dev/shm")
	if err == nil {
		unix.Close(fd)
	}
	var refused *mechanisms.UnsupportedError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), none) || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("%v", err)
	}
}
