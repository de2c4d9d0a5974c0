package results

import (
	"cmp"
	"math"
	"slices"
)

// Scheduler is how much the time of what is recommended depends on where the kernel
// puts processes that are not pinned; or that of all that may be fastest and were seen
// on both, where there are few launches of the one.
type Scheduler struct {
	Pooled     bool    `json:"pooled,omitempty"` // it is that of several
	OneCPU     float64 `json:"one_cpu"`          // ns, the median of the launches that it kept on one CPU
	OneCPUN    int     `json:"one_cpu_n"`        // how many
	Different  float64 `json:"different"`        // ns, of those that it kept on different CPUs
	DifferentN int     `json:"different_n"`      // how many
	Alike      bool    `json:"alike,omitempty"`  // mechanisms that are left are held against each other by launches pinned alike
}

// A mechanism's launches are split where each side has so many, and their medians
// differ by this factor: more than mechanisms do that are worth a race.
const (
	leastSplit  = 3
	splitFactor = 2
)

// schedulerOf is nil where the scheduler's choice makes less of a difference, or where
// it chose the same nearly always.
func schedulerOf(a Answer) *Scheduler {
	use := a.Use()
	one, different := use.OnOneCPU, use.OnDifferentCPUs
	pooled := len(one) < leastSplit || len(different) < leastSplit
	if pooled {
		one, different = nil, nil
		for _, r := range a.Ranked {
			// One that was never on both would have its own speed taken for the place's.
			if r.Tied() && !r.Aside && len(r.OnOneCPU) > 0 && len(r.OnDifferentCPUs) > 0 {
				one, different = append(one, r.OnOneCPU...), append(different, r.OnDifferentCPUs...)
			}
		}
	}
	if len(one) < leastSplit || len(different) < leastSplit {
		return nil
	}
	s := &Scheduler{pooled, float64(MedianOf(one).Center), len(one), float64(MedianOf(different).Center), len(different), false}
	if s.Different < splitFactor*s.OneCPU && s.OneCPU < splitFactor*s.Different {
		return nil
	}
	return s
}

// AlikePlaces are where mechanisms are pinned that the scheduler puts now on one CPU
// and now on different ones.
var AlikePlaces = [...]string{"same", "cross"}

// Alike are summaries of cells that differ from others in their place alone, at each of
// AlikePlaces.
type Alike [len(AlikePlaces)][]Summary

// unpinned is Rank for processes that are not pinned. Where the scheduler puts them
// decides more than the mechanism: a round trip may take 2 µs on one CPU and 45 µs on
// different ones, by luck. So the launches put out what is shown to be slower in all,
// its places among them, and what is left is held against each other alike: pinned to
// one CPU and to different ones, summaries of which are alike, weighed by how often the
// scheduler chose each. Each of the two contests may be wrong at half the level.
func (r Ranking) unpinned(group []Summary, alike Alike) Answer {
	half := (1 - Confidence) / 2
	a, all := r.rank(half, [][]Summary{group})
	if a.Decision != Undecided {
		return a
	}
	a.Scheduler = schedulerOf(a)
	if a.Scheduler == nil || a.Cell.Rate > 0 {
		return a
	}
	left := make([][]Summary, 1+len(alike)) // unpinned, and pinned
	one, different := 0, 0
	for _, m := range a.Ranked {
		if m.Out || m.Aside {
			continue
		}
		if m.Kept.Processes != 2 {
			return a // of several processes some may share a CPU
		}
		left[0] = append(left[0], m.Summary)
		one, different = one+m.Kept.OneCPU, different+m.Kept.Different
		for p, summaries := range alike {
			for _, s := range summaries {
				if s.Cell.Mechanism == m.Cell.Mechanism && s.Outcome == OK {
					left[1+p] = append(left[1+p], s)
				}
			}
			if len(left[1+p]) < len(left[0]) {
				return a // it may be the fastest
			}
		}
	}
	share := float64(one) / float64(one+different)
	pinned, of := r.rank(half, left[1:], share, 1-share)
	if pinned.Decision == TooFew {
		return a
	}
	out := a.held(all, pinned, of)
	for i := range out.Ranked {
		m := &out.Ranked[i]
		at := slices.IndexFunc(left[0], func(s Summary) bool { return s.Cell == m.Cell })
		for p := range alike {
			if at >= 0 {
				m.Pinned = append(m.Pinned, left[1+p][at].NsPerOp)
			}
		}
	}
	return out
}

// held is the answer of what the launches that were pinned alike came to. What they do
// not have is held against the leader by its unpinned launches.
func (a Answer) held(all contestants, pinned Answer, of contestants) Answer {
	alike := map[string]Held{}
	for _, m := range pinned.Ranked {
		alike[m.Cell.Mechanism] = m.Held
	}
	leader := pinned.Cell.Mechanism
	out := Answer{Decision: pinned.Decision, Within: a.Within, Scheduler: a.Scheduler}
	for _, m := range a.Ranked {
		if m.Cell.Mechanism == leader {
			out.Cell = m.Cell
		}
		if h, ok := alike[m.Cell.Mechanism]; ok {
			m.Held = h
		} else {
			m.Ratio = all.ratio(all.of[m.Cell.Mechanism], all.of[leader])
		}
		out.Ranked = append(out.Ranked, m)
	}
	out.sort()
	// Of what is as fast placed alike, the scheduler may place one worse.
	well := all.placedWell(a.Ranked)
	for _, name := range pinned.Best {
		if slices.Contains(well, name) {
			out.Best = append(out.Best, name)
		}
	}
	if len(out.Best) == 0 { // what is placed better may be slower otherwise
		out.Best = well[:1:1]
		if out.Decision != Undecided {
			out.Decision, out.Placing = Undecided, append(out.Best, pinned.Best...)
		}
	}
	out.Scheduler = schedulerOf(out)
	if out.Scheduler == nil { // it may be that of another, or of none
		out.Scheduler = a.Scheduler
	}
	out.Scheduler.Alike = true
	for i, place := range AlikePlaces {
		if of.enough(i, of.of[leader]) {
			out.Enough = append(out.Enough, place)
		}
	}
	return out
}

// passed is how many standard deviations longer than another a mechanism takes unpinned
// that the scheduler places worse. Of races among 20 it overlooks 3 % where half of them are kept on one
// CPU in 20 % of launches, the others in 80 %, and 22 % where the others are in 50 %.
// Less overlooks less, and needs more launches where luck must be told from it.
const passed = 2

// placedWell are the mechanisms that are not out and do not take longer unpinned than
// the one that takes least, which comes first.
func (c contestants) placedWell(ranked []Ranked) (names []string) {
	mechs := []string{}
	for _, m := range ranked {
		if !m.Out && !m.Aside {
			mechs = append(mechs, m.Cell.Mechanism)
		}
	}
	time := func(name string) float64 { return mean(numbers(c.parts[0][c.of[name]])) }
	slices.SortStableFunc(mechs, func(x, y string) int { return cmp.Compare(time(x), time(y)) })
	for i, name := range mechs {
		d := c.differences(0, c.of[name], c.of[mechs[0]])
		m, sum := mean(d), 0.0
		for _, v := range d {
			sum += (v - m) * (v - m)
		}
		n := float64(len(d))
		if i == 0 || n < leastBlocks || m <= passed*math.Sqrt(sum/(n-1)/n) {
			names = append(names, name)
		}
	}
	return names
}
