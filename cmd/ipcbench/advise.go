package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/advise"
	"ipcbench/bench"
	"ipcbench/internal/text"
	"ipcbench/results"
)

var (
	relations     = []string{"parent-child", "unrelated"}
	adviseFormats = []string{"text", "markdown", "json"}
)

func patternNames() []string {
	return bench.NamesOf(advise.Patterns, func(p advise.Pattern) string { return p.Name })
}

// adviseFlags are the flags of `ipcbench advise`.
type adviseFlags struct {
	size, pattern, relation, in, format string
	boundaries                          bool
}

func newAdvise() *cobra.Command {
	var f adviseFlags
	c := &cobra.Command{
		Use:   "advise --size SIZE --pattern PATTERN",
		Short: "Name the mechanism to use, from a run (the newest)",
		Long: `Advise ranks the mechanisms that fit by what a run measured. It lists caveats,
and what the run cannot answer. The patterns are those of the workloads:
rpc is PingPong, stream is Stream, fanin is FanIn, pipeline is Pipeline.

Exit status: 0 an answer, 2 usage, 3 the run can't be read, 4 nothing fits or
nothing of the kind was measured.`,
		Example: `  ipcbench advise --size 4KiB --pattern rpc
  ipcbench advise --size 64 --pattern stream --relation unrelated --boundaries`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			q, err := f.question()
			if err != nil {
				return err
			}
			return f.answer(c, q)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.size, "size", "", "bytes in a message: 64, 4KiB, 1MiB (required)")
	fl.StringVar(&f.pattern, "pattern", "", "how the processes exchange messages: "+strings.Join(patternNames(), ", ")+" (required)")
	fl.StringVar(&f.relation, "relation", relations[0], strings.Join(relations, ", ")+"; unrelated: only mechanisms that independently started processes can open")
	fl.BoolVar(&f.boundaries, "boundaries", false, "the receiver must get each message as a unit")
	fl.StringVar(&f.in, "in", "", "run or file of records to answer from, - is standard input (default: the newest run)")
	fl.StringVar(&f.format, "format", adviseFormats[0], strings.Join(adviseFormats, ", "))
	for flag, values := range map[string][]string{"pattern": patternNames(), "relation": relations, "format": adviseFormats} {
		c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return c
}

// question checks the flags.
func (f *adviseFlags) question() (q advise.Question, err error) {
	if q.Size, err = bench.ParseSize(f.size); err != nil {
		return q, fmt.Errorf("--size: %w", err)
	}
	if _, known := advise.LookupPattern(f.pattern); !known {
		return q, badValue("--pattern", f.pattern, patternNames())
	}
	if !slices.Contains(relations, f.relation) {
		return q, badValue("--relation", f.relation, relations)
	}
	if !slices.Contains(adviseFormats, f.format) {
		return q, badValue("--format", f.format, adviseFormats)
	}
	q.Pattern, q.Unrelated, q.Boundaries = f.pattern, f.relation == "unrelated", f.boundaries
	return q, nil
}

// document is the answer as JSON.
type document struct {
	Run      string          `json:"run"`
	Advice   []advise.Advice `json:"advice"`
	CantTell []string        `json:"cant_tell"` // of all advice
}

func (f *adviseFlags) answer(c *cobra.Command, q advise.Question) error {
	set, err := readRun(c, f.in, nil)
	if err != nil {
		return err
	}
	summaries := set.Summaries()
	doc := document{Run: runName(set), CantTell: advise.Machine(set.Hosts())}
	answered := false
	for _, q := range advise.Everywhere(summaries, q) {
		a := advise.Advise(summaries, q)
		answered = answered || a.Answered()
		doc.Advice = append(doc.Advice, a)
	}
	if doc.Advice == nil {
		return unanswered(fmt.Errorf("%s has nothing of the pattern %s: `ipcbench run --workload %s --size %s` measures it",
			doc.Run, q.Pattern, workloadOf(q.Pattern), results.FormatBytes(q.Size)))
	}
	if err := f.write(c, doc); err != nil {
		return err
	}
	if !answered {
		return unanswered(errors.New("nothing that fits was measured at this size"))
	}
	return nil
}

func (f *adviseFlags) write(c *cobra.Command, doc document) error {
	out := c.OutOrStdout()
	switch f.format {
	case "markdown":
		fmt.Fprintf(out, "From %s.\n\n", results.EscapeMarkdown(doc.Run))
		return failed(advise.WriteMarkdown(out, doc.Advice, doc.CantTell))
	case "json":
		return failed(text.WriteJSON(out, doc))
	}
	fmt.Fprintf(out, "from %s\n", doc.Run)
	return failed(advise.WriteText(out, doc.Advice, doc.CantTell))
}

func unanswered(err error) error { return &exitError{exitUnavailable, err} }

func workloadOf(pattern string) string {
	p, _ := advise.LookupPattern(pattern)
	return strings.ToLower(p.Workload)
}

// readRun reads the run of that name, or the newest one, and passes on what
// there is to warn of. It hands each record to also, which may be nil.
func readRun(c *cobra.Command, name string, also func(*results.Record)) (*results.Set, error) {
	if name == "" {
		var err error
		if name, err = newestRun(); err != nil {
			return nil, failed(err)
		}
	}
	in, err := results.OpenInput(c.Context(), name)
	if err != nil {
		return nil, failed(err)
	}
	set, err := in.Digest(also)
	if err != nil {
		return nil, failed(err)
	}
	for _, w := range set.Odd() {
		fmt.Fprintln(c.ErrOrStderr(), "warning:", w)
	}
	return set, nil
}

// runName names a run by its ID, records that are elsewhere by their path.
func runName(set *results.Set) string {
	if set.Header == nil {
		return results.Quote(set.Path)
	}
	return results.Quote(set.Header.ID)
}
