package choose

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Advice is the answer to a Question.
type Advice struct {
	Question
	Sentence   string             `json:"sentence"`             // the whole answer, the same wherever it is shown
	Use        string             `json:"use,omitempty"`        // the mechanism that it recommends; "": it can't tell
	Decision   results.Decision   `json:"decision,omitempty"`   // how sure that is; "": nothing was ranked
	Verdict    string             `json:"verdict"`              // the same in words
	Best       []string           `json:"best"`                 // what may be recommended, by the rule for ties, Use first
	Ranked     []Choice           `json:"ranked"`               // what fits and was measured at this size, the leader first
	LeftOut    []LeftOut          `json:"left_out"`             // every other mechanism
	Neighbours []Advice           `json:"neighbours,omitempty"` // where the size lies between two that were measured: at these
	Scheduler  *results.Scheduler `json:"scheduler,omitempty"`  // nil: unpinned launches decided, or little depends on the scheduler
	CantTell   []string           `json:"cant_tell"`            // from this data, each a sentence
	Next       string             `json:"next,omitempty"`       // the command that would decide what is not decided
}

// Choice is a mechanism of an Advice, held against the leader.
type Choice struct {
	Mechanism string             `json:"mechanism"`
	Cell      string             `json:"cell"`              // its name
	Ratio     results.Ratio      `json:"ratio"`             // of its time to the leader's
	Verdict   string             `json:"verdict"`           // against the leader
	Tied      bool               `json:"tied"`              // not shown to be slower than the leader; true of the leader
	Unsure    bool               `json:"unsure"`            // too few launches for an interval
	Spins     bool               `json:"spins"`             // it keeps a CPU busy while it waits, and does not lead
	Pinned    []results.Estimate `json:"pinned,omitempty"`  // ns, on one CPU and on different ones, where those launches are held against the leader's
	OneCPU    string             `json:"one_cpu,omitempty"` // in how many unpinned launches the scheduler kept it on one CPU, where much depends on that: "9 of 11"
	Cost      *Cost              `json:"cost,omitempty"`    // never nil in what Advise returns

	Facts *Behaviour `json:"behaviour,omitempty"` // nil: this program does not know it

	capped int // launches that lay far off
}

// Behaviour is what a table shows of a mechanism beside numbers.
type Behaviour struct {
	PeerDeath  string `json:"peer_death"` // whether a process learns that its peer was killed: reported, one side, not reported
	Boundaries string `json:"boundaries"` // of messages: kept, none, no bytes
}

// Cost is what one operation takes.
type Cost struct {
	Time results.Estimate `json:"time"` // ns
	P99  results.Estimate `json:"p99"`  // ns, of single operations
	Rate results.Estimate `json:"rate"` // bytes of payload per second
	CPU  results.Estimate `json:"cpu"`  // ns of all processes together
	N    int              `json:"n"`    // launches

	RelativeCost *results.RelativeCost `json:"worth,omitempty"` // of the time, in units of a floor; nil where none was measured
}

// LeftOut is a mechanism that is not ranked.
type LeftOut struct {
	Mechanism string `json:"mechanism"`
	Kind      Kind   `json:"kind"`
	Why       string `json:"why"`
}

// Kind is in which way a mechanism is left out: the outcome of its cell, or
// one of these.
type Kind string

const (
	Unfit      Kind = "unfit"      // it can't do what is asked
	Unmeasured Kind = "unmeasured" // no record has it
)

// Advise answers q from the summaries of one run or race. Between two measured
// sizes it reports only what holds at both. It never extrapolates.
func Advise(summaries []results.Summary, q Question) Advice { return newRun(summaries).advise(q) }

// All answers every question that the summaries of one run have data for: each
// pattern at each size, in each place, with and without each of these needs.
func All(summaries []results.Summary, needs ...Need) (all []Advice) {
	r := newRun(summaries)
	for _, p := range Patterns {
		for _, q := range Everywhere(summaries, Question{Pattern: p.Name}) {
			for _, q.Size = range r.sizes[q.setting()] {
				for set := range 1 << len(needs) {
					for i, n := range needs {
						*n.of(&q) = set>>i&1 == 1
					}
					all = append(all, r.advise(q))
				}
			}
		}
	}
	return all
}

// run is the summaries of one, by what a question is about, and what was found
// out about them.
type run struct {
	all     map[string][]results.Summary                 // of a pattern, with the kernel's own queue and all options at their usual value
	cells   map[Question][]results.Summary               // those of one size, place and number of peers
	sizes   map[Question][]int                           // at which anything was tried, ascending
	answers map[Question]map[results.Cell]results.Answer // of a question at any size, place and number of peers, by point
}

