package bench

import (
	"errors"
	"io"
	"runtime"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// The floors of this file stay within one process: what two goroutines, or two
// threads, of a Go program take to do what processes do with a link. A round
// begins with starting them, some 50 µs.

// ThreadBounce is Bounce between two threads of one process: the line goes
// between the same CPUs, and nothing but the address space is another.
var ThreadBounce = &Workload{
	Name: results.FloorWorkload, Bound: Bound{Floor: results.FloorThreads, Spins: true, Scheduled: true, Asked: true},
	Summary:  "a cache line that two threads of one process write in turn, one way, and neither thread sleeps",
	Op:       "transfer",
	Size:     cacheLine,
	Topology: alone(Part{Role: "threads", Origins: 1, Threads: 2, Whole: true, Play: bounceThreads}),
}

// bounceThreads gives each side of a Bounce a thread and a CPU. The line that
// they share begins a page. Go's scheduler may stop them, as it does every 10
// ms: one that waits without end would hold up stopping the world while the
// other has not begun.
func bounceThreads(e *Ends, n int) error {
	if got := runtime.GOMAXPROCS(0); got < 2 {
		return &mechanisms.UnsupportedError{Mechanism: results.FloorThreads, What: "threads that wait without sleeping", Value: 2,
			Limit: mechanisms.Limit{N: got, Source: "GOMAXPROCS", Beyond: "one would keep the other from running, pkg.go.dev/runtime"}}
	}
	e.Shared = e.floor.out[:cacheLine]
	peer := *e
	peer.part.ID = 1
	done := make(chan error, 2)
	for side, of := range []*Ends{e, &peer} {
		go func() {
			runtime.LockOSThread() // the thread ends with its goroutine: no other wants its CPU
			if len(e.CPUs) > 0 {
				if err := sys.RunOn(e.CPUs[side]); err != nil {
					done <- err
					return
				}
			}
			done <- writeAndSpin(side)(of, n)
		}()
	}
	return errors.Join(<-done, <-done)
}

// GoChannel is a value that goes from one goroutine to another as soon as both
// are there: a message of a Go program to itself.
var GoChannel = &Workload{
	Name: results.FloorWorkload, Bound: Bound{Floor: results.FloorChannel, Scheduled: true, Asked: true},
	Summary:  "a word through an unbuffered Go channel to another goroutine, one way",
	Op:       "hand-over",
	Size:     8,
	Topology: alone(Part{Role: "goroutines", Origins: 1, Threads: 2, Whole: true, Play: handOver}),
}

func handOver(e *Ends, n int) error {
	words, first := make(chan uint64), e.next
	e.next += uint64(n)
	go func() {
		for i := range n {
			words <- first + uint64(i)
		}
		close(words)
	}()
	want := first
	for got := range words {
		if got != want {
			return &CheckError{What: "lost, doubled or reordered", Want: want, Got: got}
		}
		want++
	}
	if want != e.next {
		return &CheckError{What: "lost: the channel was closed", Want: e.next, Got: want}
	}
	return nil
}

// IOPipe is a pipe without a kernel: io.Pipe copies a message once, from the
// writer's memory to the reader's, while both goroutines are there.
var IOPipe = &Workload{
	Name: results.FloorWorkload, Bound: Bound{Floor: results.FloorIOPipe, Scheduled: true, Asked: true},
	Summary:  "the message through an io.Pipe to another goroutine",
	Op:       "message",
	Payloads: 1,
	Topology: alone(Part{Role: "goroutines", Origins: 1, Threads: 2, Whole: true, Play: throughPipe}),
}

func throughPipe(e *Ends, n int) error {
	in, out := io.Pipe()
	sender, receiver := *e, *e // a buffer each; only one of them receives
	receiver.buf = e.floor.out[:len(e.buf)]
	sent := make(chan error)
	go func() {
		err := sendTo(out, &sender, n)
		out.CloseWithError(err) // nil is the end of the file
		sent <- err
	}()
	err := receiveFrom(in, &receiver, n)
	in.CloseWithError(err) // so that a writer whose reader has given up returns
	err = errors.Join(err, <-sent)
	e.next, e.Verified = sender.next, receiver.Verified
	return err
}

func sendTo(out io.Writer, e *Ends, n int) error {
	for range n {
		e.stamp()
		if _, err := out.Write(e.buf); err != nil {
			return err
		}
	}
	return nil
}

func receiveFrom(in io.Reader, e *Ends, n int) error {
	for range n {
		if _, err := io.ReadFull(in, e.buf); err != nil {
			return err
		}
		if err := e.check(); err != nil {
			return err
		}
	}
	return nil
}
