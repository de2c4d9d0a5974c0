package results

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Summary is what all launches of one cell say together. The statistical
// sample is the launch. An estimate is a median with its interval at 95 %; below
// six launches there is none and its bounds are infinite: see MedianOf. A cell that is not ok has no estimates: all are absent.
type Summary struct {
	Cell     Cell
	Outcome  Outcome
	Reasons  []string // why it is not ok, each once
	Withheld []string // of these, those for which the machine withholds the mechanism or the place
	Check    string   // of these, that of the first launch whose check failed; "": none did
	Warnings []string // that travel with the numbers, each once
	Launches int      // that the records state
	N        int      // of these, ok: the size of the sample
	Lost     int      // of these, untrusted, however often they were tried again: they do not count
	Race     float64  // see Record.Race

	NsPerOp      Estimate  // nanoseconds
	InsnsPerOp   Estimate  // instructions, in place of every time where a guest's were counted
	Times        []float64 // of the launches, nanoseconds per operation, in order
	TimesOf      []int     // the number of the launch of each
	BytesPerSec  Estimate
	CPUs         []float64     // of the launches that have it, nanoseconds of processor time per operation, in order
	CPUsOf       []int         // the number of the launch of each
	P99          Estimate      // nanoseconds
	P99s         []float64     // of the launches that have one, nanoseconds, in order
	P99sOf       []int         // the number of the launch of each
	Timed        Count         // operations that were timed one by one, in the launch with the fewest; absent: none were
	BuiltOn      *BuiltOn      // of a library that names what it is built on; nil: it names nothing
	Transport    string        // of an external transport, its name and version; "": it is none, or did not start
	RelativeCost *RelativeCost // in units of a floor; nil where it or the floor has no number
	InFlight     Count         // messages a link held before Send blocked, the fewest of all links and launches; absent: not tried
	Queue        int           // bytes that the kernel gave a link, the fewest; 0: not known
	Kept         Kept          // where the scheduler kept processes that were not pinned

	OnOneCPU        []float64 // of Times: of the launches in which it kept them on one CPU
	OnDifferentCPUs []float64 // of those in which it kept them on different ones

	Estimates []Estimate // of Metrics, in their order, see Of; nil where the cell is not ok

	RoundTrips *hdrhistogram.PackedHistogram // ns, of single round trips of all launches; nil where none has any, or a Tally without Distributions
	Damaged    error                         // why RoundTrips is nil although launches have some
}

// Summarize condenses records to one summary a cell, ordered by workload,
// place, peers, size, queue and mechanism. A cell has the outcome that OutcomeOf
// gives, and is untrusted where a launch before the last has no record. An untrusted attempt that was run again does not count. Launches
// that were given another capacity are a cell of their own.
func Summarize(records []Record) []Summary {
	var t Tally
	for i := range records {
		t.Add(&records[i])
	}
	return t.Summaries()
}

func CompareCells(a, b Cell) int {
	return cmp.Or(
		compareWorkloads(a.Workload, b.Workload),
		cmp.Compare(orderOfPlace(a.Place), orderOfPlace(b.Place)),
		cmp.Compare(a.Place, b.Place),
		cmp.Compare(a.Peers, b.Peers),
		cmp.Compare(a.Size, b.Size),
		cmp.Compare(a.Queue, b.Queue),
		compareOptions(a.Options, b.Options),
		cmp.Compare(a.Mechanism, b.Mechanism),
	)
}

// orderOfPlace is unpinned, as most programs run, and then from the nearest to the
// farthest; others follow.
func orderOfPlace(name string) int {
	values := LookupAxis("place").Values
	if i := slices.IndexFunc(values, func(v Value) bool { return v.Name == name }); i >= 0 {
		return i
	}
	return len(values)
}

// summarize condenses the launches of one cell. All are those of the cell that
// was asked for.
func summarize(cell Cell, launches []tally, all map[int]int, race float64) Summary {
	s := Summary{Cell: cell, Race: race}
	numbers := map[int]bool{}
	count := map[Outcome]int{}
	for _, l := range launches {
		numbers[l.launch] = true
		count[l.outcome]++
		if l.outcome != OK {
			s.Reasons = AddOnce(s.Reasons, l.reason)
		}
		if l.unavailable {
			s.Withheld = AddOnce(s.Withheld, l.reason)
		}
		if l.check && s.Check == "" {
			s.Check = l.reason
		}
		for _, w := range l.warnings {
			s.Warnings = AddOnce(s.Warnings, w)
		}
	}
	s.Launches, s.N, s.Lost = len(numbers), count[OK], count[Untrusted]
	lost := count[Untrusted]
	if race > 0 && count[OK] > lost {
		lost = 0 // it is out of those blocks, and is held against others in the rest alone
	}
	// A race leaves out launches that would decide nothing.
	if s.Outcome = OutcomeOf(count[Failed], count[Skipped], lost, len(launches)); s.Outcome == OK && race == 0 {
		last, have := lastLaunch(launches), 0
		for n := range all {
			if n <= last {
				have++
			}
		}
		if have < last {
			s.Outcome = Untrusted
			s.Reasons = append(s.Reasons, fmt.Sprintf("%d of %d launches have no record", last-have, last))
		}
	}
	if n := len(all); s.Launches < n {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%d of %d launches were given another capacity: they have a row of their own", n-s.Launches, n))
	}
	if s.Outcome == OK {
		if s.Lost > 0 {
			s.Reasons = nil
			s.Warnings = append(s.Warnings, fmt.Sprintf("%d of %d launches were untrusted at every attempt and are left out", s.Lost, s.Launches))
			launches = slices.DeleteFunc(launches, func(l tally) bool { return l.outcome != OK })
		}
		s.estimate(launches)
	}
	return s
}

