package results

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// Confidence of every interval, in [0, 1].
const Confidence = 0.95

// Summary is what all launches of one cell say together. The statistical
// sample is the launch. An estimate is a median with its order-statistic
// interval at 95 %; below six launches there is no such interval and its
// bounds are infinite. A cell that is not ok has no estimates: all are absent.
type Summary struct {
	Cell     Cell
	Outcome  Outcome
	Reasons  []string // why it is not ok, each once
	Warnings []string // doubts that travel with the numbers, each once
	Launches int      // that the records tell of
	N        int      // of these, ok: the size of the sample
	Lost     int      // of these, untrusted, however often they were tried again: they do not count

	NsPerOp     Estimate  // nanoseconds
	InsnsPerOp  Estimate  // instructions, in place of every time where a guest's were counted
	Times       []float64 // of the launches, nanoseconds per operation, in order
	BytesPerSec Estimate
	P50         Estimate  // nanoseconds
	P99         Estimate  // nanoseconds
	P999        Estimate  // nanoseconds
	P99s        []float64 // of the launches that have one, nanoseconds, in order
	Timed       Count     // operations that were timed one by one, in the launch with the fewest; absent: none were
	CPUNsPerOp  Estimate  // nanoseconds, all workers
	Switches    Estimate  // context switches per operation, all workers
	Worth       *Worth    // in units of a floor; nil where it or the floor has no number
	InFlight    Count     // messages a link held before Send blocked, the fewest of all links and launches; absent: not tried
	Queue       int       // bytes that the kernel gave a link, the fewest; 0: not known
}

// Estimate is the median of the launches that have a number, with its
// interval. Without one launch it is absent, which is not 0.
type Estimate struct {
	benchmath.Summary
	N int // launches that have the number
}

// Known reports whether any launch has the number.
func (e Estimate) Known() bool { return e.N > 0 }

// Summarize condenses records to one summary a cell, ordered by workload,
// place, peers, size, queue and mechanism. A cell is failed if any launch
// failed, skipped if all were, ok if all from the first to the last are ok or
// so few are untrusted that the others stand for them (see Tolerable), else
// untrusted. An untrusted attempt that was run again does not count. Launches
// that were given another capacity are a cell of their own.
func Summarize(records []Record) []Summary {
	byCell := map[Cell][]*Record{}
	numbers := map[Cell]map[int]bool{} // launches of the cells that were asked for, whatever they were given
	again := repeated(records)
	for i := range records {
		if r := &records[i]; !again[i] {
			byCell[r.Cell] = append(byCell[r.Cell], r)
		}
		asked := records[i].Cell.Asked()
		if numbers[asked] == nil {
			numbers[asked] = map[int]bool{}
		}
		numbers[asked][records[i].Launch] = true
	}
	out := make([]Summary, 0, len(byCell))
	for cell, launches := range byCell {
		out = append(out, summarize(cell, launches, numbers[cell.Asked()]))
	}
	slices.SortFunc(out, func(a, b Summary) int { return CompareCells(a.Cell, b.Cell) })
	weigh(out)
	return out
}

func CompareCells(a, b Cell) int {
	return cmp.Or(
		cmp.Compare(order(workloadOrder, a.Workload), order(workloadOrder, b.Workload)),
		cmp.Compare(a.Workload, b.Workload),
		cmp.Compare(order(placeOrder, a.Place), order(placeOrder, b.Place)),
		cmp.Compare(a.Place, b.Place),
		cmp.Compare(a.Peers, b.Peers),
		cmp.Compare(a.Size, b.Size),
		cmp.Compare(a.Queue, b.Queue),
		compareOptions(a.Options, b.Options),
		cmp.Compare(a.Mechanism, b.Mechanism),
	)
}

// Readers meet workloads from the simplest on, and places from the nearest to
// the farthest; others follow.
var (
	workloadOrder = []string{"PingPong", "Stream", "FanIn", "Pipeline", "FanOut", "FanInPoll", "Burst", "Lifecycle", "Duplex", "Pairs", "Compete", "OpenLoop"}
	placeOrder    = []string{"same", "smt", "cross", "socket", "free"}
)

func order(known []string, name string) int {
	if i := slices.Index(known, name); i >= 0 {
		return i
	}
	return len(known)
}

