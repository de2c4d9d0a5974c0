package results

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// WriteMarkdown writes a report of set: the host in a line and what to doubt,
// which mechanism is fastest where, benchstat's comparison, how far from the
// machine's floors that is, every number, what
// has none and why, how to run it again, and all that is known of the host. It depends on nothing but the
// records and on what benchstat prints for them.
//
// The function benchstat runs that program with the given arguments and
// returns its standard output; it may be nil. Where it cannot be run the
// report says so and stands without its tables.
func WriteMarkdown(w io.Writer, set *Set, benchstat func(args ...string) ([]byte, error)) error {
	m := &markdown{Writer: bufio.NewWriter(w)}
	summaries := set.Summaries()
	m.head(set)
	m.strip(set)
	m.doubts(set, summaries)
	m.answers(summaries)
	if err := m.comparison(set, summaries, benchstat); err != nil {
		return err
	}
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

func (m *markdown) head(set *Set) {
	m.printf("# ipcbench: %s\n", escape(set.Name()))
}

// strip names the machine in one line: nobody should read a number without.
func (m *markdown) strip(set *Set) {
	for _, h := range set.Hosts() {
		var parts []string
		for _, part := range []string{h.Kernel, h.Arch, h.CPU, h.Topology, h.Virt, h.Clocksource} {
			if part != "" {
				parts = append(parts, escape(part))
			}
		}
		m.printf("\n%s\n", strings.Join(parts, " · "))
	}
}

// hosts lists every setting that was read.
func (m *markdown) hosts(set *Set) {
	for _, h := range set.Hosts() {
		m.printf("\n## Host\n\n| setting | value |\n|---|---|\n")
		for _, s := range h.Settings() {
			m.printf("| %s | %s |\n", escape(s.Key), escape(s.Value))
		}
	}
}

// doubts lists what spoils numbers without voiding them.
func (m *markdown) doubts(set *Set, summaries []Summary) {
	cellsWith := map[string]int{}
	var order []string
	for _, s := range summaries {
		for _, w := range s.Warnings {
			if cellsWith[w]++; cellsWith[w] == 1 {
				order = append(order, w)
			}
		}
	}
	var machine []Doubt
	for _, h := range set.Hosts() {
		machine = append(machine, h.Doubts...)
	}
	if len(order)+len(set.Warnings)+len(machine) == 0 {
		return
	}
	m.printf("\n## Doubts\n\n")
	for _, d := range machine {
		m.printf("- %s\n", escape(d.String()))
	}
	for _, w := range set.Warnings {
		m.printf("- %s\n", escape(w))
	}
	for _, w := range order {
		m.printf("- %s (%d of %s)\n", escape(w), cellsWith[w], cells(len(summaries)))
	}
}

func (m *markdown) answers(summaries []Summary) {
	answers := Answers(summaries)
	if len(answers) == 0 && slices.ContainsFunc(summaries, func(s Summary) bool { return s.InsnsPerOp.Known() }) {
		return // instructions tell kernels apart, not which mechanism is fastest
	}
	m.printf("\n## Fastest\n")
	if len(answers) == 0 {
		m.printf("\nNo cell has a number.\n")
		return
	}
	m.printf("\nThe smallest median time per operation, and by how much the next exceeds it, with the %.0f %% interval of the ratio.\n"+
		"\"Same within noise\" are the mechanisms whose interval holds 0 %%.\n", 100*Confidence)
	if slices.ContainsFunc(answers, func(a Answer) bool { return a.Cell.Rate > 0 }) {
		m.printf("Where messages are due at a rate it is the 99th percentile of their latency.\n")
	}
	for i, a := range answers {
		if i == 0 || setting(a.Cell) != setting(answers[i-1].Cell) {
			due, rule := "", ""
			if a.Cell.Rate > 0 {
				due, rule = " due/s |", "---:|"
			}
			m.printf("\n### %s\n\n| size | queue |%s fastest | median | next | exceeds by | verdict |\n|---:|---:|%s---|---:|---|---:|---|\n", title(setting(a.Cell)), due, rule)
		}
		next, by := "–", "–"
		if second, ok := a.Next(); ok {
			next, by = second.Cell.Mechanism, second.Ratio.Exceeds()
		}
		at := FormatBytes(a.Cell.Size) + " | " + FormatQueue(a.Cell.Queue)
		if a.Cell.Rate > 0 {
			at += " | " + strconv.Itoa(a.Cell.Rate)
		}
		median, _ := a.Ranked[0].judged()
		m.printf("| %s | %s | %s ±%s | %s | %s | %s |\n", at, a.Cell.Mechanism, duration(median), interval(median), next, by, a.Verdict())
	}
}

func (m *markdown) numbers(summaries []Summary) {
	if countOutcome(summaries, OK) == 0 {
		return
	}
	m.printf("\n## All numbers\n\n")
	var b strings.Builder
	text := bufio.NewWriter(&b)
	writeCells(text, summaries)
	text.Flush() // a strings.Builder takes everything
	m.fence(b.String())
}

func (m *markdown) notOK(summaries []Summary) {
	for _, outcome := range notOK {
		list := absences(summaries, outcome)
		if len(list) == 0 {
			continue
		}
		m.printf("\n## %s\n\n%s without a number:\n\n", capital(string(outcome)), cells(countOutcome(summaries, outcome)))
		for _, a := range list {
			m.printf("- %s\n", escape(a.reason))
			for _, c := range a.cells {
				m.printf("  - `%s`\n", c.Name())
			}
		}
	}
}

func (m *markdown) leftOut(set *Set) {
	if set.LeftOut == 0 {
		return
	}
	m.printf("\n## Left out\n\nLines that could not be used: %d.\n\n", set.LeftOut)
	for _, p := range set.Problems {
		m.printf("- %s\n", escape(p.String()))
	}
	if more := set.LeftOut - len(set.Problems); more > 0 {
		m.printf("- and %d more\n", more)
	}
}

// again says how to repeat the run.
func (m *markdown) again(set *Set) {
	m.printf("\n## Run it again\n\n")
	var program string
	if hosts := set.Hosts(); len(hosts) > 0 {
		program = hosts[0].Program
	}
	if h := set.Header; h != nil {
		program = h.Program
		if len(h.Command) > 0 {
			m.fence(h.CommandLine() + "\n")
			m.printf("\n")
		}
		m.printf("- started: %s\n", h.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	for _, seed := range set.Seeds() {
		m.printf("- seed: %d\n", seed)
	}
	if program != "" {
		m.printf("- program: %s\n", escape(program))
	}
	if spent, ok := set.Spent(); ok {
		m.printf("- time: %s\n", spent)
	}
}
