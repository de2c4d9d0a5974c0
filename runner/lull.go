package runner

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"ipcbench/bench"
	"ipcbench/mechanisms"
)

// lull finds out that everybody waits for a message that is lost. Whoever waits
// for it gets no error, and a time limit on each receive would cost every
// message a timer. So the session looks, seldom, at those who have not answered.
type lull struct {
	launch *launch
	ticker *time.Ticker
	look   <-chan time.Time // nil where nothing is lost
	seen   int              // looks in a row at which nobody had run
	before string           // how often each had run
}

// Looks are so far apart that rounds are over before the first. A second without
// anybody having run, all of them asleep in a call that has no end of its own,
// is no accident.
const (
	lullLook  = 250 * time.Millisecond
	lullLooks = 4
)

func (l *launch) watchLull() *lull {
	w := &lull{launch: l}
	if l.mechanism != nil && l.mechanism.Lost != nil {
		w.ticker = time.NewTicker(lullLook)
		w.look = w.ticker.C
	}
	return w
}

func (w *lull) stop() {
	if w.ticker != nil {
		w.ticker.Stop()
	}
}

// lost is the failure of the launch where all who are missing have slept in a
// call, and nothing else, since several looks.
func (w *lull) lost(missing map[int]bool) error {
	var ran strings.Builder
	first := -1
	for i, p := range w.launch.workers {
		if !missing[i] {
			continue
		}
		if first < 0 {
			first = i
		}
		at := inspect(p.pid, 0)
		if at.State != "S" || strings.Contains(at.Call, "nanosleep") {
			w.seen, w.before = 0, ""
			return nil
		}
		fmt.Fprintln(&ran, i, switches(p.pid))
	}
	if w.before != ran.String() {
		w.seen, w.before = 0, ran.String()
		return nil
	}
	if w.seen++; w.seen < lullLooks {
		return nil
	}
	var tickets []mechanisms.Ticket
	for _, l := range w.launch.links {
		tickets = append(tickets, l.Receiver)
	}
	return w.launch.failure(first, &bench.CheckError{
		What: "lost: whoever has not finished waits for a message, and none comes",
		Lost: lost(w.launch.mechanism, tickets),
	})
}

// switches are the lines of proc_pid_status(5) that tell how often the main
// thread has stopped running.
func switches(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	lines := slices.Collect(strings.Lines(string(text)))
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, "ctxt_switches") }), "")
}

// lost is how many messages the kernel says that it has dropped on the way to
// these receivers; 0 where it does not say.
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

// explain adds to what a check found how many messages the kernel has dropped.
func (w *worker) explain(err error) error {
	var check *bench.CheckError
	if errors.As(err, &check) {
		check.Lost = w.lost()
	}
	return err
}
