package advise

import (
	"fmt"
	"slices"
	"strings"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// What every format shows alike. None of it is escaped for a format yet; it is
// harmless on a terminal.

// title repeats the question.
func (a *Advice) title() string {
	which := "between related processes"
	if a.Unrelated {
		which = "between unrelated processes"
	}
	if a.Boundaries {
		which += ", with message boundaries"
	}
	return fmt.Sprintf("%s, size %s, %s", a.Pattern, results.FormatBytes(a.Size), which)
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

// table is the ranking, its head first; nil where there is none.
func (a *Advice) table() (rows [][]string) {
	if len(a.Ranked) == 0 {
		return nil
	}
	p, _ := LookupPattern(a.Pattern)
	rows = append(rows, []string{"mechanism", "time/" + strings.ReplaceAll(p.Op, " ", "-"), "±", "more than the first", "throughput", "CPU", "n", ""})
	for i, c := range a.Ranked {
		more, mark := c.Ratio.Exceeds(), ""
		switch {
		case i == 0:
			more = "–"
		case c.Unsure:
			mark = "unsure"
		case c.Tied:
			mark = "can't tell"
		}
		rows = append(rows, []string{c.Mechanism, results.FormatTime(float64(c.Cost.Time.Center)), c.Cost.Time.Reach(), more,
			results.FormatRate(float64(c.Cost.Rate.Center)), results.FormatTime(float64(c.Cost.CPU.Center)), fmt.Sprint(c.Cost.N), mark})
	}
	return rows
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

// recommended are the facts of all that is best anywhere.
func recommended(list []Advice) []Fact {
	var names []string
	for _, a := range list {
		for _, name := range a.Best {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
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
	for _, l := range a.LeftOut {
		why := l.Why
		if l.Kind != Unfit && l.Kind != Unmeasured {
			why = string(l.Kind) + ": " + strings.TrimPrefix(why, l.Mechanism+": ")
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
