package runner

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"ipcbench/bench"
	"ipcbench/mechanisms"
)

// lossDetector finds out that all workers which have not answered wait for a
// message that the mechanism has lost. The receive gets no error, and a time
// limit on each would cost every message a timer. So the session looks at these
// workers four times a second, where the mechanism can lose messages at all.
//
// It has nothing to do with a stall (round.go), in which the machine stands still
// for a while.
type lossDetector struct {
	launch *sessionLaunch
	ticker *time.Ticker
	due    <-chan time.Time // of the next look; nil where nothing is lost
	seen   int              // looks in a row at which no worker had run
	before string           // how often each had run
}

// Looks are so far apart that most rounds are over before the first. A second in
// which no worker has run, all of them asleep in a call that has no end of its
// own, is no accident.
const (
	lossInterval = 250 * time.Millisecond
	lossLooks    = 4
)

func newLossDetector(l *sessionLaunch) *lossDetector {
	d := &lossDetector{launch: l}
	if l.mechanism != nil && l.mechanism.Lost != nil {
		d.ticker = time.NewTicker(lossInterval)
		d.due = d.ticker.C
	}
	return d
}

func (d *lossDetector) stop() {
	if d.ticker != nil {
		d.ticker.Stop()
	}
}

// look looks at the workers that are missing. It returns the failure of the
// launch where all of them have slept in a call, and done nothing else, since
// several looks.
func (d *lossDetector) look(missing map[int]bool) error {
	var ran strings.Builder
	first := -1
	for i, p := range d.launch.workers {
		if !missing[i] {
			continue
		}
		if first < 0 {
			first = i
		}
		at := inspect(p.PID, 0)
		if at.State != "S" || strings.Contains(at.Call, "nanosleep") {
			d.seen, d.before = 0, ""
			return nil
		}
		fmt.Fprintln(&ran, i, switches(p.PID))
	}
	if d.before != ran.String() {
		d.seen, d.before = 0, ran.String()
		return nil
	}
	if d.seen++; d.seen < lossLooks {
		return nil
	}
	var tickets []mechanisms.Ticket
	for _, l := range d.launch.links {
		tickets = append(tickets, l.Receiver)
	}
	return d.launch.failure(first, &bench.CheckError{
		What: "lost: every process that has not finished waits for a message, and none comes",
		Lost: lost(d.launch.mechanism, tickets),
	})
}

// switches are the lines of proc_pid_status(5) that show how often the main
// thread has stopped running.
func switches(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	lines := slices.Collect(strings.Lines(string(text)))
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, "ctxt_switches") }), "")
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
