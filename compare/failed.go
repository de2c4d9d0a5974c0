package compare

import (
	"strings"

	"ipcbench/results"
)

// attribute gives a failure to the benchmarks that it is of. A side that does not
// say under which configuration fails under each that the other has. In the first
// round of a benchmark go test names it without the "-GOMAXPROCS" that its results
// have, and it names a benchmark whose parts were then not run. The other side
// knows their names. What is left has no result on either side.
func attribute(side, other map[point]*settled) {
	type benchmark struct {
		pkg, name string
		group     int32
	}
	failed := map[benchmark]point{}
	vague := map[results.Cell]point{}
	for p, s := range side {
		if s.vague && other[p] == nil {
			vague[p.cell] = p
		}
		if p.cell.Other != "" && s.outcome == results.Failed && other[p] == nil {
			failed[benchmark{p.cell.Package, p.cell.Other, p.group}] = p
		}
	}
	if len(failed)+len(vague) == 0 {
		return
	}
	explained := map[point]bool{}
	for p := range other {
		if v, ok := vague[p.cell]; ok && side[p] == nil {
			side[p] = side[v]
			explained[v] = true
		}
	}
	blame := func(p point) {
		name := p.cell.Other
		if name == "" {
			return
		}
		if base, _, ok := cutProcs(name); ok {
			if f, ok := failed[benchmark{p.cell.Package, base, p.group}]; ok {
				side[p] = &settled{outcome: results.Failed, reason: side[f].reason}
				explained[f] = true
				return
			}
		}
		if s := side[p]; s != nil && s.outcome != results.Failed {
			return // it was run before what it is a part of failed
		}
		for i := strings.LastIndexByte(name, '/'); i > 0; i = strings.LastIndexByte(name[:i], '/') {
			f, ok := failed[benchmark{p.cell.Package, name[:i], p.group}]
			if !ok {
				continue
			}
			if side[p] == nil {
				side[p] = &settled{outcome: results.Failed, reason: side[f].reason}
			}
			explained[f] = true
		}
	}
	for p := range other {
		blame(p)
	}
	for p := range side {
		blame(p)
	}
	for p := range explained {
		delete(side, p)
	}
}

// cutProcs cuts the "-GOMAXPROCS" off a benchmark's name.
func cutProcs(name string) (base, procs string, ok bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 || i+1 == len(name) || strings.Trim(name[i+1:], "0123456789") != "" {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

// packages are changes of the packages that go test reports as failed: what
// they would have printed can't be judged.
func packages(old, new *Side) (out []Change) {
	reason := func(s *Side, pkg string) (string, results.Outcome) {
		for _, f := range s.failures {
			if f.Package == pkg {
				return f.Reason, results.Failed
			}
		}
		return "", results.OK
	}
	seen := map[string]bool{}
	for _, s := range []*Side{new, old} {
		for _, f := range s.failures {
			if seen[f.Package] {
				continue
			}
			seen[f.Package] = true
			c := Change{Name: "package " + results.Quote(f.Package), Verdict: Unjudged, Reason: results.Quote(f.Reason)}
			if f.Package == "" {
				c.Name = "a package"
			}
			_, c.From = reason(old, f.Package)
			_, c.To = reason(new, f.Package)
			out = append(out, c)
		}
	}
	return out
}
