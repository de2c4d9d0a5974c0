package report

import (
	"cmp"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/plots"
	"ipcbench/results"
)

// quantiles of a distribution, on the scale of its tail: 1/(1-q).
var tails = []float64{1, 4.0 / 3, 2, 4, 10, 20, 40, 100, 200, 400, 1e3, 2e3, 4e3, 1e4, 2e4, 4e4, 1e5, 2e5, 4e5, 1e6}

// Distributions charts how the times of single round trips lie: for each
// setting a line a mechanism, of all launches that count.
func Distributions(summaries []results.Summary) []plots.Chart {
	f := family{name: "distribution", title: "round trip, distribution"}
	var charts []plots.Chart
	at := map[plots.Setting]int{}
	for _, s := range summaries {
		if s.RoundTrips == nil && s.Damaged == nil {
			continue
		}
		set := plots.SettingOf(s.Cell)
		i, known := at[set]
		if !known {
			i = len(charts)
			at[set] = i
			charts = append(charts, plots.Chart{
				ID: set.ID(f.name), Family: f.name, Title: set.Title(f.title), Kind: plots.Lines, Set: set,
				Note: "Single round trips of all launches together; the scale stretches the tail, as HdrHistogram's.",
				X:    plots.Axis{Label: "percentile", Unit: plots.Quantile, Log: true},
				Y:    plots.Axis{Label: "time of a round trip", Unit: plots.Nanoseconds, Log: true},
			})
		}
		c := &charts[i]
		if s.Damaged != nil {
			c.Missing = append(c.Missing, plots.Missing{Line: s.Cell.Mechanism, X: 0, Reason: s.Damaged.Error(), Cell: s.Cell.Name()})
			continue
		}
		c.Lines = append(c.Lines, plots.Line{Name: s.Cell.Mechanism, Points: tail(s.RoundTrips, s.Cell.Name())})
	}
	charts = slices.DeleteFunc(charts, func(c plots.Chart) bool { return len(c.Lines) == 0 })
	for i := range charts {
		slices.SortFunc(charts[i].Lines, func(a, b plots.Line) int { return cmp.Compare(a.Name, b.Name) })
	}
	return charts
}

// tail reads off the quantiles that all launches together carry: of a hundred
// values the 99th percentile is the last.
func tail(h *hdrhistogram.PackedHistogram, cell string) (points []plots.Point) {
	for _, x := range tails {
		if !results.Carries(h.TotalCount(), x) {
			break
		}
		ns := float64(max(1, h.ValueAtPercentile(100*(1-1/x))))
		points = append(points, plots.Point{X: x, Y: ns, Lo: ns, Hi: ns, Cell: cell})
	}
	return points
}
