package compare

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"ipcbench/results"
)

// Absent is the outcome of a cell of which a side has no record.
const Absent results.Outcome = "absent"

// settled is a cell once all its records are there.
type settled struct {
	outcome results.Outcome
	reason  string
	counts  []int32 // the launches that count, as indices
	lost    int     // launches that were disturbed at every attempt
	*launches
}

// settle gives each cell its outcome, by the rules of results.Summarize.
func (s *Side) settle() map[results.Cell]*settled {
	keys := make([]pass, len(s.passes))
	for key, p := range s.passes {
		keys[p] = key
	}
	rows := map[results.Cell][]*launches{} // of the cells that were asked for: a row for each capacity that was given
	for cell, c := range s.cells {
		rows[cell.Asked()] = append(rows[cell.Asked()], c)
	}
	out := make(map[results.Cell]*settled, len(s.cells))
	for cell, c := range s.cells {
		if settled := c.settle(keys, rows[cell.Asked()]); settled != nil {
			out[cell] = settled
		}
	}
	return out
}

// attempts notes in last which attempt counts, by pass.
func (c *launches) attempts(last map[int32]int32) {
	for i, p := range c.pass {
		last[p] = max(last[p], c.attempt(i))
	}
	for _, n := range c.notOK {
		last[n.pass] = max(last[n.pass], n.attempt)
	}
}

// settle settles one of the rows of a cell. It is nil where all of its launches
// were run again and then given another capacity.
func (c *launches) settle(passes []pass, rows []*launches) *settled {
	s := &settled{launches: c, outcome: results.OK}
	if len(rows) == 1 && len(c.notOK) == 0 && len(c.again) == 0 && ascending(c.pass) {
		s.countAll(passes)
		return s
	}
	own, last := map[int32]int32{}, map[int32]int32{}
	c.attempts(own)
	for _, row := range rows {
		row.attempts(last)
	}
	s.counts = make([]int32, 0, len(c.pass))
	for i, p := range c.pass {
		if c.attempt(i) == last[p] {
			s.counts = append(s.counts, int32(i))
		}
	}
	skipped := 0
	for _, n := range c.notOK {
		switch {
		case n.outcome == results.Failed:
			s.outcome, s.reason = results.Failed, n.reason
			return s
		case n.attempt < last[n.pass]: // was run again
		case n.outcome == results.Skipped:
			skipped++
			fallthrough
		default:
			s.lost++
			s.reason = n.reason
		}
	}
	if len(s.counts) == 0 && s.lost == 0 {
		return nil
	}
	if skipped > 0 || !results.Tolerable(s.lost, len(own)) {
		s.outcome = results.Untrusted
	}
	if skipped > 0 && skipped == len(own) {
		s.outcome = results.Skipped
	}
	if s.outcome == results.OK {
		s.complete(maps.Keys(last), passes)
	}
	return s
}

// countAll counts every launch: each is the only one of its pass.
func (s *settled) countAll(passes []pass) {
	s.counts = make([]int32, len(s.pass))
	for i := range s.counts {
		s.counts[i] = int32(i)
	}
	s.complete(slices.Values(s.pass), passes)
}

// lost counts the launches that the cells that are ok do without.
func lost(cells map[results.Cell]*settled) (n int) {
	for _, s := range cells {
		if s.outcome == results.OK {
			n += s.lost
		}
	}
	return n
}

func ascending(passes []int32) bool {
	for i := 1; i < len(passes); i++ {
		if passes[i] <= passes[i-1] {
			return false
		}
	}
	return true
}

func (c *launches) attempt(i int) int32 { return max(1, c.again[i]) }

// complete makes the cell untrusted if launches have no record: the passes it
// was launched in should be numbered without a gap.
func (s *settled) complete(launched iter.Seq[int32], passes []pass) {
	numbers, highest := map[int]int{}, map[int]int{} // by source
	for p := range launched {
		key := passes[p]
		numbers[key.source]++
		highest[key.source] = max(highest[key.source], key.launch)
	}
	for source, n := range numbers {
		if n < highest[source] {
			s.outcome, s.reason = results.Untrusted, fmt.Sprintf("%d of %d launches have no record", highest[source]-n, highest[source])
		}
	}
}

// measured is the launches that count and measured the metric, as indices with
// its values.
func (s *settled) measured(metric int) iter.Seq2[int, float64] {
	return func(yield func(int, float64) bool) {
		for _, i := range s.counts {
			if v := s.values[metric][i]; !math.IsNaN(v) && !yield(int(i), v) {
				return
			}
		}
	}
}

// sample returns the values of a metric and their passes.
func (s *settled) sample(metric int) (values []float64, passes []int32) {
	values, passes = make([]float64, 0, len(s.counts)), make([]int32, 0, len(s.counts))
	for i, v := range s.measured(metric) {
		values = append(values, v)
		passes = append(passes, s.pass[i])
	}
	return values, passes
}

// has reports whether any launch that counts measured the metric.
func (s *settled) has(metric int) bool {
	for range s.measured(metric) {
		return true
	}
	return false
}
