package runner

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/results"
)

// gauge tells what a worker uses in a round.
type gauge interface {
	arm()   // before the worker waits for the start
	start() // right before it plays
	stop() results.Worker
}

// unseen is the gauge of a round whose account nobody asks for.
type unseen struct{}

func (unseen) arm()                 {}
func (unseen) start()               {}
func (unseen) stop() results.Worker { return results.Worker{} }

// usage is what getrusage(2) and package sys count.
type usage struct {
	who        int // RUSAGE_THREAD or RUSAGE_SELF
	used       syscall.Rusage
	interrupts int64
}

func (u *usage) start(who int) {
	u.who = who
	sys.CountCPU()
	syscall.Getrusage(who, &u.used)
	u.interrupts = sys.Interrupts()
}

func (u *usage) stop() results.Worker {
	var after syscall.Rusage
	sys.CountCPU()
	syscall.Getrusage(u.who, &after)
	return results.Worker{
		UserNs:      results.Known(after.Utime.Nano() - u.used.Utime.Nano()),
		SystemNs:    results.Known(after.Stime.Nano() - u.used.Stime.Nano()),
		Voluntary:   results.Known(int64(after.Nvcsw - u.used.Nvcsw)),
		Involuntary: results.Known(int64(after.Nivcsw - u.used.Nivcsw)),
		EINTR:       results.Known(sys.Interrupts() - u.interrupts),
	}
}

// threadGauge tells what the calling thread used.
type threadGauge struct {
	usage
	schedstat *os.File // nil where there is none
	waitedYet results.Count
}

// newThreadGauge is of the calling thread, to which its goroutine must be
// locked.
func newThreadGauge() *threadGauge {
	g := &threadGauge{}
	g.schedstat, _ = os.Open("/proc/thread-self/schedstat")
	return g
}

func (g *threadGauge) arm() {}

func (g *threadGauge) start() {
	g.waitedYet = g.waited()
	g.usage.start(unix.RUSAGE_THREAD)
}

func (g *threadGauge) stop() results.Worker {
	used := g.usage.stop()
	if yet, ok := g.waitedYet.Get(); ok {
		used.WaitNs = g.waited().Plus(results.Known(-yet))
	}
	// What follows is not the round's. A receiver on this CPU may still be at it,
	// and 0.3 ms of this process would be in its time.
	sys.SchedYield()
	return used
}

// waited is how long this thread has been ready to run without a CPU, in ns,
// proc_pid_schedstat(5); absent where the kernel does not count it.
func (g *threadGauge) waited() results.Count {
	if g.schedstat == nil {
		return results.Count{}
	}
	var buf [64]byte
	n, _ := g.schedstat.ReadAt(buf[:], 0)
	var ran, wait int64
	if _, err := fmt.Sscan(string(buf[:n]), &ran, &wait); err != nil {
		return results.Count{}
	}
	return results.Known(wait)
}
