package bench

import (
	"fmt"
	"slices"
	"strings"

	"ipcbench/internal/suggest"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// What the one table of axes, results.Axes, cannot know is here: names that a
// registry has, and which workloads take which options.

// Values are the words that a flag of the axis may give, the usual one first;
// nil where they are numbers.
func Values(x *results.Axis) []string {
	switch x.Key {
	case "workload":
		return NamesOf(Workloads, func(w *Workload) string { return strings.ToLower(w.Name) })
	case "mech":
		return NamesOf(mechanisms.All(), func(m *mechanisms.Mechanism) string { return m.Name })
	}
	return x.Names()
}

// mostListed is how many names help lists: 40 fill half a terminal.
const mostListed = 20

// Help is what the flag of the axis is for, with what it may give and the
// workloads that take it where not all do.
func Help(x *results.Axis) string {
	values := Values(x)
	help := x.Help + ": " + strings.Join(values, ", ")
	if len(values) > mostListed {
		help = fmt.Sprintf("%s: \"ipcbench list\" lists all %d", x.Help, len(values))
	}
	if x.Most > 0 {
		help = x.Help + ", " + x.Range()
	}
	if takers := Takers(x); takers != nil {
		help += "; for " + strings.Join(takers, ", ")
	}
	return help
}

// Takers are the workloads that take the axis, with what they count where they
// do: "stream", "senders of FanIn"; nil where all take it.
func Takers(x *results.Axis) (takers []string) {
	for _, w := range Workloads {
		switch {
		case x.Key == "peers" && w.Peers != "":
			takers = append(takers, w.Peers+" of "+w.Name)
		case slices.Contains(w.Takes, x.Key):
			takers = append(takers, strings.ToLower(w.Name))
		}
	}
	return takers
}

// External registers the mechanism of a program outside the suite, which a value that
// begins with ExternalPrefix names, and returns its name. nil: such values are
// refused.
var External func(value string) (name string, err error)

// ExternalPrefix begins a value of mech that is no name: exec:./my-transport.
const ExternalPrefix = "exec:"

// Named is the name of the mechanism that a value of mech means. Whether there is
// one is left to Check.
func Named(value string) (string, error) {
	if External == nil || !strings.HasPrefix(value, ExternalPrefix) {
		return value, nil
	}
	return External(value)
}

// NamesOf are the names of all, as name has them.
func NamesOf[T any](all []T, name func(T) string) (names []string) {
	for _, x := range all {
		names = append(names, name(x))
	}
	return names
}

// Axes spans a block of cells: every combination of its values.
type Axes struct {
	Workloads  []string `json:"workloads,omitempty"` // names; floors are planned beside them
	Mechanisms []string `json:"mechanisms,omitempty"`
	Sizes      []int    `json:"sizes,omitempty"`  // bytes
	Queues     []int    `json:"queues,omitempty"` // bytes; 0: the kernel's default
	Places     []string `json:"places,omitempty"`
	Peers      []int    `json:"peers,omitempty"`  // for the workloads that vary them
	Floors     []string `json:"floors,omitempty"` // names of floors to have besides those that cells are held against

	// Options are combinations to try, each as far as a workload takes them;
	// none stands for the usual values.
	Options []results.Options `json:"options,omitempty"`
}

// Set gives the block the values of one axis, as a flag has them; those of an
// option are combined with the options that it has. An error begins with the
// value, in quotes. Names of mechanisms are left to Check.
func (a *Axes) Set(x *results.Axis, values []string) error {
	for at, v := range values {
		var c results.Cell
		if x.Key != "workload" && x.Key != "mech" {
			if err := x.Set(&c, v); err != nil {
				return fmt.Errorf("%q: %w", v, err)
			}
		}
		switch x.Key {
		case "workload":
			w := LookupWorkload(v)
			if w == nil {
				return fmt.Errorf("%q: %s", v, suggest.Wanted(v, Values(x), "ipcbench list"))
			}
			a.Workloads = append(a.Workloads, w.Name)
		case "mech":
			name, err := Named(v)
			if err != nil {
				return fmt.Errorf("%q: %w", v, err)
			}
			a.Mechanisms = append(a.Mechanisms, name)
		case "size":
			a.Sizes = append(a.Sizes, c.Size)
		case "queue":
			a.Queues = append(a.Queues, c.Queue)
		case "place":
			a.Places = append(a.Places, c.Place)
		case "peers":
			a.Peers = append(a.Peers, c.Peers)
		default:
			if at == 0 {
				return a.combine(x, values)
			}
		}
	}
	return nil
}

// maxOptions bounds the combinations of options in a block: a file may ask for more
// than there is memory for.
const maxOptions = 10_000

// Most is how many cells the block has at most.
func (a Axes) Most() float64 {
	n := float64(max(1, len(a.Workloads)) * max(1, len(a.Mechanisms)+len(a.Floors)))
	for _, values := range []int{len(a.Sizes), len(a.Queues), len(a.Places), len(a.Peers), len(a.Options)} {
		n *= float64(max(1, values))
	}
	return n
}

// combine gives the options that there are each value of one more.
func (a *Axes) combine(x *results.Axis, values []string) error {
	if a.Options == nil {
		a.Options = []results.Options{{}}
	}
	if n := len(a.Options) * len(values); n > maxOptions {
		return fmt.Errorf("%d values make %d combinations with those of other options: want at most %d", len(values), n, maxOptions)
	}
	var all []results.Options
	for _, o := range a.Options {
		for _, v := range values {
			c := results.Cell{Options: o}
			if err := x.Set(&c, v); err != nil {
				return fmt.Errorf("%q: %w", v, err)
			}
			all = append(all, c.Options)
		}
	}
	a.Options = all
	return nil
}

// Cells returns the cells of the block, in the order of the axes. A floor may
// come several times, where it depends on no size or place.
func (a Axes) Cells() (cells []results.Cell) {
	for _, name := range a.Workloads {
		w := LookupWorkload(name)
		peers := a.Peers
		if w.Peers == "" {
			peers = []int{0}
		}
		options := w.options(a.Options)
		sizes, queues := a.Sizes, a.Queues
		if w.Size > 0 {
			sizes, queues = []int{w.Size}, []int{0}
		}
		for _, mech := range a.Mechanisms {
			if m := mechanisms.Lookup(mech); m != nil && !w.PlaysOn(m) {
				continue
			}
			for _, size := range sizes {
				for _, queue := range queues {
					for _, place := range a.Places {
						for _, n := range peers {
							for _, o := range options {
								cells = append(cells, results.Cell{Workload: w.Name, Mechanism: mech, Size: size, Queue: queue, Place: place, Peers: n, Options: o})
							}
						}
					}
				}
			}
		}
	}
	for _, name := range a.Floors {
		for _, size := range a.Sizes {
			for _, place := range a.Places {
				if c, ok := LookupFloor(name).cell(size, place); ok {
					cells = append(cells, c)
				}
			}
		}
	}
	return cells
}

// options are those asked for as far as w takes them, each once, with a rate
// where it must have one.
func (w *Workload) options(asked []results.Options) (out []results.Options) {
	for _, o := range asked {
		for i := range results.Axes {
			if x := &results.Axes[i]; !w.takes(x) {
				o = o.Without(x.Key)
			}
		}
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	if out == nil {
		out = []results.Options{{}}
	}
	if w.Paced {
		return atRates(out)
	}
	return out
}

// takes reports whether the workload can be played with other than the usual
// value of an option.
func (w *Workload) takes(x *results.Axis) bool { return x.Link || slices.Contains(w.Takes, x.Key) }

// atRates gives those without a rate each of Rates.
func atRates(all []results.Options) (out []results.Options) {
	for _, o := range all {
		if o.Rate > 0 {
			out = append(out, o)
			continue
		}
		for _, o.Rate = range Rates {
			out = append(out, o)
		}
	}
	return out
}
