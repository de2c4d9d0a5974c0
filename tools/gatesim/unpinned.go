package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"ipcbench/internal/text"
	"ipcbench/results"
	"ipcbench/runner"
)

// unpinnedCase is a race of unpinned candidates, whose launches the scheduler keeps
// now on one CPU, now on different ones, and moves one in eight between both.
type unpinnedCase struct {
	name           string
	one, different func(i int) float64 // by what share candidate i takes longer than the first on one CPU, and on different ones
	together       func(i int) float64 // how often it is kept on one CPU
	burst          float64             // probability that a launch on different CPUs takes a quarter longer
}

func none(int) float64 { return 0 }

func half(int) float64 { return 0.5 }

// but has the first at nothing, all others at that share.
func but(share float64) func(i int) float64 {
	return func(i int) float64 { return share * float64(min(i, 1)) }
}

// odd has every second candidate, from the second on, at that share, the others at the first.
func odd(first, share float64) func(i int) float64 {
	return func(i int) float64 { return []float64{first, share}[i%2] }
}

func unpinnedCases() []unpinnedCase {
	return []unpinnedCase{
		{"all equal", none, none, half, 0},
		{"all equal, bursts", none, none, half, 0.15},
		{"others 5.1 % slower", but(beyond), but(beyond), half, 0},
		{"others 5.1 % slower, bursts", but(beyond), but(beyond), half, 0.15},
		{"others 5.1 % slower, together in 20 %", but(beyond), but(beyond), func(int) float64 { return 0.2 }, 0.15},
		{"others 60 % slower on one CPU", but(0.6), none, half, 0.15},
		{"every second is together in 20 %, not 80 %", none, none, odd(0.8, 0.2), 0.15},
		{"every second is together in 20 %, not 50 %", none, none, odd(0.5, 0.2), 0.15},
		{"the worse placed 3 % faster on different CPUs", none, odd(0.03, 0), odd(0.8, 0.2), 0.15},
	}
}

// Times on one CPU and on different ones, in ns, and how launches vary there, by
// logarithms: those of round trips on a virtual machine.
const (
	togetherNs, apartNs = 2000, 42_000
	togetherSD, apartSD = 0.03, 0.04
)

// launch is a record of a candidate's launch.
func (u unpinnedCase) launch(r *rand.Rand, c results.Cell, i int) results.Record {
	place := c.Place
	ended := [][]int{{0, 0}, {0, 0}}
	if place == "free" {
		switch x := r.Float64(); {
		case x < 0.125:
			place, ended = "moved", [][]int{{0, 0}, {0, 1}}
		case r.Float64() < u.together(i):
			place = "same"
		default:
			place, ended = "cross", [][]int{{0, 1}, {0, 1}}
		}
	}
	one := togetherNs * (1 + u.one(i)) * math.Exp(togetherSD*r.NormFloat64())
	different := apartNs * (1 + u.different(i)) * math.Exp(apartSD*r.NormFloat64())
	if r.Float64() < u.burst {
		different *= 1.25
	}
	ns := one
	switch place {
	case "cross":
		ns = different
	case "moved":
		share := r.Float64()
		ns = share*one + (1-share)*different
	}
	rec := results.Record{Schema: results.Schema, Cell: c, Outcome: results.OK, NsPerOp: ns}
	if c.Place == "free" {
		rec.Workers, rec.EndedOn = []results.Worker{{PID: 1}, {PID: 2}}, ended
	}
	return rec
}

// unpinnedOutcome is what came of such a race.
type unpinnedOutcome struct {
	decided, wrong, worse      bool // worse: what is recommended is together less often than another that is as fast
	unpinned, pinned, launches int
}

