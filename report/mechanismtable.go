package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"
	"golang.org/x/perf/benchunit"

	"ipcbench/choose"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// comparison writes a table for each setting and queue: a row for each
// mechanism, and for each size its median and the change against the base.
// The statistics are those of benchstat, whose command stands beneath, and so is
// the interval: other tables have that of results.MedianOf.
func (m *markdown) comparison(summaries []results.Summary) {
	tables := mechanismTables(summaries)
	if len(tables) == 0 {
		return
	}
	m.printf("\n## Comparison\n\nWhat benchstat prints: medians with its interval, and each mechanism against the first, which is the base: the change of the median, with p and n of the Mann–Whitney U test.\n"+
		"~: no difference at p ≤ %g. The base is no verdict: it is recommended at most sizes. The verdicts are under \"Fastest\".\n", benchmath.DefaultThresholds.CompareAlpha)
	for _, t := range tables {
		m.printf("\n### %s, queue %s: %s, base %s\n\n", title(t.cell), results.FormatQueue(t.cell.Queue), t.what(), t.mechs[0])
		m.mechanisms(t)
		m.printf("\n")
		m.fence("benchstat " + shellWords(t.args(results.BenchFile)) + "\n")
	}
}

// mechanisms writes the rows of a table.
func (m *markdown) mechanisms(t mechanismTable) {
	head := []string{"mechanism"}
	for _, size := range t.sizes {
		head = append(head, results.FormatBytes(size), "")
	}
	if len(t.sizes) > 1 {
		head = append(head, "geomean", "")
	}
	text.Head(m, "lr", head...)
	differ := false
	for _, mech := range t.mechs {
		row := []any{mech}
		for _, size := range t.sizes {
			e := t.entry(mech, size)
			row = append(row, e.median(), e.change())
		}
		if len(t.sizes) > 1 {
			g := t.geomean(mech)
			mark := ""
			if g.differs {
				mark, differ = " ¹", true
			}
			row = append(row, inSeconds(g.median), g.change()+mark)
		}
		text.Row(m, row...)
	}
	if differ {
		m.printf("\n¹ The sizes differ from the base's: the geometric means may not be comparable.\n")
	}
}

// mechanismTable compares mechanisms where nothing else varies but the size.
type mechanismTable struct {
	cell  results.Cell // the setting and the queue
	sizes []int
	mechs []string // the base first
	cells []results.Summary
}

// entry is a cell of the table, compared with the base's.
type entry struct {
	sample, base *benchmath.Sample // seconds; nil: not measured
	benchmath.Comparison
}

func (t *mechanismTable) entry(mech string, size int) entry {
	e := entry{sample: t.sample(mech, size)}
	if mech == t.mechs[0] || e.sample == nil {
		return e
	}
	if e.base = t.sample(t.mechs[0], size); e.base != nil {
		e.Comparison = benchmath.AssumeNothing.Compare(e.base, e.sample)
	}
	return e
}

// sample are the launches in seconds, as benchstat has them: of nanoseconds a
// last digit may be another.
func (t *mechanismTable) sample(mech string, size int) *benchmath.Sample {
	i := slices.IndexFunc(t.cells, func(s results.Summary) bool { return s.Cell.Mechanism == mech && s.Cell.Size == size })
	if i < 0 {
		return nil
	}
	_, launches, _ := t.cells[i].RankingMetric()
	seconds := make([]float64, len(launches))
	for i, ns := range launches {
		seconds[i], _ = benchunit.Tidy(ns, "ns")
	}
	return benchmath.NewSample(seconds, &benchmath.DefaultThresholds)
}

func summary(s *benchmath.Sample) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(s, results.Confidence)
}

// median renders the median with the reach of its interval: "5.063µs ±1%".
func (e *entry) median() string {
	if e.sample == nil {
		return "–"
	}
	s := summary(e.sample)
	return inSeconds(s.Center) + " ±" + s.PctRangeString()
}

// change renders what differs from the base: "+35.00% (p=0.000 n=10)".
func (e *entry) change() string {
	if e.base == nil {
		return "–"
	}
	return fmt.Sprintf("%s (%s)", e.FormatDelta(summary(e.base).Center, summary(e.sample).Center), e.Comparison)
}

func inSeconds(v float64) string { return benchunit.Scale(v, benchunit.Decimal) + "s" }

