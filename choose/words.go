package choose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// What every format shows alike. None of it is escaped for a format yet; it is
// harmless on a terminal.

// title repeats the question.
func (a *Advice) title() string {
	p, _ := LookupPattern(a.Pattern)
	s := a.Pattern
	if !p.notifies() {
		s += ", size " + results.FormatBytes(a.Size)
	}
	if a.Unrelated {
		s += ", between unrelated processes"
	} else {
		s += ", between related processes"
	}
	for _, w := range []struct {
		asked bool
		what  string
	}{{a.Boundaries, "message boundaries"}, {a.SurvivesCrash, "a report when the peer is killed"}, {a.PassesFDs, "descriptors passed"}} {
		if w.asked {
			s += ", with " + w.what
		}
	}
	if a.Spin {
		s += ", spinning or not"
	}
	return s
}

// Case names the pattern, the size and the place: "rpc, 64 B, unpinned".
func (a *Advice) Case() string {
	p, _ := LookupPattern(a.Pattern)
	s := a.Pattern
	if !p.notifies() {
		s += ", " + results.InBytes(a.Size)
	}
	s += ", " + results.PlaceTitle(results.Quote(a.Place))
	if a.Peers > 0 {
		s += fmt.Sprintf(", %d peers", a.Peers)
	}
	return s
}

// where names the setting: "Same CPU, 4 peers".
func (a *Advice) where() string {
	s := results.PlaceTitle(results.Quote(a.Place))
	s = strings.ToUpper(s[:1]) + s[1:]
	if a.Peers > 0 {
		s += fmt.Sprintf(", %d peers", a.Peers)
	}
	return s
}

// mostRows is how many mechanisms a table shows.
const mostRows = 8

// shown are the choices that a table shows, by their time: the fastest, and the
// one that is recommended. Those that are held against the leader placed alike are by
// that: their unpinned times are a matter of luck.
func (a *Advice) shown() (rows []Choice, more []string) {
	all := slices.Clone(a.Ranked)
	by := func(c Choice) results.Float {
		if a.alike() != "" {
			return c.Ratio.Center
		}
		return c.Cost.Time.Center
	}
	slices.SortStableFunc(all, func(x, y Choice) int { return cmp.Compare(by(x), by(y)) })
	if i := slices.IndexFunc(all, func(c Choice) bool { return c.Mechanism == a.Use }); i >= mostRows {
		use := all[i]
		all = slices.Insert(slices.Delete(all, i, i+1), mostRows-1, use)
	}
	for i, c := range all {
		if i < mostRows {
			rows = append(rows, c)
		} else {
			more = append(more, c.Mechanism)
		}
	}
	return rows, more
}

// column is one of the table. The head of the time is that of the operation.
type column struct {
	text.Column
	of func(Choice) string
	in tables
}

// tables are those that a column is in.
type tables int

const (
	everywhere tables = iota
	usual             // where mechanisms are held against each other by the launches that were asked for
	alike             // where they are so placed alike
)

var columns = []column{
	{text.Column{Head: "mechanism", Least: 8}, func(c Choice) string { return c.Mechanism }, everywhere},
	{text.Column{Right: true}, func(c Choice) string { return results.FormatTime(float64(c.Cost.Time.Center)) }, usual},
	{text.Column{Head: "one CPU", Right: true}, func(c Choice) string { return results.FormatTime(float64(c.pinned(0))) }, alike},
	{text.Column{Head: "different CPUs", Right: true}, func(c Choice) string { return results.FormatTime(float64(c.pinned(1))) }, alike},
	{text.Column{Head: "kept together", Right: true, Drop: 5}, func(c Choice) string { return c.OneCPU }, alike},
	{text.Column{Head: "p99", Right: true, Drop: 2}, func(c Choice) string { return results.FormatTime(float64(c.Cost.P99.Center)) }, usual},
	{text.Column{Head: "CPU", Right: true, Drop: 1}, func(c Choice) string { return results.FormatTime(float64(c.Cost.CPU.Center)) }, usual},
	{text.Column{Head: "peer's death", Drop: 3}, func(c Choice) string {
		if c.Facts == nil {
			return "–"
		}
		return c.Facts.PeerDeath
	}, everywhere},
	{text.Column{Head: "boundaries", Drop: 4}, func(c Choice) string {
		if c.Facts == nil {
			return "–"
		}
		return c.Facts.Boundaries
	}, everywhere},
	{text.Column{Head: "against the leader", Prose: true, Least: 40}, func(c Choice) string {
		if c.Spins {
			return "spins; " + c.Verdict
		}
		return c.Verdict
	}, everywhere},
}

