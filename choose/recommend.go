package choose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// candidates are the choices that may be recommended: the leader, and what is as
// good a choice. Where that is not decided, they are those that are not shown to be
// slower and whose time is within the share of the leader's all the same.
func (a *Advice) candidates() (all []Choice) {
	if len(a.Ranked) > 0 && a.Ranked[0].Spins {
		return nil // nothing that sleeps has a number
	}
	for i, c := range a.Ranked {
		open := a.Decision == results.Undecided && c.Tied && float64(c.Ratio.Center) < 1+a.Within
		if i == 0 || c.equal || open {
			all = append(all, c)
		}
	}
	return all
}

// counts is at how many sizes and places of the run each mechanism may be
// recommended, for what q asks.
func (r *run) counts(q Question) map[string]int {
	asked := q
	asked.Size, asked.Place = 0, ""
	if n := r.points[asked]; n != nil {
		return n
	}
	n := map[string]int{}
	for at, sizes := range r.sizes {
		if at.Pattern != q.Pattern || at.Peers != q.Peers {
			continue
		}
		for _, q.Size = range sizes {
			q.Place = at.Place
			for _, c := range r.rank(q).candidates() {
				n[c.Mechanism]++
			}
		}
	}
	r.points[asked] = n
	return n
}

// recommend applies the rule for ties to what was ranked, and writes the
// sentence. Of what may be recommended it is the one that may be so at most sizes
// and places of the run; of several, in this order: the one that carries both
// directions on one object, reports to a process that its peer was killed, loses
// or mixes no message in silence, needs least beside read and write, and comes
// first in the alphabet.
func (r *run) recommend(a *Advice) {
	may := a.candidates()
	if len(may) > 1 {
		points := r.counts(a.Question.withoutDefaults())
		slices.SortFunc(may, func(x, y Choice) int {
			m, n := mechanisms.Lookup(x.Mechanism), mechanisms.Lookup(y.Mechanism)
			if m == nil || n == nil { // what this program does not know comes last
				return cmp.Or(first(n == nil, m == nil), cmp.Compare(x.Mechanism, y.Mechanism))
			}
			return cmp.Or(
				points[y.Mechanism]-points[x.Mechanism],
				first(m.TwoWay(), n.TwoWay()),
				first(m.ReportsDeath(), n.ReportsDeath()),
				first(!m.Silent(), !n.Silent()),
				m.Complexity()-n.Complexity(),
				cmp.Compare(x.Mechanism, y.Mechanism),
			)
		})
	}
	for i, c := range may {
		if i == 0 {
			a.Use = c.Mechanism
		}
		a.Best = append(a.Best, c.Mechanism)
	}
	a.Verdict = a.verdict()
	a.Sentence = a.sentence(r)
	switch a.Decision {
	case results.Undecided, results.TooFew:
		budget := "2m"
		if a.Ranked[0].Cost.N >= 100 {
			budget = "10m"
		}
		a.Next = a.Question.withoutDefaults().Command(budget)
	}
}

// withoutDefaults is the question as it was asked.
func (q Question) withoutDefaults() Question {
	if q.Within == results.Within {
		q.Within = 0
	}
	return q
}

// first sorts what is so before what is not.
func first(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}

// verdict is how sure the recommendation is, in words.
func (a *Advice) verdict() string {
	switch a.Decision {
	case results.Fastest:
		return "fastest"
	case results.NoneFaster:
		return a.noneFaster()
	case results.Undecided:
		return "can't tell"
	}
	return string(a.Decision) // or nothing was ranked
}

func (a *Advice) noneFaster() string {
	return fmt.Sprintf("no other is more than %.3g %% faster", 100*a.Within)
}

// sentence is the answer in one: what to use, what it takes, how sure that is, and
// what is faster at which price. Terminal, Markdown, JSON and the page show it word
// for word.
func (a *Advice) sentence(r *run) string {
	if len(a.Ranked) == 0 {
		return "Can't tell: nothing that fits has a number" + a.without()
	}
	if a.Use == "" {
		c := a.Ranked[0]
		return fmt.Sprintf("Can't tell: nothing that fits and sleeps while it waits has a number; `%s`, which spins, takes %s and costs a CPU while it waits",
			c.Mechanism, short(float64(c.Cost.Time.Center))) + a.without()
	}
	i := slices.IndexFunc(a.Ranked, func(c Choice) bool { return c.Mechanism == a.Use })
	use := a.Ranked[i]
	p, _ := LookupPattern(a.Pattern)
	parts := []string{fmt.Sprintf("Use `%s`: %s a %s %s", use.Mechanism, short(float64(use.Cost.Time.Center)), p.Op, where(a.Place))}
	also := slices.DeleteFunc(slices.Clone(a.Best), func(name string) bool { return name == a.Use })
	switch a.Decision {
	case results.Fastest:
		s := "it is the fastest"
		if next := slices.IndexFunc(a.Ranked[1:], func(c Choice) bool { return !c.Spins }); next >= 0 {
			c := a.Ranked[1+next]
			s += fmt.Sprintf(", and the next, `%s`, takes %s", c.Mechanism, longer(float64(c.Ratio.Center)))
		}
		parts = append(parts, s)
	case results.NoneFaster:
		s := a.noneFaster()
		if len(also) > 0 {
			s += fmt.Sprintf(" (%s may be as fast)", listed(also))
		}
		parts = append(parts, s)
	case results.Undecided:
		var open []string
		for _, c := range a.Ranked {
			if c.Mechanism != use.Mechanism && c.Tied && float64(c.Ratio.Lo) <= 1/(1+a.Within) {
				open = append(open, c.Mechanism)
			}
		}
		if open == nil { // bounds of a mechanism that the rule for ties passed over
			open = also
		}
		parts = append(parts, "can't tell yet whether it is the fastest: "+listed(open)+" may be faster")
	case results.TooFew:
		parts[0] = strings.Replace(parts[0], ":", ", perhaps:", 1)
		parts = append(parts, "too few launches to tell")
	case results.Alone:
		parts = append(parts, "nothing else that fits has a number")
	}
	if c, ok := a.faster(use, a.Ranked); ok {
		parts = append(parts, fmt.Sprintf("`%s`, which spins, is %s faster and costs a CPU while it waits", c.Mechanism, factor(use, c)))
	}
	if c, why, ok := r.unfit(a); ok {
		parts = append(parts, fmt.Sprintf("`%s` is %s faster, but %s", c.Mechanism, factor(use, c), why))
	}
	return strings.Join(parts, "; ") + a.without()
}

