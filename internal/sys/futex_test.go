package sys

import (
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// shared returns a word in memory that other processes could map.
func shared(t *testing.T) *atomic.Uint32 {
	t.Helper()
	fd, err := MemfdCreate("test", 64)
	must(t, err)
	p, err := Mmap(fd, 64)
	must(t, err)
	must(t, unix.Close(fd))
	t.Cleanup(func() { must(t, unix.Munmap(p)) })
	return Word(p)
}

func TestFutexWakesASleeper(t *testing.T) {
	word := shared(t)
	awake := make(chan error)
	go func() {
		for word.Load() == 0 {
			if err := FutexWait(word, 0); err != nil {
				awake <- err
				return
			}
		}
		awake <- nil
	}()
	// Until it has been woken it sleeps, or is about to: no moment is right.
	for woken := 0; woken == 0; {
		var err error
		if woken, err = FutexWake(word, 1); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-awake:
		t.Fatalf("it came back while the word was as before: %v", err)
	default:
	}
	word.Store(1)
	_, err := FutexWake(word, 1)
	must(t, err)
	must(t, <-awake)
}

func TestFutexDoesNotSleepOnAnotherValue(t *testing.T) {
	word := shared(t)
	word.Store(7)
	must(t, FutexWait(word, 6)) // would sleep for ever
}

func TestFutexDoesNotAllocate(t *testing.T) {
	word := shared(t)
	var err error
	if n := testing.AllocsPerRun(100, func() {
		err = FutexWait(word, 1)
		FutexWake(word, 1)
	}); n != 0 || err != nil {
		t.Errorf("%v allocations, error %v", n, err)
	}
}
