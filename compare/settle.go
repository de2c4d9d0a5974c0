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
	vague   bool    // it does not say under which configuration it was not ok
	*launches
}

// settle gives each cell its outcome in each group of configurations.
func (s *Side) settle(apart *split) map[point]*settled {
	keys := make([]pass, len(s.passes))
	for key, p := range s.passes {
		keys[p] = key
	}
	asked := map[results.Cell]map[results.Cell][]int32{} // configurations by row of each cell that was asked for: one for each capacity that was given
	for at := range s.cells {
		of := at.cell.Asked()
		if asked[of] == nil {
			asked[of] = map[results.Cell][]int32{}
		}
		asked[of][at.cell] = append(asked[of][at.cell], at.config)
	}
	out := make(map[point]*settled, len(s.cells))
	for _, rows := range asked {
		settled := s.settleRows(rows, apart, keys)
		gap := s.gap(rows, keys)
		for at, st := range settled {
			if st.outcome == results.OK && gap != "" {
				st.outcome, st.reason = results.Untrusted, gap
			}
			out[at] = st
		}
	}
	return out
}

// settleRows settles the rows of a cell that was asked for. An attempt may be in
// another row than the one before.
func (s *Side) settleRows(rows map[results.Cell][]int32, apart *split, keys []pass) map[point]*settled {
	all, vague := map[point]*launches{}, map[results.Cell]bool{}
	beside := map[int32][]*launches{} // by group
	for cell, list := range rows {
		slices.Sort(list) // a report is a pure function of records
		var groups map[int32]*launches
		groups, vague[cell] = s.groups(cell, list, apart)
		for group, c := range groups {
			if len(groups) > 1 && c.text {
				c = c.renumber(keys, s.passes)
			}
			all[point{cell, group}] = c
			beside[group] = append(beside[group], c)
		}
	}
	out := map[point]*settled{}
	for at, c := range all {
		if st := c.settle(beside[at.group]); st != nil {
			st.vague = vague[at.cell]
			out[at] = st
		}
	}
	return out
}

// groups joins the launches of a cell that were measured under what the split
// does not tell apart. A launch that is not ok and does not say what it was
// measured under counts for every group, as far as it does not say.
func (s *Side) groups(cell results.Cell, configs []int32, apart *split) (groups map[int32]*launches, vague bool) {
	groups = map[int32]*launches{}
	alike := map[int32][]int32{} // groups that differ in GOMAXPROCS alone
	var later []int32
	for _, n := range configs {
		c, config := s.cells[measured{cell, n}], s.configs.all[n]
		group := apart.group(cell, config)
		wide := group
		if apart.by(procsKey) {
			wide = apart.group(cell, config.without(procsKey))
		}
		if len(c.pass) == 0 && (group == wide || group == apart.group(cell, configuration{})) {
			later = append(later, n)
			continue
		}
		if groups[group] == nil {
			alike[wide] = append(alike[wide], group)
		}
		groups[group] = groups[group].join(c)
	}
	for _, n := range later {
		c, group := s.cells[measured{cell, n}], apart.group(cell, s.configs.all[n])
		to := alike[group]
		if group == apart.group(cell, configuration{}) {
			to = slices.Collect(maps.Keys(groups))
		}
		if len(to) == 0 {
			to, vague = []int32{group}, true
		}
		for _, g := range to {
			groups[g] = groups[g].join(c)
		}
	}
	return groups, vague
}

// join returns the launches of both. It changes neither.
func (c *launches) join(d *launches) *launches {
	if c == nil {
		return d
	}
	out := &launches{text: c.text || d.text, pass: slices.Concat(c.pass, d.pass), notOK: slices.Concat(c.notOK, d.notOK), values: make([][]float64, len(c.values))}
	for m := range out.values {
		if out.values[m] = c.values[m]; d.values[m] != nil {
			out.values[m] = slices.Concat(padded(c.values[m], len(c.pass)), d.values[m])
		}
	}
	for from, side := range []*launches{c, d} {
		for i, attempt := range side.again {
			if out.again == nil {
				out.again = map[int]int32{}
			}
			out.again[i+from*len(c.pass)] = attempt
		}
		for name, all := range side.given {
			if out.given == nil {
				out.given = map[string]*values{}
			}
			if out.given[name] == nil {
				out.given[name] = &values{}
			}
			for _, v := range all.list {
				out.given[name].add(v)
			}
		}
	}
	return out
}

