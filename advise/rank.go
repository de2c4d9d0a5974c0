package advise

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// rank answers at a size that was measured, from the cells of that size and
// any that follow.
func (a *Advice) rank(cells []results.Summary) {
	var fit []results.Summary
	tried := map[string]bool{}
	warned := 0
	for _, s := range cells {
		if s.Cell.Size != a.Size {
			break
		}
		tried[s.Cell.Mechanism] = true
		switch kind, why := a.misfit(s); {
		case kind != "":
			a.leaveOut(s.Cell.Mechanism, kind, why)
		default:
			fit = append(fit, s)
			if len(s.Warnings) > 0 {
				warned++
			}
		}
	}
	for _, m := range mechanisms.All() {
		if tried[m.Name] {
			continue
		}
		if kind, why := a.unfit(m); kind != "" {
			a.leaveOut(m.Name, kind, why)
		} else {
			a.leaveOut(m.Name, Unmeasured, "not measured")
		}
	}
	slices.SortStableFunc(a.LeftOut, func(x, y LeftOut) int { return cmp.Compare(x.Mechanism, y.Mechanism) })
	for _, r := range results.Rank(fit).Ranked {
		a.Ranked = append(a.Ranked, newChoice(r))
	}
	a.judge()
	a.limits(warned)
}

// misfit is why a cell is not ranked: "" where it is. Of several reasons it
// gives the first; a report has them all.
func (a *Advice) misfit(s results.Summary) (Kind, string) {
	m := mechanisms.Lookup(s.Cell.Mechanism)
	if m == nil && (a.Unrelated || a.Boundaries) {
		return Unfit, "this program does not know it, nor whether it fits"
	}
	if m != nil {
		if kind, why := a.unfit(m); kind != "" {
			return kind, why
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

// unfit is why a mechanism does not do what is asked: "" where it does.
func (a *Advice) unfit(m *mechanisms.Mechanism) (Kind, string) {
	var refused *mechanisms.UnsupportedError
	if errors.As(mechanisms.Ask(mechanisms.FactRules, mechanisms.Wanted{Mechanism: m, Unrelated: a.Unrelated, Boundaries: a.Boundaries}), &refused) {
		return Unfit, refused.Reason()
	}
	return "", ""
}

func (a *Advice) leaveOut(mech string, kind Kind, why string) {
	a.LeftOut = append(a.LeftOut, LeftOut{results.Quote(mech), kind, results.Quote(why)})
}

func newChoice(r results.Ranked) Choice {
	return Choice{
		Mechanism: results.Quote(r.Cell.Mechanism), Cell: results.Quote(r.Cell.Name()), Ratio: r.Ratio, Tied: r.Tied(), Unsure: r.Unsure(),
		Cost: &Cost{Time: value(r.NsPerOp), Rate: value(r.BytesPerSec), CPU: value(r.Of("cpu")), N: r.N, RelativeCost: r.RelativeCost},
	}
}

// value is the estimate without the number of launches, which a Cost has.
func value(e results.Estimate) results.Estimate {
	if !e.Known() {
		return results.MedianOf(nil)
	}
	e.N = 0
	return e
}

// judge writes the verdict: what to use.
func (a *Advice) judge() {
	if len(a.Ranked) == 0 {
		a.Verdict = "can't tell: nothing that fits has a number"
		return
	}
	first := a.Ranked[0].Mechanism
	a.Best = []string{first}
	for _, c := range a.Ranked[1:] {
		if c.Tied {
			a.Best = append(a.Best, c.Mechanism)
		}
	}
	a.Verdict = "use " + first
	switch {
	case len(a.Ranked) == 1:
		a.Verdict += ": nothing else that fits has a number"
	case slices.ContainsFunc(a.Ranked, func(c Choice) bool { return c.Unsure }):
		a.Verdict += ", perhaps: too few launches"
	case len(a.Best) > 1:
		a.Verdict = "use " + strings.Join(a.Best, " or ") + ": can't tell which is faster"
	default:
		a.Verdict += fmt.Sprintf("; %s, the next, takes %s more", a.Ranked[1].Mechanism, a.Ranked[1].Ratio.Exceeds())
	}
	if missing := a.missing(); missing != nil {
		a.Verdict += "; there is no number of " + strings.Join(missing, ", ")
	}
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
// warnings.
func (a *Advice) limits(warned int) {
	fewest := math.MaxInt
	for _, c := range a.Ranked {
		fewest = min(fewest, c.Cost.N)
	}
	if slices.ContainsFunc(a.Ranked, func(c Choice) bool { return c.Unsure }) {
		a.cantTell("Which is faster: %d launches of a mechanism give no interval, and the order may be chance: use --launches 10.", fewest)
	}
	if missing := a.missing(); missing != nil {
		a.cantTell("How fast %s would be: this run has no number of it that can be trusted.", strings.Join(missing, ", "))
	}
	if warned > 0 {
		a.cantTell("How far the machine's noise shifted the numbers of %d of %d mechanisms: `ipcbench report` lists the warnings.", warned, len(a.Ranked))
	}
}
