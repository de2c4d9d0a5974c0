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

// Write writes the explanation for a terminal, 100 columns wide.
func (e *Explanation) Write(out io.Writer) error {
	b := bufio.NewWriter(out)
	text.Wrap(b, "", "", e.Name+": "+e.Summary)
	fmt.Fprintln(b)
	text.Wrap(b, "", "", e.Facts.Kernel)
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
	text.Wrap(b, "", "", "Pages: "+strings.Join(e.Man, ", "))
	return b.Flush()
}

func item(b *bufio.Writer, s string) { text.Wrap(b, "  - ", "    ", s) }

// named is a line behind a word: "copies        2.1 …".
func named(b *bufio.Writer, name, s string) {
	text.Wrap(b, fmt.Sprintf("  %-14s", name), strings.Repeat(" ", 16), s)
}

// writePath draws the way of a message, and apart from it what a process in
// between does that passes it on.
func writePath(b *bufio.Writer, p mechanisms.Path, from, to string) {
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
type diagram [3]string

func (d *diagram) box(text string) {
	rule := strings.Repeat("─", utf8.RuneCountInString(text)+2)
	d[0] += "┌" + rule + "┐"
	d[1] += "│ " + text + " │"
	d[2] += "└" + rule + "┘"
}

func (d *diagram) arrow(h mechanisms.Hop) {
	n := max(len(calls(h)), len(copies(h)))
	d[0] += fmt.Sprintf("  %-*s  ", n, calls(h))
	d[1] += " " + strings.Repeat("─", n+1) + "→ "
	d[2] += fmt.Sprintf("  %-*s  ", n, copies(h))
}

func (d *diagram) write(b *bufio.Writer) { fmt.Fprintf(b, "\n%s\n", strings.Join(d[:], "\n")) }

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

func (e *Explanation) writeMeasured(b *bufio.Writer) {
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

func (e *Explanation) writeLimits(b *bufio.Writer) {
	fmt.Fprintln(b, "\nLimits here")
	limits := Limits(e.limits)
	for _, l := range limits {
		item(b, fmt.Sprintf("%s: %s (%s); beyond: %s", l.Of, l.Number, l.Source, l.Past()))
	}
	if limits == nil {
		item(b, "none that is known")
	}
}

func (e *Explanation) writeFailures(b *bufio.Writer) {
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
func (e *Explanation) writeOpening(b *bufio.Writer) {
	if e.Facts.Unrelated {
		item(b, "any process that knows its name or identifier, and has the permission, can open it anew")
	} else {
		item(b, "no process can open it anew: it has no name, and is gone with the last process that has it open")
	}
}
