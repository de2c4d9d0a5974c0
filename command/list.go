package command

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/explain"
	"ipcbench/internal/suggest"
	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// catalog is what `ipcbench list` shows, in the form of its JSON.
type catalog struct {
	Mechanisms []mechanismEntry `json:"mechanisms"` // by name
	Workloads  []workloadEntry  `json:"workloads"`  // what processes do
	Floors     []floorEntry     `json:"floors"`     // measured beside every run, but for those that want to be asked for
	Places     []results.Value  `json:"places"`     // where they run
	Axes       []axisEntry      `json:"axes"`       // dimensions of a plan, each a flag of run
	Rules      []ruleEntry      `json:"rules"`      // in the order in which they are asked whether a cell can run
}

type mechanismEntry struct {
	Name        string             `json:"name"`
	Summary     string             `json:"summary"`
	Man         []string           `json:"man"` // pages of the manual
	Framing     string             `json:"framing"`
	Offers      []string           `json:"offers"` // the contracts of its ends
	Since       string             `json:"since"`
	Limits      *mechanisms.Limits `json:"limits,omitempty"`      // of this host
	Unavailable string             `json:"unavailable,omitempty"` // why it can't be used here
}

type workloadEntry struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	Op      string `json:"op"`
	Peers   string `json:"peers,omitempty"` // what the peers axis counts
	PlaysOn string `json:"plays_on"`        // the contract that a mechanism must offer
}

type floorEntry struct {
	Name    string `json:"name"` // what stands in the place of a mechanism
	Summary string `json:"summary"`
	Op      string `json:"op"`
	Asked   bool   `json:"asked,omitempty"` // measured with --floor, and in the presets wide and full
}

type axisEntry struct {
	Flag   string          `json:"flag"`             // --size
	Help   string          `json:"help"`             // one line
	Bounds string          `json:"bounds,omitempty"` // of numbers
	Values []results.Value `json:"values,omitempty"`
	Takers []string        `json:"takers,omitempty"` // the workloads that take it; none: all do
}

type ruleEntry struct {
	Name   string `json:"name"`
	Remedy string `json:"remedy"` // what to ask for instead
}

// offers are the contracts that a mechanism's ends keep.
func offers(m *mechanisms.Mechanism) (all []string) {
	for _, c := range mechanisms.Contracts {
		if m.Offers(c) {
			all = append(all, c.String())
		}
	}
	return all
}

// newCatalog describes the suite; with limits, as this host has them.
func newCatalog(limits bool) (c catalog) {
	for _, m := range mechanisms.All() {
		e := mechanismEntry{Name: m.Name, Summary: m.Summary, Man: m.Man, Framing: m.Framing.String(), Offers: offers(m), Since: m.Since}
		if limits {
			l, err := explain.LimitsHere(m)
			if err != nil {
				e.Unavailable = err.Error()
			} else {
				e.Limits = &l
			}
		}
		c.Mechanisms = append(c.Mechanisms, e)
	}
	for _, w := range bench.Workloads {
		c.Workloads = append(c.Workloads, workloadEntry{w.Name, w.Summary, w.Op, w.Peers, w.Contract.String()})
	}
	for _, f := range bench.Floors {
		c.Floors = append(c.Floors, floorEntry{f.Floor, f.Summary, f.Op, f.Asked})
	}
	c.Places = results.LookupAxis("place").Values
	for i := range results.Axes {
		if x := &results.Axes[i]; !x.Found {
			c.Axes = append(c.Axes, axisEntry{"--" + x.Key, x.Help, x.Bounds(), x.Values, bench.Takers(x)})
		}
	}
	for _, r := range runner.Rules {
		if r.Name != "limits" { // which are rules themselves
			c.Rules = append(c.Rules, ruleEntry{r.Name, r.Remedy})
			continue
		}
		for _, l := range mechanisms.LimitRules {
			c.Rules = append(c.Rules, ruleEntry{l.Name, l.Remedy})
		}
	}
	return c
}

// what is the floor for people, with what it takes to have it measured.
func (f floorEntry) what() string {
	if f.Asked {
		return f.Summary + "; with --floor"
	}
	return f.Summary
}

func newList() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:       "list [axes]",
		Short:     "List mechanisms, workloads, floors, axes, and this host's limits with their source",
		Example:   "  ipcbench list\n  ipcbench list axes",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: []string{"axes"},
		RunE: func(c *cobra.Command, args []string) error {
			out := c.OutOrStdout()
			axes := len(args) > 0
			if axes && args[0] != "axes" {
				return badValue("list", args[0], []string{"axes"})
			}
			switch format {
			case "table":
				return newCatalog(!axes).writeTable(out, axes)
			case "markdown":
				return newCatalog(false).writeMarkdown(out, axes)
			case "json":
				return text.WriteJSON(out, newCatalog(true))
			}
			return badValue("--format", format, formats)
		},
	}
	c.Flags().StringVar(&format, "format", "table", strings.Join(formats, ", ")+"; markdown has the tables of docs/mechanisms.md, without this host's limits")
	completeFrom(c, "format", formats)
	return c
}

var formats = []string{"table", "json", "markdown"}

func badValue(flag, got string, want []string) error {
	return fmt.Errorf("%s %q: %s", flag, got, suggest.Wanted(got, want, "ipcbench list"))
}

