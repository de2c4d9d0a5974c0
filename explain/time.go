package explain

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"

	"ipcbench/bench"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// Time is where the time of one operation of a cell goes. The times of its parts
// add up to the time that was measured.
type Time struct {
	Cell     results.Cell     `json:"cell"`     // whose operation it is
	Op       string           `json:"op"`       // what one operation is: "round trip"
	Source   string           `json:"source"`   // "here", or the run that was read
	Measured results.Estimate `json:"measured"` // ns
	CPU      results.Estimate `json:"cpu"`      // ns for which the processes had a CPU, all together; absent where instructions were counted
	Calls    string           `json:"calls"`    // how the number of system calls is known
	Parts    []Part           `json:"parts"`    // the last is Unexplained
}

// Part is a part of the time of an operation: so many of a step, at the price of a
// floor. Of Unexplained there is only the time, and it may be negative.
type Part struct {
	Name   string           `json:"part"`             // "wake-ups"
	Floor  string           `json:"floor,omitempty"`  // that prices it: "wake"
	Count  float64          `json:"count,omitzero"`   // in an operation, the median of the launches
	EachNs float64          `json:"each_ns,omitzero"` // price of one
	Time   results.Estimate `json:"time"`             // ns: Count times EachNs, with the interval of the launches' products
}

// Unexplained is the part of the time that the others leave.
const Unexplained = "not explained"

// scale renders times of a table in one unit, to a thousandth of the largest or
// less, so that what is printed adds up.
type scale struct {
	name    string
	per     float64 // ns
	decimal int     // places
}

func scaleFor(ns float64) scale {
	s := scale{"ns", 1, 1}
	for _, u := range []scale{{"µs", 1e3, 0}, {"ms", 1e6, 0}, {"s", 1e9, 0}} {
		if ns >= u.per {
			s = u
		}
	}
	s.decimal = max(0, 3-int(math.Log10(max(1, ns/s.per))))
	return s
}

func (s scale) text(ns float64) string {
	if math.IsInf(ns, 0) || math.IsNaN(ns) {
		return "–"
	}
	return fmt.Sprintf("%.*f", s.decimal, s.round(ns)/s.per+0) // +0: no minus before a zero
}

// round is ns as the scale shows it.
func (s scale) round(ns float64) float64 {
	unit := s.per / math.Pow(10, float64(s.decimal))
	return math.Round(ns/unit) * unit
}

// interval is that of an estimate, "–" of too few launches.
func (s scale) interval(e results.Estimate) string {
	if !e.Bounded() {
		return "–"
	}
	return s.text(float64(e.Lo)) + " to " + s.text(float64(e.Hi))
}

// Write writes the table, with a bar where each part stands in the whole, and what
// the parts are.
func (t *Time) Write(out io.Writer, s text.Screen, markdown bool) error {
	f := text.Form{Writer: bufio.NewWriter(out), Markdown: markdown, Columns: s.Width()}
	total := float64(t.Measured.Center)
	unit := scaleFor(total)
	what := results.InBytes(t.Cell.Size)
	if t.Cell.Workload == bench.Notify.Name {
		what = "notifications"
	}
	f.Paragraph("", fmt.Sprintf("%s, %s, %s: one %s takes %s %s (%s, %s)", t.Cell.Mechanism, what, results.PlaceTitle(t.Cell.Place),
		t.Op, results.FormatTime(total), t.Measured.PlusMinus(), launches(t.Measured.N), t.Source))
	rows := [][]string{{"part", "count", "each", unit.name, "95 % interval", "share"}}
	left, missing := unit.round(total), "" // as printed
	for _, p := range t.Parts {
		ns := unit.round(float64(p.Time.Center))
		row := []string{p.Name, count(p.Count), results.FormatTime(p.EachNs)}
		if p.Name == Unexplained {
			ns, row = left, []string{p.Name, "", ""}
			missing = unit.text(-ns) + unit.name
		}
		left -= ns
		rows = append(rows, append(row, unit.text(ns), unit.interval(p.Time), percent(ns/total)))
	}
	rows = append(rows, []string{"measured", "", "", unit.text(total), unit.interval(t.Measured), percent(1)})
	if markdown {
		f.Table("", "lr", rows)
	} else {
		f.Printf("\n")
		bars := t.bars(s.Width()-text.Width(rows), intervalWidth(rows))
		columns := []text.Column{{Head: rows[0][0]}}
		for _, head := range rows[0][1:] {
			columns = append(columns, text.Column{Head: head, Right: true})
		}
		columns[4].Drop = 1
		for i := range rows {
			rows[i] = append(rows[i], bars[i])
		}
		dropped, err := s.Table(f, "", append(columns, text.Column{}), rows[1:])
		if err != nil {
			return err
		}
		if note := text.Dropped(dropped, "--format json"); note != "" {
			f.Paragraph("", note)
		}
	}
	f.Printf("\n")
	for _, p := range t.Parts {
		f.Item(p.Name + ": " + t.meaning(p, missing))
	}
	if t.CPU.Known() {
		f.Printf("\n")
		f.Paragraph("", fmt.Sprintf("CPU time of all processes: %s a %s.", results.FormatTime(float64(t.CPU.Center)), t.Op))
	}
	return f.Flush()
}

