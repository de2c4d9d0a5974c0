package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// contest is what decides a race: results.Contest, or what it is held against.
type contest interface {
	Block(ns []float64)
	Out(i int) bool
	Look() (leader int, held []results.Held, d results.Decision)
}

// procedure makes the contest of a race among k.
type procedure struct {
	name string
	of   func(k, looks int) contest
}

var theContest = procedure{"the contest", func(k, looks int) contest { return results.NewContest(k, results.Within, looks) }}

// raceCase is a field of candidates, and how their launches differ.
type raceCase struct {
	name   string
	slower func(k int) []float64 // by what share each is slower than the first, whose share is 0
	noise  raceNoise
}

// raceNoise is how launches of a race differ. All deviations are of logarithms:
// 0.05 is 5 %.
type raceNoise struct {
	sd      float64 // of a launch
	shape   shape   // of the launches of a candidate; nil: normal
	first   shape   // of those of the first; nil: as the others
	even    bool    // only every second candidate has the shape, the first among them
	drift   float64 // standard deviation of the step from a block to the next, all its launches alike
	lag     float64 // correlation of a launch with the same candidate's launch before
	load    float64 // probability that a block has other load, which makes each of its launches, by even chance, take 1.2 to 3 times as long
	missing float64 // probability that a launch is untrusted at every attempt
}

// shape draws by what a launch is off, in the logarithm, where one of a normal
// shape has that deviation.
type shape func(r *rand.Rand, sd float64) float64

// launch draws by what a launch of candidate i is off.
func (z raceNoise) launch(r *rand.Rand, i int) float64 {
	of := z.shape
	if i == 0 && z.first != nil {
		of = z.first
	}
	if of == nil || z.even && i%2 == 1 {
		return z.sd * r.NormFloat64()
	}
	return of(r, z.sd)
}

// heavy has the tails of Student's t with 3 degrees of freedom.
func heavy(r *rand.Rand, sd float64) float64 {
	var chi float64
	for range 3 {
		z := r.NormFloat64()
		chi += z * z
	}
	return sd * r.NormFloat64() / math.Sqrt(chi/3)
}

// modes is normal, but a share of the launches takes so many times as long.
func modes(share, times float64) shape {
	return func(r *rand.Rand, sd float64) float64 {
		y := sd * r.NormFloat64()
		if r.Float64() < share {
			y += math.Log(times)
		}
		return y
	}
}

func louder(r *rand.Rand, sd float64) float64 { return 3 * sd * r.NormFloat64() }

// Fields of candidates.
func equal(k int) []float64 { return make([]float64, k) }

// beyond is slower by just more than what matters: there a wrong winner is
// likeliest.
const beyond = results.Within + 0.001

func othersAt(share float64) func(k int) []float64 {
	return func(k int) []float64 { return append([]float64{0}, slices.Repeat([]float64{share}, k-1)...) }
}

// rivalAt has one rival; the others take half as long again.
func rivalAt(share float64) func(k int) []float64 {
	return func(k int) []float64 { return append([]float64{0, share}, slices.Repeat([]float64{0.5}, k-2)...) }
}

// spread has each candidate slower than the one before.
func spread(step float64) func(k int) []float64 {
	return func(k int) []float64 {
		out := make([]float64, k)
		for i := range out {
			out[i] = math.Pow(1+step, float64(i)) - 1
		}
		return out
	}
}

// aliased has the first twice; the others are spread.
func aliased(k int) []float64 { return append([]float64{0}, spread(0.2)(k-1)...) }

func raceCases() []raceCase {
	edge := othersAt(beyond)
	return []raceCase{
		{"all equal, 5 %", equal, raceNoise{sd: 0.05}},
		{"others 5.1 % slower, 2 %", edge, raceNoise{sd: 0.02}},
		{"others 5.1 % slower, 5 %", edge, raceNoise{sd: 0.05}},
		{"others 5.1 % slower, 15 %", edge, raceNoise{sd: 0.15}},
		{"one rival 3 % slower, 5 %", rivalAt(0.03), raceNoise{sd: 0.05}},
		{"one rival 6 % slower, 5 %", rivalAt(0.06), raceNoise{sd: 0.05}},
		{"one rival 10 % slower, 5 %", rivalAt(0.1), raceNoise{sd: 0.05}},
		{"each 10 % slower than the next, 5 %", spread(0.1), raceNoise{sd: 0.05}},
		{"each 10 % slower than the next, 15 %", spread(0.1), raceNoise{sd: 0.15}},
		{"tails of t with 3 degrees of freedom", edge, raceNoise{sd: 0.05, shape: heavy}},
		{"one launch in 20 takes 20 times as long", edge, raceNoise{sd: 0.05, shape: modes(0.05, 20)}},
		{"one launch in 5 takes twice as long", edge, raceNoise{sd: 0.05, shape: modes(0.2, 2)}},
		{"two modes 20 % apart, even, each ±2 %", edge, raceNoise{sd: 0.02, shape: modes(0.5, 1.2)}},
		{"two modes 20 % apart, even, each ±0.3 %", edge, raceNoise{sd: 0.003, shape: modes(0.5, 1.2)}},
		{"two modes 20 % apart, 30 to 70, each ±0.3 %", edge, raceNoise{sd: 0.003, shape: modes(0.3, 1.2)}},
		{"a mode 20 times slower in 30 %, each ±2 %", edge, raceNoise{sd: 0.02, shape: modes(0.3, 20)}},
		{"only the best has one launch in 5 twice as long", edge, raceNoise{sd: 0.05, first: modes(0.2, 2)}},
		{"blocks drift by 30 %", edge, raceNoise{sd: 0.05, drift: 0.3}},
		{"other load in 3 blocks of 10, for half of the launches", edge, raceNoise{sd: 0.05, load: 0.3}},
		{"one launch in 10 missing", edge, raceNoise{sd: 0.05, missing: 0.1}},
		{"the best 3 times as noisy", edge, raceNoise{sd: 0.05, first: louder}},
		{"every second 3 times as noisy", edge, raceNoise{sd: 0.05, shape: louder, even: true}},
		{"launches correlated with the ones before, 0.3", edge, raceNoise{sd: 0.05, lag: 0.3}},
		{"launches correlated with the ones before, 0.6", edge, raceNoise{sd: 0.05, lag: 0.6}},
	}
}

