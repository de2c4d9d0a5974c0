package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"ipcbench/choose"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// WriteMarkdown writes a report of set: the host in a line and its warnings,
// which mechanism is fastest where, mechanisms compared, libraries against what they are built on, how far from the
// machine's floors that is, every number, what has none and why, how to run it
// again, and all that is known of the host. It depends on nothing but the
// records.
func WriteMarkdown(w io.Writer, set *results.Set) error {
	m := &markdown{Writer: bufio.NewWriter(w)}
	summaries := set.Summaries()
	m.head(set)
	m.strip(set)
	m.warnings(set, summaries)
	m.sentences(summaries)
	m.answers(summaries)
	m.comparison(summaries)
	m.libraries(summaries)
	m.floors(summaries)
	m.numbers(summaries)
	m.notOK(summaries)
	m.leftOut(set)
	m.again(set)
	m.hosts(set)
	return m.Flush()
}

// markdown is a report under way. Its errors come with Flush.
type markdown struct{ *bufio.Writer }

func (m *markdown) printf(format string, args ...any) { fmt.Fprintf(m, format, args...) }

func (m *markdown) head(set *results.Set) {
	m.printf("# ipcbench: %s\n", results.EscapeMarkdown(labelled(set, set.Name())))
	if _, note := labelOf(set); note != "" {
		m.printf("\n%s\n", results.EscapeMarkdown(note))
	}
}

// strip names the machine in one line: a number means little without them.
func (m *markdown) strip(set *results.Set) {
	for _, h := range set.Hosts() {
		m.printf("\n%s\n", results.EscapeMarkdown(strings.Join(newHost(h).Strip, " · ")))
	}
}

// hosts lists every setting that was read.
func (m *markdown) hosts(set *results.Set) {
	for _, h := range set.Hosts() {
		m.printf("\n## Host\n\n")
		text.Markdown(m, "l", text.Rows([]string{"setting", "value"}, h.Settings(), func(s results.Setting) []string { return []string{s.Key, s.Value} }))
	}
}

// warnings lists what spoils numbers without voiding them.
func (m *markdown) warnings(set *results.Set, summaries []results.Summary) {
	for i, w := range newWarnings(set, summaries) {
		if i == 0 {
			m.printf("\n## Warnings\n\n")
		}
		m.printf("- %s", results.EscapeMarkdown(w.Text))
		if w.Cells > 0 {
			m.printf(" (%d of %s)", w.Cells, cells(len(summaries)))
		}
		m.printf("\n")
	}
}

// sentences are the answers to the questions that a reader comes with, word for
// word as `ipcbench choose --in` and the page give them.
func (m *markdown) sentences(summaries []results.Summary) {
	first := true
	for _, a := range choose.All(summaries) {
		if !a.Answered() {
			continue
		}
		if first {
			m.printf("\n## For your case\n\n`ipcbench choose PATTERN SIZE --in RUN` adds what else a mechanism must do.\n\n")
			first = false
		}
		m.printf("- %s: %s.\n", results.EscapeMarkdown(a.Case()), a.Sentence)
	}
}

func (m *markdown) answers(summaries []results.Summary) {
	answers := choose.Answers(summaries)
	if len(answers) == 0 && slices.ContainsFunc(summaries, func(s results.Summary) bool { return s.InsnsPerOp.Known() }) {
		return // instructions tell kernels apart, not which mechanism is fastest
	}
	m.printf("\n## Fastest\n")
	if len(answers) == 0 {
		m.printf("\nNo cell has a number.\n")
		return
	}
	m.printf("\nWhat to use is the mechanism that takes the least time per operation, of those that sleep while they wait, by the launches of each pass\n"+
		"held against each other. Of several that are as good a choice it is the first by the rule for ties. Another stands beside it, with by\n"+
		"how much that exceeds it, and bounds that hold for all at once, at %.0f %%. Only the verdict shows how sure the choice is.\n"+
		"Can't tell: another may be more than %.3g %% faster.\n", 100*results.Confidence, 100*results.Within)
	if slices.ContainsFunc(answers, func(a results.Answer) bool { return a.Cell.Rate > 0 }) {
		m.printf("Where messages are due at a rate it is the 99th percentile of their latency.\n")
	}
	otherWay := false
	for i, a := range answers {
		if i == 0 || a.Cell.Setting() != answers[i-1].Cell.Setting() {
			m.printf("\n### %s\n\n", title(a.Cell.Setting()))
			if kept := keptAt(summaries, a.Cell.Setting()); kept != "" {
				m.printf("%s\n\n", kept)
			}
			if a.Cell.Rate > 0 {
				text.Head(m, "rrrlrlrrl", "size", "queue", "due/s", "use", "median", "against", "median", "exceeds by", "verdict")
			} else {
				text.Head(m, "rrlrlrrl", "size", "queue", "use", "median", "against", "median", "exceeds by", "verdict")
			}
		}
		use := a.Use()
		median, _, _ := use.RankingMetric()
		against, took, by := "–", "–", "–"
		if next, ratio, ok := a.Next(); ok {
			of, _, _ := next.RankingMetric()
			against, took, by = next.Cell.Mechanism, duration(of)+" "+of.PlusMinus(), ratio.Exceeds()
			if (of.Center < median.Center) != (ratio.Center < 1) {
				by, otherWay = by+" ¹", true
			}
		}
		at := []any{results.FormatBytes(a.Cell.Size), results.FormatQueue(a.Cell.Queue)}
		if a.Cell.Rate > 0 {
			at = append(at, a.Cell.Rate)
		}
		text.Row(m, append(at, use.Cell.Mechanism, duration(median)+" "+median.PlusMinus(), against, took, by, choose.Verdict(a))...)
	}
	if otherWay {
		m.printf("\n¹ The medians lie the other way. The ratio is the mean of those within the passes; a median is only the middle of a mechanism's launches.\n")
	}
}