// geomean is the geometric mean of a mechanism's medians, and of their ratios
// to the base's.
type geomean struct {
	median, ratio float64 // seconds, and 1 for no change; the ratio is 0 where there is none
	differs       bool    // from the base in its sizes
}

func (t *mechanismTable) geomean(mech string) geomean {
	var medians, ratios []float64
	bases := 0
	for _, size := range t.sizes {
		e := t.entry(mech, size)
		if t.sample(t.mechs[0], size) != nil {
			bases++
		}
		if e.sample == nil {
			continue
		}
		median := summary(e.sample).Center
		medians = append(medians, median)
		if e.base != nil {
			ratios = append(ratios, median/summary(e.base).Center)
		}
	}
	g := geomean{median: stats.GeoMean(medians)}
	if mech != t.mechs[0] {
		g.differs = bases != len(ratios)
		if len(ratios) > 0 {
			g.ratio = stats.GeoMean(ratios)
		}
	}
	return g
}

func (g *geomean) change() string {
	if g.ratio == 0 {
		return "–"
	}
	return fmt.Sprintf("%+.2f%%", 100*(g.ratio-1))
}

// mechanismTables sorts the cells that are ok into tables, one for each setting
// and queue in which two mechanisms or more have a number.
func mechanismTables(summaries []results.Summary) []mechanismTable {
	var ok []results.Summary
	for _, s := range summaries {
		if _, launches, _ := s.RankingMetric(); s.Outcome == results.OK && len(launches) > 0 && s.Cell.Workload != results.FloorWorkload { // floors are no alternatives to each other
			ok = append(ok, s)
		}
	}
	byQueue := func(c results.Cell) results.Cell { s := c.Setting(); s.Queue, s.Options = c.Queue, c.Options; return s }
	slices.SortStableFunc(ok, func(a, b results.Summary) int { return results.CompareCells(byQueue(a.Cell), byQueue(b.Cell)) })
	var out []mechanismTable
	for _, group := range results.GroupBy(ok, byQueue) {
		t := mechanismTable{cell: byQueue(group[0].Cell), mechs: ranking(group), cells: group}
		if len(t.mechs) == 1 {
			continue // nothing to compare
		}
		for _, s := range group {
			t.sizes = append(t.sizes, s.Cell.Size)
		}
		slices.Sort(t.sizes)
		t.sizes = slices.Compact(t.sizes)
		out = append(out, t)
	}
	return out
}

// ranking orders the mechanisms of a group: the one that is recommended at most
// sizes first, the others by name.
func ranking(group []results.Summary) []string {
	wins := map[string]int{}
	for _, a := range choose.Answers(group) {
		wins[a.Use().Cell.Mechanism]++
	}
	var mechs []string
	for _, s := range group {
		mechs = results.AddOnce(mechs, s.Cell.Mechanism)
	}
	slices.Sort(mechs)
	base := slices.MaxFunc(mechs, func(a, b string) int { return cmp.Compare(wins[a], wins[b]) })
	i := slices.Index(mechs, base)
	return append([]string{base}, slices.Delete(mechs, i, i+1)...)
}

// unit is what mechanisms are ranked by, as bench.txt has it.
func (t *mechanismTable) unit() string {
	if t.cell.Rate > 0 {
		return "p99-ns"
	}
	return "ns/op"
}

// what names the unit.
func (t *mechanismTable) what() string {
	if t.cell.Rate > 0 {
		return "99th percentile of latency"
	}
	return "time per operation"
}

// args are those of benchstat for the same table. Names of cells need no
// quotes: see ParseCell.
func (t *mechanismTable) args(input string) []string {
	sizes := make([]string, len(t.sizes))
	for i, n := range t.sizes {
		sizes[i] = results.FormatBytes(n)
	}
	return []string{
		"-filter", t.cell.BenchFilter() + " .unit:" + t.unit(),
		"-table", "",
		"-row", "/size@(" + strings.Join(sizes, " ") + ")",
		"-col", "/mech@(" + strings.Join(t.mechs, " ") + ")",
		"-ignore", ".config",
		input,
	}
}

// shellWords quotes words, which hold no quote, for a shell.
func shellWords(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if out[i] = w; w == "" || strings.ContainsAny(w, ` "()`) {
			out[i] = "'" + w + "'"
		}
	}
	return strings.Join(out, " ")
}