// renumber numbers the launches of text anew: the text counts them whatever
// they were measured under, and a pass is the first launch of each.
func (c *launches) renumber(keys []pass, passes map[pass]int) *launches {
	out := *c
	n := map[string]int{} // by run and source
	anew := func(p int32) int32 {
		key := keys[p]
		run := fmt.Sprint(key.source, " ", key.run)
		n[run]++
		if q, ok := passes[pass{key.source, key.run, n[run]}]; ok {
			return int32(q)
		}
		return p
	}
	out.pass = slices.Clone(c.pass)
	for i, p := range c.pass {
		out.pass[i] = anew(p)
	}
	out.notOK = slices.Clone(c.notOK)
	for i := range out.notOK {
		out.notOK[i].pass = anew(out.notOK[i].pass)
	}
	return &out
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
func (c *launches) settle(rows []*launches) *settled {
	s := &settled{launches: c, outcome: results.OK}
	if len(rows) == 1 && len(c.notOK) == 0 && len(c.again) == 0 && ascending(c.pass) {
		s.countAll()
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
	failed, skipped := 0, 0
	for _, n := range c.notOK {
		if n.outcome == results.Failed && failed == 0 {
			failed, s.reason = 1, n.reason
		}
		switch {
		case failed > 0:
		case n.attempt < last[n.pass]: // was run again
		case n.outcome == results.Skipped:
			skipped++
			fallthrough
		default:
			s.lost++
			s.reason = n.reason
		}
	}
	if len(s.counts)+s.lost+failed == 0 {
		return nil
	}
	s.outcome = results.OutcomeOf(failed, skipped, s.lost-skipped, len(own))
	return s
}

// countAll counts every launch: each is the only one of its pass.
func (s *settled) countAll() {
	s.counts = make([]int32, len(s.pass))
	for i := range s.counts {
		s.counts[i] = int32(i)
	}
}

// lost counts the launches that the cells that are ok do without.
func lost(cells map[point]*settled) (n int) {
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

// gap says that launches of a cell have no record: the passes it was launched
// in should be numbered without a gap, in whichever row they are.
func (s *Side) gap(rows map[results.Cell][]int32, keys []pass) string {
	numbers, highest := map[int]int{}, map[int]int{} // by source
	seen := map[int32]bool{}
	count := func(p int32) {
		key := keys[p]
		numbers[key.source]++
		highest[key.source] = max(highest[key.source], key.launch)
	}
	for cell, configs := range rows {
		once := len(rows) == 1 && len(configs) == 1
		for _, n := range configs {
			c := s.cells[measured{cell, n}]
			if c.text {
				continue // its launches were counted as they came, on whichever side they are
			}
			if once && len(c.notOK) == 0 && len(c.again) == 0 && ascending(c.pass) {
				for _, p := range c.pass {
					count(p)
				}
				continue
			}
			for _, p := range c.pass {
				if !seen[p] {
					seen[p] = true
					count(p)
				}
			}
			for _, n := range c.notOK {
				if !seen[n.pass] {
					seen[n.pass] = true
					count(n.pass)
				}
			}
		}
	}
	for _, source := range slices.Sorted(maps.Keys(numbers)) {
		if n := numbers[source]; n < highest[source] {
			return fmt.Sprintf("%d of %d launches have no record", highest[source]-n, highest[source])
		}
	}
	return ""
}

// measured is the launches that count and measured the metric, as indices with
// its values.
func (s *settled) measured(metric int) iter.Seq2[int, float64] {
	return func(yield func(int, float64) bool) {
		for _, i := range s.counts {
			if int(i) >= len(s.values[metric]) {
				continue
			}
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
