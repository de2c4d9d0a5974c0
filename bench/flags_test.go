package bench_test

import (
	"flag"
	"io"
	"slices"
	"testing"

	"ipcbench/bench"
	"ipcbench/results"
)

// Every axis that a plan may ask for is a flag of go test, an axis added to the
// table too.
func TestAxesAreFlags(t *testing.T) {
	before := results.Axes
	defer func() { results.Axes = before }()
	results.Axes = append(slices.Clone(before), results.Axis{Key: "stack", Help: "pages of a stack", Link: true, Least: 1, Most: 8})
	parse := func(args ...string) (bench.Axes, error) {
		flags := flag.NewFlagSet("bench", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		f := axisFlags{}
		f.register(flags)
		if err := flags.Parse(args); err != nil {
			t.Fatal(err)
		}
		return f.span()
	}
	a, err := parse("-mech", "pipe,fifo", "-wait", "block,epoll", "-batch", "16", "-stack", "8", "-peers", "2,3")
	if err != nil {
		t.Fatal(err)
	}
	want := []results.Options{{Batch: 16, Further: "stack=8"}, {Wait: "epoll", Batch: 16, Further: "stack=8"}}
	if !slices.Equal(a.Options, want) || !slices.Equal(a.Mechanisms, []string{"pipe", "fifo"}) || !slices.Equal(a.Peers, []int{2, 3}) || !slices.Equal(a.Sizes, []int{64, 4 << 10, 64 << 10}) {
		t.Errorf("%+v, want options %+v", a, want)
	}
	if a, err = parse(); err != nil || a.Options != nil || len(a.Mechanisms) == 0 {
		t.Errorf("without a flag: %+v, %v", a, err)
	}
	if _, err = parse("-stack", "9"); err == nil || err.Error() != `-stack "9": want a whole number from 1 to 8` {
		t.Errorf("stack 9: %v", err)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	axisFlags{}.register(flags)
	for _, x := range results.Axes {
		if got := flags.Lookup(x.Key) != nil; got == (x.Key == "workload" || x.Found) {
			t.Errorf("flag -%s: %v", x.Key, got)
		}
	}
}
