package command

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/internal/text"
	"ipcbench/results"
	"ipcbench/runner"
)

// progress shows how far a command is, in a line of a terminal that is written
// again, and of any width. Where out is no terminal, a run writes a line a pass.
type progress struct {
	out   io.Writer
	begin time.Time
	drawn time.Time // when the line was last written
	left  countdown
	run   *pace // of the launches of a run

	launches int // in all, as far as is known
	total    int // passes of the plan
	pass     int
}

func newProgress(out io.Writer) *progress { return &progress{out: out, begin: time.Now()} }

// runProgress is that of a plan of a run, each launch on so many sides.
func runProgress(out io.Writer, plan bench.Plan, sides int) *progress {
	p := newProgress(out)
	p.launches, p.total = sides*len(plan.Cells)*plan.Launches, plan.Launches
	p.run = &pace{least: plan.Time, share: 1}
	if cpus, err := host.ReadCPUs(host.Root); err == nil && screen(out).Columns > 0 {
		refused := 0
		for _, c := range plan.Cells {
			if runner.Admit(c, cpus) != nil {
				refused++
			}
		}
		p.run.share = 1 - float64(refused)/float64(max(1, len(plan.Cells)))
	}
	p.run.prior = plan.Estimate(1) / time.Duration(max(1, plan.Launches))
	return p
}

// redraw is how long a line stands at least: a terminal that is written to all the
// time takes a CPU from what is measured.
const redraw = 200 * time.Millisecond

// draw writes the line, if it has stood long enough: a bar, what is done, and in the
// room that is left what is being done.
func (p *progress) draw(share float64, done string, doing func(columns int) string) {
	s := screen(p.out) // whose width may have changed
	if s.Columns == 0 || time.Since(p.drawn) < redraw {
		return
	}
	p.drawn = time.Now()
	fmt.Fprint(p.out, clearLine, progressLine(s.Columns-1, share, done, doing))
}

// clearLine goes to the beginning of a terminal's line and clears it.
const clearLine = "\r\x1b[K"

// finish takes the line away.
func (p *progress) finish() {
	if screen(p.out).Columns > 0 {
		fmt.Fprint(p.out, clearLine)
	}
}

// leastDoing is the room below which what is being done is left out.
const leastDoing = 8

// progressLine is the line in so many columns.
func progressLine(columns int, share float64, done string, doing func(columns int) string) string {
	width := max(10, min(30, columns/5))
	full := int(float64(width) * max(0, min(1, share)))
	line := "[" + strings.Repeat("=", full) + strings.Repeat(" ", width-full) + "] " + done
	if room := columns - utf8.RuneCountInString(line) - 2; room >= leastDoing {
		if what := doing(room); what != "" {
			line += "  " + what
		}
	}
	return text.Shorten(line, columns)
}

// launch shows that a launch of the cell is about to begin, in that pass, with so
// many left. It is called between measurements alone.
func (p *progress) launch(pass int, next results.Cell, left int) {
	if screen(p.out).Columns == 0 {
		if pass > p.pass { // what an earlier pass owes is no new pass
			p.pass = pass
			if pass <= p.total {
				fmt.Fprintf(p.out, "pass %d of %d, %d launches left\n", pass, p.total, left)
			} else {
				fmt.Fprintf(p.out, "pass %d, beyond the plan: %d launches where intervals are wide\n", pass, left)
			}
		}
		return
	}
	now := time.Since(p.begin)
	estimate := p.run.left(now, pass, left)
	doing := func(columns int) string { return text.Shorten(briefly(next), columns) }
	if pass > p.total {
		p.draw(1, fmt.Sprintf("pass %d, beyond the plan: %d left", pass, left), doing)
		return
	}
	p.launches = max(p.launches, left)
	done := p.launches - left
	p.draw(float64(done)/float64(max(1, p.launches)), fmt.Sprintf("%d of %d launches, %s", done, p.launches, timeLeft(p.left.at(now, estimate))), doing)
}

// briefly names a cell for people: "PingPong pipe 4KiB cross".
func briefly(c results.Cell) string {
	words := []string{c.Workload, c.Mechanism, results.FormatBytes(c.Size), c.Place}
	if c.Queue > 0 {
		words = append(words, "queue "+results.FormatQueue(c.Queue))
	}
	return strings.Join(append(words, c.Options.Parts()...), " ")
}

