package report

import (
	"ipcbench/plots"
	"ipcbench/results"
)

// pictured says which charts become files, in this order: of each family the
// one with the most points, and where it says so one for each place and
// workload. Only the kernel's default queue is shown, or charts that span
// queues, and no floor; the page has the others.
var pictured = []struct {
	family string
	each   func(plots.Setting) plots.Setting // the part of the setting that differs within a family
}{
	{"change", func(s plots.Setting) plots.Setting { return plots.Setting{Workload: s.Workload, Place: s.Place} }},
	{"forest", one},
	{"throughput", place},
	{"latency", place},
	{"distribution", place},
	{"tailatrate", place},
	{"place", one},
	{"copies", one},
	{"capacity", one},
	{"inflight", one},
	{"options", one},
}

func one(plots.Setting) plots.Setting { return plots.Setting{} }

func place(s plots.Setting) plots.Setting { return plots.Setting{Place: s.Place} }

// Pictures returns the charts that become files: some ten of a run, whatever
// its plan, for a README or a slide.
func Pictures(charts []plots.Chart) (out []plots.Chart) {
	for _, p := range pictured {
		at := map[plots.Setting]int{}
		for _, c := range charts {
			if c.Family != p.family || c.Set.Workload == results.FloorWorkload || c.Set.Queue != "" && c.Set.Queue != "default" {
				continue
			}
			key := p.each(c.Set)
			i, seen := at[key]
			switch {
			case !seen:
				at[key] = len(out)
				out = append(out, c)
			case points(&c) > points(&out[i]):
				out[i] = c
			}
		}
	}
	return out
}

func points(c *plots.Chart) (n int) {
	for _, l := range c.Lines {
		n += len(l.Points)
	}
	return n
}
