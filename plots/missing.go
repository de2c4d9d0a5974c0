package plots

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ipcbench/results"
)

// Of what has no place in a picture it says as much as small print can.
const (
	maxAbsences = 8   // lines
	maxAbsence  = 150 // characters of one
)

// absences says which points are missing and why: a sentence for those of a
// line that are missing for one kind of reason, which the first one gives.
func (c *Chart) absences() (out []string) {
	type group struct {
		line, kind, reason string
		at, rows           []string
	}
	var groups []*group
	for _, m := range c.Missing {
		mechanism := c.rowOf(m)
		kind, why, _ := strings.Cut(m.Reason, ": ")
		i := slices.IndexFunc(groups, func(g *group) bool { return g.line == m.Line && g.kind == kind })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &group{m.Line, kind, strings.TrimPrefix(why, cmp.Or(mechanism, m.Line)+": "), nil, nil})
		}
		if g := groups[i]; mechanism != "" {
			g.rows = results.AddOnce(g.rows, mechanism)
		} else if m.X > 0 {
			g.at = results.AddOnce(g.at, c.X.Unit.Format(m.X))
		}
	}
	for i, g := range groups {
		if i == maxAbsences-1 && len(groups) > maxAbsences {
			return append(out, fmt.Sprintf("and %d more like these, which the report names", len(groups)-i))
		}
		s := g.line
		if g.rows != nil {
			s = fmt.Sprintf("%s (%s)", strings.Join(g.rows, ", "), g.line)
		}
		if len(g.at) > 0 {
			s += " at " + strings.Join(g.at, ", ")
		}
		s += ", " + g.kind
		if g.reason != "" {
			s += ": " + g.reason
		}
		out = append(out, "Not shown: "+cut(s, maxAbsence))
	}
	return out
}

// rowOf is the mechanism of a point that is missing from a chart of dots; in
// others it is the line, and this is "".
func (c *Chart) rowOf(m Missing) string {
	if c.Kind != Dots {
		return ""
	}
	cell, err := results.ParseCell(m.Cell)
	if err != nil {
		return results.Quote(m.Cell)
	}
	return cell.Mechanism
}
