package command

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/results"
)

// planFlags are the flags of `ipcbench run` that define what is measured.
type planFlags struct {
	file     *bench.PlanFile // nil: none
	preset   string
	axes     axisFlags
	floors   []string
	launches int
	time     time.Duration
	verify   bool
	seed     uint64
	cpus     cpusFlag
}

// axisFlags are the values that flags give to the axes of results.Axes, by key.
type axisFlags map[string]*[]string

// register adds a flag for every axis that a plan may ask for.
func (f axisFlags) register(c *cobra.Command) {
	for i := range results.Axes {
		if x := &results.Axes[i]; !x.Found {
			f[x.Key] = c.Flags().StringSlice(x.Key, nil, bench.Help(x))
			completeFrom(c, x.Key, described(x))
		}
	}
}

// parse returns the values given, and nothing for an axis that was not.
func (f axisFlags) parse() (a askedAxes, err error) {
	for i := range results.Axes {
		x := &results.Axes[i]
		if values := f[x.Key]; values != nil {
			if err := (*bench.Axes)(&a).Set(x, *values); err != nil {
				return a, fmt.Errorf("--%s %w", x.Key, err)
			}
		}
	}
	return a, nil
}

func (f *planFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.preset, "preset", "default", presetHelp())
	f.axes = axisFlags{}
	f.axes.register(c)
	fl.StringSliceVar(&f.floors, "floor", nil, "extra floors; without --mech, only these: "+strings.Join(floorNames(), ", "))
	fl.IntVar(&f.launches, "launches", 0, "launches per cell, each in fresh processes (the preset's)")
	fl.DurationVar(&f.time, "time", 0, "measured time of one launch (the preset's)")
	fl.BoolVar(&f.verify, "verify", false, "add a pass that checks a CRC-32C over every payload")
	fl.Uint64Var(&f.seed, "seed", 0, "of the order of launches (random)")
	f.cpus.register(c)
	completeFrom(c, "floor", bench.NamesOf(bench.Floors, func(w *bench.Workload) string { return w.Floor + "\t" + w.Summary }))
	completeFrom(c, "preset", bench.NamesOf(bench.Presets(), func(p bench.Preset) string { return p.Name + "\t" + p.Summary }))
}

// plan turns the flags into a plan. Axes alone span a plan of their own; with
// --preset they narrow the preset's.
func (f *planFlags) plan(c *cobra.Command) (bench.Plan, error) {
	var none bench.Plan
	preset, err := f.basis()
	if err != nil {
		return none, err
	}
	launches, measured := preset.Launches, preset.Time
	if c.Flags().Changed("launches") {
		launches = f.launches
	}
	if c.Flags().Changed("time") {
		measured = f.time
	}
	if launches < 1 || launches > bench.MaxLaunches {
		return none, fmt.Errorf("--launches %d: want 1 to %d", launches, bench.MaxLaunches)
	}
	if measured < bench.MinTime || measured > bench.MaxTime {
		return none, fmt.Errorf("--time %v: want 1ms to 1m", measured)
	}
	f.seed = f.seedOf(c)
	asked, err := f.asked()
	if err != nil {
		return none, err
	}
	if !f.narrows(c) || f.blocks() != nil || c.Flags().Changed("preset") {
		blocks := append(preset.Spans(), asked.ofFloors())
		if err := few(blocks...); err != nil {
			return none, err
		}
		p := bench.NewPlan(blocks, launches, measured, f.verify, f.seed)
		p.Cells = slices.DeleteFunc(p.Cells, func(c results.Cell) bool { return !holds(asked, c) })
		if f.narrows(c) && !slices.ContainsFunc(p.Cells, func(c results.Cell) bool { return c.Workload != results.FloorWorkload }) {
			if f.blocks() != nil {
				return none, fmt.Errorf("no block of %s has a cell with these values: ask for values of its blocks, or leave it out to span them", results.Quote(preset.Name))
			}
			return none, fmt.Errorf("the preset %s has no cell with these values: leave out --preset to span them", preset.Name)
		}
		return p, nil
	}
	return bench.NewPlan([]bench.Axes{asked.orDefaults()}, launches, measured, f.verify, f.seed), nil
}