// point and setting are what of a question records depend on, setting without
// the size.
func (q Question) point() Question {
	return Question{Pattern: q.Pattern, Size: q.Size, Place: q.Place, Peers: q.Peers}
}

func (q Question) setting() Question {
	q.Size = 0
	return q.point()
}

func newRun(summaries []results.Summary) *run {
	r := &run{map[string][]results.Summary{}, map[Question][]results.Summary{}, map[Question][]int{}, map[Question]map[results.Cell]results.Answer{}}
	for _, s := range summaries {
		c := s.Cell
		i := slices.IndexFunc(Patterns, func(p Pattern) bool { return p.Workload == c.Workload })
		if i < 0 || c.Queue != 0 || c.Options != (results.Options{}) {
			continue
		}
		q := Question{Pattern: Patterns[i].Name, Size: c.Size, Place: c.Place, Peers: c.Peers}
		if r.cells[q] == nil {
			at := q.setting()
			k, _ := slices.BinarySearch(r.sizes[at], q.Size)
			r.sizes[at] = slices.Insert(r.sizes[at], k, q.Size)
		}
		r.cells[q] = append(r.cells[q], s)
		r.all[q.Pattern] = append(r.all[q.Pattern], s)
	}
	return r
}

// answer is what is recommended for q, of what fits; without a leader nothing has a
// number.
func (r *run) answer(q Question) results.Answer {
	p, _ := LookupPattern(q.Pattern)
	at := results.Cell{Workload: p.Workload, Size: q.Size, Place: q.Place, Peers: q.Peers}
	q.Size, q.Place, q.Peers = 0, "", 0
	if r.answers[q] == nil {
		r.answers[q] = map[results.Cell]results.Answer{}
		fit := slices.DeleteFunc(slices.Clone(r.all[q.Pattern]), func(s results.Summary) bool { kind, _ := q.misfit(s); return kind != "" })
		for _, a := range q.Answers(fit) {
			r.answers[q][a.Cell.Point()] = a
		}
	}
	return r.answers[q][at]
}

func (r *run) advise(q Question) Advice {
	measured := r.sizes[q.setting()]
	i, exact := slices.BinarySearch(measured, q.Size)
	if exact {
		return r.recommend(q)
	}
	a := newAdvice(q)
	a.Next = q.Command("")
	switch {
	case len(measured) == 0:
		a.Sentence, a.Verdict = "Can't tell: nothing of the kind was measured", "can't tell"
		a.cantTell("%s was not measured at place=%s with the default queue: `%s` measures it.", q.Pattern, q.Place, a.Next)
	case i == 0 || i == len(measured):
		a.Sentence, a.Verdict = fmt.Sprintf("Can't tell: %s was not measured, nor any size beyond", results.FormatBytes(q.Size)), "can't tell"
		a.cantTell("%s is beyond the measured sizes, %s: `%s` measures it.", results.FormatBytes(q.Size), span(measured), a.Next)
	default:
		r.between(&a, measured[i-1], measured[i])
	}
	return a
}

func newAdvice(q Question) Advice {
	return Advice{Question: q, Best: []string{}, Ranked: []Choice{}, LeftOut: []LeftOut{}, CantTell: []string{}}
}

// span renders a range of sizes.
func span(sizes []int) string {
	lo, hi := results.FormatBytes(sizes[0]), results.FormatBytes(sizes[len(sizes)-1])
	if lo == hi {
		return lo + " alone"
	}
	return lo + " to " + hi
}

// Answered reports whether there is anything to choose from.
func (a *Advice) Answered() bool {
	return len(a.Ranked) > 0 || slices.ContainsFunc(a.Neighbours, func(n Advice) bool { return n.Answered() })
}

// between reports what holds at both neighbours.
func (r *run) between(a *Advice, below, above int) {
	for _, size := range []int{below, above} {
		q := a.Question
		q.Size = size
		a.Neighbours = append(a.Neighbours, r.advise(q))
	}
	lo, hi := a.Neighbours[0], a.Neighbours[1]
	a.LeftOut = join(lo, hi)
	for _, name := range lo.Best {
		if slices.Contains(hi.Best, name) {
			a.Best = append(a.Best, name)
		}
	}
	at := fmt.Sprintf("at both %s and %s", results.FormatBytes(below), results.FormatBytes(above))
	a.Verdict = "can't tell"
	switch {
	case !lo.Answered() || !hi.Answered():
		a.Sentence = "Can't tell: nothing that fits was measured " + at
	case len(a.Best) > 0:
		a.Use, a.Verdict = a.Best[0], "the same at both sizes"
		a.Sentence = fmt.Sprintf("Use `%s`: nothing is shown to be faster %s", a.Use, at)
	default:
		a.Sentence = fmt.Sprintf("Can't tell: it is %s at %s, and %s at %s", quoted(lo.Best), results.FormatBytes(below), quoted(hi.Best), results.FormatBytes(above))
	}
	a.cantTell("%s was not measured: both neighbours are shown, and `%s` measures it.", results.FormatBytes(a.Size), a.Next)
	for _, n := range a.Neighbours {
		for _, s := range n.CantTell {
			a.cantTell("At %s: %s", results.FormatBytes(n.Size), s)
		}
	}
}