// race plays one by the product's own race, which takes no time here.
func (u unpinnedCase) race(seed uint64, k int) (o unpinnedOutcome) {
	r := rand.New(rand.NewPCG(seed, uint64(k)))
	h := &runner.Heat{}
	at := map[string]int{}
	for i := range k {
		c := results.Cell{Workload: "PingPong", Mechanism: fmt.Sprintf("m%02d", i), Size: 64, Place: "free"}
		at[c.Mechanism] = i
		h.Left = append(h.Left, c)
	}
	var all results.Tally
	race := runner.Race{
		Side: runner.Side{
			Measure: func(c results.Cell, _ runner.Measurement) (results.Record, int) {
				o.launches++
				return u.launch(r, c, at[c.Mechanism]), 1
			},
			Sink: func(rec results.Record) error { all.Add(&rec); return nil },
		},
		Heats: []*runner.Heat{h}, Ranking: results.Ranking{Within: results.Within}, Time: time.Millisecond, Budget: time.Hour, Seed: seed,
	}
	if err := race.Execute(context.Background()); err != nil {
		panic(err)
	}
	o.unpinned, o.pinned = h.Blocks, h.Pinned
	var a results.Answer
	for _, answer := range (results.Ranking{Within: results.Within}).Answers(all.Summaries()) {
		if answer.Cell.Place == "free" {
			a = answer
		}
	}
	o.decided = a.Decision == results.Fastest || a.Decision == results.NoneFaster
	if !o.decided {
		return o
	}
	// The scheduler's choice is that of all: see results.Ranking.
	together := 0.0
	for i := range k {
		together += u.together(i) / float64(k)
	}
	alike := func(i int) float64 { return together*togetherNs*(1+u.one(i)) + (1-together)*apartNs*(1+u.different(i)) }
	least := math.Inf(1)
	for i := range k {
		least = min(least, alike(i))
	}
	for _, name := range a.Best {
		o.wrong = o.wrong || alike(at[name]) > least*(1+results.Within)*(1+1e-9)
	}
	use := at[a.Best[0]]
	for i := range k {
		o.worse = o.worse || u.together(i) > u.together(use) && alike(i) <= alike(use)*(1+results.Within)
	}
	return o
}

// unpinnedRaces is how many races of a size are played.
const unpinnedRaces = 400

func (u unpinnedCase) row(k int) []any {
	all := make([]unpinnedOutcome, unpinnedRaces)
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(all); i += workers {
				all[i] = u.race(uint64(i), k)
			}
		})
	}
	wg.Wait()
	var decided, wrong, worse float64
	var unpinned, pinned, launches []int
	for _, o := range all {
		for _, count := range []struct {
			into *float64
			yes  bool
		}{{&decided, o.decided}, {&wrong, o.wrong}, {&worse, o.worse}} {
			if count.yes {
				*count.into += 1 / float64(len(all))
			}
		}
		unpinned, pinned, launches = append(unpinned, o.unpinned), append(pinned, o.pinned), append(launches, o.launches)
	}
	slices.Sort(unpinned)
	slices.Sort(pinned)
	slices.Sort(launches)
	return []any{u.name, k, three(wrong), two(worse), two(decided), meanAnd90(unpinned), meanAnd90(pinned), meanAnd90(launches)}
}

func unpinned(b *strings.Builder) {
	fmt.Fprintf(b, "Races of unpinned candidates, played by the program's own race with launches that are drawn: a round trip takes 2 µs ±%.0f %% on one CPU, 42 µs ±%.0f %% on different ones, and one launch in eight is moved between both. "+
		"Bursts make 15 %% of the launches on different CPUs a quarter longer. A winner is wrong if it takes more than 5 %% longer than the best, both placed alike. "+
		"It is placed worse if another that is as fast is kept on one CPU more often. %d races each: a rate of 0.05 comes out as that ± %.3f.\n\n",
		100*togetherSD, 100*apartSD, unpinnedRaces, 2*math.Sqrt(0.05*0.95/unpinnedRaces))
	text.Head(b, "lr", "case", "candidates", "wrong", "placed worse", "decided", "blocks unpinned", "pinned", "launches")
	for _, u := range unpinnedCases() {
		for _, k := range []int{4, 20} {
			text.Row(b, u.row(k)...)
		}
	}
}
