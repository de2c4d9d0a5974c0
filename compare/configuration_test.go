package compare

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"ipcbench/internal/sides"
	"ipcbench/results"
)

// Records of several hosts on a side are no sample of one: each configuration has
// a row, and a regression in one is not hidden by the other. What distinguishes boots
// of one machine apart, the memory that is left, does not count.
func TestConfigurationsOfRecords(t *testing.T) {
	old, new := inTurn()
	for i, s := range []*session{old, new} {
		for j, cpu := range []string{"CPU One", "CPU Two"} {
			s.Host.CPU, s.Host.Memory = cpu, int64(1000+j)
			s.Launches(pipe, 6, 5000*(1+float64(i*j)), 0.01)
			for k := range s.Records {
				s.Records[k].Launch = k + 1
			}
		}
	}
	r := compare(old, new)
	got := map[string]Verdict{}
	for _, row := range r.Rows {
		if row.Metric == "ns/op" {
			got[row.Name] = row.Verdict
		}
	}
	if want := map[string]Verdict{pipe.Name() + " [cpu: CPU One]": Same, pipe.Name() + " [cpu: CPU Two]": Slower}; !reflect.DeepEqual(got, want) {
		t.Errorf("verdicts %v, want %v", got, want)
	}
	old, new = inTurn()
	for _, s := range []*session{old, new} {
		for i := range 6 {
			s.Host.Memory = int64(1000 + i)
			s.Record(pipe, i+1, 5000+float64(i))
		}
	}
	if r := compare(old, new); r.Status() != Passed || r.Rows[0].Name != pipe.Name() {
		t.Errorf("status %v, rows %+v", r.Status(), r.Rows)
	}
}

// The numbers of the launches must have no gap, whatever each was measured under.
func TestConfigurationsHaveNoGap(t *testing.T) {
	old, new := inTurn()
	old.Launches(pipe, 12, 5000, 0.01)
	new.Launches(pipe, 12, 5000, 0.01)
	for _, s := range []*session{old, new} {
		for i := range s.Records {
			h := s.Host
			h.Governor = []string{"performance", "powersave"}[i/6]
			s.Records[i].Host = &h
		}
	}
	if r := compare(old, new); r.Status() != Passed || len(r.Rows) != 4 {
		t.Errorf("status %v, %d rows, outcomes %v", r.Status(), len(r.Rows), r.Outcomes)
	}
	new.Records = append(new.Records[:3], new.Records[4:]...)
	r := compare(old, new)
	if r.Status() != Undecided || r.Count(Lost) != 2 || !strings.Contains(r.Outcomes[0].Reason, "1 of 12 launches have no record") {
		t.Errorf("status %v, outcomes %v", r.Status(), r.Outcomes)
	}
}

// A base is compared with several: a comparison must leave it as it was.
func TestCompareLeavesSidesAlone(t *testing.T) {
	text := "cpu: One\n" + strings.Repeat("BenchmarkA-2 1 500 ns/op\nBenchmarkA-2 1 501 ns/op\n", 3) + "cpu: Two\n" + strings.Repeat("BenchmarkA-2 1 900 ns/op\nBenchmarkA-2 1 901 ns/op\n", 3) + "--- FAIL: BenchmarkB\n"
	l := load(t, Query{Filter: "*"}, sides.Write(t, []byte(text)), sides.Write(t, []byte(text)))
	first := Compare(l.Sides[0], l.Sides[1], Defaults)
	if again := Compare(l.Sides[0], l.Sides[1], Defaults); !reflect.DeepEqual(first.Outcomes, again.Outcomes) || first.Status() != Passed || again.Status() != Passed || fmt.Sprint(first.Gate) != fmt.Sprint(again.Gate) {
		t.Errorf("first %+v\nagain %+v", first, again)
	}
}

// The work grows as the number of hosts, of configurations and of facts does.
func TestCompareGrowsWithHosts(t *testing.T) {
	work := func(n int) float64 {
		s, _ := inTurn()
		for i := range n {
			s.Host.Program = fmt.Sprint("v", i)
			s.Host.Sysctls = map[string]string{"kernel.msgmax": "8192"}
			r := s.Record(pipe, i+1, 5000)
			r.Given = &results.Given{Queue: i + 1}
		}
		return testing.AllocsPerRun(1, func() { s.side() })
	}
	few, many := work(100), work(400)
	if many > 6*few {
		t.Errorf("%v allocations for 100 hosts, %v for 400", few, many)
	}
}
