package report

import (
	"fmt"
	"strings"

	"ipcbench/compare"
	"ipcbench/results"
)

// gap is cells of a comparison that have no number, in the same place and for the same
// reason.
type gap struct {
	where   string // "skipped in 5.10 and 6.1"
	reason  string // "": none is known
	verdict compare.Verdict
	cells   []results.Cell
	names   []string // of the cells
}

// gaps groups cells without a number, which come one after the other.
type gaps []gap

func (g *gaps) add(c results.Cell, name string, verdict compare.Verdict, where, reason string) {
	i := 0
	for i < len(*g) && ((*g)[i].where != where || (*g)[i].reason != reason || (*g)[i].verdict != verdict) {
		i++
	}
	if i == len(*g) {
		*g = append(*g, gap{where: where, reason: reason, verdict: verdict})
	}
	(*g)[i].cells, (*g)[i].names = append((*g)[i].cells, c), append((*g)[i].names, name)
}

// missingGaps are the cells without a number on both sides of one comparison.
func missingGaps(r *compare.Report) (all gaps) {
	for _, c := range r.Missing {
		all.add(c.Cell, c.Name, c.Verdict, string(c.To)+onBoth, c.Reason)
	}
	return all
}

const onBoth = " on both sides"

// missing renders why a cell has no number on either side.
func missing(c compare.Change) string {
	return strings.TrimSuffix(string(c.To)+onBoth+": "+c.Reason, ": ")
}

// seriesGaps are the cells without a number on a side of a series.
func seriesGaps(s *compare.Series) (all gaps) {
	for _, c := range s.Cells {
		for _, a := range c.Absences {
			where := string(a.Outcome) + " everywhere"
			switch {
			case len(s.Names) == 1:
				where = string(a.Outcome)
			case len(a.Sides) < len(s.Names):
				var in []string
				for _, k := range a.Sides {
					in = append(in, s.Names[k])
				}
				where = string(a.Outcome) + " in " + inWords(in)
			}
			all.add(c.Cell, c.Name, a.Verdict, where, a.Reason)
		}
	}
	return all
}

// inWords joins names: "a, b and c".
func inWords(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// absent writes them: why, and below that which cells. A terminal gets the first of
// many.
func (c comparisonForm) absent(all gaps) {
	for i, g := range all {
		if i == 0 {
			c.Printf("\nWithout a number:\n%s", map[bool]string{true: "\n"}[c.Markdown])
		}
		why := strings.TrimSuffix(g.where+": "+g.reason, ": ")
		if c.Markdown {
			why = c.Escape(why)
		}
		if g.verdict == compare.Broken || g.verdict == compare.Lost {
			mark := string(g.verdict)
			if !c.Markdown {
				mark = c.screen.Paint(verdictMarks[g.verdict], mark)
			}
			why = mark + ", " + why
		}
		names := g.names
		if c.Markdown {
			c.Printf("- %s\n", why)
		} else {
			c.screen.Wrap(c, "  ", "    ", why)
			if c.screen.Columns > 0 {
				names = names[:min(len(names), maxNames)]
			}
		}
		for k, name := range names {
			if c.Markdown {
				c.Printf("  - `%s`\n", name)
			} else {
				c.Printf("    %s\n", c.screen.Short(4, g.cells[k].Short(name)))
			}
		}
		if more := len(g.names) - len(names); more > 0 {
			c.Printf("    %s\n", fmt.Sprintf("and %d more", more))
		}
	}
}