// outcome is what came of a race.
type outcome struct {
	wrong, wrongMedian bool // a candidate is named that is slower than the best by more than what matters, by the winsorised mean or the median
	bestOut            bool // a candidate as fast as the best was put out
	decided            bool
	called             bool // the second is called slower than the first, or the first than the second
	blocks, launches   int
}

// truth is the logarithm of what each candidate takes.
type truth struct{ mean, median []float64 }

func (c raceCase) truth(k int) truth {
	var t truth
	var mean, median [3]float64 // of the first, of odd ones and of the other even ones
	if c.noise.first != nil || c.noise.even {
		for i := range mean {
			mean[i], median[i] = c.noise.center(i)
		}
	}
	for i, s := range c.slower(k) {
		kind := i
		if i > 2 {
			kind = 2 - i%2
		}
		t.mean, t.median = append(t.mean, math.Log1p(s)+mean[kind]), append(t.median, math.Log1p(s)+median[kind])
	}
	return t
}

// center is the winsorised mean of a candidate's launches, and their median.
func (z raceNoise) center(i int) (mean, median float64) {
	r := rand.New(rand.NewPCG(5, 0))
	all := make([]float64, 200001)
	for j := range all {
		all[j] = z.launch(r, i)
	}
	moved := moveIn(all)
	return stat(moved).mean, middleOf(all)
}

// race plays one.
func (c raceCase) race(r *rand.Rand, by procedure, k int, looks []int, is truth) (o outcome) {
	contest := by.of(k, len(looks))
	slower := c.slower(k)
	own := make([]float64, k)
	pauses := make([]bool, k)
	drift := 0.0
	for _, look := range looks {
		for ; o.blocks < look; o.blocks++ {
			drift += c.noise.drift * r.NormFloat64()
			busy := r.Float64() < c.noise.load
			ns := make([]float64, k)
			for i := range ns {
				if contest.Out(i) || pauses[i] {
					continue
				}
				o.launches++
				y := c.noise.launch(r, i)
				if c.noise.lag > 0 && o.blocks > 0 {
					y = c.noise.lag*own[i] + math.Sqrt(1-c.noise.lag*c.noise.lag)*y
				}
				own[i] = y
				if busy && r.Float64() < 0.5 {
					y += math.Log(1.2 + 1.8*r.Float64())
				}
				if r.Float64() >= c.noise.missing {
					ns[i] = 1000 * (1 + slower[i]) * math.Exp(y+drift)
				}
			}
			contest.Block(ns)
		}
		leader, held, d := contest.Look()
		o.decided = d == results.Fastest || d == results.NoneFaster
		if o.decided || look == looks[len(looks)-1] {
			o.judge(is, leader, held)
			return o
		}
		for i, h := range held {
			pauses[i] = i != leader && look >= results.PauseAfter && h.Settled(results.Within)
		}
	}
	return o
}

// judge holds what a race ended with against the truth.
func (o *outcome) judge(is truth, leader int, held []results.Held) {
	const hair = 1e-9
	slower := func(of []float64, i int) bool { return of[i] > slices.Min(of)+math.Log1p(results.Within)+hair }
	for i, h := range held {
		if o.decided && i == leader || h.Equal {
			o.wrong = o.wrong || slower(is.mean, i)
			o.wrongMedian = o.wrongMedian || slower(is.median, i)
		}
		o.bestOut = o.bestOut || h.Out && is.mean[i] < slices.Min(is.mean)+hair
	}
	if leader == 0 || leader == 1 {
		h := held[1-leader]
		o.called = h.Out || h.Ratio.Verdict(results.Within) == "slower"
	}
}

