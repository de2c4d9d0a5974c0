package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/choose"
	"ipcbench/internal/suggest"
	"ipcbench/results"
	"ipcbench/semantics"
)

var semanticsFormats = []string{"table", "json", "markdown", "ktap", "junit"}

// semanticsFlags are the flags of `ipcbench semantics`.
type semanticsFlags struct {
	mechs, ids, about                 []string
	format, out, in, tour             string
	verbose, list, choices, questions bool
	claims, profile                   string
}

func newSemantics() *cobra.Command {
	var f semanticsFlags
	c := &cobra.Command{
		Use:   "semantics",
		Short: "Check what the manual promises on this kernel",
		Long: `Semantics checks some 590 statements on the running kernel: what happens when a
pipe is full, the peer dies, two writers collide, a packet is too long. --about
shows what answers a question, across mechanisms. A tour walks through the life
of a mechanism, call by call.

--profile compares with the report of a kernel or a sandbox that --out wrote. A
difference that the profile has passes, and any other fails.

Verdicts: holds; differs, the kernel does something else; skipped, for the named
reason; recorded, a fact of the machine that no page promises; broken, the check
itself failed.

Exit status: 0 nothing differs, or only as in the profile, 1 a statement differs,
2 usage, 3 a check is broken or nothing could be checked.`,
		Example: `  ipcbench semantics
  ipcbench semantics --mech pipe,fifo
  ipcbench semantics --about peer-gone
  ipcbench semantics --id P16 -v
  ipcbench semantics --tour pipe
  ipcbench semantics --out results/runs/ID
  ipcbench semantics --profile sandbox/semantics.json`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			for _, name := range []*string{&f.in, &f.out, &f.claims, &f.profile} {
				if *name == "" || name == &f.out && !strings.HasPrefix(*name, "@") { // --out makes the directory that is missing
					continue
				}
				var err error
				if *name, err = namedRun(c.ErrOrStderr(), *name); err != nil {
					return failed(err)
				}
			}
			return f.run(c)
		},
	}
	fl := c.Flags()
	fl.StringSliceVar(&f.mechs, "mech", nil, "check only these: "+strings.Join(familyNames(), ", "))
	fl.StringSliceVar(&f.ids, "id", nil, "check only these statements, by ID")
	fl.StringSliceVar(&f.about, "about", nil, "check only what answers these questions: "+strings.Join(semantics.QuestionNames(), ", "))
	fl.StringVar(&f.profile, "profile", "", "compare with this report of --out or --format json: only a difference that it does not have fails")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "show what each check did, what the kernel answered, and the manual page")
	fl.StringVar(&f.format, "format", "table", strings.Join(semanticsFormats, ", "))
	fl.StringVar(&f.out, "out", "", "also write "+semantics.File+" into this directory, such as that of a run: its page then shows it")
	fl.StringVar(&f.in, "in", "", "check nothing, and show this report, written by --format json or --out; - is standard input")
	fl.StringVar(&f.tour, "tour", "", "walk through the life of one: "+strings.Join(semantics.TourNames(), ", "))
	fl.BoolVar(&f.list, "list", false, "list the statements, as Markdown, and check nothing")
	fl.BoolVar(&f.questions, "questions", false, "list the statements by question, as Markdown, and check nothing")
	fl.BoolVar(&f.choices, "choices", false, "show the tables for choosing a mechanism, as Markdown, and check nothing")
	fl.StringVar(&f.claims, "claims", "", "answer the claims of tutorials, as Markdown, from the report of --in and these records")
	completeFrom(c, "mech", familyNames())
	completeFrom(c, "about", semantics.QuestionNames())
	completeFrom(c, "format", semanticsFormats)
	completeFrom(c, "tour", semantics.TourNames())
	takesRun(c, "in", "out", "claims", "profile")
	c.MarkFlagsMutuallyExclusive("in", "tour", "list", "choices", "questions")
	c.MarkFlagsMutuallyExclusive("claims", "tour", "list", "choices", "questions")
	c.MarkFlagsMutuallyExclusive("tour", "out")
	for _, other := range []string{"tour", "list", "choices", "questions", "claims"} {
		c.MarkFlagsMutuallyExclusive("profile", other)
	}
	c.MarkFlagsMutuallyExclusive("tour", "about")
	c.MarkFlagsMutuallyExclusive("tour", "id")
	c.MarkFlagsMutuallyExclusive("tour", "mech")
	return c
}

func (f *semanticsFlags) run(c *cobra.Command) error {
	out := c.OutOrStdout()
	switch {
	case !slices.Contains(semanticsFormats, f.format):
		return badValue("--format", f.format, semanticsFormats)
	case f.claims != "" && f.in == "":
		return errors.New("--claims answers from a report: name it with --in, as --out wrote it")
	case f.verbose && f.format != "table":
		return fmt.Errorf("--verbose with --format %s: json has the story of each check, the others have no place for it", f.format)
	case f.list:
		return failed(semantics.WriteStatements(out))
	case f.questions:
		return failed(semantics.WriteQuestions(out))
	case f.choices:
		return failed(choose.WriteChoices(out))
	case f.tour != "":
		return f.guide(c)
	}
	var profile *semantics.Report
	if f.profile != "" {
		var err error
		if profile, err = semantics.ReadFile(c.Context(), f.profile); err != nil {
			return failed(err)
		}
	}
	r, err := f.report(c)
	if err != nil {
		return err
	}
	d := &semantics.Departure{New: make([]string, r.Count(semantics.Differs)+r.Count(semantics.Broken))}
	if f.claims != "" {
		return f.answer(c.Context(), out, r)
	}
	if f.out != "" {
		if err := saveReport(r, f.out); err != nil {
			return failed(err)
		}
	}
	if profile != nil { // after it is saved: a report is a profile, whatever it was compared with
		d = r.Against(profile)
	}
	if err := f.write(out, r); err != nil {
		return failed(err)
	}
	if profile != nil {
		where := out
		if f.format != "table" {
			where = c.ErrOrStderr()
		}
		if err := d.WriteText(where); err != nil {
			return failed(err)
		}
	}
	switch differ := len(d.New) - r.Count(semantics.Broken); {
	case differ > 0 && profile != nil:
		return &exitError{exitNo, fmt.Errorf("%d statements differ, and not so in the profile", differ)}
	case differ > 0:
		return &exitError{exitNo, fmt.Errorf("%d statements differ from what this kernel does", differ)}
	case r.Count(semantics.Broken) > 0:
		return failed(fmt.Errorf("%d checks are broken and show nothing about the kernel: their reasons are above", r.Count(semantics.Broken)))
	}
	return nil
}

