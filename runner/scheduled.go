package runner

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/sockets"
	"ipcbench/results"
)

// scheduled tells whether the processes of a cell are plain Go programs, whose
// goroutines wait in Go's scheduler, rather than workers that tell it nothing.
func scheduled(c results.Cell) bool {
	if w := bench.WorkloadOf(c); w != nil && w.Floor != "" {
		return w.Scheduled
	}
	m := mechanisms.Lookup(c.Mechanism)
	return m != nil && m.Scheduled
}

// scheduledMain is workerMain of a plain Go program: its goroutine is locked to
// no thread, its threads share their descriptors, its calls tell the scheduler
// of themselves, and its garbage is collected.
func scheduledMain(c *conn, token string) int {
	if sockets.NetConn == nil {
		err := errors.New("this program has no net.UnixConn for its workers: import ipcbench/mechanisms/sockets/netconn")
		c.send(workerReply{Error: encodeError(err)})
		return 1
	}
	w := &worker{conn: c, gauge: &processGauge{}, confine: confineProcess}
	return w.serve(token, nil)
}

// confineProcess lets all threads of this process run on these CPUs alone, and
// gives Go's scheduler as many processors as a program has by itself that was
// started there: no more than CPUs. Threads to come have their CPUs from those
// that make them.
func confineProcess(set *unix.CPUSet) error {
	for confined := map[int]bool{}; ; {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		before := len(confined)
		for _, task := range tasks {
			tid, err := strconv.Atoi(task.Name())
			if err != nil || confined[tid] {
				continue
			}
			if err := unix.SchedSetaffinity(tid, set); err != nil && err != unix.ESRCH { // it has ended
				return os.NewSyscallError("sched_setaffinity", err)
			}
			confined[tid] = true
		}
		if len(confined) == before { // none was made while others were confined
			runtime.SetDefaultGOMAXPROCS()
			return nil
		}
	}
}

// processGauge tells what all threads of this process used.
type processGauge struct {
	usage
	threads map[string]threadTime
}

// threadTime is proc_pid_schedstat(5) of one thread, in ns.
type threadTime struct{ ran, waited int64 }

func (g *processGauge) arm()   { g.threads = threadTimes() }
func (g *processGauge) start() { g.usage.start(unix.RUSAGE_SELF) }

// stop returns the wait as worstWait tells it.
func (g *processGauge) stop() results.Worker {
	used := g.usage.stop()
	used.WaitNs = worstWait(g.threads, threadTimes())
	return used
}

// worstWait is how long the thread waited for a CPU that had the worst of it,
// in ns, less what the other threads of its process had meanwhile: siblings
// that share a CPU wait for each other. It is absent where the kernel does not
// count it.
func worstWait(before, after map[string]threadTime) results.Count {
	if len(after) == 0 {
		return results.Count{}
	}
	var all, worst int64
	for tid, t := range after {
		all += t.ran - before[tid].ran
	}
	for tid, t := range after {
		was := before[tid]
		worst = max(worst, t.waited-was.waited-(all-(t.ran-was.ran)))
	}
	return results.Known(worst)
}

// threadTimes reads the times of all threads; none where the kernel does not
// count them.
func threadTimes() map[string]threadTime {
	times := map[string]threadTime{}
	files, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		var t threadTime
		if err == nil { // else it has ended
			fmt.Fscan(bytes.NewReader(text), &t.ran, &t.waited)
		}
		times[file] = t
	}
	return times
}
