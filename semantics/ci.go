package semantics

import (
	"cmp"
	"io"

	"ipcbench/internal/ciformat"
	"ipcbench/results"
)

// ciOutcome is what a verdict is to a CI system: what was recorded counts as
// passed.
// A difference that the profile has is expected.
func (f *Finding) ciOutcome() ciformat.Outcome {
	switch f.Verdict {
	case Differs:
		if f.Known {
			return ciformat.Expected
		}
		return ciformat.Failed
	case Broken:
		return ciformat.Errored
	case Skipped:
		return ciformat.Skipped
	}
	return ciformat.Passed
}

// WriteKTAP writes KTAP version 1, which kernel developers' tools read: a line
// a statement. What was recorded counts as passed, what is broken as failed.
func (r *Report) WriteKTAP(w io.Writer) error {
	k := ciformat.KTAP{W: w}
	k.Plan(len(r.Findings), r.Host.Strip())
	for i := range r.Findings {
		f := &r.Findings[i]
		switch f.Verdict {
		case Differs, Broken:
			k.Note("%s %s", f.ID, f.Statement)
			k.Note("  expected: %s", f.Expect)
			k.Note("  %s: %s", f.Verdict, f.Outcome())
			k.Note("  source: %s", f.Source)
		case Recorded:
			k.Note("%s recorded: %s", f.ID, f.Observed)
		}
		k.Result(i+1, f.Mechanism+"."+f.ID, f.ciOutcome(), cmp.Or(f.Reason, "known difference"))
	}
	k.Note("Totals: pass:%d fail:%d xfail:%d xpass:0 skip:%d error:%d",
		r.Count(Holds)+r.Count(Recorded), r.Count(Differs)-r.known(), r.known(), r.Count(Skipped), r.Count(Broken))
	return k.Err
}

// known is how many statements differ as the profile has it.
func (r *Report) known() (n int) {
	for i := range r.Findings {
		if r.Findings[i].Known {
			n++
		}
	}
	return n
}

// WriteJUnit writes a test suite a family, for CI servers.
func (r *Report) WriteJUnit(w io.Writer) error {
	var all []ciformat.Suite
	for _, g := range r.Groups() {
		s := ciformat.Suite{Name: g.Title}
		for _, f := range g.Findings {
			said := results.Quote(f.Outcome())
			c := ciformat.Case{Class: "semantics." + f.Mechanism, Name: f.ID + " " + f.Statement, Outcome: f.ciOutcome(), Message: said, Out: said}
			if f.Verdict == Differs && !f.Known {
				c.Message, c.Detail = "observed: "+said, "expected: "+results.Quote(f.Expect)+"\nsource: "+results.Quote(f.Source)
			}
			s.Cases = append(s.Cases, c)
		}
		all = append(all, s)
	}
	return ciformat.WriteJUnit(w, "ipcbench semantics, "+r.Host.Strip(), all)
}
