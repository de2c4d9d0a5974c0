package results

import (
	"fmt"
	"slices"
	"strings"
)

// floors tells how far each mechanism is from what the machine can do: tables
// of what a message, or a round trip, is worth.
func (m *markdown) floors(summaries []Summary) {
	weighed := slices.DeleteFunc(slices.Clone(summaries), func(s Summary) bool { return s.Worth == nil })
	floors := slices.DeleteFunc(slices.Clone(summaries), func(s Summary) bool { return s.Cell.Workload != FloorWorkload || s.Outcome != OK })
	if len(weighed)+len(floors) == 0 {
		return
	}
	m.printf("\n## Against the floors\n\n")
	m.printf("What no mechanism does without was measured in the same run. An operation takes as long as so many of them, ± the reach of the %.0f %% interval of the ratio:\n"+
		"a round trip in wake-ups of its place, one way; a message in copies of its size or, below %s, in null system calls.\n", 100*Confidence, FormatBytes(leastCopied))
	m.printf("\n| floor | size | place | median |\n|---|---:|---|---:|\n")
	for _, s := range floors {
		m.printf("| %s | %s | %s | %s ±%s |\n", s.Cell.Mechanism, FormatBytes(s.Cell.Size), s.Cell.Place, duration(s.NsPerOp), interval(s.NsPerOp))
	}
	for _, group := range groupBy(weighed, setting) {
		m.worth(group)
	}
}

// worth is the table of one setting: a row for a size and queue, a column for
// a mechanism.
func (m *markdown) worth(group []Summary) {
	var mechs []string
	for _, s := range group {
		mechs = addOnce(mechs, s.Cell.Mechanism)
	}
	slices.Sort(mechs)
	m.printf("\n### %s\n\n| size | queue | in | %s |\n|---:|---:|---|%s\n", title(group[0].Cell), strings.Join(mechs, " | "), strings.Repeat("---:|", len(mechs)))
	for _, row := range groupBy(group, func(c Cell) Cell { c.Mechanism = ""; return c }) {
		line := make([]string, len(mechs))
		for i := range line {
			line[i] = "–"
		}
		for _, s := range row {
			line[slices.Index(mechs, s.Cell.Mechanism)] = fmt.Sprintf("%s ±%s", s.Worth.Multiple(), s.Worth.spread())
		}
		c := row[0].Cell
		m.printf("| %s | %s | %s | %s |\n", FormatBytes(c.Size), FormatQueue(c.Queue), row[0].Worth.Unit, strings.Join(line, " | "))
	}
}
