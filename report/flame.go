package report

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"sync"

	"ipcbench/kernels/profile"
	"ipcbench/results"
)

// flame is the flame graph of one task: what it executed, from the root down. The
// width of a frame is what it took in the kernel in which it took more, so that a
// function that is gone stays visible. Its color is the change with all that it calls,
// as a share of the cell's instructions.
type flame struct {
	Task   string
	All    profile.Change
	Height int // pixels
	Frames []frame
}

// frame is a function where it was called. X and Width are percent of the graph.
type frame struct {
	X, Width float64
	Y        int // pixels
	Name     string
	Tip      string // name, old, new, change
	Class    string // of its color
}

const (
	frameHeight = 18     // pixels
	thinnest    = 0.0005 // share of the graph from which on a frame is drawn
)

// levels are the changes from which on a frame has the color of that number, as
// shares of the cell's instructions.
var levels = []float64{0.001, 0.005, 0.02, 0.05}

// flames are the graphs of the tasks that took at least a thousandth.
func flames(c *profile.Comparison) (all []flame) {
	whole := max(c.Total.Old, c.Total.New)
	for begin := 0; begin < len(c.Paths); {
		end := begin + 1
		for end < len(c.Paths) && c.Paths[end].Depth > 0 {
			end++
		}
		if task := c.Paths[begin:end]; max(task[0].All.Old, task[0].All.New) >= 0.001*whole {
			all = append(all, newFlame(c, task, whole))
		}
		begin = end
	}
	slices.SortStableFunc(all, func(a, b flame) int { // the largest first
		return -cmp.Compare(max(a.All.Old, a.All.New), max(b.All.Old, b.All.New))
	})
	return all
}

// newFlame lays out the nodes of a task: widths from the leaves up, places from the
// root down.
func newFlame(c *profile.Comparison, nodes []profile.Node, whole float64) flame {
	widths := make([]float64, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- {
		widths[i] += max(nodes[i].Own.Old, nodes[i].Own.New)
		for p := i - 1; p >= 0; p-- {
			if nodes[p].Depth < nodes[i].Depth {
				widths[p] += widths[i]
				break
			}
		}
	}
	f := flame{Task: results.Quote(nodes[0].Task), All: nodes[0].All}
	next := []float64{0} // by depth, where the next frame begins
	for i, n := range nodes {
		x := next[n.Depth]
		next = append(next[:n.Depth], x+widths[i], x)
		if wide := widths[i] / widths[0]; wide >= thinnest {
			f.Frames = append(f.Frames, frame{X: percent(x / widths[0]), Width: percent(wide), Y: frameHeight * n.Depth,
				Name: callName(n.Function), Tip: flameTip(c, n), Class: flameClass(c, n.All, whole)})
			f.Height = max(f.Height, frameHeight*(n.Depth+1))
		}
	}
	return f
}

func percent(share float64) float64 { return math.Round(1e5*share) / 1e3 }

// flameTip is what a frame shows when it is pointed at.
func flameTip(c *profile.Comparison, n profile.Node) string {
	name := functionName(n.Function)
	if c.Old == nil {
		return fmt.Sprintf("%s: %s insns/op, %s; itself %s", name, insns(n.All.New), share(n.All.New/c.Total.New), insns(n.Own.New))
	}
	return fmt.Sprintf("%s: %s → %s insns/op, change %s; itself %s → %s", name, insns(n.All.Old), insns(n.All.New), insnsMore(n.All.By()), insns(n.Own.Old), insns(n.Own.New))
}

// flameClass is "more3" for the third level of a longer path, "less1" for the first of
// a shorter one, and "same" for no change; of one kernel "one".
func flameClass(c *profile.Comparison, n profile.Change, whole float64) string {
	if c.Old == nil {
		return "one"
	}
	level := 0
	for level < len(levels) && math.Abs(n.By()) >= levels[level]*whole {
		level++
	}
	if n.By() < 0 {
		level = -level
	}
	return shadeOf(level).Class
}

// shade is a color of the legend.
type shade struct{ Class, Text string }

// shadeOf is the color of a level, negative for a shorter path.
func shadeOf(level int) shade {
	switch {
	case level < 0:
		return shade{fmt.Sprintf("less%d", -level), fmt.Sprintf("−%g %%", 100*levels[-level-1])}
	case level > 0:
		return shade{fmt.Sprintf("more%d", level), fmt.Sprintf("+%g %%", 100*levels[level-1])}
	}
	return shade{"same", "0"}
}

// whyPage is what the template shows.
type whyPage struct {
	*profile.Comparison
	Title   string
	Flames  []flame
	Policy  string
	Style   template.CSS
	Script  template.JS
	Scale   []shade // of the colors
	Grouped []string
}

var whyTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("why.html.tmpl").Funcs(template.FuncMap{
		"insns": insns, "more": insnsMore, "function": functionName, "quote": results.Quote,
	}).ParseFS(files, "page/why.html.tmpl"))
})

// WriteWhyPage writes the profiles as a page of one file, which opens from disk: a
// flame graph of each task, and the functions. Equal profiles give equal bytes.
func WriteWhyPage(w io.Writer, old, new *profile.Profile) error {
	c, err := whyOf(old, new)
	if err != nil {
		return err
	}
	style, script := read("page/style.css")+read("page/kernels.css")+read("page/why.css"), read("page/why.js")
	p := whyPage{Comparison: c, Title: whyTitle(c), Flames: flames(c), Style: template.CSS(style), Script: template.JS(script),
		Policy: "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src " + hash(style) + "; script-src " + hash(script)}
	for i := len(levels); i > -len(levels)-1; i-- {
		p.Scale = append(p.Scale, shadeOf(-i))
	}
	for _, r := range c.Functions {
		if r.Why != "" {
			p.Grouped = append(p.Grouped, results.Quote(r.Why))
		}
	}
	return whyTemplate().Execute(w, p)
}