// bars has a bar for each row of the table, the head's first: each part begins where
// the one before ends. What the parts have too much is drawn lighter. Where bars
// have no room the table loses its intervals, which take so many columns.
func (t *Time) bars(room, intervals int) []string {
	const least, most = 8, 50
	if room < least {
		room += intervals
	}
	width := min(max(room, least), most)
	total := float64(t.Measured.Center)
	end, widest := 0.0, total
	for _, p := range t.Parts {
		end += float64(p.Time.Center)
		widest = max(widest, end)
	}
	at := func(ns float64) int { return int(math.Round(ns / widest * float64(width))) }
	bars, from := []string{""}, 0.0
	for _, p := range t.Parts {
		to := from + float64(p.Time.Center)
		block, low, high := "█", at(from), at(to)
		switch {
		case low > high:
			block, low, high = "░", high, low
		case low == high && to > from:
			low = min(low, width-1)
			block, high = "▏", low+1
		}
		bars = append(bars, strings.Repeat(" ", low)+strings.Repeat(block, high-low))
		from = to
	}
	return append(bars, strings.Repeat("█", at(total)))
}

// meaning is what a part is, in sentences. Missing is the time by which the parts are
// too long, where they are.
func (t *Time) meaning(p Part, missing string) string {
	switch p.Floor {
	case results.FloorWake:
		return "context switches from one process to the other. Each costs the floor `wake` without its system calls."
	case results.FloorCall:
		return "system calls, " + t.Calls + ". Each costs the floor `nullcall`, which enters the kernel and does nothing there."
	case results.FloorBounce:
		return "messages whose receiver did not sleep. Each costs the floor `bounce`: a cache line goes from one CPU to another."
	case results.FloorCopy:
		return "copies of the message, as the mechanism declares them. Each costs the floor `onecopy`, in warm caches."
	}
	switch {
	case p.Time.Bounded() && p.Time.Lo <= 0 && p.Time.Hi >= 0:
		return "indistinguishable from 0, which its interval contains."
	case p.Time.Center < 0:
		return "the parts take " + missing + " less here than one by one: they overlap, or a floor does more than is needed here."
	}
	return "the mechanism's own work (locks, buffers, queues), and what is slower here than in the floors, as copies in cold caches."
}

// intervalWidth is how many columns of the table its intervals take.
func intervalWidth(rows [][]string) int {
	var one [][]string
	for _, row := range rows {
		one = append(one, row[4:5])
	}
	return text.Width(one)
}

func launches(n int) string {
	if n == 1 {
		return "1 launch"
	}
	return fmt.Sprint(n, " launches")
}

// percent has no minus before a zero.
func percent(share float64) string { return fmt.Sprintf("%.0f %%", math.Round(100*share)+0) }
