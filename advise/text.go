package advise

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchmath"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// WriteText writes advice for a terminal, 100 columns wide: answers to one question, in several
// places. The sentences of about, which hold for all of it, join what the data
// cannot tell.
func WriteText(w io.Writer, list []Advice, about []string) error {
	b := bufio.NewWriter(w)
	for i, a := range list {
		if i == 0 {
			fmt.Fprintln(b, a.title())
		}
		fmt.Fprintf(b, "\n%s\n", a.where())
		results.WriteWrapped(b, "  ", "  ", a.Verdict)
		a.writeRanked(b)
		for _, n := range a.Neighbours {
			fmt.Fprintf(b, "\n  at %s: %s\n", results.FormatBytes(n.Size), n.Verdict)
			n.writeRanked(b)
		}
	}
	writeCautions(b, list)
	writeSentences(b, "Left out", list, func(a Advice) []string { return a.leftOut() })
	writeSentences(b, "What this data can't tell", list, func(a Advice) []string { return a.CantTell })
	for _, s := range about {
		results.WriteWrapped(b, "  - ", "    ", s)
	}
	return b.Flush()
}

// title repeats the question.
func (a *Advice) title() string {
	who := "between related processes"
	if a.Unrelated {
		who = "between unrelated processes"
	}
	if a.Boundaries {
		who += ", with message boundaries"
	}
	return fmt.Sprintf("%s, size %s, %s", a.Pattern, results.FormatBytes(a.Size), who)
}

// where names the setting: "Place same, 4 peers".
func (a *Advice) where() string {
	s := "Place " + results.Quote(a.Place)
	if a.Peers > 0 {
		s += fmt.Sprintf(", %d peers", a.Peers)
	}
	return s
}

func (a *Advice) writeRanked(b *bufio.Writer) {
	if len(a.Ranked) == 0 {
		return
	}
	p, _ := LookupPattern(a.Pattern)
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\n    mechanism\ttime/%s\t±\tmore than the first\tthroughput\tCPU\tn\t\n", strings.ReplaceAll(p.Op, " ", "-"))
	for i, c := range a.Ranked {
		fmt.Fprintf(t, "    %s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", c.Mechanism, c.Cost.Time.time(), c.Cost.Time.spread(), c.more(i),
			results.FormatRate(float64(c.Cost.Rate.Median)), c.Cost.CPU.time(), c.Cost.N, c.mark(i))
	}
	t.Flush()
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(b, strings.TrimRight(line, " \n"))
	}
}

func (v Value) time() string { return results.FormatTime(float64(v.Median)) }

func (v Value) spread() string {
	return benchmath.Summary{Center: float64(v.Median), Lo: float64(v.Lo), Hi: float64(v.Hi)}.PctRangeString()
}

// more is by how much the i-th takes longer than the first.
func (c Choice) more(i int) string {
	if i == 0 {
		return "–"
	}
	return c.Ratio.Exceeds()
}

// mark says of the i-th what the interval means.
func (c Choice) mark(i int) string {
	switch {
	case i == 0:
		return ""
	case c.Unsure:
		return "unsure"
	case c.Tied:
		return "same"
	}
	return ""
}

// writeCautions says what to beware of in what is recommended anywhere.
func writeCautions(b *bufio.Writer, list []Advice) {
	var names []string
	for _, a := range list {
		for _, name := range a.Best {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	first := true
	for _, name := range names {
		m := mechanisms.Lookup(name)
		if m == nil {
			continue
		}
		if first {
			fmt.Fprintln(b, "\nBeware (`ipcbench explain MECHANISM` tells more)")
			first = false
		}
		fmt.Fprintf(b, "  %s\n", name)
		for _, c := range m.Facts.Cautions {
			results.WriteWrapped(b, "  - ", "    ", c.Text+", "+c.Man)
		}
	}
}

// leftOut gives one line for all mechanisms that are left out alike.
func (a *Advice) leftOut() (lines []string) {
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

// writeSentences writes those of all advice, each once; what does not hold
// everywhere is marked with where it does.
func writeSentences(b *bufio.Writer, head string, list []Advice, of func(Advice) []string) {
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
	if len(order) > 0 {
		fmt.Fprintf(b, "\n%s\n", head)
	}
	for _, s := range order {
		if len(where[s]) < len(list) {
			s = strings.Join(where[s], ", ") + ": " + s
		}
		results.WriteWrapped(b, "  - ", "    ", s)
	}
}