// keptAt is what the unpinned processes of a setting were like; "" where all were
// pinned.
func keptAt(summaries []results.Summary, setting results.Cell) string {
	return results.KeptIn(slices.DeleteFunc(slices.Clone(summaries), func(s results.Summary) bool { return s.Cell.Setting() != setting })).String()
}

func (m *markdown) numbers(summaries []results.Summary) {
	if countOutcome(summaries, results.OK) == 0 {
		return
	}
	m.printf("\n## All numbers\n\n")
	var b strings.Builder
	table := bufio.NewWriter(&b)
	writeCells(table, summaries, text.Screen{})
	table.Flush() // a strings.Builder takes everything
	m.fence(b.String())
}

func (m *markdown) notOK(summaries []results.Summary) {
	all := absences(summaries)
	for i, a := range all {
		if i == 0 || a.Outcome != all[i-1].Outcome {
			m.printf("\n## %s\n\n%s without a number:\n\n", capital(string(a.Outcome)), cells(countOutcome(summaries, a.Outcome)))
		}
		m.printf("- %s\n", results.EscapeMarkdown(a.Reason))
		for _, name := range a.Cells {
			m.printf("  - `%s`\n", name)
		}
	}
}

func (m *markdown) leftOut(set *results.Set) {
	if set.LeftOut == 0 {
		return
	}
	m.printf("\n## Left out\n\nLines that could not be used: %d.\n\n", set.LeftOut)
	for _, p := range set.Left() {
		m.printf("- %s\n", results.EscapeMarkdown(p))
	}
}

// again says how to repeat the run.
func (m *markdown) again(set *results.Set) {
	m.printf("\n## Run it again\n\n")
	a := newAgain(set)
	if a.Command != "" {
		m.fence(a.Command + "\n")
		m.printf("\n")
	}
	if a.Started != "" {
		m.printf("- started: %s\n", a.Started)
	}
	for _, seed := range a.Seeds {
		m.printf("- seed: %s\n", seed)
	}
	if a.Program != "" {
		m.printf("- program: %s\n", results.EscapeMarkdown(a.Program))
	}
	if a.Spent != "" {
		m.printf("- time: %s\n", a.Spent)
	}
}

// floors reports how far each mechanism is from what the machine can do: tables
// of what a message, or a round trip, is worth.
func (m *markdown) floors(summaries []results.Summary) {
	weighed := slices.DeleteFunc(slices.Clone(summaries), func(s results.Summary) bool { return s.RelativeCost == nil })
	floors := slices.DeleteFunc(slices.Clone(summaries), func(s results.Summary) bool {
		return s.Cell.Workload != results.FloorWorkload || s.Outcome != results.OK
	})
	if len(weighed)+len(floors) == 0 {
		return
	}
	m.printf("\n## Against the floors\n\n")
	m.printf("What no mechanism does without was measured in the same run. An operation takes as long as so many of them, ± the reach of the %.0f %% interval of the ratio:\n"+
		"a round trip in wake-ups of its place, one way; a message in copies of its size or, below %s, in null system calls.\n", 100*results.Confidence, results.FormatBytes(results.LeastCopied))
	m.printf("\n")
	text.Head(m, "lrlr", "floor", "size", "place", "median")
	for _, s := range floors {
		text.Row(m, s.Cell.Mechanism, results.FormatBytes(s.Cell.Size), s.Cell.Place, duration(s.NsPerOp)+" "+s.NsPerOp.PlusMinus())
	}
	for _, group := range results.GroupBy(weighed, results.Cell.Setting) {
		m.vsFloors(group)
	}
}

// vsFloors is the table of one setting: a row for a size and queue, a column for
// a mechanism.
func (m *markdown) vsFloors(group []results.Summary) {
	var mechs []string
	for _, s := range group {
		mechs = results.AddOnce(mechs, s.Cell.Mechanism)
	}
	slices.Sort(mechs)
	m.printf("\n### %s\n\n", title(group[0].Cell))
	text.Head(m, "rrlr", append([]string{"size", "queue", "in"}, mechs...)...)
	for _, row := range results.GroupBy(group, results.Cell.Point) {
		c := row[0].Cell
		line := []any{results.FormatBytes(c.Size), results.FormatQueue(c.Queue), row[0].RelativeCost.Unit}
		for range mechs {
			line = append(line, "–")
		}
		for _, s := range row {
			line[3+slices.Index(mechs, s.Cell.Mechanism)] = fmt.Sprintf("%s ±%s", s.RelativeCost.Multiple(), s.RelativeCost.Spread())
		}
		text.Row(m, line...)
	}
}

// fence writes s as it is, between fences that nothing in it can close.
func (m *markdown) fence(s string) {
	mark := "```"
	for strings.Contains(s, mark) {
		mark += "`"
	}
	m.printf("%stext\n", mark)
	for line := range strings.Lines(strings.TrimRight(s, "\n")) {
		m.printf("%s\n", strings.TrimRight(results.Quote(strings.TrimSuffix(line, "\n")), " "))
	}
	m.printf("%s\n", mark)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
