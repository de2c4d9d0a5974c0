package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipcbench/bench"
	"ipcbench/choose"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// What a shell completes: names with a line about each, behind a tab.

// completeFrom completes the values of a flag; those of a list also behind a comma,
// each once.
func completeFrom(c *cobra.Command, flag string, values []string) {
	c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		named, isList := c.Flag(flag).Value.(pflag.SliceValue)
		if !isList {
			return matching(values, typed, nil, ""), cobra.ShellCompDirectiveNoFileComp
		}
		before := strings.Split(typed, ",")
		last := len(before) - 1
		behind := strings.TrimSuffix(typed, before[last])
		gone := before[:last]
		if c.Flag(flag).Changed {
			gone = append(gone, named.GetSlice()...)
		}
		return matching(values, before[last], gone, behind), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

// matching are the values that begin as typed and are not among gone, behind what
// stands before them.
func matching(values []string, typed string, gone []string, behind string) (all []cobra.Completion) {
	for _, v := range values {
		name, _, _ := strings.Cut(v, "\t")
		if strings.HasPrefix(name, typed) && !slices.Contains(gone, name) {
			all = append(all, behind+v)
		}
	}
	return all
}

// described are the values of an axis with a line about each. Of numbers these are
// some that people ask for.
func described(x *results.Axis) []string {
	switch x.Key {
	case "workload":
		return bench.NamesOf(bench.Workloads, func(w *bench.Workload) string { return strings.ToLower(w.Name) + "\t" + w.Summary })
	case "mech":
		return bench.NamesOf(mechanisms.All(), func(m *mechanisms.Mechanism) string { return m.Name + "\t" + m.Summary })
	case "size":
		return sizes
	case "queue":
		return append(valuesWithSummary(x), sizes[1:]...)
	}
	return valuesWithSummary(x)
}

var sizes = []string{"64", "1KiB", "4KiB", "16KiB", "64KiB", "256KiB", "1MiB"}

func valuesWithSummary(x *results.Axis) []string {
	return bench.NamesOf(x.Values, func(v results.Value) string { return v.Name + "\t" + v.Summary })
}

// completeQuestion completes a pattern and a size.
func completeQuestion(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var values []string
	switch len(args) {
	case 0:
		values = bench.NamesOf(choose.Patterns, func(p choose.Pattern) string { return p.Name + "\t" + p.Workload })
	case 1:
		if p, ok := choose.LookupPattern(args[0]); ok && bench.LookupWorkload(p.Workload).Size == 0 {
			values = sizes
		}
	}
	return matching(values, typed, nil, ""), cobra.ShellCompDirectiveNoFileComp
}
