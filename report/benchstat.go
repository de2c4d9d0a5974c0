package report

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"ipcbench/results"
)

// perTable is how many mechanisms benchstat puts beside its base: three fit
// into 140 columns.
const perTable = 3

// comparison writes benchstat's tables: a row for each size, a column for
// each mechanism, one table for each setting and queue. Its error is one of
// writing the input that benchstat reads.
func (m *markdown) comparison(set *results.Set, summaries []results.Summary, benchstat func(...string) ([]byte, error)) error {
	tables := mechanismTables(summaries)
	if len(tables) == 0 {
		return nil
	}
	m.printf("\n## Comparison\n\n")
	if benchstat == nil {
		m.printf("benchstat was not run.\n")
		return nil
	}
	input, err := benchInput(summaries)
	if err != nil {
		return err
	}
	defer os.Remove(input)
	m.printf("By benchstat: median time per operation, each mechanism against the one that is fastest most often.\n")
	for _, t := range tables {
		out, err := benchstat(t.args(input)...)
		if err != nil {
			m.printf("\nbenchstat could not be run: %s\n", results.EscapeMarkdown(strings.ReplaceAll(err.Error(), input, results.BenchFile)))
			return nil
		}
		m.printf("\n%s, queue %s: %s against %s\n\n", title(t.cell), results.FormatQueue(t.cell.Queue), t.mechs[0], strings.Join(t.mechs[1:], ", "))
		m.fence(string(bytes.ReplaceAll(out, []byte(input), []byte(results.BenchFile))))
	}
	return nil
}

// benchInput writes, for benchstat, what mechanisms are ranked by: of the cells
// that are ok, since a launch that went well says nothing where another one of
// its cell failed.
func benchInput(summaries []results.Summary) (name string, err error) {
	f, err := os.CreateTemp("", "ipcbench-*.txt")
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	for i := range summaries {
		s := &summaries[i]
		unit := "ns/op"
		if s.Cell.Rate > 0 {
			unit = "p99-ns"
		}
		if _, launches := s.RankingMetric(); s.Outcome == results.OK {
			for _, v := range launches {
				fmt.Fprintf(w, "Benchmark%s 1 %v %s\n", s.Cell.Name(), v, unit)
			}
		}
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// mechanismTable is one of benchstat's tables.
type mechanismTable struct {
	cell  results.Cell // the setting and the queue
	sizes []int
	mechs []string // the base first
}

// mechanismTables cuts the cells that are ok into tables that are not too wide.
func mechanismTables(summaries []results.Summary) []mechanismTable {
	var ok []results.Summary
	for _, s := range summaries {
		if _, launches := s.RankingMetric(); s.Outcome == results.OK && len(launches) > 0 && s.Cell.Workload != results.FloorWorkload { // floors are no alternatives to each other
			ok = append(ok, s)
		}
	}
	byQueue := func(c results.Cell) results.Cell { s := c.Setting(); s.Queue, s.Options = c.Queue, c.Options; return s }
	slices.SortStableFunc(ok, func(a, b results.Summary) int { return results.CompareCells(byQueue(a.Cell), byQueue(b.Cell)) })
	var out []mechanismTable
	for _, group := range results.GroupBy(ok, byQueue) {
		t := mechanismTable{cell: byQueue(group[0].Cell)}
		for _, s := range group {
			if !slices.Contains(t.sizes, s.Cell.Size) {
				t.sizes = append(t.sizes, s.Cell.Size)
			}
		}
		mechs := ranking(group)
		if len(mechs) == 1 {
			continue // nothing to compare
		}
		for others := range slices.Chunk(mechs[1:], perTable) {
			t.mechs = append([]string{mechs[0]}, others...)
			out = append(out, t)
		}
	}
	return out
}

// ranking orders the mechanisms of a group: the one that is fastest at most
// sizes first, the others by name.
func ranking(group []results.Summary) []string {
	wins := map[string]int{}
	for _, a := range results.Answers(group) {
		wins[a.Ranked[0].Cell.Mechanism]++
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

// args are benchstat's. Names of cells need no quotes: see ParseCell.
func (t mechanismTable) args(input string) []string {
	unit := "ns/op"
	if t.cell.Rate > 0 {
		unit = "p99-ns"
	}
	filter := t.cell.BenchFilter() + " .unit:" + unit
	sizes := make([]string, len(t.sizes))
	for i, n := range t.sizes {
		sizes[i] = results.FormatBytes(n)
	}
	return []string{
		"-filter", filter,
		"-table", "",
		"-row", "/size@(" + strings.Join(sizes, " ") + ")",
		"-col", "/mech@(" + strings.Join(t.mechs, " ") + ")",
		"-ignore", ".config",
		input,
	}
}
