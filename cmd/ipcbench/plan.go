package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// planFlags are the flags of `ipcbench run` that say what is measured.
type planFlags struct {
	preset                                         string
	workloads, mechs, sizes, queues, places, peers []string
	floors                                         []string
	options                                        optionFlags
	launches                                       int
	time                                           time.Duration
	verify                                         bool
	seed                                           uint64
}

func (f *planFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.preset, "preset", "default", presetHelp())
	fl.StringSliceVar(&f.workloads, "workload", nil, "workloads: "+strings.Join(workloadNames(), ", "))
	fl.StringSliceVar(&f.mechs, "mech", nil, "mechanisms: "+strings.Join(mechanismNames(), ", "))
	fl.StringSliceVar(&f.sizes, "size", nil, "message sizes, 1 to "+results.FormatBytes(bench.MaxSize)+": 64, 4KiB, 1MiB")
	fl.StringSliceVar(&f.queues, "queue", nil, `bytes that a link should hold: "default" or a size`)
	fl.StringSliceVar(&f.places, "place", nil, "where processes run: "+strings.Join(placeNames(), ", "))
	fl.StringSliceVar(&f.peers, "peers", nil, bench.PeersHelp())
	fl.StringSliceVar(&f.floors, "floor", nil, "floors to measure besides those that a plan has by itself, or alone: "+strings.Join(floorNames(), ", "))
	f.options.register(c)
	fl.IntVar(&f.launches, "launches", 0, "launches per cell, each in fresh processes (the preset's)")
	fl.DurationVar(&f.time, "time", 0, "measured time of one launch (the preset's)")
	fl.BoolVar(&f.verify, "verify", false, "add a pass that checks a CRC-32C over every payload")
	fl.Uint64Var(&f.seed, "seed", 0, "of the order of launches (random)")
	for flag, values := range map[string][]string{"workload": workloadNames(), "mech": mechanismNames(), "place": placeNames(), "floor": floorNames(), "preset": presetNames(), "queue": {"default"}} {
		c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
}

