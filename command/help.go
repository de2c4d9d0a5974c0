package command

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// A helpGroup is a section of help, with the names that it lists.
type helpGroup struct {
	title string
	names []string
}

// commandGroups are the sections of `ipcbench --help`, with their commands in
// order. A command that none of them names stands in the last.
var commandGroups = []helpGroup{
	{"Measure", []string{"run", "merge", "choose", "presets", "conform"}},
	{"Read", []string{"report", "runs", "explain", "export"}},
	{"Compare", []string{"compare", "ab", "kernels", "history"}},
	{"This host", []string{"doctor", "list", "semantics", "clean"}},
	{"More", []string{"words", "completion"}},
}

// flagGroups are the sections of a command's help and of its man page, with the
// flags that are no axes.
var flagGroups = []helpGroup{
	{"What", []string{"preset", "floor", "verify", "a", "b", "prepare", "conclude", "measure", "kernel", "append", "accel", "semantics", "why", "pattern", "relation", "unrelated",
		"boundaries", "survives-crash", "fd-passing", "spin", "variants", "in", "dir", "filter", "by", "metric", "id", "about", "tour", "list", "questions", "choices", "claims", "image", "good", "bad", "limit", "shorter", "factor", "qemu", "older", "series", "at", "after", "repo"}},
	{"Where", []string{"place", "cpus", "shard"}},
	{"How long", []string{"launches", "pairs", "time", "timeout", "until", "budget", "seeds", "boots", "boot-timeout", "no-cache", "seed", "resume"}},
	{"Verdict", []string{"threshold", "newest", "plan", "alpha", "within", "gate", "profile", "force"}},
	{"Output", []string{"all", "dry-run", "summary", "verbose", "format", "fix", "out", "save-plan", "label", "note", "open", "color", "help", "version"}},
}

// flagGroup is the section of a flag; "" where it has none. Those of axes come from
// results.Axes.
func flagGroup(name string) string {
	for _, g := range flagGroups {
		if slices.Contains(g.names, name) {
			return g.title
		}
	}
	if x := results.LookupAxis(name); x != nil && !x.Found {
		return "What"
	}
	return ""
}

// flagSections are the flags of a command by section, each in the order in which
// the command adds them; those without one come last. Those that every command has
// are in the root's.
func flagSections(c *cobra.Command) iter.Seq2[string, []*pflag.Flag] {
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	c.Flags().SortFlags, c.PersistentFlags().SortFlags = false, false
	groups, inherited := map[string][]*pflag.Flag{}, c.InheritedFlags()
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && inherited.Lookup(f.Name) == nil {
			groups[flagGroup(f.Name)] = append(groups[flagGroup(f.Name)], f)
		}
	})
	return func(yield func(string, []*pflag.Flag) bool) {
		for _, g := range append(slices.Clone(flagGroups), helpGroup{}) {
			if flags := groups[g.title]; flags != nil && !yield(g.title, flags) {
				return
			}
		}
	}
}

// manSections is flagSections in words, for man pages.
func manSections(c *cobra.Command) iter.Seq2[string, [][2]string] {
	return func(yield func(string, [][2]string) bool) {
		for title, flags := range flagSections(c) {
			var rows [][2]string
			for _, f := range flags {
				rows = append(rows, [2]string{flagName(f), flagHelp(f)})
			}
			if !yield(title, rows) {
				return
			}
		}
	}
}

// flagName is a flag as it is typed: "--size LIST".
func flagName(f *pflag.Flag) string {
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	return strings.TrimSpace(name + " " + flagValue(f))
}

// valueNames are what stands for the values of flags, for those whose type does not
// say it.
var valueNames = map[string]string{
	"a": "COMMAND", "b": "COMMAND", "prepare": "COMMAND", "conclude": "COMMAND", "preset": "NAME", "tour": "NAME", "format": "FORMAT", "in": "RUN",
	"resume": "RUN", "shard": "K/N", "until": "P", "within": "P", "threshold": "P", "alpha": "P", "filter": "FILTER", "by": "KEY", "save-plan": "FILE", "good": "KERNEL", "bad": "KERNEL", "series": "NAME", "at": "BUILD", "after": "BUILD",
}

// flagValue stands for the value of a flag; "" where it takes none.
func flagValue(f *pflag.Flag) string {
	if f.Annotations[cobra.BashCompSubdirsInDir] != nil {
		return "DIR"
	}
	value, _ := pflag.UnquoteUsage(f)
	switch value {
	case "strings":
		value = "LIST"
	case "string":
		value = "TEXT"
	case "duration":
		value = "TIME"
	case "int", "uint", "float":
		value = "N"
	}
	return cmp.Or(valueNames[f.Name], value)
}

