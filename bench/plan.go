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
		n, ok := number[c.Question()]
		if !ok {
			n = len(blocks)
			number[c.Question()] = n
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
