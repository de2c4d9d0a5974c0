package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ipcbench/results"
)

// notCompared names what the files have and no row shows: units that were not
// asked for, and metrics that only the new side has.
func (r *Report) notCompared(old, new *Side, pairs []pair) {
	var left []string
	for _, s := range []*Side{old, new} {
		for _, unit := range s.units.list {
			m := slices.IndexFunc(results.Metrics, func(m results.Metric) bool { return m.Unit == unit })
			if slices.Contains(switching, unit) && slices.Contains(s.metrics, counted) {
				continue // it has rows of its own
			}
			if !slices.ContainsFunc(s.metrics, func(asked string) bool { return results.SameUnit(asked, unit) }) && (m < 0 || results.Metrics[m].Better != "") {
				left = results.AddOnce(left, results.Quote(unit))
			}
		}
	}
	if left != nil {
		example := left[0]
		if len(left) > 1 {
			example += ",…" // all of them are a word that no terminal has room for
		}
		r.NotCompared = append(r.NotCompared, fmt.Sprintf("%s (--metric %s)", strings.Join(left, ", "), example))
	}
	for m, unit := range old.metrics {
		n, first := 0, ""
		for _, p := range pairs {
			if p.new.has(m) && !p.old.has(m) {
				if n++; n == 1 {
					first = p.cell.Short(p.name)
				}
			}
		}
		if n > 0 {
			r.NotCompared = append(r.NotCompared, fmt.Sprintf("%s in %s, as in %s: the old side does not have it", unit, results.Plural(n, "cell"), first))
		}
	}
}

// lacks is why a row of the old side has no counterpart.
const lacks = "the new side does not have it"

// nothing is the cause why there is no row.
func (r *Report) nothing(old, new *Side, pairs []pair) string {
	for _, s := range []*Side{old, new} {
		if s.records == 0 {
			return cmp.Or(s.nothing, results.Quote(s.Name)+" has no records")
		}
	}
	switch {
	case r.Refused:
		var why []string
		for _, w := range r.Warnings {
			if w.Refuses {
				why = append(why, w.What)
			}
		}
		return strings.Join(why, "; ") + "; --force compares all the same"
	case slices.ContainsFunc(r.Incomparable, func(c Incomparable) bool { return c.Warnings[0] != lacks }):
		c := r.Incomparable[0]
		return fmt.Sprintf("as for %s, %s: %s", c.Cell.Short(c.Name), c.Metric, strings.Join(c.Warnings, ", "))
	case len(pairs) > 0:
		return fmt.Sprintf("no benchmark has %s on both sides; old has %s, new has %s: name units with --metric",
			strings.Join(old.metrics, ", "), results.Some(old.units.list, " and "), results.Some(new.units.list, " and "))
	}
	gone, come := map[string]string{}, []string(nil)
	for _, c := range r.Outcomes {
		if base, procs, ok := cutProcs(c.Name); ok && c.To == Absent {
			gone[base] = procs
		}
	}
	for _, c := range r.Outcomes {
		if base, procs, ok := cutProcs(c.Name); ok && c.From == Absent && gone[base] != "" && gone[base] != procs {
			come = []string{gone[base], procs}
		}
	}
	if come != nil {
		return fmt.Sprintf("the names differ in GOMAXPROCS: -%s in old, -%s in new: measure both sides with one -cpu", come[0], come[1])
	}
	if len(r.Outcomes) == 0 {
		return fmt.Sprintf("%s without a number on either side: measure again", results.Plural(r.NeverOK, "cell"))
	}
	return "no benchmark has a number on both sides: their names, and why, are listed"
}
