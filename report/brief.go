package report

import (
	"cmp"
	"math"
	"slices"

	"ipcbench/mechanisms"
	"ipcbench/plots"
)

// most is how many mechanisms a chart shows at first. Of 40 lines no eye follows
// one; eight are as many as the palette has hues.
const most = 8

// fastest is how many of these are the fastest; the others are core mechanisms.
const fastest = 4

// brief chooses the mechanisms that charts show at first, where they have more than
// most: the fastest, then those of the core set, then the next fastest. Charts
// that differ in their place alone, which stand side by side, show the same ones.
// Of changes it is those that changed most.
func brief(charts []plots.Chart) {
	type group struct {
		family string
		set    plots.Setting
	}
	groups := map[group][]*plots.Chart{}
	for i := range charts {
		c := &charts[i]
		g := group{c.Family, c.Set}
		g.set.Place = ""
		groups[g] = append(groups[g], c)
	}
	for _, group := range groups {
		ranked := rankedIn(group)
		if len(ranked) <= most {
			continue
		}
		shown := slices.Clone(ranked[:fastest])
		for _, name := range append(slices.Clone(mechanisms.Core), ranked...) {
			if len(shown) < most && slices.Contains(ranked, name) && !slices.Contains(shown, name) {
				shown = append(shown, name)
			}
		}
		slices.Sort(shown)
		for _, c := range group {
			c.Shown = shown
		}
	}
}

// rankedIn are the mechanisms of charts, the best first: by the mean of the
// logarithm of a value against the best of its column.
func rankedIn(charts []*plots.Chart) (names []string) {
	type column struct {
		chart *plots.Chart
		at    float64
		line  string
	}
	best := map[column]float64{}
	sum, n := map[string]float64{}, map[string]float64{}
	each := func(visit func(mechanism string, col column, v float64)) {
		for _, c := range charts {
			for _, l := range c.Lines {
				for _, p := range l.Points {
					name, col, v := l.Name, column{c, p.X, ""}, p.Y
					switch c.Kind {
					case plots.Dots:
						name, col, v = c.Y.Categories[int(p.Y)], column{c, 0, l.Name}, p.X
					case plots.Marks: // each has an X of its own
						col.at = 0
					}
					switch {
					case c.Family == "change":
						v = math.Exp(-math.Abs(math.Log(v)))
					case c.Y.Unit == plots.BytesPerSecond || c.Family == "inflight":
						v = 1 / v
					}
					visit(name, col, max(v, 1e-15)) // 0 switches are the best
				}
			}
		}
	}
	each(func(_ string, col column, v float64) {
		if b, ok := best[col]; !ok || v < b {
			best[col] = v
		}
	})
	each(func(name string, col column, v float64) {
		sum[name] += math.Log(v / best[col])
		n[name]++
	})
	for name := range sum {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(sum[a]/n[a], sum[b]/n[b]), cmp.Compare(a, b)) })
	return names
}
