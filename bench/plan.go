package bench

import (
	"math/rand/v2"
	"time"

	"ipcbench/results"
)

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

// Pass returns cells in the order of one pass (1, 2, …), the same for equal seeds,
// in blocks. The cells of a block differ in their mechanism alone: they are what
// people compare, and launches that come right after each other see the same
// machine. Both the blocks and the cells of each are shuffled, so that a drift of
// the machine hits all alike.
func (p Plan) Pass(pass int, cells []results.Cell) (blocks [][]results.Cell) {
	number := map[results.Cell]int{}
	for _, c := range cells {
		question := c
		question.Mechanism = ""
		n, ok := number[question]
		if !ok {
			n = len(blocks)
			number[question] = n
			blocks = append(blocks, nil)
		}
		blocks[n] = append(blocks[n], c)
	}
	r := rand.New(rand.NewPCG(p.Seed, uint64(pass)))
	r.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	for _, b := range blocks {
		r.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
	}
	return blocks
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

// What preset full varies.
var (
	allSizes  = []int{1, 64, 256, 1 << 10, 4 << 10, 4<<10 + 1, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}
	allQueues = []int{0, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}
)

// core is the block structure that quick and default share: the first
// workloads of two processes over sizes, their capacity on pipes where they
// vary it, and those of more processes at one size.
func core(sizes []int) func([]string, []string) []Axes {
	places := []string{"same", "cross"}
	return func([]string, []string) []Axes {
		two := func(w *Workload) bool { return w.First && w.Peers == "" }
		return []Axes{
			{Workloads: where(two), Mechanisms: Core, Sizes: sizes, Queues: []int{0}, Places: places},
			{Workloads: where(func(w *Workload) bool { return two(w) && w.Queues != nil }), Mechanisms: Pipes, Sizes: []int{64, 4 << 10, 64 << 10}, Queues: []int{4 << 10, 1 << 20}, Places: places},
			{Workloads: where(func(w *Workload) bool { return w.First && w.Peers != "" }), Mechanisms: Core, Sizes: []int{4 << 10}, Queues: []int{0}, Places: places, Peers: []int{4}},
		}
	}
}

// wide is the workloads with Wide set, and the floors that are planned only on
// request.
func wide(mechs, _ []string) []Axes {
	sizes, places := []int{4 << 10, 64 << 10}, []string{"same", "cross"}
	return []Axes{
		{Workloads: where(func(w *Workload) bool { return w.Wide }), Mechanisms: mechs, Sizes: sizes, Queues: []int{0}, Places: places},
		{Floors: AskedFloors(), Sizes: sizes, Places: places},
	}
}

// full is every workload at its own Sizes and Queues.
func full(mechs, places []string) (blocks []Axes) {
	for _, w := range Workloads {
		a := Axes{Workloads: []string{w.Name}, Mechanisms: mechs, Sizes: w.Sizes, Queues: w.Queues, Places: places, Peers: []int{2, 4, 8}}
		if a.Sizes == nil {
			a.Sizes = []int{64, 4 << 10, 64 << 10}
		}
		if a.Queues == nil {
			a.Queues = []int{0}
		}
		blocks = append(blocks, a)
	}
	return append(blocks, Axes{Floors: AskedFloors(), Sizes: []int{64, 4 << 10, 64 << 10, 1 << 20}, Places: places})
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
		Blocks: wide,
	},
	{
		Name: "full", Summary: "every mechanism, workload, size, capacity and place; hours",
		Launches: 10, Time: 100 * time.Millisecond,
		Blocks: full,
	},
}

// LookupPreset returns the preset of that name.
func LookupPreset(name string) (Preset, error) {
	for _, p := range Presets {
		if p.Name == name {
			return p, nil
		}
	}
	return Preset{}, unknown("preset", name, NamesOf(Presets, func(p Preset) string { return p.Name }))
}
