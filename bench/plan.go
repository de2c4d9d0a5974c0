package bench

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Axes spans a block of cells: every combination of its values.
type Axes struct {
	Workloads  []string // names; floors are planned beside them
	Mechanisms []string
	Sizes      []int // bytes
	Queues     []int // bytes; 0: the kernel's default
	Places     []string
	Peers      []int    // for the workloads that vary them
	Floors     []string // names of floors to have besides those that cells are held against

	// Options are combinations to try, each as far as a workload takes them;
	// none stands for the usual values.
	Options []results.Options
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

// Check names the first value of the axes that does not exist.
func (a Axes) Check() error {
	for _, name := range a.Workloads {
		w := LookupWorkload(name)
		if w == nil {
			return unknown("workload", name, Workloads, func(w *Workload) string { return strings.ToLower(w.Name) })
		}
		for _, n := range a.Peers {
			if w.Peers != "" {
				if err := w.Admit(results.Cell{Peers: n, Size: w.Least}); err != nil {
					return err
				}
			}
		}
		for _, mech := range a.Mechanisms {
			if mechanisms.Lookup(mech) == nil {
				return unknown("mechanism", mech, mechanisms.All(), func(m *mechanisms.Mechanism) string { return m.Name })
			}
		}
	}
	for _, name := range a.Floors {
		if LookupFloor(name) == nil {
			return unknown("floor", name, Floors, func(w *Workload) string { return w.Floor })
		}
	}
	for _, place := range a.Places {
		if !slices.ContainsFunc(Places, func(p Place) bool { return p.Name == place }) {
			return unknown("place", place, Places, func(p Place) string { return p.Name })
		}
	}
	for _, o := range a.Options {
		if err := a.checkOptions(o); err != nil {
			return err
		}
	}
	for _, size := range a.Sizes {
		if size > MaxSize {
			return fmt.Errorf("size %s: want at most %s", results.FormatBytes(size), results.FormatBytes(MaxSize))
		}
	}
	return nil
}

// CheckFit names the remedy where none of the workloads plays on any of the
// mechanisms, so that no cell is left.
func (a Axes) CheckFit() error {
	if len(a.Cells()) > 0 {
		return nil
	}
	w := LookupWorkload(a.Workloads[0])
	var fit []string
	for _, m := range mechanisms.All() {
		if w.PlaysOn(m) {
			fit = append(fit, m.Name)
		}
	}
	return fmt.Errorf("workload %s plays on %v, which no mechanism of %s carries: want one of %s",
		strings.ToLower(w.Name), w.Contract, strings.Join(a.Mechanisms, ", "), strings.Join(fit, ", "))
}

// MaxSize bounds the size axis, in bytes: every worker holds a few messages.
const MaxSize = 16 << 20

// ParseSize reads the size of a message, a whole number of bytes from 1 to
// MaxSize with an optional binary unit: "64", "4KiB".
func ParseSize(s string) (n int, err error) {
	if n, err = results.ParseBytes(s); err != nil || n > MaxSize {
		return 0, fmt.Errorf("size %q: want a whole number of bytes from 1 to %s, as in 64, 4KiB or 1MiB", s, results.FormatBytes(MaxSize))
	}
	return n, nil
}

func unknown[T any](axis, got string, all []T, name func(T) string) error {
	var names []string
	for _, x := range all {
		names = append(names, name(x))
	}
	return fmt.Errorf("%s %q: want one of %s", axis, got, strings.Join(names, ", "))
}

// Plan is what a run is to measure. It is written into the run's directory,
// so that an interrupted run can go on.
type Plan struct {
	Cells    []results.Cell `json:"cells"`
	Launches int            `json:"launches"` // per cell
	Time     time.Duration  `json:"time_ns"`  // measured time of one launch
	Verify   bool           `json:"verify"`   // adds a pass with CRC-32C over every payload
	Seed     uint64         `json:"seed"`     // of the shuffles
}

// NewPlan joins blocks of cells, each cell once, and adds the floors that they
// are to be held against.
func NewPlan(blocks []Axes, launches int, time time.Duration, verify bool, seed uint64) Plan {
	p := Plan{Launches: launches, Time: time, Verify: verify, Seed: seed}
	seen := map[results.Cell]bool{}
	add := func(c results.Cell) {
		if !seen[c] {
			seen[c] = true
			p.Cells = append(p.Cells, c)
		}
	}
	for _, b := range blocks {
		for _, c := range b.Cells() {
			add(c)
		}
	}
	for _, c := range FloorCells(p.Cells) {
		add(c)
	}
	return p
}

// Pass returns cells in the order of one pass (1, 2, …): shuffled, so that a
// drift of the machine hits all cells alike, and the same for equal seeds.
func (p Plan) Pass(pass int, cells []results.Cell) []results.Cell {
	cells = slices.Clone(cells)
	r := rand.New(rand.NewPCG(p.Seed, uint64(pass)))
	r.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	return cells
}

// What one launch costs beside its measured time, for estimates: starting,
// attaching and ending its processes; finding the number of operations, once
// per cell.
const (
	launchCost    = 15 * time.Millisecond
	calibrateCost = 20 * time.Millisecond
)

// Estimate is how long n cells of the plan will take, about.
func (p Plan) Estimate(cells int) time.Duration {
	perLaunch := p.Time + launchCost
	if p.Verify {
		perLaunch += p.Time / 10
	}
	return time.Duration(cells) * (time.Duration(p.Launches)*perLaunch + calibrateCost)
}

// Preset is a named plan.
type Preset struct {
	Name     string
	Summary  string
	Launches int
	Time     time.Duration
	Blocks   func(mechs []string, places []string) []Axes
}

// Core is the mechanisms of the quick and default presets.
var Core = []string{"pipe", "fifo", "packetpipe", "socketpair", "seqpacket", "dgram", "sysvshm", "sysvmsg"}

// Pipes are the mechanisms with a capacity that F_SETPIPE_SZ sets.
var Pipes = []string{"pipe", "fifo", "packetpipe"}

// patterns are the workloads that no smaller preset has.
var patterns = []string{"FanOut", "FanInPoll", "Burst", "Lifecycle", "Duplex", "Pairs", "Compete"}

// core is the block structure that quick and default share: latency and
// throughput over sizes, capacity on pipes, and the workloads of more than two
// processes at one size.
func core(sizes []int) func([]string, []string) []Axes {
	return func([]string, []string) []Axes {
		places := []string{"same", "cross"}
		return []Axes{
			{Workloads: []string{"PingPong", "Stream"}, Mechanisms: Core, Sizes: sizes, Queues: []int{0}, Places: places},
			{Workloads: []string{"Stream"}, Mechanisms: Pipes, Sizes: []int{64, 4 << 10, 64 << 10}, Queues: []int{4 << 10, 1 << 20}, Places: places},
			{Workloads: []string{"FanIn", "Pipeline"}, Mechanisms: Core, Sizes: []int{4 << 10}, Queues: []int{0}, Places: places, Peers: []int{4}},
		}
	}
}

// Presets are the plans that `ipcbench run --preset` knows.
var Presets = []Preset{
	{
		Name: "quick", Summary: "the core mechanisms at three sizes, at most a minute on 2 CPUs",
		Launches: 6, Time: 25 * time.Millisecond,
		Blocks: core([]int{64, 4 << 10, 64 << 10}),
	},
	{
		Name: "default", Summary: "the core mechanisms at five sizes, at most five minutes on 2 CPUs",
		Launches: 10, Time: 100 * time.Millisecond,
		Blocks: core([]int{64, 1 << 10, 4 << 10, 64 << 10, 1 << 20}),
	},
	{
		Name: "wide", Summary: "every mechanism at a size that nearly all carry and one from which not copying pays, at most ten minutes on 2 CPUs",
		Launches: 10, Time: 100 * time.Millisecond,
		Blocks: func(mechs, _ []string) []Axes {
			return []Axes{
				{Workloads: []string{"PingPong", "Stream", "Notify"}, Mechanisms: mechs, Sizes: []int{4 << 10, 64 << 10}, Queues: []int{0}, Places: []string{"same", "cross"}},
				{Floors: AskedFloors(), Sizes: []int{4 << 10, 64 << 10}, Places: []string{"same", "cross"}},
			}
		},
	},
	{
		Name: "full", Summary: "every mechanism, workload, size, queue and place; hours",
		Launches: 10, Time: 100 * time.Millisecond,
		Blocks: func(mechs, places []string) []Axes {
			sizes := []int{1, 64, 256, 1 << 10, 4 << 10, 4<<10 + 1, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}
			queues := []int{0, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}
			return []Axes{
				{Workloads: []string{"PingPong"}, Mechanisms: mechs, Sizes: sizes, Queues: []int{0}, Places: places},
				{Workloads: []string{"Stream"}, Mechanisms: mechs, Sizes: sizes, Queues: queues, Places: places},
				{Workloads: []string{"FanIn", "Pipeline"}, Mechanisms: mechs, Sizes: []int{64, 4 << 10, 64 << 10}, Queues: []int{0}, Places: places, Peers: []int{2, 4, 8}},
				{Workloads: patterns, Mechanisms: mechs, Sizes: []int{64, 4 << 10, 64 << 10}, Queues: []int{0}, Places: places, Peers: []int{2, 4, 8}},
				{Workloads: []string{"OpenLoop"}, Mechanisms: mechs, Sizes: []int{64, 4 << 10}, Queues: []int{0}, Places: places},
				{Floors: AskedFloors(), Sizes: []int{64, 4 << 10, 64 << 10, 1 << 20}, Places: places},
				{Workloads: []string{"Notify", "Contend", "Select"}, Mechanisms: mechs, Sizes: []int{64}, Queues: []int{0}, Places: places, Peers: []int{2, 4, 8}},
			}
		},
	},
}

// LookupPreset returns the preset of that name.
func LookupPreset(name string) (Preset, error) {
	for _, p := range Presets {
		if p.Name == name {
			return p, nil
		}
	}
	return Preset{}, unknown("preset", name, Presets, func(p Preset) string { return p.Name })
}
