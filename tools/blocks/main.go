// Blocks measures what it gains to launch the mechanisms of a question right after
// each other: by how much the logarithms of their ratios vary from pass to pass,
// in that order and in one that shuffles all cells of a pass. Passes of both orders
// take turns.
//
//	go run ./tools/blocks [--passes N] [--time D] [--load]
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/text"
	"ipcbench/results"
	"ipcbench/runner"
)

func main() {
	runner.Init()
	passes := flag.Int("passes", 10, "of each order")
	duration := flag.Duration("time", 20*time.Millisecond, "measured time of one launch")
	load := flag.Bool("load", false, "beside a process that computes for 0.2 to 2 s, then waits for 0.5 to 4 s")
	flag.Parse()
	if err := run(*passes, *duration, *load); err != nil {
		fmt.Fprintln(os.Stderr, "blocks:", err)
		os.Exit(3)
	}
}

// attempts at a launch that is disturbed are made one right after the other, in both
// orders alike.
const attempts = 3

// orders are the orders of a pass.
var orders = []struct {
	name string
	of   func(p bench.Plan, pass int) []results.Cell
}{
	{"all cells shuffled", func(p bench.Plan, pass int) []results.Cell {
		cells := slices.Clone(p.Cells)
		rand.New(rand.NewPCG(p.Seed, uint64(pass))).Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
		return cells
	}},
	{"blocks", func(p bench.Plan, pass int) []results.Cell { return slices.Concat(p.Pass(pass, p.Cells)...) }},
}

func run(passes int, duration time.Duration, load bool) error {
	plan := bench.NewPlan([]bench.Axes{{Workloads: []string{"PingPong", "Stream"}, Mechanisms: bench.Core,
		Sizes: []int{64, 4 << 10}, Queues: []int{0}, Places: []string{"same", "cross"}}}, passes, duration, false, rand.Uint64())
	plan.Cells = slices.DeleteFunc(plan.Cells, func(c results.Cell) bool { return c.Workload == results.FloorWorkload })
	co, err := runner.Start(runner.Options{})
	if err != nil {
		return err
	}
	defer co.Close()
	if load {
		go comeAndGo()
	}
	logs := make([]map[results.Cell][]float64, len(orders)) // of ns/op, by pass; NaN: none
	for i := range logs {
		logs[i] = map[results.Cell][]float64{}
	}
	ops := map[results.Cell]int{}
	launches, lost := 0, 0
	for pass := 1; pass <= passes; pass++ {
		for i, order := range orders {
			cells := order.of(plan, pass)
			for n, c := range cells {
				var next *results.Cell
				if n+1 < len(cells) {
					next = &cells[n+1]
				}
				v := math.NaN()
				for attempt := 1; attempt <= attempts && math.IsNaN(v); attempt++ {
					var rec results.Record
					rec, ops[c] = co.Measure(c, runner.Measurement{Time: duration, Ops: ops[c], Next: next})
					launches++
					if rec.Outcome == results.OK {
						v = math.Log(rec.NsPerOp)
					}
				}
				if math.IsNaN(v) {
					lost++
				}
				logs[i][c] = append(logs[i][c], v)
			}
		}
	}
	fmt.Printf("%d passes of each order, %d cells, launches of %v, %d in all; %d cells untrusted at %d attempts\n\n", passes, len(plan.Cells), duration, launches, lost, attempts)
	table := [][]string{{"place", "order", "of launches", "of ratios, unpaired", "of ratios, by pass"}}
	for _, place := range []string{"same", "cross"} {
		for i, order := range orders {
			single, unpaired, paired := spreads(plan.Cells, logs[i], place)
			table = append(table, []string{results.PlaceTitle(place), order.name, results.Percent(single), results.Percent(unpaired), results.Percent(paired)})
		}
	}
	return text.Table(os.Stdout, "", "llr", table)
}

// spreads are the medians, over all pairs of mechanisms of a question of that
// place, of the standard deviations of the logarithms: of the launches of one of
// them, of their ratio when launches are taken as two samples, and when they are
// paired by pass.
func spreads(cells []results.Cell, logs map[results.Cell][]float64, place string) (single, unpaired, paired float64) {
	var all [3][]float64
	for i, a := range cells {
		for _, b := range cells[:i] {
			question := b
			if question.Mechanism = a.Mechanism; question != a || a.Place != place {
				continue
			}
			var x, y, d []float64
			for k := range logs[a] {
				if v, w := logs[a][k], logs[b][k]; !math.IsNaN(v + w) {
					x, y, d = append(x, v), append(y, w), append(d, v-w)
				}
			}
			if len(d) < 3 {
				continue // skipped, or untrusted
			}
			for i, s := range []float64{deviation(x), math.Hypot(deviation(x), deviation(y)), deviation(d)} {
				all[i] = append(all[i], s)
			}
		}
	}
	for i := range all {
		slices.Sort(all[i])
	}
	middle := func(s []float64) float64 {
		if len(s) == 0 {
			return math.NaN()
		}
		return s[len(s)/2]
	}
	return middle(all[0]), middle(all[1]), middle(all[2])
}

// deviation is the standard deviation of a sample.
func deviation(values []float64) float64 {
	mean, square := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		square += (v - mean) * (v - mean)
	}
	return math.Sqrt(square / float64(len(values)-1))
}

// comeAndGo computes and waits in turn, for ever.
func comeAndGo() {
	for {
		for end := time.Now().Add(200*time.Millisecond + rand.N(1800*time.Millisecond)); time.Now().Before(end); {
		}
		time.Sleep(500*time.Millisecond + rand.N(3500*time.Millisecond))
	}
}