// tally is what came of many races, as shares and means.
type tally struct {
	wrong, wrongMedian, bestOut, decided, called float64
	blocks, launches                             []int
}

// play plays races, each from a seed of its own.
func (c raceCase) play(by procedure, k, races int, looks []int) (t tally) {
	is := c.truth(k)
	h := fnv.New64a()
	h.Write([]byte(c.name))
	seed := h.Sum64() + uint64(k)
	all := make([]outcome, races)
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < races; i += workers {
				all[i] = c.race(rand.New(rand.NewPCG(uint64(i), seed)), by, k, looks, is)
			}
		})
	}
	wg.Wait()
	count := func(into *float64, yes bool) {
		if yes {
			*into += 1 / float64(races)
		}
	}
	for _, o := range all {
		count(&t.wrong, o.wrong)
		count(&t.wrongMedian, o.wrongMedian)
		count(&t.bestOut, o.bestOut)
		count(&t.decided, o.decided)
		count(&t.called, o.called)
		t.blocks, t.launches = append(t.blocks, o.blocks), append(t.launches, o.launches)
	}
	slices.Sort(t.blocks)
	slices.Sort(t.launches)
	return t
}

// meanAnd90 are the mean of sorted numbers and what 90 % of them do not exceed.
func meanAnd90(sorted []int) string {
	sum := 0
	for _, n := range sorted {
		sum += n
	}
	return fmt.Sprintf("%.0f (%d)", float64(sum)/float64(len(sorted)), sorted[len(sorted)*9/10])
}

// raceSizes are the numbers of candidates.
var raceSizes = []int{2, 8, 30}

// racesOf is how many races of k candidates are played: the larger are dearer.
func racesOf(k int) int {
	if k <= 8 {
		return 2000
	}
	return 1000
}

func races(b *strings.Builder) {
	few, many := racesOf(30), racesOf(8)
	fmt.Fprintf(b, "Share of races that name a wrong winner; it is to be at most 0.05. A rate of 0.05 comes out as that ± %.3f (%d races of 2 and of 8 candidates) or ± %.3f (%d of 30), two standard errors.\n"+
		"A winner is wrong if it is slower than the best by more than 5 %%, by the winsorised mean of logarithms; in the next column by the median. All that a race calls as good a choice count too.\n"+
		"Where a case names no field, all others are 5.1 %% slower than the best. Where it names no scatter, launches vary by 5 %%. Blocks and launches are means, and what 90 %% of races do not exceed.\n\n",
		2*math.Sqrt(0.05*0.95/float64(many)), many, 2*math.Sqrt(0.05*0.95/float64(few)), few)
	text.Head(b, "lr", "case", "candidates", "wrong", "by the median", "a best put out", "decided", "blocks", "launches")
	for _, c := range raceCases() {
		for _, k := range raceSizes {
			text.Row(b, c.row(k)...)
		}
	}
}

func (c raceCase) row(k int) []any {
	t := c.play(theContest, k, racesOf(k), results.RaceLooks)
	return []any{c.name, k, three(t.wrong), three(t.wrongMedian), three(t.bestOut), two(t.decided), meanAnd90(t.blocks), meanAnd90(t.launches)}
}

// oneLook is what a run without a race shows.
func oneLook(b *strings.Builder) {
	fmt.Fprintf(b, "A run without a race is looked at once. Share of points with a wrong winner, and that are decided, by launches of each candidate:\n\n")
	head := []string{"case", "candidates"}
	for _, n := range []int{6, 10} {
		head = append(head, fmt.Sprintf("wrong, n = %d", n), "decided")
	}
	text.Head(b, "lr", head...)
	for _, c := range raceCases() {
		for _, k := range raceSizes {
			row := []any{c.name, k}
			for _, n := range []int{6, 10} {
				t := c.play(theContest, k, racesOf(k), []int{n})
				row = append(row, three(t.wrong), two(t.decided))
			}
			text.Row(b, row...)
		}
	}
}

// aliases are races in which one mechanism runs under two names.
func aliases(b *strings.Builder) {
	fmt.Fprintf(b, "Two of the candidates are the same mechanism, which is the best; each of the others is 20 %% slower than the next. Share of races in which one of the two is put out or called slower than the other.\n"+
		"The last column puts out whatever is shown to be slower, by however little.\n\n")
	text.Head(b, "rrrrrr", "candidates", "variation", "put out", "called slower", "launches", "put out by any difference", "launches")
	for _, k := range []int{2, 8, 24} {
		for _, sd := range []float64{0.02, 0.05, 0.15} {
			text.Row(b, aliasRow(k, sd)...)
		}
	}
}

func aliasRow(k int, sd float64) []any {
	c := raceCase{"alias", aliased, raceNoise{sd: sd}}
	t, less := c.play(theContest, k, racesOf(k), results.RaceLooks), c.play(anyDifference, k, racesOf(k), results.RaceLooks)
	return []any{k, results.Percent(sd), three(t.bestOut), three(t.called), meanAnd90(t.launches), three(less.bestOut), meanAnd90(less.launches)}
}
