package compare

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

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
	if r := compare(old, new); r.Status() != Passed || len(r.Rows) != 2 {
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

// lasting gives the launches of a session a length.
func (s *session) lasting(lengths ...time.Duration) *session {
	for i := range s.Records {
		s.Records[i].LaunchNs = int64(lengths[i%len(lengths)])
	}
	return s
}

// TestLengthsAreRefused: launches of another length have another level, and are not
// compared unless that is asked for. What is not known is no reason to refuse.
func TestLengthsAreRefused(t *testing.T) {
	const long, short = 100 * time.Millisecond, 60 * time.Millisecond
	launched := func(a, b []time.Duration) (old, new *session) {
		old, new = inTurn()
		old.Launches(pipe, 12, 5000, 0.01)
		new.Launches(pipe, 12, 5000, 0.01)
		return old.lasting(a...), new.lasting(b...)
	}
	for _, tt := range []struct {
		name   string
		a, b   []time.Duration
		status Status
	}{
		{"alike", []time.Duration{short}, []time.Duration{short}, Passed},
		{"one is not known", []time.Duration{0}, []time.Duration{short}, Passed},
		{"other lengths", []time.Duration{long}, []time.Duration{short}, Nothing},
		{"both sides have both", []time.Duration{long, short}, []time.Duration{long, short}, Passed},
	} {
		old, new := launched(tt.a, tt.b)
		r := compare(old, new)
		if r.Status() != tt.status || r.Refused != (tt.status == Nothing) {
			t.Errorf("%s: status %v, refused %v: %s", tt.name, r.Status(), r.Refused, r.Cause)
		}
	}
	old, new := launched([]time.Duration{long}, []time.Duration{short})
	if r := compare(old, new); r.Cause != "length of a launch: old 100ms, new 60ms; --force compares all the same" {
		t.Errorf("cause %q", r.Cause)
	}
	r := compare(old, new, func(o *Options) { o.Force = true })
	if r.Status() != Passed || !reflect.DeepEqual(r.Rows[0].Warnings, []string{"length of a launch"}) {
		t.Errorf("forced: status %v, warnings %v", r.Status(), r.Rows[0].Warnings)
	}
	old, new = launched([]time.Duration{long, short}, []time.Duration{long, short})
	if name := compare(old, new).Rows[0].Name; !strings.HasSuffix(name, "ms]") || !strings.Contains(name, "[length of a launch: ") {
		t.Errorf("a row of launches of one length: %s", name)
	}
}

// TestOwnGate: without a threshold a comparison has the least that the runs were held
// to, so that a report does not pass what their gate failed.
func TestOwnGate(t *testing.T) {
	old, new := inTurn()
	old.Launches(pipe, 12, 5000, 0.001)
	new.Launches(pipe, 12, 5200, 0.001) // 4 %
	for _, tt := range []struct {
		header *results.Header
		asked  float64
		want   Status
	}{
		{nil, 0, Passed},
		{&results.Header{}, 0, Passed},
		{&results.Header{Threshold: 0.02}, 0, Regressed},
		{&results.Header{Threshold: 0.02}, 0.1, Passed},
		{&results.Header{Threshold: 0.1}, 0.02, Regressed},
	} {
		a, b := old.side(), new.side()
		b.Of(tt.header)
		o := Defaults
		o.Threshold = tt.asked
		if r := Compare(a, b, o); r.Status() != tt.want {
			t.Errorf("header %+v, asked for %v: status %v at %v, want %v", tt.header, tt.asked, r.Status(), r.Threshold, tt.want)
		}
	}
}
