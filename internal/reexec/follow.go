package reexec

import (
	"sync"
	"syscall"
	"time"
)

// followers are called when this process stops and goes on.
var followers struct {
	sync.Mutex
	all map[*func(syscall.Signal)]bool
}

// Follow has Lead call f, until leave is called. The groups of processes that
// lead one follow by themselves, from Start until they are reaped.
func Follow(f func(syscall.Signal)) (leave func()) {
	followers.Lock()
	defer followers.Unlock()
	if followers.all == nil {
		followers.all = map[*func(syscall.Signal)]bool{}
	}
	followers.all[&f] = true
	return func() {
		followers.Lock()
		defer followers.Unlock()
		delete(followers.all, &f)
	}
}

// Lead has what follows this process stop (SIGSTOP) or go on (SIGCONT) with it:
// it is in other process groups, which a terminal's Ctrl-Z does not reach.
func Lead(sig syscall.Signal) {
	followers.Lock()
	defer followers.Unlock()
	for f := range followers.all {
		(*f)(sig)
	}
}

// AfterFunc calls f when d has passed, as time.AfterFunc does, but not because
// this process was stopped meanwhile: that takes up to half of d, and no more.
func AfterFunc(d time.Duration, f func()) (stop func()) {
	var mu sync.Mutex
	over := false
	var half *time.Timer
	mu.Lock()
	defer mu.Unlock()
	again := true
	half = time.AfterFunc(d/2, func() {
		mu.Lock()
		due := !over && !again
		if !over && again {
			again = false
			half.Reset(d - d/2)
		}
		mu.Unlock()
		if due {
			f()
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
		half.Stop()
	}
}

// After is a channel that becomes readable when d has passed, see AfterFunc.
func After(d time.Duration) (due <-chan struct{}, stop func()) {
	c := make(chan struct{})
	return c, AfterFunc(d, func() { close(c) })
}