// report checks what is asked for, or reads it.
func (f *semanticsFlags) report(c *cobra.Command) (*semantics.Report, error) {
	checks, err := f.pick()
	if err != nil {
		return nil, err
	}
	if f.in == "" {
		r, err := semantics.Run(c.Context(), checks, semantics.Options{Program: version()})
		if errors.Is(err, context.Canceled) {
			return nil, failed(errors.New("interrupted: nothing is left behind"))
		}
		return r, failed(err)
	}
	r, err := semantics.ReadFile(c.Context(), f.in)
	if err != nil {
		return nil, failed(err)
	}
	if f.ids != nil || f.mechs != nil || f.about != nil {
		r.Findings = slices.DeleteFunc(r.Findings, func(x semantics.Finding) bool {
			return !slices.ContainsFunc(checks, func(c *semantics.Check) bool { return c.ID == x.ID })
		})
	}
	return r, nil
}

// pick is the statements that are asked for, in their order.
func (f *semanticsFlags) pick() (checks []*semantics.Check, err error) {
	for _, m := range f.mechs {
		if err := refuseProgram("semantics", m); err != nil {
			return nil, err
		}
		if !slices.Contains(familyNames(), m) {
			return nil, f.unknown("--mech", m, familyNames())
		}
	}
	for _, id := range f.ids {
		if semantics.Lookup(id) == nil {
			return nil, fmt.Errorf("--id %q: there is no such statement: ipcbench semantics --list shows all", results.Quote(id))
		}
	}
	for _, q := range f.about {
		if !slices.Contains(semantics.QuestionNames(), q) {
			return nil, f.unknown("--about", q, semantics.QuestionNames())
		}
	}
	for _, c := range semantics.Checks() {
		if (f.about == nil || slices.ContainsFunc(f.about, c.Asks)) && (f.mechs == nil || slices.Contains(f.mechs, c.Mechanism)) && (f.ids == nil || slices.Contains(f.ids, c.ID)) {
			checks = append(checks, c)
		}
	}
	if checks == nil {
		return nil, errors.New("no statement is of all of --id, --mech and --about: leave one out; ipcbench semantics --list shows all")
	}
	return checks, nil
}

// unknown is the error for a value that is none of those that the help lists.
func (f *semanticsFlags) unknown(flag, got string, want []string) error {
	return fmt.Errorf("%s %q: %s", flag, got, suggest.Wanted(got, want, "ipcbench semantics --help"))
}

func familyNames() (names []string) {
	for _, f := range semantics.Families {
		names = append(names, f.Name)
	}
	return names
}

func (f *semanticsFlags) write(w io.Writer, r *semantics.Report) error {
	if write := map[string]func(io.Writer) error{"json": r.WriteJSON, "markdown": r.WriteMarkdown, "ktap": r.WriteKTAP, "junit": r.WriteJUnit}[f.format]; write != nil {
		return write(w)
	}
	if f.verbose {
		return r.WriteStories(w, screen(w))
	}
	return r.WriteText(w, screen(w))
}

// guide takes a tour.
func (f *semanticsFlags) guide(c *cobra.Command) error {
	if !slices.Contains(semantics.TourNames(), f.tour) {
		return badValue("--tour", f.tour, semantics.TourNames())
	}
	steps, err := semantics.Tour(c.Context(), f.tour, semantics.Options{})
	if err != nil {
		return failed(err)
	}
	if err := semantics.WriteTour(c.OutOrStdout(), screen(c.OutOrStdout()), steps); err != nil {
		return failed(err)
	}
	if last := steps[len(steps)-1]; last.Problem != "" {
		return failed(fmt.Errorf("the tour ends at step %d: %s", len(steps), last.Problem))
	}
	return nil
}

// answer answers claims from the report and the records of --claims.
func (f *semanticsFlags) answer(ctx context.Context, w io.Writer, r *semantics.Report) error {
	in, err := results.OpenInput(ctx, f.claims)
	if err != nil {
		return failed(err)
	}
	set, err := in.Digest(nil)
	if err != nil {
		return failed(err)
	}
	host := "a run"
	if hosts := set.Hosts(); len(hosts) > 0 {
		host = fmt.Sprintf("a run on %s, %s, %s", hosts[0].Kernel, hosts[0].CPU, hosts[0].Virt)
	}
	return failed(semantics.WriteClaims(w, r, host, set.Summaries()))
}

// saveReport writes the report into a directory.
func saveReport(r *semantics.Report, path string) error {
	dir, err := results.OpenDir(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.WriteFile(semantics.File, r.WriteJSON), dir.Close())
}
