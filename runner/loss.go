package runner

import (
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// lossDetector finds out that all workers which have not finished a round wait
// for a message that never comes. The receive gets no error, and a time limit on
// each would cost every message a timer. So the session looks at these workers
// four times a second, from outside.
//
// It has nothing to do with a stall (round.go), in which the machine stands still
// for a while.
type lossDetector struct {
	launch *sessionLaunch
	seen   int             // looks in a row at which no worker had moved
	before map[int]waiting // at the last look, by part
}

// waiting is what changes of a worker that waits, when it moves.
type waiting struct {
	switches string // how often its threads have stopped running; "" where it does not sleep
	cursors  string // how far it is, where it does not sleep
	ran      int64  // ns, where it does not sleep
}

// Looks are so far apart that most rounds are over before the first. Where the
// kernel may drop messages, a second in which no worker has moved is no accident.
// Elsewhere it may be one: TCP sends a packet again after 0.2, 0.4, 0.8 s. A worker
// that does not sleep may copy a message meanwhile: it gets another look for every
// 4 MiB, some thousandth of which a copy takes.
const (
	lookInterval = 250 * time.Millisecond
	lossyLooks   = 4
	lossLooks    = 12
	lookBytes    = 4 << 20
)

// look looks at the workers that are missing. It returns the failure of the
// launch where a message is owed, and none of them has moved since several looks,
// though each could.
func (d *lossDetector) look(missing map[int]bool) error {
	l := d.launch
	if l.mechanism == nil {
		return nil
	}
	c, enough := l.asked.Cell, lossLooks
	if l.mechanism.Lost != nil {
		enough = lossyLooks
	}
	enough += c.Size * max(1, c.Batch) / lookBytes
	before := d.before
	d.before = map[int]waiting{}
	d.seen++
	for part := range missing {
		now, waits := l.waiting(part)
		was, known := before[part]
		if !waits || !known || now.switches != was.switches || now.cursors != was.cursors || now.cursors != "" && now.ran <= was.ran {
			d.seen = 0
		}
		d.before[part] = now
	}
	if d.seen == enough {
		runEverywhere()
	}
	if d.seen <= enough || !l.blocked(missing) {
		return nil
	}
	what := map[mechanisms.Contract]string{mechanisms.Counts: "a notification", mechanisms.Locks: "a wake-up"}[bench.WorkloadOf(c).Contract]
	if what == "" {
		number, known := l.owed(missing)
		if known && number == 0 {
			return nil
		}
		if what = "a message"; known {
			what = fmt.Sprint("message ", number)
		}
	}
	var tickets []mechanisms.Ticket
	for _, link := range l.links {
		tickets = append(tickets, link.Receiver)
	}
	return l.failure(event{part: slices.Min(slices.Collect(maps.Keys(missing)))}, &bench.CheckError{
		What: what + fmt.Sprintf(" was lost: every process that has not finished waits, and nothing has moved for %v", time.Duration(enough)*lookInterval),
		Lost: lost(l.mechanism, tickets),
	})
}

// waiting is what a worker waits in. It reports false of one that may be at work.
func (l *sessionLaunch) waiting(part int) (w waiting, waits bool) {
	pid := l.workers[part].PID
	threads := []string{fmt.Sprintf("/proc/%d/task/%d", pid, pid)}
	if scheduled(l.asked.Cell) { // its goroutine is on any of them
		threads, _ = filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	}
	sleeps, runs := true, true
	for _, dir := range threads {
		status, _ := os.ReadFile(dir + "/status")
		for line := range strings.Lines(string(status)) {
			switch name, value, _ := strings.Cut(line, ":"); name {
			case "State":
				state := strings.TrimSpace(value)[:1]
				sleeps, runs = sleeps && state == "S", runs && state != "T" && state != "t"
			case "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches":
				w.switches += line
			}
		}
		schedstat, _ := os.ReadFile(dir + "/schedstat")
		ran, _, _ := strings.Cut(string(schedstat), " ")
		ns, _ := strconv.ParseInt(ran, 10, 64)
		w.ran += ns
	}
	if sleeps {
		return waiting{switches: w.switches}, w.switches != ""
	}
	if !runs || !spins(l.mechanism, l.asked.Cell) {
		return w, false
	}
	w.switches = ""
	for _, stamp := range l.stamps(part) {
		w.cursors += fmt.Sprintln(stamp)
	}
	return w, w.cursors != ""
}

// spins reports whether ends of the cell wait without sleeping.
func spins(m *mechanisms.Mechanism, c results.Cell) bool {
	return c.Wait == "spin" || slices.Contains(m.Facts.Path.Receive.Waits, "sched_yield")
}

// blocked reports whether the workers that are missing are in a call that has no
// end of its own, or in none. One in a cgroup that is frozen sleeps as well, on its
// way out of a call.
func (l *sessionLaunch) blocked(missing map[int]bool) bool {
	for part := range missing {
		if at := inspect(l.workers[part].PID, 0); strings.Contains(at.Call, "nanosleep") || at.Wchan == "get_signal" || strings.Contains(at.Wchan, "freeze") {
			return false
		}
	}
	return true
}

// stamps are those at the cursors of a worker, by cursor; none where its memory
// may not be read, proc_pid_mem(5).
func (l *sessionLaunch) stamps(part int) (all []uint64) {
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", l.workers[part].PID))
	if err != nil {
		return nil
	}
	defer memory.Close()
	for _, c := range l.cursors[part] {
		var stamp [8]byte
		if _, err := memory.ReadAt(stamp[:], int64(c.At)); err != nil {
			return nil
		}
		all = append(all, binary.NativeEndian.Uint64(stamp[:]))
	}
	return all
}

// owed is the number of a message that has been sent, and that a missing worker
// waits for; 0: there is none. It is not known where workers do not count what
// they receive, or their memory may not be read.
func (l *sessionLaunch) owed(missing map[int]bool) (number int, known bool) {
	sent, received := map[int]int{}, map[int]int{}
	for part, cursors := range l.cursors {
		stamps := l.stamps(part)
		if len(stamps) != len(cursors) {
			return 0, false
		}
		for i, c := range cursors {
			switch n := int(l.seed.Number(c.Origin, stamps[i])) - 1; {
			case c.Sends:
				sent[c.Origin] = max(sent[c.Origin], n)
			case missing[part]:
				if before, ok := received[c.Origin]; !ok || n < before {
					received[c.Origin] = n
				}
				known = true
			default:
				known = true
			}
		}
	}
	for _, origin := range slices.Sorted(maps.Keys(received)) {
		if n := received[origin]; n < sent[origin] {
			return n + 1, known
		}
	}
	return 0, known
}

// runEverywhere runs on every CPU for a moment: what carries a message, such as a
// thread of the kernel, may wait for one that runs something else.
func runEverywhere() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with its CPUs
		cpus, _ := host.AllowedCPUs()
		for _, cpu := range cpus {
			sys.RunOn(cpu)
		}
	}()
	<-done
}

// lost is how many messages the kernel reports to have dropped on the way to
// these receivers; 0 where it reports none.
func lost(m *mechanisms.Mechanism, receivers []mechanisms.Ticket) (sum int) {
	if m == nil || m.Lost == nil {
		return 0
	}
	for _, t := range receivers {
		n, _ := m.Lost(t)
		sum += n
	}
	return sum
}
