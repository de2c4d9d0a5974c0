package semantics

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// Group is the findings of one family.
type Group struct {
	Title    string
	Findings []*Finding
}

// Groups puts findings together by their mechanism, in their order.
func (r *Report) Groups() (all []Group) {
	at := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		n, known := at[f.Mechanism]
		if !known {
			n = len(all)
			at[f.Mechanism] = n
			all = append(all, Group{Title: title(f.Mechanism)})
		}
		all[n].Findings = append(all[n].Findings, f)
	}
	return all
}

// Questions puts findings together by what a reader asks, in the order of Questions.
// A finding of another program may have none.
func (r *Report) Questions() (all []Group) {
	for _, q := range Questions {
		g := Group{Title: q.Title}
		for i := range r.Findings {
			if slices.Contains(r.Findings[i].About, q.Name) {
				g.Findings = append(g.Findings, &r.Findings[i])
			}
		}
		if g.Findings != nil {
			all = append(all, g)
		}
	}
	return all
}

// Gravest is the gravest verdict of the group.
func (g Group) Gravest() Verdict {
	for _, v := range Verdicts {
		for _, f := range g.Findings {
			if f.Verdict == v {
				return v
			}
		}
	}
	return Holds
}

// Summary counts the verdicts of the group.
func (g Group) Summary() string {
	r := Report{}
	for _, f := range g.Findings {
		r.Findings = append(r.Findings, *f)
	}
	return r.Summary()
}

func title(mechanism string) string {
	for _, f := range Families {
		if f.Name == mechanism {
			return f.Title
		}
	}
	return results.Quote(mechanism)
}

// Summary counts the verdicts: "148 hold, 1 differs (P16), 2 skipped".
func (r *Report) Summary() string {
	var parts []string
	for _, v := range []Verdict{Holds, Differs, Broken, Skipped, Recorded} {
		n := r.Count(v)
		if n == 0 && v != Holds {
			continue
		}
		word := string(v)
		switch {
		case v == Holds && n != 1:
			word = "hold"
		case v == Differs && n != 1:
			word = "differ"
		}
		part := fmt.Sprintf("%d %s", n, word)
		if v == Differs || v == Broken {
			part += " (" + strings.Join(r.ids(v), ", ") + ")"
		}
		if known := r.known(); v == Differs && known > 0 {
			part += fmt.Sprintf(", of them %d as the profile has it", known)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func (r *Report) ids(v Verdict) (ids []string) {
	for i := range r.Findings {
		if r.Findings[i].Verdict == v {
			ids = append(ids, results.Quote(r.Findings[i].ID))
		}
	}
	return ids
}

// Strip names the machine in one line.
func (h Host) Strip() string {
	return results.Quote(fmt.Sprintf("%s, %s, pages of %d bytes, user %d, %s IPC namespace", h.Kernel, h.Arch, h.PageSize, h.UID, h.Namespace))
}

// Outcome is what a finding came to: what was observed, or the reason for there
// being nothing.
func (f *Finding) Outcome() string {
	if f.Verdict == Skipped || f.Verdict == Broken {
		return f.Reason
	}
	return f.Observed
}

var verdictMarks = map[Verdict]text.Mark{Holds: text.Good, Differs: text.Bad, Broken: text.Bad, Skipped: text.Doubt}

// WriteText writes a table for a screen, a group a family. A statement that differs
// comes with what was expected.
func (r *Report) WriteText(out io.Writer, screen text.Screen) error {
	screen.Wrap(out, "", "  ", r.Host.Strip())
	for _, g := range r.Groups() {
		fmt.Fprintf(out, "\n%s\n", screen.Paint(text.Strong, g.Title))
		var rows [][]string
		add := func(label, what string) { rows = append(rows, []string{"", "", "  " + label + results.Quote(what)}) }
		for _, f := range g.Findings {
			rows = append(rows, []string{results.Quote(f.ID), screen.Paint(verdictMarks[f.Verdict], string(f.Verdict)), results.Quote(f.Statement)})
			if f.Verdict == Differs {
				add("expected: ", f.Expect)
				add("observed: ", f.Observed)
				add("source: ", f.Source)
			} else {
				add("", f.Outcome())
			}
		}
		if _, err := screen.Table(out, "  ", []text.Column{{}, {}, {Prose: true}}, rows); err != nil {
			return err
		}
	}
	fmt.Fprintln(out)
	return screen.Wrap(out, "", "  ", fmt.Sprintf("%d statements: %s", len(r.Findings), r.Summary()))
}

// WriteStories writes what each check did, what the kernel answered, and which
// page states it.
func (r *Report) WriteStories(w io.Writer, screen text.Screen) error {
	for i := range r.Findings {
		f := &r.Findings[i]
		if i > 0 {
			fmt.Fprintln(w)
		}
		line := func(first, rest, s string) { writeLine(w, screen, first, rest, s) }
		line(results.Quote(f.ID)+"  ", "    ", title(f.Mechanism)+": "+results.Quote(f.Statement))
		writeEvents(w, screen, f.Story)
		const rest = "            "
		if f.Expect != "" {
			line("  expected  ", rest, results.Quote(f.Expect))
		}
		label := "  observed  "
		if f.Outcome() == f.Reason {
			label = "  reason    "
		}
		line(label, rest, results.Quote(f.Outcome()))
		source := results.Quote(f.Source)
		if f.Since != "" {
			source += ", since Linux " + results.Quote(f.Since)
		}
		line("  source    ", rest, source)
		fmt.Fprintf(w, "  %s\n", screen.Paint(verdictMarks[f.Verdict], string(f.Verdict)))
	}
	fmt.Fprintln(w)
	return screen.Wrap(w, "", "  ", fmt.Sprintf("%d statements: %s", len(r.Findings), r.Summary()))
}

// writeLine writes a line, which on a terminal continues behind rest.
func writeLine(w io.Writer, screen text.Screen, first, rest, s string) {
	if screen.Columns == 0 {
		fmt.Fprintf(w, "%s%s\n", first, s)
		return
	}
	text.WrapAt(w, screen.Width(), first, rest, s)
}

func writeEvents(w io.Writer, screen text.Screen, all []Event) {
	for _, e := range all {
		process := ""
		if e.Process != "" {
			process = fmt.Sprintf("[%s %d] ", results.Quote(e.Process), e.PID)
		}
		what := e.Call
		if what == "" {
			what = e.Remark
		}
		writeLine(w, screen, "    "+process, "      ", results.Quote(what))
	}
	if len(all) == maxEvents {
		fmt.Fprintf(w, "    … and so on\n")
	}
}

// WriteMarkdown writes a table a family.
func (r *Report) WriteMarkdown(w io.Writer) error {
	fmt.Fprintf(w, "# What the manual promises, and what the kernel does\n\n%s.\n\n%d statements: %s.\n",
		results.EscapeMarkdown(r.Host.Strip()), len(r.Findings), results.EscapeMarkdown(r.Summary()))
	for _, g := range r.Groups() {
		fmt.Fprintf(w, "\n## %s\n\n", results.EscapeMarkdown(g.Title))
		text.Head(w, "l", "", "statement", "verdict", "expected", "observed, or the reason", "source")
		for _, f := range g.Findings {
			verdict := string(f.Verdict)
			if f.Verdict == Differs || f.Verdict == Broken {
				verdict = "**" + verdict + "**"
			}
			text.Row(w, results.EscapeMarkdown(f.ID), results.EscapeMarkdown(f.Statement), verdict,
				results.EscapeMarkdown(f.Expect), results.EscapeMarkdown(f.Outcome()), results.EscapeMarkdown(f.Source))
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}