// race shows how far a race is: it ends with its budget, or before.
func (p *progress) race(h *runner.Heat, budget time.Duration) {
	took := time.Since(p.begin)
	done := fmt.Sprintf("%d s of %d", int(took.Seconds()), int(budget.Seconds()))
	var places []string
	for _, c := range h.Left {
		places = results.AddOnce(places, c.Place)
	}
	if places != nil {
		done += ", " + strings.Join(places, " and ")
	}
	p.draw(took.Seconds()/max(1, budget.Seconds()), fmt.Sprintf("%s, block %d", done, h.Blocks+h.Pinned), func(columns int) string { return inRace(h, columns) })
}

// inRace names what is left of a race, as many as there is room for.
func inRace(h *runner.Heat, columns int) string {
	of := fmt.Sprintf(" left of %d", h.Of)
	var names []string
	for _, c := range h.Left {
		names = results.AddOnce(names, c.Mechanism) // pinned, it is there twice
	}
	for n := len(names); n > 0; n-- {
		line := strings.Join(names[:n], ", ")
		if n < len(names) {
			line += fmt.Sprintf(" and %d more", len(names)-n)
		}
		if line += of; utf8.RuneCountInString(line) <= columns {
			return line
		}
	}
	return fmt.Sprintf("%d%s", len(names), of)
}

// step shows that one of so many steps is being done, of which so many are over;
// unit names them: "boots".
func (p *progress) step(over, of int, unit, doing string) {
	done := fmt.Sprintf("%d of %d %s", over, of, unit)
	if now := time.Since(p.begin); over > 0 {
		done += ", " + timeLeft(p.left.at(now, now/time.Duration(over)*time.Duration(of-over)))
	}
	p.draw(float64(over)/float64(max(1, of)), done, func(columns int) string { return text.Shorten(doing, columns) })
}

// pace estimates how long the launches that are left take. It begins with what a
// launch takes as planned: of the first launches some are skipped, which takes no
// time, and their processes start cold.
type pace struct {
	least  time.Duration // a launch measures so long: what takes less was skipped
	prior  time.Duration // a launch takes, as planned
	share  float64       // of the cells that are not skipped, as planned
	took   time.Duration // of the launches so far
	n      int           // of these
	pass   int           // that goes on
	ran    int           // launches in it
	passed int           // launches and skips in it
	last   time.Duration // when the last began
}

// trust is how many launches what was planned counts as.
const trust = 5

// left is how long so many launches take. It is called when one begins, now since
// the first began.
func (p *pace) left(now time.Duration, pass, launches int) time.Duration {
	if pass > p.pass {
		p.pass, p.ran, p.passed = pass, 0, 0
	} else {
		p.passed++
		if took := now - p.last; took >= p.least {
			p.ran++
			p.n++
			p.took += took
		}
	}
	p.last = now
	share := 1.0 // what is skipped is not launched in later passes
	if p.pass == 1 {
		share = (trust*p.share + float64(p.ran)) / (trust + float64(p.passed))
	}
	each := (float64(trust)*float64(p.prior) + float64(p.took)) / float64(trust+p.n)
	return time.Duration(each * share * float64(launches))
}

// countdown makes of estimates that wander one that falls steadily: by half to
// twice the time that passes. Where it has become less than a third of the estimate
// it was wrong, and begins anew.
type countdown struct {
	end, last time.Duration // since the beginning
}

// at is the time that is left now, where the estimate is so much.
func (c *countdown) at(now, estimate time.Duration) time.Duration {
	step := now - c.last
	end := now + estimate
	if c.end == 0 || 3*(c.end-now) < estimate-10*time.Second {
		c.end = end
	} else {
		c.end = max(c.end-step, min(c.end+step/2, end))
	}
	c.last = now
	return max(0, c.end-now)
}

// timeLeft is a time in as few digits as it is sure of: "45 s left", "1m20 left",
// "12 min left".
func timeLeft(d time.Duration) string {
	switch {
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h %d min left", int(d.Hours()), int(d.Minutes())%60/10*10)
	case d >= 10*time.Minute:
		return fmt.Sprintf("%d min left", int(d.Minutes()))
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02d left", int(d.Minutes()), int(d.Seconds())%60/10*10)
	}
	return fmt.Sprintf("%d s left", int(d.Seconds()))
}
