package semantics

import (
	"fmt"
	"io"
	"strings"

	"ipcbench/results"
)

// Departure is what a report has other than a profile: the report of a kernel or a
// sandbox whose answers are known.
type Departure struct {
	Known   []string // statements that differ as in the profile
	New     []string // that differ, or whose check broke, and not so in the profile
	Gone    []string // that differed in the profile, and hold
	Skipped []string // that were checked for the profile, and now were skipped
}

// Against marks the findings that differ as the profile has it, and sorts the others.
// A statement that the profile does not have is held to the manual.
func (r *Report) Against(profile *Report) *Departure {
	d := &Departure{}
	for i := range r.Findings {
		f, was := &r.Findings[i], profile.Finding(r.Findings[i].ID)
		bad, wasBad := f.wrong(), was != nil && was.wrong()
		switch {
		case bad && wasBad && f.Verdict == Differs && was.Verdict == Differs && f.Observed == was.Observed:
			f.Known = true
			d.Known = append(d.Known, f.ID)
		case bad:
			d.New = append(d.New, f.ID)
		case wasBad && f.Verdict == Holds:
			d.Gone = append(d.Gone, f.ID)
		case f.Verdict == Skipped && was != nil && was.Verdict != Skipped:
			d.Skipped = append(d.Skipped, f.ID)
		}
	}
	return d
}

func (f *Finding) wrong() bool { return f.Verdict == Differs || f.Verdict == Broken }

// WriteText writes a line for each kind that there is.
func (d *Departure) WriteText(w io.Writer) error {
	for _, of := range []struct {
		what string
		ids  []string
	}{{"new difference", d.New}, {"known difference", d.Known}, {"no longer different", d.Gone}, {"no longer checked", d.Skipped}} {
		if of.ids == nil {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", of.what, results.Quote(strings.Join(of.ids, ", "))); err != nil {
			return err
		}
	}
	return nil
}