// join merges what is left out at two sizes.
func join(lo, hi Advice) []LeftOut {
	all := []LeftOut{}
	for _, n := range []Advice{lo, hi} {
		for _, l := range n.LeftOut {
			if !slices.Contains(lo.LeftOut, l) || !slices.Contains(hi.LeftOut, l) {
				l.Why = "at " + results.FormatBytes(n.Size) + ": " + l.Why
			}
			if !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all
}

func (a *Advice) cantTell(format string, args ...any) {
	a.CantTell = append(a.CantTell, fmt.Sprintf(format, args...))
}

// recommend answers at a size that was measured.
func (r *run) recommend(q Question) Advice {
	a := newAdvice(q)
	tried := map[string]bool{}
	warned := 0
	for _, s := range r.cells[q.point()] {
		tried[s.Cell.Mechanism] = true
		if kind, why := q.misfit(s); kind != "" {
			a.leaveOut(s.Cell.Mechanism, kind, why)
			continue
		}
		if len(s.Warnings) > 0 {
			warned++
		}
	}
	for _, m := range mechanisms.All() {
		if tried[m.Name] {
			continue
		}
		if why := q.Unfit(m); why != "" {
			a.leaveOut(m.Name, Unfit, why)
		} else {
			why := "not measured"
			if m.VariantOf != "" {
				why = "a variant of " + m.VariantOf + ", not measured"
			}
			a.leaveOut(m.Name, Unmeasured, why)
		}
	}
	slices.SortStableFunc(a.LeftOut, func(x, y LeftOut) int { return cmp.Compare(x.Mechanism, y.Mechanism) })
	answer := r.answer(q)
	a.Decision = answer.Decision
	a.Within = answer.Within
	for i, c := range answer.Ranked {
		a.Ranked = append(a.Ranked, newChoice(c, answer, i == 0, !q.Spin && spins(c.Cell.Mechanism)))
	}
	a.Scheduler = answer.Scheduler
	a.limits(warned)
	for i, name := range answer.Best {
		if a.Best = append(a.Best, results.Quote(name)); i == 0 {
			a.Use = a.Best[0]
		}
	}
	a.Verdict = a.verdict()
	a.Sentence = a.sentence(r, answer)
	switch a.Decision {
	case results.Undecided, results.TooFew:
		budget := "2m"
		if a.Ranked[0].Cost.N >= 100 {
			budget = "10m"
		}
		a.Next = a.Question.withoutDefaults().Command(budget)
	}
	return a
}

// misfit is why a cell is not ranked: "" where it is. Of several reasons it
// gives the first; a report has them all.
func (q Question) misfit(s results.Summary) (Kind, string) {
	m := mechanisms.Lookup(s.Cell.Mechanism)
	if m == nil && q.Filtered() {
		return Unfit, "this program does not know it, nor whether it fits"
	}
	if m != nil {
		if why := q.Unfit(m); why != "" {
			return Unfit, why
		}
	}
	if s.Outcome != results.OK {
		why := s.Reasons[0]
		if more := len(s.Reasons) - 1; more > 0 {
			why += fmt.Sprintf(" (and %d more such)", more)
		}
		return Kind(s.Outcome), why
	}
	if !s.NsPerOp.Known() {
		return Unmeasured, "instructions were counted, not time"
	}
	return "", ""
}

func (a *Advice) leaveOut(mech string, kind Kind, why string) {
	a.LeftOut = append(a.LeftOut, LeftOut{results.Quote(mech), kind, results.Quote(why)})
}

// newChoice makes a choice of what was ranked. One that is aside never leads,
// unless all are.
func newChoice(r results.Ranked, of results.Answer, leads, aside bool) Choice {
	c := Choice{
		Mechanism: results.Quote(r.Cell.Mechanism), Cell: results.Quote(r.Cell.Name()), Ratio: r.Ratio, Unsure: r.Unsure(), Spins: aside,
		Tied: leads || r.Tied() && !aside, capped: r.Capped,
		Cost: &Cost{Time: value(r.NsPerOp), P99: value(r.P99), Rate: value(r.BytesPerSec), CPU: value(r.Of("cpu")), N: r.N, RelativeCost: r.RelativeCost},
	}
	if k := r.Kept; of.Scheduler != nil {
		c.OneCPU = fmt.Sprintf("%d of %d", k.OneCPU, k.OneCPU+k.Different+k.Moved)
	}
	for _, e := range r.Pinned {
		c.Pinned = append(c.Pinned, value(e))
	}
	if m := mechanisms.Lookup(r.Cell.Mechanism); m != nil {
		c.Facts = &Behaviour{peerDeath(m), boundaries(m)}
	}
	switch words := r.Ratio.Verdict(of.Within); {
	case leads && of.Decision == results.Fastest:
		c.Verdict = "fastest"
	case leads && of.Decision == results.Alone:
		c.Verdict = "only one"
	case leads && of.Decision == results.NoneFaster:
		c.Verdict = fmt.Sprintf("no other is more than %.3g %% faster", 100*of.Within)
	case leads:
		c.Verdict = "least time"
	case c.Unsure:
		c.Verdict = "too few launches"
	case words == "same":
		c.Verdict = words + placedWorse(r, of)
	case r.Equal:
		c.Verdict = fmt.Sprintf("within %.3g %%", 100*of.Within) + placedWorse(r, of)
	case float64(r.Ratio.Lo) > 1+of.Within:
		c.Verdict = "slower: " + r.Ratio.Exceeds()
	case aside && float64(r.Ratio.Hi) < 1/(1+of.Within):
		c.Verdict = "faster: " + r.Ratio.Exceeds()
	default:
		if c.Verdict = fmt.Sprintf("between %s %%", strings.Replace(r.Ratio.Interval(), " to ", " and ", 1)); r.Ratio.Lo < 1 {
			c.Verdict = "can't tell: " + c.Verdict
		}
	}
	return c
}

// placedWorse adds why one that is as fast as the leader, placed alike, is not
// recommended.
func placedWorse(r results.Ranked, of results.Answer) string {
	if !of.Alike() || slices.Contains(of.Best, r.Cell.Mechanism) {
		return ""
	}
	return "; the scheduler places it worse"
}

// pinned is the time at one of results.AlikePlaces, NaN where there is none.
func (c Choice) pinned(place int) results.Float {
	if c.Pinned == nil {
		return results.Float(math.NaN())
	}
	return c.Pinned[place].Center
}

// peerDeath is whether a process learns that its peer was killed, in a word or two.
func peerDeath(m *mechanisms.Mechanism) string {
	switch {
	case m.ReportsDeath():
		return "reported"
	case m.SenderDeath() || m.ReceiverDeath():
		return "one side"
	}
	return "not reported"
}

func boundaries(m *mechanisms.Mechanism) string {
	switch {
	case m.Framing == mechanisms.Count:
		return "no bytes"
	case m.Framing.Boundaries():
		return "kept"
	}
	return "none"
}

// value is the estimate without the number of launches, which a Cost has.
func value(e results.Estimate) results.Estimate {
	if !e.Known() {
		return results.MedianOf(nil)
	}
	e.N = 0
	return e
}

// missing names what might be faster and has no number that can be trusted.
func (a *Advice) missing() (names []string) {
	for _, l := range a.LeftOut {
		if l.Kind == Kind(results.Untrusted) || l.Kind == Kind(results.Failed) {
			names = append(names, l.Mechanism)
		}
	}
	return names
}

// limits lists what limits the ranking: few launches, missing numbers,
// disturbed launches, warnings.
func (a *Advice) limits(warned int) {
	if a.Decision == results.TooFew {
		fewest := a.Ranked[0].Cost.N
		for _, c := range a.Ranked {
			fewest = min(fewest, c.Cost.N)
		}
		a.cantTell("Which is faster: %d launches of a mechanism give no interval, and the order may be chance.", fewest)
	}
	for _, c := range a.Ranked {
		if c.capped > 0 && c.Tied && a.Decision == results.Undecided && a.Scheduler == nil {
			a.cantTell("How fast %s is: %d of %d launches lay far from the others, and widen the interval.", c.Mechanism, c.capped, c.Cost.N)
		}
	}
	if missing := a.missing(); missing != nil {
		a.cantTell("How fast %s would be: there is no number of it that can be trusted.", strings.Join(missing, ", "))
	}
	if warned > 0 {
		a.cantTell("How far the machine's noise shifted the numbers of %d of %d mechanisms: `ipcbench report` lists the warnings.", warned, len(a.Ranked))
	}
}