// seedOf is the seed that was asked for, else a random one.
func (f *planFlags) seedOf(c *cobra.Command) uint64 {
	if c.Flags().Changed("seed") {
		return f.seed
	}
	return rand.Uint64()
}

// askedAxes are the values that flags gave; an empty axis admits all.
type askedAxes bench.Axes

func (f *planFlags) asked() (askedAxes, error) {
	a, err := f.axes.parse()
	if err != nil {
		return a, err
	}
	a.Floors = f.floors
	axes := a.orDefaults()
	if err := axes.Check(); err != nil {
		return a, err
	}
	if err := few(axes); err != nil {
		return a, err
	}
	return a, axes.CheckFit()
}

// maxCells is far more than a week measures: preset full has 27,000 cells, which take
// hours.
const maxCells = 1_000_000

// few refuses blocks that span more cells than a run can have, before they are made.
func few(blocks ...bench.Axes) error {
	n := 0.0
	for _, b := range blocks {
		n += b.Most()
	}
	if n > maxCells {
		return fmt.Errorf("the plan has up to %.3g cells: want at most %d: leave out values of some axes", n, maxCells)
	}
	return nil
}

// orDefaults fills in the axes that were not given.
func (a askedAxes) orDefaults() bench.Axes {
	workloads := bench.First()
	if len(a.Floors) > 0 && len(a.Mechanisms) == 0 {
		workloads = nil // floors alone
	}
	if len(a.Mechanisms) > 0 {
		workloads = append(workloads, bench.Notify.Name) // where one of them notifies
	}
	return bench.Axes{
		Workloads:  or(a.Workloads, workloads...),
		Mechanisms: or(a.Mechanisms, mechanismNames()...),
		Sizes:      or(a.Sizes, 64, 4<<10, 64<<10),
		Queues:     or(a.Queues, 0),
		Places:     or(a.Places, "free", "same", "cross"),
		Peers:      or(a.Peers, bench.UsualPeers),
		Options:    a.Options,
		Floors:     a.Floors,
	}
}

func or[T any](values []T, otherwise ...T) []T {
	if len(values) == 0 {
		return otherwise
	}
	return values
}

// ofFloors are the floors that were asked for, and nothing else.
func (a askedAxes) ofFloors() bench.Axes {
	all := a.orDefaults()
	return bench.Axes{Floors: all.Floors, Sizes: all.Sizes, Places: all.Places}
}

// holds reports whether the cell is within the values asked for. A floor is
// within if its size is, or if it has one of its own; with its place.
func holds(a askedAxes, c results.Cell) bool {
	if w := bench.WorkloadOf(c); w.Floor != "" {
		return (w.Size > 0 || in(a.Sizes, c.Size)) && (!w.Placed() || in(a.Places, c.Place))
	}
	if bench.WorkloadOf(c).Size > 0 { // whatever sizes and queues of messages are asked for
		a.Sizes, a.Queues = nil, nil
	}
	return in(a.Workloads, c.Workload) && in(a.Mechanisms, c.Mechanism) && in(a.Places, c.Place) &&
		in(a.Sizes, c.Size) && in(a.Queues, c.Queue) && (c.Peers == 0 || in(a.Peers, c.Peers)) &&
		in(a.Options, c.Options)
}

func in[T comparable](values []T, v T) bool { return len(values) == 0 || slices.Contains(values, v) }

func mechanismNames() []string { return bench.Values(results.LookupAxis("mech")) }

func workloadNames() []string { return bench.Values(results.LookupAxis("workload")) }

func placeNames() []string { return results.LookupAxis("place").Names() }

func floorNames() []string {
	return bench.NamesOf(bench.Floors, func(w *bench.Workload) string { return w.Floor })
}

func presetHelp() string {
	lines := bench.NamesOf(bench.Presets(), func(p bench.Preset) string { return p.Name + ": " + p.Summary })
	return strings.Join(lines, "; ")
}