// plan turns the flags into a plan. Axes alone span a plan of their own; with
// --preset they narrow the preset's.
func (f *planFlags) plan(c *cobra.Command) (bench.Plan, error) {
	var none bench.Plan
	preset, err := bench.LookupPreset(f.preset)
	if err != nil {
		return none, fmt.Errorf("--preset: %w", err)
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
	if !c.Flags().Changed("seed") {
		f.seed = rand.Uint64()
	}
	asked, err := f.axes()
	if err != nil {
		return none, err
	}
	narrows := slices.ContainsFunc([]string{"workload", "mech", "size", "queue", "place", "peers", "floor", "wait", "batch", "touch", "copy", "memory", "rate"}, c.Flags().Changed)
	if !narrows || c.Flags().Changed("preset") {
		blocks := append(preset.Blocks(mechanismNames(), placeNames()), asked.ofFloors())
		p := bench.NewPlan(blocks, launches, measured, f.verify, f.seed)
		p.Cells = slices.DeleteFunc(p.Cells, func(c results.Cell) bool { return !holds(asked, c) })
		if !slices.ContainsFunc(p.Cells, func(c results.Cell) bool { return c.Workload != results.FloorWorkload }) {
			return none, fmt.Errorf("the preset %s has no cell with these values: leave out --preset to span them", f.preset)
		}
		return p, nil
	}
	return bench.NewPlan([]bench.Axes{asked.orDefaults()}, launches, measured, f.verify, f.seed), nil
}

// askedAxes are the values that flags gave; an empty axis admits all.
type askedAxes bench.Axes

func (f *planFlags) axes() (askedAxes, error) {
	var a askedAxes
	for _, name := range f.workloads {
		w := bench.LookupWorkload(name)
		if w == nil {
			return a, badValue("--workload", name, workloadNames())
		}
		a.Workloads = append(a.Workloads, w.Name)
	}
	a.Mechanisms, a.Places, a.Floors = f.mechs, f.places, f.floors
	var err [4]error
	a.Sizes, err[0] = parseAll("--size", f.sizes, bench.ParseSize)
	a.Queues, err[1] = parseAll("--queue", f.queues, results.ParseQueue)
	a.Peers, err[2] = parseAll("--peers", f.peers, parsePeers)
	a.Options, err[3] = f.options.parse()
	if err := errors.Join(err[:]...); err != nil {
		return a, err
	}
	axes := a.orDefaults()
	if err := axes.Check(); err != nil {
		return a, err
	}
	return a, axes.CheckFit()
}

func parseAll(flag string, values []string, parse func(string) (int, error)) (out []int, err error) {
	for _, v := range values {
		n, err := parse(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		out = append(out, n)
	}
	return out, nil
}

func parsePeers(s string) (n int, err error) {
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil || fmt.Sprint(n) != s {
		return 0, fmt.Errorf("peers %q: want a number from 2 to %d", s, bench.MaxPeers)
	}
	return n, nil
}

// orDefaults fills in the axes that were not given.
func (a askedAxes) orDefaults() bench.Axes {
	or := func(values, otherwise []string) []string {
		if len(values) == 0 {
			return otherwise
		}
		return values
	}
	orInts := func(values []int, otherwise ...int) []int {
		if len(values) == 0 {
			return otherwise
		}
		return values
	}
	workloads := []string{"PingPong", "Stream", "FanIn", "Pipeline"}
	if len(a.Floors) > 0 && len(a.Mechanisms) == 0 {
		workloads = nil // floors alone
	}
	if len(a.Mechanisms) > 0 {
		workloads = append(workloads, "Notify") // where one of them notifies
	}
	return bench.Axes{
		Workloads:  or(a.Workloads, workloads),
		Mechanisms: or(a.Mechanisms, mechanismNames()),
		Sizes:      orInts(a.Sizes, 64, 4<<10, 64<<10),
		Queues:     orInts(a.Queues, 0),
		Places:     or(a.Places, []string{"same", "cross"}),
		Peers:      orInts(a.Peers, 4),
		Options:    a.Options,
		Floors:     a.Floors,
	}
}

// ofFloors are the floors that were asked for, and nothing else.
func (a askedAxes) ofFloors() bench.Axes {
	all := a.orDefaults()
	return bench.Axes{Floors: all.Floors, Sizes: all.Sizes, Places: all.Places}
}

// holds tells whether the cell is within the values asked for. A floor is
// within if its size is, or if it has one of its own; with its place.
func holds(a askedAxes, c results.Cell) bool {
	in := func(values []string, v string) bool { return len(values) == 0 || slices.Contains(values, v) }
	inInts := func(values []int, v int) bool { return len(values) == 0 || slices.Contains(values, v) }
	if w := bench.WorkloadOf(c); w.Floor != "" {
		return (w.Size > 0 || inInts(a.Sizes, c.Size)) && (!w.Placed() || in(a.Places, c.Place))
	}
	if bench.WorkloadOf(c).Size > 0 { // whatever sizes and queues of messages are asked for
		a.Sizes, a.Queues = nil, nil
	}
	return in(a.Workloads, c.Workload) && in(a.Mechanisms, c.Mechanism) && in(a.Places, c.Place) &&
		inInts(a.Sizes, c.Size) && inInts(a.Queues, c.Queue) && (c.Peers == 0 || inInts(a.Peers, c.Peers)) &&
		(len(a.Options) == 0 || slices.Contains(a.Options, c.Options))
}

func names[T any](all []T, name func(T) string) (out []string) {
	for _, x := range all {
		out = append(out, name(x))
	}
	return out
}

func mechanismNames() []string {
	return names(mechanisms.All(), func(m *mechanisms.Mechanism) string { return m.Name })
}

func workloadNames() []string {
	return names(bench.Workloads, func(w *bench.Workload) string { return strings.ToLower(w.Name) })
}

func floorNames() []string {
	return names(bench.Floors, func(w *bench.Workload) string { return w.Floor })
}

func placeNames() []string { return names(bench.Places, func(p bench.Place) string { return p.Name }) }

func presetNames() []string {
	return names(bench.Presets, func(p bench.Preset) string { return p.Name })
}

func presetHelp() string {
	lines := names(bench.Presets, func(p bench.Preset) string { return p.Name + ": " + p.Summary })
	return strings.Join(lines, "; ")
}
