package choose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Answers says what to use wherever a mechanism has a number, in the order of
// results.Summarize: what every report shows.
func Answers(summaries []results.Summary) []results.Answer { return Question{}.Answers(summaries) }

// Answers applies the rule for ties to what may be recommended at each point. First
// is what may be so at most sizes and places of its kind; of several, in this order:
// what carries both directions on one object, reports to a process that its peer was
// killed, loses or mixes no message in silence, needs least beside read and write,
// and comes first in the alphabet.
func (q Question) Answers(summaries []results.Summary) []results.Answer {
	all := q.Ranking().Answers(summaries)
	kind := func(a results.Answer) results.Cell {
		a.Cell.Mechanism, a.Cell.Size, a.Cell.Place = "", 0, ""
		return a.Cell
	}
	points := map[results.Cell]map[string]int{}
	for _, a := range all {
		if points[kind(a)] == nil {
			points[kind(a)] = map[string]int{}
		}
		for _, name := range a.Best {
			points[kind(a)][name]++
		}
	}
	for _, a := range all {
		at := points[kind(a)]
		slices.SortFunc(a.Best, func(x, y string) int {
			m, n := mechanisms.Lookup(x), mechanisms.Lookup(y)
			if m == nil || n == nil { // what this program does not know comes last
				return cmp.Or(first(n == nil, m == nil), cmp.Compare(x, y))
			}
			return cmp.Or(
				at[y]-at[x],
				first(m.TwoWay(), n.TwoWay()),
				first(m.ReportsDeath(), n.ReportsDeath()),
				first(!m.Silent(), !n.Silent()),
				m.Complexity()-n.Complexity(),
				cmp.Compare(x, y),
			)
		})
	}
	return all
}

// Verdict says in words how sure an answer is, and what is faster at which price:
// every report shows it word for word.
func Verdict(a results.Answer) string {
	if len(a.Best) == 0 {
		return "nothing that sleeps while it waits has a number; `" + results.Quote(a.Cell.Mechanism) + "` spins, and costs a CPU while it waits"
	}
	if spinning := spinning(a); spinning != "" {
		return a.Verdict() + "; " + spinning
	}
	return a.Verdict()
}

// spinning names the fastest mechanism that is shown to be faster than what is
// recommended and costs a CPU; "" where there is none.
func spinning(a results.Answer) string {
	c, ok := faster(a, a.Ranked)
	if !ok {
		return ""
	}
	return fmt.Sprintf("`%s`, which spins, is %s faster and costs a CPU while it waits", results.Quote(c.Cell.Mechanism), factor(a.Use(), c))
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
		return a.alike() + "fastest"
	case results.NoneFaster:
		return a.noneFaster()
	case results.Undecided:
		return "can't tell"
	}
	return string(a.Decision) // or nothing was ranked
}

func (a *Advice) noneFaster() string {
	return a.alike() + fmt.Sprintf("no other is more than %.3g %% faster", 100*a.Within)
}

// alike begins what holds of launches pinned alike.
func (a *Advice) alike() string {
	if a.Scheduler != nil && a.Scheduler.Alike {
		return "placed alike, "
	}
	return ""
}

// sentence is the answer in one: what to use, what it takes, how sure that is, and
// what is faster at which price. Terminal, Markdown, JSON and the page show it word
// for word.
func (a *Advice) sentence(r *run, of results.Answer) string {
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
	if use.Pinned != nil {
		parts[0] = fmt.Sprintf("Use `%s`: unpinned, %s a %s on one CPU, %s on different ones", use.Mechanism, short(float64(use.pinned(0))), p.Op, short(float64(use.pinned(1))))
	}
	also := slices.DeleteFunc(slices.Clone(a.Best), func(name string) bool { return name == a.Use })
	switch a.Decision {
	case results.Fastest:
		s := a.alike() + "it is the fastest"
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
		if len(open) == 0 { // or of one that the scheduler places better
			open = []string{a.Ranked[0].Mechanism}
		}
		parts = append(parts, "can't tell yet whether it is the fastest: "+listed(open)+" may be faster")
	case results.TooFew:
		parts[0] = strings.Replace(parts[0], ":", ", perhaps:", 1)
		parts = append(parts, "too few launches to tell")
	case results.Alone:
		parts = append(parts, "nothing else that fits has a number")
	}
	if use.Pinned != nil {
		parts = append(parts, fmt.Sprintf("the scheduler kept it on one CPU in %s launches", use.OneCPU))
	} else if a.Scheduler != nil {
		parts = append(parts, dependsOn(a.Scheduler))
	}
	if s := spinning(of); s != "" {
		parts = append(parts, s)
	}
	if c, why, ok := r.unfit(a, of); ok {
		parts = append(parts, fmt.Sprintf("`%s` is %s faster, but %s", results.Quote(c.Cell.Mechanism), factor(of.Use(), c), why))
	}
	return strings.Join(parts, "; ") + a.without()
}

// dependsOn says how much depends on the scheduler, as a part of a sentence.
func dependsOn(s *results.Scheduler) string {
	of := ""
	if s.Pooled {
		of = " of several mechanisms"
	}
	return fmt.Sprintf("much depends on the scheduler's choice of CPUs: %s on one CPU (%s%s), %s on different ones (%d)",
		short(s.OneCPU), results.Plural(s.OneCPUN, "launch"), of, short(s.Different), s.DifferentN)
}

// without names what there is no number of.
func (a *Advice) without() string {
	if missing := a.missing(); missing != nil {
		return "; there is no number of " + listed(missing)
	}
	return ""
}

// faster is the fastest of those that never lead, if it is shown to be faster than
// the leader, and takes less than what is recommended by more than Within.
func faster(a results.Answer, of []results.Ranked) (least results.Ranked, ok bool) {
	for _, r := range of {
		if r.Aside && r.Ratio.Hi < 1 && float64(r.Ratio.Center) < float64(a.Use().Ratio.Center)/(1+a.Within) && (!ok || r.Ratio.Center < least.Ratio.Center) {
			least, ok = r, true
		}
	}
	return least, ok
}

// unfit is the fastest mechanism that was measured, does not fit, and is shown to
// be faster than the leader, with what it lacks.
func (r *run) unfit(a *Advice, of results.Answer) (fastest results.Ranked, why string, ok bool) {
	q := a.Question.withoutDefaults()
	all := q
	for _, n := range Needs {
		*n.of(&all) = false
	}
	ranking := all.Ranking()
	ranking.Aside = func(mech string) bool { return mech != of.Cell.Mechanism }
	var group []results.Summary
	whys := map[string]string{}
	for _, s := range r.cells[q.point()] {
		m := mechanisms.Lookup(s.Cell.Mechanism)
		switch {
		case s.Cell == of.Cell:
			group = append(group, s)
		case m == nil || m.BusyWaits() || all.Unfit(m) != "" || s.Outcome != results.OK:
		case q.Unfit(m) != "":
			whys[m.Name] = q.lack(m)
			group = append(group, s)
		}
	}
	if len(group) < 2 {
		return fastest, "", false
	}
	fastest, ok = faster(of, ranking.Rank(group, results.Alike{}).Ranked)
	return fastest, whys[fastest.Cell.Mechanism], ok
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
func factor(use, c results.Ranked) string {
	of, _, _ := use.RankingMetric()
	by, _, _ := c.RankingMetric()
	f := float64(of.Center / by.Center)
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
