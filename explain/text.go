package explain

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// page is what an explanation is written on.
type page struct {
	*bufio.Writer
	text.Screen
}

// Write writes the explanation for a screen.
func (e *Explanation) Write(out io.Writer, screen text.Screen) error {
	b := page{bufio.NewWriter(out), screen}
	b.Wrap(b, "", "", e.Name+": "+e.Summary)
	fmt.Fprintln(b)
	b.Wrap(b, "", "", e.Facts.Kernel)
	if e.Offers(mechanisms.Messages) {
		writePath(b, e.Facts.Path, "sender", "receiver")
	} else {
		writePath(b, e.Facts.Path, "notifier", "waiter")
	}
	e.writeMeasured(b)
	e.writeLimits(b)
	e.writeFailures(b)
	fmt.Fprintln(b, "\nBeware")
	for _, c := range e.Facts.Cautions {
		item(b, c.Text+", "+c.Man)
	}
	fmt.Fprintln(b)
	b.Wrap(b, "", "", "Pages: "+strings.Join(e.Man, ", "))
	return b.Flush()
}

func item(b page, s string) { b.Wrap(b, "  - ", "    ", s) }

// named is a line behind a word: "copies        2.1 …".
func named(b page, name, s string) {
	b.Wrap(b, fmt.Sprintf("  %-14s", name), strings.Repeat(" ", 16), s)
}

// writePath draws the way of a message, and apart from it what a process in
// between does that passes it on.
func writePath(b page, p mechanisms.Path, from, to string) {
	var d diagram
	d.box(from)
	d.arrow(p.Send)
	d.box(p.Object)
	d.arrow(p.Receive)
	d.box(to)
	d.write(b)
	if p.Relay.Call != "" {
		d = diagram{}
		d.box(p.Object)
		d.arrow(p.Relay)
		d.box(p.Object)
		d.write(b)
	}
}

// diagram is boxes and arrows from left to right.
type diagram struct {
	lines [3]string
	parts []string // the same in words
}

func (d *diagram) box(text string) {
	d.parts = append(d.parts, text)
	rule := strings.Repeat("─", utf8.RuneCountInString(text)+2)
	d.lines[0] += "┌" + rule + "┐"
	d.lines[1] += "│ " + text + " │"
	d.lines[2] += "└" + rule + "┘"
}

func (d *diagram) arrow(h mechanisms.Hop) {
	d.parts = append(d.parts, fmt.Sprintf("%s (%s)", calls(h), copies(h)))
	n := max(len(calls(h)), len(copies(h)))
	d.lines[0] += fmt.Sprintf("  %-*s  ", n, calls(h))
	d.lines[1] += " " + strings.Repeat("─", n+1) + "→ "
	d.lines[2] += fmt.Sprintf("  %-*s  ", n, copies(h))
}

// write draws it where there is room, and else names its parts in their order.
func (d *diagram) write(b page) {
	fmt.Fprintln(b)
	if utf8.RuneCountInString(d.lines[1]) <= b.Width() {
		fmt.Fprintln(b, strings.Join(d.lines[:], "\n"))
		return
	}
	b.Wrap(b, "", "  ", strings.Join(d.parts, " → "))
}

// calls lists what a hop calls; in parentheses what it does only to wait or to
// wake, where it else needs no call.
func calls(h mechanisms.Hop) string {
	if h.Call == "" && len(h.Waits) > 0 {
		return "(" + strings.Join(h.Waits, ", ") + ")"
	}
	return strings.Join(append([]string{h.Call}, h.Also...), ", ")
}

// copies names the process that copies the message on a hop.
func copies(h mechanisms.Hop) string {
	switch {
	case h.Own == 0:
		return fmt.Sprintf("copies: %d", h.Kernel)
	case h.Kernel == 0:
		return fmt.Sprintf("own copies: %d", h.Own)
	}
	return fmt.Sprintf("copies: %d own, %d", h.Own, h.Kernel)
}

