package bench_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ipcbench/results"
)

// usualUnits are those of a line without -units. All of them make a line of 315
// characters, and 11 tables of benchstat.
const usualUnits = "ns/op,MB/s,p99-ns"

// shownUnits are the units that -units asks for; nil: all.
type shownUnits []string

func parseUnits(list string) (u shownUnits, err error) {
	if list == "all" {
		return nil, nil
	}
	known := append(results.Units(), "inflight-msgs", "MB/s")
	for unit := range strings.SplitSeq(list, ",") {
		if !slices.Contains(known, unit) {
			return nil, fmt.Errorf("-units %q: want all, or some of %s", list, strings.Join(known, ","))
		}
		u = append(u, unit)
	}
	return u, nil
}

// of are the measurements that a line shows. The testing package prints MB/s with two
// decimals. Below 1 MB/s these are too few digits, and B/s takes its place: benchstat
// and compare take both for one unit.
func (u shownUnits) of(all []results.Measurement) (shown []results.Measurement) {
	for _, m := range all {
		if m.Unit == "B/s" && slices.Contains(u, "MB/s") {
			if m.Value >= 1e6 {
				m = results.Measurement{Value: m.Value / 1e6, Unit: "MB/s"}
			}
			shown = append(shown, m)
		} else if u == nil || slices.Contains(u, m.Unit) {
			shown = append(shown, m)
		}
	}
	return shown
}

// A line shows what was asked for.
func TestUnits(t *testing.T) {
	all := []results.Measurement{{Value: 5000, Unit: "ns/op"}, {Value: 25e6, Unit: "B/s"}, {Value: 4000, Unit: "p50-ns"}, {Value: 9000, Unit: "p99-ns"}}
	slow := []results.Measurement{{Value: 4e5, Unit: "B/s"}}
	for _, tt := range []struct {
		list string
		of   []results.Measurement
		want string
	}{
		{usualUnits, all, "[{5000 ns/op} {25 MB/s} {9000 p99-ns}]"},
		{usualUnits, slow, "[{400000 B/s}]"},
		{"all", all, "[{5000 ns/op} {2.5e+07 B/s} {4000 p50-ns} {9000 p99-ns}]"},
		{"B/s,p50-ns", all, "[{2.5e+07 B/s} {4000 p50-ns}]"},
		{"p999-ns", all, "[]"},
	} {
		u, err := parseUnits(tt.list)
		if got := fmt.Sprint(u.of(tt.of)); err != nil || got != tt.want {
			t.Errorf("-units %s: %s, %v, want %s", tt.list, got, err, tt.want)
		}
	}
	if _, err := parseUnits("ns/op,pns"); err == nil || !strings.HasPrefix(err.Error(), `-units "ns/op,pns": want all, or some of ns/op,`) {
		t.Errorf("an unknown unit: %v", err)
	}
}