func (c catalog) writeTable(out io.Writer, axes bool) error {
	if axes {
		return c.writeAxes(out)
	}
	var all, limits [][]string
	for _, m := range c.Mechanisms {
		all = append(all, []string{m.Name, m.Framing, m.Since, cmp.Or(append(m.Man, "")...), strings.Join(m.Offers, ", "), m.Summary})
		if m.Unavailable != "" {
			limits = append(limits, []string{m.Name, "all", "unavailable", "", m.Unavailable})
			continue
		}
		for _, l := range explain.Limits(*m.Limits) {
			limits = append(limits, []string{m.Name, l.Of, l.Number, l.Source, l.Beyond})
		}
	}
	workloads := text.Rows(nil, c.Workloads, func(x workloadEntry) []string {
		return []string{x.Name, cmp.Or(x.Peers, "-"), x.Op, x.PlaysOn, x.Summary}
	})[1:]
	floors := text.Rows(nil, c.Floors, func(f floorEntry) []string { return []string{f.Name, f.Op, f.what()} })[1:]
	places := text.Rows(nil, c.Places, func(p results.Value) []string { return []string{p.Name, p.Summary} })[1:]
	for _, t := range []listed{
		{[]text.Column{{Head: "MECHANISM"}, {Head: "FRAMING", Drop: 2}, {Head: "SINCE", Drop: 3}, {Head: "MAN", Drop: 4}, {Head: "CARRIES", Drop: 1}, {Head: "WHAT IT IS", Prose: true}}, all},
		{[]text.Column{{Head: "LIMIT HERE"}, {Head: "OF", Least: 12}, {Head: "NUMBER"}, {Head: "SOURCE", Least: 12}, {Head: "BEYOND IT", Prose: true}}, limits},
		{[]text.Column{{Head: "WORKLOAD"}, {Head: "PEERS", Drop: 1}, {Head: "ONE OPERATION", Drop: 3}, {Head: "PLAYS ON", Drop: 2}, {Head: "WHAT IT DOES", Prose: true}}, workloads},
		{[]text.Column{{Head: "FLOOR"}, {Head: "ONE OPERATION"}, {Head: "WHAT IT IS", Prose: true}}, floors},
		{[]text.Column{{Head: "PLACE"}, {Head: "WHERE THE PROCESSES RUN", Prose: true}}, places},
	} {
		t.write(out)
		fmt.Fprintln(out)
	}
	return c.writeAxes(out)
}

// listed is a table of the catalog.
type listed struct {
	columns []text.Column
	rows    [][]string
}

func (t listed) write(out io.Writer) error {
	s := screen(out)
	dropped, err := s.Table(out, "", t.columns, t.rows)
	if note := text.Dropped(dropped, "--format markdown"); note != "" {
		err = s.Wrap(out, "", "  ", note)
	}
	return err
}

// writeAxes writes what a plan may vary, and why a cell may be skipped.
func (c catalog) writeAxes(out io.Writer) error {
	axes := text.Rows(nil, c.Axes, func(a axisEntry) []string {
		values := bench.NamesOf(a.Values, func(v results.Value) string { return v.Name })
		if a.Bounds != "" {
			values = append(values, a.Bounds)
		}
		return []string{a.Flag, cmp.Or(strings.Join(values, ", "), "listed by name"), a.Help}
	})[1:]
	rules := text.Rows(nil, c.Rules, func(r ruleEntry) []string { return []string{r.Name, r.Remedy} })[1:]
	listed{[]text.Column{{Head: "AXIS"}, {Head: "VALUES", Least: 20}, {Head: "WHAT IT VARIES", Prose: true}}, axes}.write(out)
	fmt.Fprintln(out)
	return listed{[]text.Column{{Head: "REASON TO SKIP A CELL"}, {Head: "WHAT TO ASK FOR INSTEAD", Prose: true}}, rules}.write(out)
}

func (c catalog) writeMarkdown(out io.Writer, axes bool) error {
	if axes {
		text.Head(out, "l", "flag", "what it varies", "values", "workloads")
		for _, a := range c.Axes {
			values := bench.NamesOf(a.Values, func(v results.Value) string { return fmt.Sprintf("`%s`: %s", v.Name, v.Summary) })
			if a.Bounds != "" {
				values = append(values, a.Bounds)
			}
			text.Row(out, "`"+a.Flag+"`", results.EscapeMarkdown(a.Help),
				cmp.Or(strings.Join(values, "; "), "[docs/mechanisms.md](mechanisms.md)"), cmp.Or(strings.Join(a.Takers, ", "), "all"))
		}
		fmt.Fprintln(out)
		text.Head(out, "l", "reason to skip a cell", "what to ask for instead")
		for _, r := range c.Rules {
			text.Row(out, r.Name, r.Remedy)
		}
		return nil
	}
	fmt.Fprint(out, "## Mechanisms\n\n")
	text.Head(out, "l", "mechanism", "what it is", "carries", "framing", "since Linux", "manual pages")
	for _, m := range c.Mechanisms {
		text.Row(out, "`"+m.Name+"`", m.Summary, strings.Join(m.Offers, ", "), m.Framing, m.Since, strings.Join(m.Man, ", "))
	}
	fmt.Fprint(out, "\n## Workloads and floors\n\n")
	text.Head(out, "l", "workload", "what it does", "plays on", "one operation", "peers")
	for _, x := range c.Workloads {
		text.Row(out, "`"+x.Name+"`", x.Summary, x.PlaysOn, x.Op, x.Peers)
	}
	fmt.Fprintln(out)
	text.Head(out, "l", "floor", "what it is", "one operation")
	for _, f := range c.Floors {
		text.Row(out, "`"+f.Name+"`", f.what(), f.Op)
	}
	return nil
}
