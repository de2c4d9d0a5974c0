package shm

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// Litmus tests of the order in which a ring's stores and loads take effect, through the
// ring's own operations. Processors and emulators differ in what they reorder: x86 only a
// store with a later load, arm64 and riscv64 nearly all. QEMU's own order for a guest of
// arm64 on an x86 host is that of x86, so that a pass there is weak evidence.
const (
	litmusRounds = 200_000
	litmusTime   = 3 * time.Second // where CPUs are busy, fewer rounds
)

// Message passing: a message is seen whole once its mark is, and no slot is filled again
// before its message has been copied out. Few slots and long messages make both close.
func TestMessagePassing(t *testing.T) {
	for _, name := range []string{"shmspin", "shmyield", "shmfutex"} {
		t.Run(name, func(t *testing.T) {
			const words = 61
			m := mechanisms.Lookup(name)
			s := linktest.Spec(t, m, 8*words)
			s.Queue = 2 * s.Size
			out, in := linktest.Attach(t, m, linktest.NewLink(t, m, s))
			var until atomic.Uint64 // the last message; 0: not decided
			sent := make(chan error, 1)
			begin := time.Now()
			go func() {
				runtime.LockOSThread()
				p := mechanisms.Buffer(s.Size)
				text := unsafe.Slice((*uint64)(unsafe.Pointer(&p[0])), words)
				for n := uint64(1); ; n++ {
					last := n == litmusRounds || n%256 == 0 && time.Since(begin) > litmusTime
					if last {
						until.Store(n)
					}
					for i := range text {
						text[i] = n
					}
					if err := out.Send(p); err != nil || last {
						sent <- err
						return
					}
				}
			}()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			p := mechanisms.Buffer(s.Size)
			text := unsafe.Slice((*uint64)(unsafe.Pointer(&p[0])), words)
			torn := 0
			for n := uint64(1); ; n++ {
				linktest.Must(t, in.Recv(p))
				for i, v := range text {
					if v != n {
						if torn++; torn == 1 {
							t.Errorf("word %d of message %d is of message %d", i, n, v)
						}
						break
					}
				}
				if n == until.Load() {
					t.Logf("%d messages, %d torn", n, torn)
					break
				}
			}
			linktest.Must(t, <-sent)
		})
	}
}

// errLost is a waiter that sleeps, though what it waits for has come, and nothing will
// wake it.
var errLost = errors.New("a wake-up was lost")

// litmusParker sleeps until it is woken, or the announcement has ended without.
type litmusParker struct{ woken, ended atomic.Uint32 }

func (p *litmusParker) wake() error { p.woken.Store(1); return nil }

func (p *litmusParker) sleep() error {
	for p.woken.Swap(0) == 0 {
		if p.ended.Load() == 1 && p.woken.Load() == 0 {
			return errLost
		}
		sys.SchedYield()
	}
	return nil
}

// Store buffering: a waiter says that it sleeps and looks at the count; its peer stores
// the count and looks whether the waiter sleeps. That both see the old value loses a
// wake-up, and no lock keeps them apart.
func TestStoreBuffering(t *testing.T) {
	if n, lost := storeBuffering(t, (*sleeper).announce); lost > 0 {
		t.Errorf("%d of %d wake-ups were lost", lost, n)
	}
}

// The test sees what it is for, where a processor does it: with a store that the next
// load may overtake wake-ups are lost.
func TestStoreBufferingIsSeen(t *testing.T) {
	n, lost := storeBuffering(t, func(s *sleeper, word *atomic.Uint64, value uint64) error {
		sys.StoreRelease(word, value)
		if s.peer.Load() != 0 && s.peer.Swap(0) != 0 {
			return s.wake()
		}
		return nil
	})
	if lost == 0 {
		t.Skipf("no wake-up of %d was lost: this machine, or as many CPUs as it has free, shows no such order", n)
	}
	t.Logf("%d of %d wake-ups were lost, as they should be", lost, n)
}

// storeBuffering plays rounds of a waiter and its peer, and returns how many there were
// and how many wake-ups were lost.
func storeBuffering(t *testing.T, announce func(*sleeper, *atomic.Uint64, uint64) error) (rounds, lost int) {
	t.Helper()
	var asleep, none atomic.Uint32
	var count struct { // of its own line, as in a ring
		_ [linePairPad]byte
		atomic.Uint64
		_ [linePairPad]byte
	}
	var never atomic.Uint64
	park := &litmusParker{}
	waiter := &sleeper{asleep: &asleep, peer: &none, parker: park}
	peer := &sleeper{asleep: &none, peer: &asleep, parker: park}
	var armed, done atomic.Uint64 // rounds
	failed := make(chan error, 1)
	begin := time.Now()
	var end atomic.Bool
	await := func(word *atomic.Uint64, n uint64) {
		for looks := 0; word.Load() < n && !end.Load(); looks++ {
			if looks > looksAtOnce {
				sys.SchedYield()
			}
		}
	}
	go func() {
		runtime.LockOSThread()
		for n := uint64(1); ; n++ {
			await(&armed, n)
			if end.Load() {
				failed <- nil
				return
			}
			// As long as the waiter looks before it sleeps, and somewhat less or more.
			for range briefly - 128 + int(n%256) {
				reached(&never, 1)
			}
			if err := announce(peer, &count.Uint64, n); err != nil {
				failed <- err
				return
			}
			park.ended.Store(1)
			done.Store(n)
		}
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for n := uint64(1); n <= litmusRounds && (n%64 != 0 || time.Since(begin) < litmusTime); n++ {
		asleep.Store(0)
		park.woken.Store(0)
		park.ended.Store(0)
		armed.Store(n)
		switch err := waiter.await(&count.Uint64, n); {
		case errors.Is(err, errLost):
			lost++
		case err != nil:
			t.Fatal(err)
		}
		await(&done, n)
		rounds++
	}
	end.Store(true)
	linktest.Must(t, <-failed)
	return rounds, lost
}
