package report

import (
	"cmp"
	"slices"
	"strings"

	"ipcbench/plots"
	"ipcbench/results"
)

// section is a place on the page for the charts of some families.
type section struct {
	ID       string // of the element, and of the section in the page's address
	Title    string
	Lede     string   // what to look for, a sentence; the notes of its charts come before it
	Families []string // drawn side by side
	Each     bool     // as small multiples: each line with the others behind it
}

// sections, in the order of the page. A family that none of them names gets
// one of its own, in front.
var sections = []section{
	{ID: "throughput", Title: "Throughput against message size", Families: []string{"throughput"},
		Lede: "Up is faster."},
	{ID: "latency", Title: "Round trip against message size", Families: []string{"latency"},
		Lede: "Down is faster."},
	{ID: "rate", Title: "Latency against rate", Families: []string{"tailatrate", "medianatrate"},
		Lede: "Where a line turns up its mechanism is saturated: less comes than is due, and latency grows as long as is measured."},
	{ID: "distribution", Title: "Distribution of round trips", Families: []string{"distribution"},
		Lede: "A flat line keeps its promise; one that rises at the right has a tail."},
	{ID: "each", Title: "Each mechanism against the others", Families: []string{"throughput", "latency"}, Each: true,
		Lede: "One in colour, all others in grey, on the same scales."},
	{ID: "floor", Title: "Against the machine's floor", Families: []string{"wakeups", "copies"},
		Lede: "Down is nearer to the least that the machine needs."},
	{ID: "capacity", Title: "Effect of the capacity", Families: []string{"capacity", "inflight"},
		Lede: "Pipes and FIFOs with the capacity set; others at the one they have."},
	{ID: "place", Title: "Effect of the place", Families: []string{"place"},
		Lede: "Left is faster."},
	{ID: "options", Title: "Effect of the options", Families: []string{"options"},
		Lede: "Left is faster."},
	{ID: "cost", Title: "CPU time and context switches", Families: []string{"cpu", "switches"},
		Lede: "Left is cheaper."},
}

// sectionsOf returns the sections that have something to show.
func sectionsOf(charts []plots.Chart) []section {
	present := map[string]bool{}
	notes := map[string]string{}
	known := map[string]bool{tradeOff: true} // the map has a place of its own
	for _, s := range sections {
		for _, f := range s.Families {
			known[f] = true
		}
	}
	var out []section
	for _, c := range charts {
		if !known[c.Family] && !present[c.Family] {
			out = append(out, section{ID: c.Family, Title: cmp.Or(titles[c.Family], c.Family), Families: []string{c.Family}})
		}
		present[c.Family], notes[c.Family] = true, c.Note
	}
	for _, s := range sections {
		s.Families = slices.DeleteFunc(slices.Clone(s.Families), func(f string) bool { return !present[f] })
		if len(s.Families) > 0 {
			out = append(out, s)
		}
	}
	for i := range out {
		var lede []string
		for _, f := range out[i].Families {
			if !out[i].Each && notes[f] != "" {
				lede = append(lede, notes[f])
			}
		}
		out[i].Lede = strings.TrimSpace(strings.Join(append(lede, out[i].Lede), " "))
	}
	return out
}

// titles of families that have a section of their own.
var titles = map[string]string{
	"change": "Change against message size",
	"forest": "All changes with their intervals",
}

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
	{tradeOff, place},
	{"throughput", place},
	{"latency", place},
	{distribution, place},
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
// its plan, for a README or a slide. They have the mechanisms that the page shows
// at first.
func Pictures(charts []plots.Chart) (out []plots.Chart) {
	for _, p := range pictured {
		at := map[plots.Setting]int{}
		for _, c := range charts {
			if c.Family != p.family || c.Set.Workload == results.FloorWorkload || c.Set.Queue != "" && c.Set.Queue != "default" {
				continue
			}
			key := p.each(c.Set)
			i, seen := at[key]
			c = c.Brief()
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
