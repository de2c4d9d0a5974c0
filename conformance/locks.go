package conformance

import (
	"fmt"
	"sync/atomic"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// contended makes a link that is a lock, with k ends.
func (b *bed) contended(k int) ([]locker, error) {
	l, err := b.bare(mechanisms.Spec{Size: 1, Senders: k, Dir: b.dir})
	if err != nil {
		return nil, err
	}
	for range k {
		if err := l.openLocker(); err != nil {
			return nil, err
		}
	}
	return l.lockers, l.release()
}

// exclusion adds to a count by a load and a store, which lose additions
// wherever two are at it. That each is atomic keeps the race detector quiet,
// which knows of no lock of the kernel's.
//
// It ends early where each addition takes long: beside a busy process on one CPU a
// yield takes a time slice.
func exclusion(b *bed) error {
	const each, most = 4000, 5 * time.Second
	ends, err := b.contended(3)
	if err != nil {
		return err
	}
	var count, added atomic.Uint64
	var coming atomic.Int64 // ends that are about to take the lock, or wait for it
	var calls []call
	late := time.Now().Add(most)
	for _, k := range ends {
		calls = append(calls, b.thread(func() error {
			for n := 0; n < each && time.Now().Before(late); n++ {
				added.Add(1)
				coming.Add(1)
				err := k.Lock()
				coming.Add(-1)
				if err != nil {
					return err
				}
				before := count.Load()
				sys.LetGoroutinesRun() // once: with one processor of Go's it changes threads, which takes some 20 µs
				for yields := 0; yields == 0 || yields < 100 && coming.Load() == 0; yields++ {
					sys.SchedYield() // any other holder comes here now
				}
				count.Store(before + 1)
				if err := k.Unlock(); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	for _, c := range calls {
		if err := <-c.done; err != nil {
			return err
		}
	}
	if got, want := count.Load(), added.Load(); got != want {
		return &bench.CheckError{What: "two held the lock at once: additions", Want: want, Got: got}
	}
	return nil
}

func turns(b *bed) error {
	ends, err := b.contended(2)
	if err != nil {
		return err
	}
	for range 3 {
		if err := ends[0].Lock(); err != nil {
			return err
		}
		c := b.thread(ends[1].Lock)
		if err := c.asleep(); err != nil {
			return fmt.Errorf("while another holds it, Lock: %w", err)
		}
		if err := ends[0].Unlock(); err != nil {
			return err
		}
		if err := <-c.done; err != nil {
			return err
		}
		if err := ends[1].Unlock(); err != nil {
			return err
		}
	}
	return nil
}