// summarize condenses the launches of one cell. All are the numbers of the
// launches of the cell that was asked for.
func summarize(cell Cell, launches []*Record, all map[int]bool) Summary {
	s := Summary{Cell: cell}
	numbers := map[int]bool{}
	count := map[Outcome]int{}
	for _, r := range launches {
		numbers[r.Launch] = true
		count[r.Outcome]++
		if r.Outcome != OK {
			s.Reasons = AddOnce(s.Reasons, r.Reason)
		}
		for _, w := range r.Warnings {
			if w == Saturation(r.Cell, r.NsPerOp) {
				w = saturation // each launch has a number of its own
			}
			s.Warnings = AddOnce(s.Warnings, w)
		}
	}
	s.Launches, s.N, s.Lost = len(numbers), count[OK], count[Untrusted]
	switch {
	case count[Failed] > 0:
		s.Outcome = Failed
	case count[Skipped] == len(launches):
		s.Outcome = Skipped
	case count[OK]+count[Untrusted] < len(launches), !Tolerable(count[Untrusted], len(launches)):
		s.Outcome = Untrusted
	default:
		s.Outcome = OK
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
			s.Warnings = append(s.Warnings, fmt.Sprintf("%d of %d launches were disturbed at every attempt and do not count", s.Lost, s.Launches))
			launches = slices.DeleteFunc(launches, func(r *Record) bool { return r.Outcome != OK })
		}
		s.estimate(launches)
	}
	return s
}

// Tolerable tells whether a cell that lost so many of its launches to
// disturbances is ok all the same: fewer than one in five. What voids a launch
// is a rule about the machine, and most that it voids are slow ones: the others
// say how fast the cell is on a CPU that nothing disturbs.
func Tolerable(lost, launches int) bool { return 5*lost < launches }

func lastLaunch(launches []*Record) int {
	return slices.MaxFunc(launches, func(a, b *Record) int { return cmp.Compare(a.Launch, b.Launch) }).Launch
}

func (s *Summary) estimate(launches []*Record) {
	for _, r := range launches {
		if r.NsPerOp > 0 {
			s.Times = append(s.Times, r.NsPerOp)
		}
	}
	s.InsnsPerOp = median(launches, func(r *Record) (float64, bool) { return positive(r.InsnsPerOp) })
	s.NsPerOp = median(launches, func(r *Record) (float64, bool) { return positive(r.NsPerOp) })
	s.BytesPerSec = median(launches, func(r *Record) (float64, bool) { return positive(r.BytesPerSec) })
	s.CPUNsPerOp = median(launches, func(r *Record) (float64, bool) { return r.CPUNsPerOp.Get() })
	s.Switches = median(launches, func(r *Record) (float64, bool) { return r.Voluntary.Plus(r.Involuntary).Get() })
	s.P50 = median(launches, percentile(func(l *Latency) *int64 { return &l.P50 }))
	s.P99 = median(launches, percentile(func(l *Latency) *int64 { return &l.P99 }))
	s.P999 = median(launches, percentile(func(l *Latency) *int64 { return &l.P999 }))
	for _, r := range launches {
		if r.Latency != nil && r.Latency.P99 > 0 {
			s.P99s = append(s.P99s, float64(r.Latency.P99))
		}
		if r.Latency != nil && r.Latency.Count > 0 {
			s.Timed = fewest(s.Timed, Known(r.Latency.Count))
		}
		queue, inFlight := r.least()
		s.Queue, s.InFlight = fewestBytes(s.Queue, queue), fewest(s.InFlight, inFlight)
	}
}

// percentile is one of a launch's latencies.
func percentile(of func(*Latency) *int64) func(*Record) (float64, bool) {
	return func(r *Record) (float64, bool) { return r.percentile(of) }
}

// RankingMetric is what mechanisms are ranked by, in nanoseconds: the median and the
// launches. A message at a rate takes the time that was asked for; what tells
// mechanisms apart there is how late the late ones are, the 99th percentile.
func (s *Summary) RankingMetric() (median Estimate, launches []float64) {
	if s.Cell.Rate > 0 {
		return s.P99, s.P99s
	}
	return s.NsPerOp, s.Times
}

// fewest is the smaller of two counts, or the one that there is.
func fewest(a, b Count) Count {
	n, ok := a.Get()
	if m, known := b.Get(); known && (!ok || m < n) {
		return b
	}
	return a
}

// median estimates what of gives, from the launches that have it. A count of 0
// is one of them.
func median(launches []*Record, of func(*Record) (float64, bool)) Estimate {
	var values []float64
	for _, r := range launches {
		if v, ok := of(r); ok {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return Estimate{}
	}
	return Estimate{benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), Confidence), len(values)}
}

// Bounded tells whether the sample was large enough for an interval.
func (e Estimate) Bounded() bool { return !math.IsInf(e.Lo, 0) && !math.IsInf(e.Hi, 0) }

func AddOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