// flagHelp is what a flag does, with its default.
func flagHelp(f *pflag.Flag) string {
	_, help := pflag.UnquoteUsage(f)
	value := strings.ReplaceAll(strings.Trim(f.DefValue, "[]"), ",", ", ")
	if !slices.Contains([]string{"", "false", "0", "0s"}, value) && !strings.Contains(help, "(default") {
		help += fmt.Sprintf(" (default: %s)", value)
	}
	return help
}

// mostColumns is how wide help is at most: longer lines are hard to follow.
const mostColumns = 100

// writeHelp writes what a command is for and what it takes.
func writeHelp(c *cobra.Command, out io.Writer, s text.Screen) {
	if c.Long != "" {
		writeParagraphs(out, s, c.Long)
	} else {
		s.Wrap(out, "", "", c.Short)
	}
	writeUsage(c, out, s)
}

// writeUsage writes how a command is typed.
func writeUsage(c *cobra.Command, out io.Writer, s text.Screen) {
	s.Columns = min(s.Width(), mostColumns)
	section := func(title string) { fmt.Fprintf(out, "\n%s\n", s.Paint(text.Strong, title)) }
	section("Usage")
	if c.Runnable() && (c.HasParent() || !c.HasAvailableSubCommands()) {
		s.Wrap(out, "  ", "      ", c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(out, "  %s COMMAND [flags]\n", c.CommandPath())
	}
	if c.HasExample() {
		section("Examples")
		for line := range strings.SplitSeq(c.Example, "\n") {
			writeExample(out, s, strings.TrimSpace(line))
		}
	}
	two := []text.Column{{}, {Prose: true}}
	for title, commands := range commandSections(c) {
		section(title)
		var rows [][]string
		for _, sub := range commands {
			rows = append(rows, []string{sub.Name(), sub.Short})
		}
		s.Table(out, "  ", two, rows)
	}
	widest := 0 // all sections are one table in columns
	for _, flags := range flagSections(c) {
		for _, f := range flags {
			widest = max(widest, len(flagName(f)))
		}
	}
	for title, flags := range flagSections(c) {
		section(title)
		var rows [][]string
		for _, f := range flags {
			rows = append(rows, []string{fmt.Sprintf("%-*s", widest, flagName(f)), flagHelp(f)})
		}
		s.Table(out, "  ", two, rows)
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintln(out)
		s.Wrap(out, "", "", fmt.Sprintf("`%s COMMAND --help` shows what a command takes.", c.CommandPath()))
	}
}

// commandSections are the commands below c that help lists; those of a command that
// is not the root are one section.
func commandSections(c *cobra.Command) iter.Seq2[string, []*cobra.Command] {
	groups := map[string][]*cobra.Command{}
	for _, sub := range c.Commands() {
		if !sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() || sub.Name() == "help" {
			continue
		}
		title := commandGroups[len(commandGroups)-1].title
		for _, g := range commandGroups {
			if slices.Contains(g.names, sub.Name()) {
				title = g.title
			}
		}
		if c.HasParent() {
			title = "Commands"
		}
		groups[title] = append(groups[title], sub)
	}
	return func(yield func(string, []*cobra.Command) bool) {
		for _, g := range append(slices.Clone(commandGroups), helpGroup{title: "Commands"}) {
			commands := groups[g.title]
			slices.SortStableFunc(commands, func(a, b *cobra.Command) int {
				return slices.Index(g.names, a.Name()) - slices.Index(g.names, b.Name())
			})
			if commands != nil && !yield(g.title, commands) {
				return
			}
		}
	}
}

// writeParagraphs writes paragraphs that empty lines separate.
func writeParagraphs(out io.Writer, s text.Screen, all string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(all), "\n\n") {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if strings.Contains("\n"+paragraph, "\n\t") { // what is to be typed
			fmt.Fprintln(out, strings.ReplaceAll(paragraph, "\t", "  "))
			continue
		}
		s.Wrap(out, "", "", paragraph)
	}
}

// writeExample writes a command line. On a terminal that is too narrow it continues
// behind a backslash, so that it can be copied.
func writeExample(out io.Writer, s text.Screen, line string) {
	if 2+len(line) <= s.Width() {
		fmt.Fprintf(out, "  %s\n", line)
		return
	}
	var b strings.Builder
	text.WrapAt(&b, s.Width()-2, "  ", "      ", line)
	fmt.Fprintln(out, strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\n", " \\\n"))
}
