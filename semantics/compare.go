package semantics

import (
	"fmt"
	"io"

	"ipcbench/internal/ciformat"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// Change is a statement that came to something else on another kernel.
type Change struct {
	ID        string   `json:"id"`
	Mechanism string   `json:"mechanism"`
	Statement string   `json:"statement"`
	Old       *Outcome `json:"old"` // nil: the old report does not have it
	New       *Outcome `json:"new"` // nil: the new one does not
}

// Outcome is what a statement came to.
type Outcome struct {
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"` // what was observed, or the reason
}

// Comparison is what changed between two reports.
type Comparison struct {
	Old     Host     `json:"old"`
	New     Host     `json:"new"`
	Same    int      `json:"same"` // statements that came to the same
	Changes []Change `json:"changes"`
}

// Compare lists the statements whose verdict or observation changed.
func Compare(old, new *Report) *Comparison {
	c := &Comparison{Old: old.Host, New: new.Host, Changes: []Change{}}
	outcome := func(f *Finding) *Outcome {
		if f == nil {
			return nil
		}
		return &Outcome{f.Verdict, f.Outcome()}
	}
	add := func(f, a, b *Finding) {
		x, y := outcome(a), outcome(b)
		if x != nil && y != nil && *x == *y {
			c.Same++
			return
		}
		c.Changes = append(c.Changes, Change{f.ID, f.Mechanism, f.Statement, x, y})
	}
	for i := range new.Findings {
		f := &new.Findings[i]
		add(f, old.Finding(f.ID), f)
	}
	for i := range old.Findings {
		if f := &old.Findings[i]; new.Finding(f.ID) == nil {
			add(f, f, nil)
		}
	}
	return c
}

// Worse is how many statements differ, or whose check broke, and did not before.
func (c *Comparison) Worse() (n int) {
	bad := func(o *Outcome) bool { return o != nil && (o.Verdict == Differs || o.Verdict == Broken) }
	for _, x := range c.Changes {
		if bad(x.New) && !bad(x.Old) {
			n++
		}
	}
	return n
}

func (o *Outcome) String() string {
	if o == nil {
		return "not there"
	}
	return results.Quote(string(o.Verdict) + ": " + o.Text)
}

// WriteText writes the changes for a terminal.
func (c *Comparison) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "old  %s\nnew  %s\n", c.Old.Strip(), c.New.Strip())
	for _, x := range c.Changes {
		fmt.Fprintf(w, "\n%s  %s\n  old  %s\n  new  %s\n", results.Quote(x.ID), results.Quote(x.Statement), x.Old, x.New)
	}
	_, err := fmt.Fprintf(w, "\n%d statements: %d changed, %d the same\n", c.Same+len(c.Changes), len(c.Changes), c.Same)
	return err
}

// WriteMarkdown writes the changes as a table.
func (c *Comparison) WriteMarkdown(w io.Writer) error {
	fmt.Fprintf(w, "%d statements changed, %d are the same. Old: %s. New: %s.\n", len(c.Changes), c.Same,
		results.EscapeMarkdown(c.Old.Strip()), results.EscapeMarkdown(c.New.Strip()))
	if len(c.Changes) > 0 {
		fmt.Fprintln(w)
		text.Markdown(w, "l", text.Rows([]string{"", "statement", "old", "new"}, c.Changes,
			func(x Change) []string { return []string{x.ID, x.Statement, x.Old.String(), x.New.String()} }))
	}
	_, err := fmt.Fprintln(w)
	return err
}

// WriteJSON writes the comparison as it is.
func (c *Comparison) WriteJSON(w io.Writer) error {
	return text.WriteJSON(w, c)
}

// WriteJUnit writes a test a change, which fails where the new side is worse.
func (c *Comparison) WriteJUnit(w io.Writer) error {
	s := ciformat.Suite{Name: "statements that changed"}
	for _, x := range c.Changes {
		one := ciformat.Case{Class: "semantics." + x.Mechanism, Name: x.ID + " " + x.Statement, Message: x.New.String(),
			Detail: "before: " + x.Old.String(), Out: "before: " + x.Old.String() + "\nnow: " + x.New.String()}
		if (&Comparison{Changes: []Change{x}}).Worse() > 0 {
			one.Outcome = ciformat.Failed
		}
		s.Cases = append(s.Cases, one)
	}
	return ciformat.WriteJUnit(w, "ipcbench compare", []ciformat.Suite{s})
}
