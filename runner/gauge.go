package runner

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/results"
)

// gauge measures what a worker uses in a round.
type gauge interface {
	arm()   // before the worker waits for the start
	start() // right before it plays
	stop() results.Worker
}

// unseen is the gauge of a round in which system calls are counted: it makes none.
type unseen struct{}

func (unseen) arm() {}

func (unseen) start() {}

func (unseen) stop() results.Worker { return results.Worker{} }

// usage is what getrusage(2) and package sys count.
type usage struct {
	who        int // RUSAGE_THREAD or RUSAGE_SELF
	used       syscall.Rusage
	unread     error // of used; nil: it is known
	interrupts int64
}

func (u *usage) start(who int) {
	u.who = who
	sys.CountCPU()
	u.unread = syscall.Getrusage(who, &u.used)
	u.interrupts = sys.Interrupts()
}

func (u *usage) stop() results.Worker {
	var after syscall.Rusage
	sys.CountCPU()
	if u.unread != nil || syscall.Getrusage(u.who, &after) != nil {
		return results.Worker{EINTR: results.Known(sys.Interrupts() - u.interrupts)} // a filter refuses it
	}
	return results.Worker{
		UserNs:      results.Known(after.Utime.Nano() - u.used.Utime.Nano()),
		SystemNs:    results.Known(after.Stime.Nano() - u.used.Stime.Nano()),
		Voluntary:   results.Known(int64(after.Nvcsw - u.used.Nvcsw)),
		Involuntary: results.Known(int64(after.Nivcsw - u.used.Nivcsw)),
		EINTR:       results.Known(sys.Interrupts() - u.interrupts),
	}
}

// threadGauge measures what the calling thread uses.
type threadGauge struct {
	usage
	schedstat *os.File // nil where there is none
	waitedYet results.Count
}

// newThreadGauge returns the gauge of the calling thread, to which its goroutine
// must be locked.
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
	// A receiver on this CPU may still be in the round. Without the yield, 0.3 ms
	// of what this process does next would be in its time.
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

// processGauge measures what all threads of this process use.
type processGauge struct {
	usage
	threads map[string]sys.ThreadTime
}

func (g *processGauge) arm() { g.threads = threadTimes() }

func (g *processGauge) start() { g.usage.start(unix.RUSAGE_SELF) }

// stop takes the wait from worstWait. The yield comes first: to read the times of
// all threads took 1.8 ms, while a peer on this CPU was still in its round. Of
// launches of 10 ms on one CPU none was trusted.
func (g *processGauge) stop() results.Worker {
	used := g.usage.stop()
	sys.SchedYield()
	used.WaitNs = worstWait(g.threads, threadTimes())
	return used
}

// worstWait is that of sys.WorstWait, where all threads are of one process. It is
// absent where the kernel does not count it.
func worstWait(before, after map[string]sys.ThreadTime) results.Count {
	if len(after) == 0 {
		return results.Count{}
	}
	var all int64
	for tid, t := range after {
		all += t.Ran - before[tid].Ran
	}
	return results.Known(sys.WorstWait(before, after, all))
}

// threadTimes reads the times of all threads; none where the kernel does not
// count them.
func threadTimes() map[string]sys.ThreadTime {
	times := map[string]sys.ThreadTime{}
	files, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		var t sys.ThreadTime
		if err == nil { // else it has ended
			fmt.Fscan(bytes.NewReader(text), &t.Ran, &t.Waited)
		}
		times[file] = t
	}
	return times
}