func (e *Explanation) writeMeasured(b page) {
	of, where := "size "+results.FormatBytes(e.size), "one CPU"
	if !e.Offers(mechanisms.Messages) {
		of = "notifications"
	}
	if e.Spins {
		where = "a CPU for each"
	}
	fmt.Fprintf(b, "\nAs measured: %s, %s, both processes together\n", of, where)
	switch {
	case e.untried != nil:
		named(b, "here", "nothing: "+e.untried.Error())
	case e.uncounted != nil:
		named(b, "system calls", "not counted: "+e.uncounted.Error())
	default:
		named(b, "system calls", e.allCalls())
	}
	for _, w := range e.wakeups {
		var parts []string
		for i, op := range e.tried() {
			if w.perOp[i] >= 0 {
				parts = append(parts, fmt.Sprintf("%.2f %s", w.perOp[i], op.op))
			}
		}
		if parts != nil {
			named(b, "wake-ups", fmt.Sprintf("%s, in voluntary context switches, %s", strings.Join(parts, ", "), w.where))
		}
	}
	if !e.Offers(mechanisms.Messages) {
		return // nothing is copied
	}
	if e.streamed == nil {
		named(b, "copies", e.unstreamed.Error())
		return
	}
	named(b, "copies", fmt.Sprintf("the time of %s copies (%s) for a streamed message of %s",
		e.streamed.RelativeCost.Multiple(), e.streamed.RelativeCost.Interval(), results.FormatBytes(e.streamed.Cell.Size)))
}

// allCalls counts by role: "4 a round trip: ping 1 read, 1 write; pong …", or
// "none".
func (e *Explanation) allCalls() string {
	if len(e.calls) == 0 {
		return "none"
	}
	total, roles, last := 0.0, "", ""
	for i, c := range e.calls {
		total += c.PerOp
		switch {
		case c.Role == last:
			roles += ","
		case i > 0:
			roles += "; " + c.Role
		default:
			roles = c.Role
		}
		last = c.Role
		roles += fmt.Sprintf(" %s %s", count(c.PerOp), c.Call)
	}
	if e.Scheduled {
		roles += "; on all threads, and those of the scheduler vary with how busy it is"
	}
	return fmt.Sprintf("%s %s: %s", count(total), e.tried()[0].op, roles)
}

// count renders a number of calls: whole ones have no fraction.
func count(n float64) string { return strings.TrimSuffix(fmt.Sprintf("%.2f", n), ".00") }

func (e *Explanation) writeLimits(b page) {
	fmt.Fprintln(b, "\nLimits here")
	limits := Limits(e.limits)
	for _, l := range limits {
		item(b, fmt.Sprintf("%s: %s (%s); beyond: %s", l.Of, l.Number, l.Source, l.Past()))
	}
	if limits == nil {
		item(b, "none that is known")
	}
}

func (e *Explanation) writeFailures(b page) {
	fmt.Fprintln(b, "\nWhen the other side has gone")
	if !e.Offers(mechanisms.Messages) {
		item(b, e.Facts.Traits.PeerDeath.Text)
		e.writeOpening(b)
		return
	}
	if e.EOF {
		item(b, "the receiver gets what is inside, and then the end of file")
	} else {
		item(b, "the receiver is not notified: its Receive never returns")
	}
	if e.Facts.Gone != "" {
		item(b, "the sender gets "+e.Facts.Gone)
	} else {
		item(b, "the sender is not notified: once the link is full, its Send never returns")
	}
	e.writeOpening(b)
}

// writeOpening reports which processes can replace one that has ended.
func (e *Explanation) writeOpening(b page) {
	if e.Facts.Unrelated {
		item(b, "any process that knows its name or identifier, and has the permission, can open it anew")
	} else {
		item(b, "no process can open it anew: it has no name, and is gone with the last process that has it open")
	}
}
