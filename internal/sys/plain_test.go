package sys

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// Two goroutines that look for each other's turn get it on one processor of
// Go's. One that does not let the other run looks until it gives up.
func TestGoroutinesTakeTurns(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const turns, most = 100, 100 // looks for each
	var turn atomic.Int64
	looks := make(chan int, 2)
	for side := range int64(2) {
		go func() {
			n := 0
			for turn.Load() < turns && n <= turns*most {
				if turn.Load()%2 == side {
					turn.Add(1)
				}
				n++
				LetGoroutinesRun()
				SchedYield()
			}
			looks <- n
		}()
	}
	if n := <-looks + <-looks; n > turns*most {
		t.Errorf("%d turns took %d looks, want at most %d", turns, n, turns*most)
	}
}