// table is the ranking; nothing where there is none.
func (a *Advice) table(screen text.Screen) (heads []text.Column, rows [][]string) {
	if len(a.Ranked) == 0 {
		return nil, nil
	}
	p, _ := LookupPattern(a.Pattern)
	choices, _ := a.shown()
	rows = make([][]string, len(choices))
	for _, col := range columns {
		if a.alike() != "" && col.in == usual || a.alike() == "" && col.in == alike {
			continue
		}
		col.Head = cmp.Or(col.Head, "time/"+strings.ReplaceAll(p.Op, " ", "-"))
		heads = append(heads, col.Column)
		for i, c := range choices {
			cell := col.of(c)
			switch {
			case col.Head == "mechanism" && c.Mechanism == a.Use:
				cell = screen.Paint(text.Good, cell)
			case strings.HasPrefix(cell, "can't tell"):
				cell = screen.Paint(text.Doubt, cell)
			}
			rows[i] = append(rows[i], cell)
		}
	}
	return heads, rows
}

// toCome names what the table has no row for; "": nothing.
func (a *Advice) toCome() string {
	_, more := a.shown()
	if more == nil {
		return ""
	}
	return "Not shown, as they take more time: " + strings.Join(more, ", ")
}

// toSave reports how far the first of the ranking is from what no mechanism
// does without; "" where no floor was measured.
func (a *Advice) toSave() string {
	if len(a.Ranked) == 0 || a.Ranked[0].Cost.RelativeCost == nil {
		return ""
	}
	first := a.Ranked[0]
	s := fmt.Sprintf("%s takes as long as %v", first.Mechanism, first.Cost.RelativeCost)
	if interval := first.Cost.RelativeCost.Interval(); interval != "none" {
		s += " (" + interval + ")"
	}
	return s + ", measured in the same run"
}

// recommended are the facts of what is recommended anywhere.
func recommended(list []Advice) []Fact {
	var names []string
	for _, a := range list {
		if a.Use != "" && !slices.Contains(names, a.Use) {
			names = append(names, a.Use)
		}
	}
	return Facts(names)
}

// caution renders one with its page.
func caution(c mechanisms.Caution) string { return c.Text + ", " + c.Man }

// leftOut gives one line for all mechanisms that are left out alike.
func leftOut(a Advice) (lines []string) {
	names := map[string][]string{}
	var whys []string
	untrusted := ""
	for _, l := range a.LeftOut {
		why := l.Why
		if l.Kind != Unfit && l.Kind != Unmeasured {
			why = string(l.Kind) + ": " + strings.TrimPrefix(why, l.Mechanism+": ")
		}
		if l.Kind == Kind(results.Untrusted) { // each has numbers of its own
			if untrusted == "" {
				untrusted = why
			}
			why = untrusted
		}
		if names[why] == nil {
			whys = append(whys, why)
		}
		names[why] = append(names[why], l.Mechanism)
	}
	for _, why := range whys {
		lines = append(lines, strings.Join(names[why], ", ")+": "+why)
	}
	return lines
}

func cantTell(a Advice) []string { return a.CantTell }

// sentences are those of all advice, each once. What does not hold everywhere
// begins with where it does.
func sentences(list []Advice, of func(Advice) []string) (all []string) {
	where := map[string][]string{}
	var order []string
	for _, a := range list {
		for _, s := range of(a) {
			if where[s] == nil {
				order = append(order, s)
			}
			where[s] = append(where[s], a.where())
		}
	}
	for _, s := range order {
		if len(where[s]) < len(list) {
			s = strings.Join(where[s], ", ") + ": " + s
		}
		all = append(all, s)
	}
	return all
}
