package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/results"
)

// optionFlags are the axes that most plans leave at their usual value.
type optionFlags struct {
	waits, batches, touches, copies, memories, rates []string
}

func (f *optionFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.StringSliceVar(&f.waits, "wait", nil, "how ends wait that are descriptors: "+strings.Join(bench.Waits, ", "))
	fl.StringSliceVar(&f.batches, "batch", nil, fmt.Sprintf("messages that one call hands over, 1 to %d", bench.MaxBatch))
	fl.StringSliceVar(&f.touches, "touch", nil, "what the receiver does with every byte: "+strings.Join(bench.Touches, ", "))
	fl.StringSliceVar(&f.copies, "copy", nil, "1, or 0 to work in the link's own memory where the mechanism lends it")
	fl.StringSliceVar(&f.memories, "memory", nil, "what backs shared memory: "+strings.Join(bench.Memories, ", "))
	fl.StringSliceVar(&f.rates, "rate", nil, "messages a second that are due, for openloop")
	for flag, values := range map[string][]string{"wait": bench.Waits, "touch": bench.Touches, "copy": {"0", "1"}, "memory": bench.Memories} {
		c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
}

// parse returns every combination of the values given, nil where there are none.
func (f *optionFlags) parse() (all []results.Options, err error) {
	for _, axis := range []struct {
		flag   string
		values []string
		set    func(*results.Options, string) error
	}{
		{"wait", f.waits, func(o *results.Options, v string) error { o.Wait = usual(v, bench.Waits); return nil }},
		{"batch", f.batches, func(o *results.Options, v string) (err error) {
			o.Batch, err = countUpTo(v, bench.MaxBatch)
			if o.Batch == 1 { // the usual value
				o.Batch = 0
			}
			return
		}},
		{"touch", f.touches, func(o *results.Options, v string) error { o.Touch = usual(v, bench.Touches); return nil }},
		{"copy", f.copies, func(o *results.Options, v string) error {
			if o.Lend = v == "0"; !o.Lend && v != "1" {
				return errors.New("want 0 or 1")
			}
			return nil
		}},
		{"memory", f.memories, func(o *results.Options, v string) error { o.Memory = usual(v, bench.Memories); return nil }},
		{"rate", f.rates, func(o *results.Options, v string) (err error) { o.Rate, err = countUpTo(v, bench.MaxRate); return }},
	} {
		if len(axis.values) == 0 {
			continue
		}
		if all == nil {
			all = []results.Options{{}}
		}
		var next []results.Options
		for _, o := range all {
			for _, v := range axis.values {
				if err := axis.set(&o, v); err != nil {
					return nil, fmt.Errorf("--%s %q: %w", axis.flag, v, err)
				}
				next = append(next, o)
			}
		}
		all = next
	}
	return all, nil
}

// usual is "" for an option's usual value, the first of its values.
func usual(v string, values []string) string {
	if v == values[0] {
		return ""
	}
	return v
}

// countUpTo reads a whole number from 1 to most.
func countUpTo(s string, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("want a whole number from 1 to %d", most)
	}
	return n, nil
}