// without names what there is no number of.
func (a *Advice) without() string {
	if missing := a.missing(); missing != nil {
		return "; there is no number of " + listed(missing)
	}
	return ""
}

// faster is the fastest of the choices that do not lead, if it is shown to be
// faster than the leader.
func (a *Advice) faster(use Choice, of []Choice) (least Choice, ok bool) {
	for _, c := range of {
		if c.Spins && c.Ratio.Hi < 1 && float64(c.Ratio.Center) < float64(use.Ratio.Center)/(1+a.Within) && (!ok || c.Ratio.Center < least.Ratio.Center) {
			least, ok = c, true
		}
	}
	return least, ok
}

// unfit is the fastest mechanism that was measured, does not fit, and is shown to
// be faster than the leader, with what it lacks.
func (r *run) unfit(a *Advice) (Choice, string, bool) {
	q := a.Question.withoutDefaults()
	all := q
	all.Unrelated, all.Boundaries, all.SurvivesCrash, all.PassesFDs = false, false, false, false
	leader := a.Ranked[0].Mechanism
	ranking := all.Ranking()
	ranking.Aside = func(mech string) bool { return mech != leader }
	var group []results.Summary
	whys := map[string]string{}
	for _, s := range r.cells[q.point()] {
		m := mechanisms.Lookup(s.Cell.Mechanism)
		switch {
		case s.Cell.Mechanism == leader:
			group = append(group, s)
		case m == nil || m.BusyWaits() || all.Unfit(m) != "" || s.Outcome != results.OK:
		case q.Unfit(m) != "":
			whys[m.Name] = q.lack(m)
			group = append(group, s)
		}
	}
	if len(group) < 2 {
		return Choice{}, "", false
	}
	answer := ranking.Rank(group)
	var choices []Choice
	for i, c := range answer.Ranked {
		choices = append(choices, newChoice(c, answer, i == 0, i > 0))
	}
	c, ok := a.faster(a.Ranked[slices.IndexFunc(a.Ranked, func(c Choice) bool { return c.Mechanism == a.Use })], choices)
	return c, whys[c.Mechanism], ok
}

// lack is what a mechanism that does not fit lacks, in a few words.
func (q Question) lack(m *mechanisms.Mechanism) string {
	switch {
	case q.Boundaries && !m.Framing.Boundaries():
		return "has no message boundaries"
	case q.Unrelated && !m.Facts.Unrelated:
		return "has no name to open it by"
	case q.SurvivesCrash && !m.ReportsDeath():
		return "does not report that a peer was killed"
	}
	return "passes no descriptors"
}

// factor is by how much c is faster than use: "20×", "30 %".
func factor(use, c Choice) string {
	f := float64(use.Cost.Time.Center / c.Cost.Time.Center)
	if f >= 2 {
		return times(f)
	}
	return fmt.Sprintf("%.0f %%", 100*(f-1))
}

// longer is by how much a ratio exceeds 1: "20 % longer", "3.1× as long".
func longer(ratio float64) string {
	if ratio >= 2 {
		return times(ratio) + " as long"
	}
	return fmt.Sprintf("%.0f %% longer", 100*(ratio-1))
}

// times renders a factor in two digits at least: "3.1×", "20×", "124×".
func times(f float64) string {
	if f < 9.95 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") + "×"
	}
	return fmt.Sprintf("%.0f×", f)
}

// short renders a time for a sentence, in three digits: "3.59 µs".
func short(ns float64) string {
	for _, u := range []struct {
		ns   float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if ns >= u.ns {
			return digits(ns/u.ns) + " " + u.name
		}
	}
	return digits(ns) + " ns"
}

func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// where is a place in a sentence.
func where(place string) string {
	if place == "free" {
		return "unpinned"
	}
	s := results.PlaceTitle(results.Quote(place))
	if place == "same" {
		s = "the " + s
	}
	return "on " + s
}

func quoted(names []string) string { return "`" + strings.Join(names, "` or `") + "`" }

// listed names at most three, and how many more there are.
func listed(names []string) string {
	const most = 3
	if len(names) > most+1 {
		return "`" + strings.Join(names[:most], "`, `") + fmt.Sprintf("` and %d others", len(names)-most)
	}
	if n := len(names); n > 1 {
		return "`" + strings.Join(names[:n-1], "`, `") + "` and `" + names[n-1] + "`"
	}
	return "`" + strings.Join(names, "") + "`"
}
