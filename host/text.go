package host

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"ipcbench/internal/text"
)

// Write writes the diagnosis for a screen: the verdict, what the host is good for,
// what each rule observed, and of each warning the remedy.
func (d *Diagnosis) Write(out io.Writer, s text.Screen) error {
	b := bufio.NewWriter(out)
	wrap := func(first, rest, line string) { s.Wrap(b, first, rest, line) }
	wrap("", "", d.Verdict)
	b.WriteString("\n")
	wrap("", "", strings.Join([]string{d.Host.Kernel, d.Host.CPU, d.Host.Topology}, ", "))
	b.WriteString("\n")
	var uses, rules [][]string
	for _, f := range d.Uses {
		good, why := s.Paint(text.Good, "yes"), strings.Join(f.Because, ", ")
		if !f.Good {
			good = s.Paint(text.Bad, "no")
		}
		if f.Unknown != nil {
			why = strings.TrimPrefix(why+"; not known: "+strings.Join(f.Unknown, ", "), "; ")
		}
		uses = append(uses, []string{f.Title, good, why})
	}
	marks := map[State]text.Mark{Fine: text.Good, Warned: text.Doubt, Unknown: text.Faint}
	rule := 0
	for _, f := range d.Findings {
		rule = max(rule, len(f.Rule))
	}
	behind := rule + len("warning    ")
	for _, f := range d.Findings {
		words := strings.Fields(f.Observed)
		for i, w := range words {
			words[i] = s.Short(behind, w) // the path of a file
		}
		rules = append(rules, []string{s.Paint(marks[f.State], string(f.State)), f.Rule, strings.Join(words, " ")})
	}
	s.Table(b, "", []text.Column{{Head: "use"}, {Head: "good"}, {Head: "because of", Prose: true}}, uses)
	b.WriteString("\n")
	s.Table(b, "", []text.Column{{Head: "state"}, {Head: "rule"}, {Head: "observed", Prose: true}}, rules)
	var mended []string
	for _, f := range d.Findings {
		if f.State != Warned {
			continue
		}
		b.WriteString("\n")
		wrap("", "", f.Warning.What)
		wrap("  why:    ", "          ", f.Warning.Why)
		wrap("  remedy: ", "          ", f.Warning.Remedy)
		if f.Fixes != nil {
			mended = append(mended, f.Rule)
		}
	}
	if mended != nil {
		b.WriteString("\n")
		wrap("", "", "`ipcbench doctor --fix` prints commands for "+enumerate(mended)+", and runs none.")
	}
	return b.Flush()
}

// WriteFixes writes the commands that mend what was found, as lines of a shell's
// between comments.
func (d *Diagnosis) WriteFixes(out io.Writer, s text.Screen) error {
	b := bufio.NewWriter(out)
	comment := func(first, line string) {
		s.Wrap(b, "# "+first, "# "+strings.Repeat(" ", len(first)), line)
	}
	var without []Finding
	root := false
	for _, f := range d.Findings {
		if f.State == Warned && f.Fixes == nil {
			without = append(without, f)
		}
		root = root || slices.ContainsFunc(f.Fixes, func(x Fix) bool { return !x.Start })
	}
	if comment("", "No command was run."); root {
		comment("", "The lines without # need root.")
	}
	for _, f := range d.Findings {
		for _, x := range f.Fixes {
			b.WriteString("\n")
			comment("", f.Rule+": "+f.Observed)
			comment("changes: ", x.Changes)
			if x.Undo != "" {
				b.WriteString("# undo:    " + x.Undo + "\n")
			}
			if x.Start {
				b.WriteString("# start:   ")
			}
			b.WriteString(x.Command + "\n")
		}
	}
	if without != nil {
		b.WriteString("\n")
		comment("", "No command on this host mends these:")
	}
	for _, f := range without {
		comment("  ", f.Observed+": "+f.Warning.Remedy)
	}
	return b.Flush()
}