// OutcomeOf is that of a cell whose launches ended so, each at its last attempt:
// failed if any failed, skipped if all were, ok if all are ok or so few are
// untrusted that the others stand for them (see Tolerable), else untrusted.
func OutcomeOf(failed, skipped, untrusted, launches int) Outcome {
	switch {
	case failed > 0:
		return Failed
	case skipped > 0 && skipped == launches:
		return Skipped
	case skipped > 0, !Tolerable(untrusted, launches):
		return Untrusted
	}
	return OK
}

// Tolerable reports whether a cell that lost so many of its launches to
// disturbances is ok all the same: fewer than one in five. What voids a launch
// is a rule about the machine, and most that it voids are slow ones: the others
// say how fast the cell is on a CPU that nothing disturbs.
func Tolerable(lost, launches int) bool { return 5*lost < launches }

func lastLaunch(launches []tally) int {
	return slices.MaxFunc(launches, func(a, b tally) int { return cmp.Compare(a.launch, b.launch) }).launch
}

func (s *Summary) estimate(launches []tally) {
	s.Estimates = make([]Estimate, len(Metrics))
	for i, m := range Metrics {
		var values []float64
		var of []int
		values, of, s.Estimates[i] = median(launches, m.units()...)
		switch m.Key {
		case "time":
			s.Times, s.TimesOf = values, of
		case "cpu":
			s.CPUs, s.CPUsOf = values, of
		case "p99":
			s.P99s, s.P99sOf = values, of
		}
	}
	s.NsPerOp, s.InsnsPerOp, s.BytesPerSec, s.P99 = s.Of("time"), s.Of("insns"), s.Of("rate"), s.Of("p99")
	for _, l := range launches {
		s.Timed = fewest(s.Timed, l.timed)
		s.Queue, s.InFlight = fewestBytes(s.Queue, l.queue), fewest(s.InFlight, l.inFlight)
		s.Kept.add(l.kept)
	}
	s.splitByCPU(launches)
}

// splitByCPU notes the times of launches by where the scheduler kept the processes.
func (s *Summary) splitByCPU(launches []tally) {
	kept := map[int]Kept{}
	for _, l := range launches {
		kept[l.launch] = l.kept
	}
	for i, n := range s.TimesOf {
		switch k := kept[n]; {
		case k.OneCPU > 0:
			s.OnOneCPU = append(s.OnOneCPU, s.Times[i])
		case k.Different > 0:
			s.OnDifferentCPUs = append(s.OnDifferentCPUs, s.Times[i])
		}
	}
}

// Of is the estimate of the metric of that key, absent where no launch has it.
func (s *Summary) Of(key string) Estimate {
	i := slices.IndexFunc(Metrics, func(m Metric) bool { return m.Key == key })
	if i < 0 || i >= len(s.Estimates) {
		return Estimate{}
	}
	return s.Estimates[i]
}

// RankingMetric is what mechanisms are ranked by, in nanoseconds: the median, the
// launches and their numbers. A message at a rate takes the time that was asked for:
// there mechanisms differ in how late the late ones are, the 99th percentile.
func (s *Summary) RankingMetric() (median Estimate, launches []float64, numbers []int) {
	if s.Cell.Rate > 0 {
		return s.P99, s.P99s, s.P99sOf
	}
	return s.NsPerOp, s.Times, s.TimesOf
}

// fewest is the smaller of two counts, or the one that there is.
func fewest(a, b Count) Count {
	n, ok := a.Get()
	if m, known := b.Get(); known && (!ok || m < n) {
		return b
	}
	return a
}

// median estimates what was measured in a unit, or the sum of several, from the
// launches that have it, and numbers those. A count of 0 is one of them.
func median(launches []tally, units ...string) (values []float64, of []int, e Estimate) {
	for _, l := range launches {
		sum, all := 0.0, true
		for _, unit := range units {
			v, ok := l.of(unit)
			sum, all = sum+v, all && ok
		}
		if all {
			values, of = append(values, sum), append(of, l.launch)
		}
	}
	if len(values) == 0 {
		return nil, nil, Estimate{}
	}
	return values, of, MedianOf(values)
}

// AddOnce appends what the list does not have.
func AddOnce[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// SaturatedBelow is the share of a rate that was asked for below which a link is
// saturated.
const SaturatedBelow = 0.95

// Came is how many messages a second came where one took so many nanoseconds.
func Came(nsPerOp float64) float64 { return 1e9 / nsPerOp }

// Saturated reports whether far fewer messages came than were due.
func Saturated(c Cell, nsPerOp float64) bool {
	return c.Rate > 0 && nsPerOp > 0 && Came(nsPerOp) < SaturatedBelow*float64(c.Rate)
}

// Saturation is the warning of a launch in which far fewer messages came than
// were due; "" for all others.
func Saturation(c Cell, nsPerOp float64) string {
	if !Saturated(c, nsPerOp) {
		return ""
	}
	return fmt.Sprintf("saturated: %d messages a second were due and %.0f came, so that latency grows as long as is measured; ask for a lower --rate", c.Rate, Came(nsPerOp))
}

// saturation is what a cell says of all its launches: how many came is in its
// numbers.
const saturation = "saturated: fewer messages came than were due, so that latency grows as long as is measured; ask for a lower --rate"
