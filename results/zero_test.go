package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// ofSwitches are launches with so many context switches an operation.
func ofSwitches(perOp ...float64) (records []Record) {
	for i, n := range perOp {
		r := okRecord(pingPong, i+1, 5000)
		r.Voluntary, r.Involuntary = Known(n), Known(0.0)
		records = append(records, r)
	}
	return records
}

// Nine launches with 0 switches and one with 2 have a median of 0.
func TestMedianCountsZeros(t *testing.T) {
	records := ofSwitches(0, 0, 0, 2, 0, 0, 0, 0, 0, 0)
	for i := range records {
		records[i].CPUNsPerOp = Known(float64(1000 * (i / 9)))
		records[i].Given.InFlight = Known(int64(i / 9))
	}
	s := Summarize(records)[0]
	if s.Of("switches").Center != 0 || s.Of("switches").N != 10 || !s.Of("switches").Known() {
		t.Errorf("switches %+v, want a median of 0 of 10", s.Of("switches"))
	}
	if s.Of("cpu").Center != 0 || s.Of("cpu").N != 10 {
		t.Errorf("CPU time %+v; want 0 of 10", s.Of("cpu"))
	}
	if s.InFlight != Known(int64(0)) {
		t.Errorf("%v in flight, want the fewest, 0", s.InFlight)
	}
}

// A launch that lacks a count is none of those of which the median is.
func TestAbsentCountIsNoZero(t *testing.T) {
	records := ofSwitches(2, 2, 4)
	records[0].Involuntary = Amount{}
	records[1].CPUNsPerOp = Amount{}
	records[2].Given.InFlight = Count{}
	s := Summarize(records)[0]
	if s.Of("switches").Center != 3 || s.Of("switches").N != 2 || s.Of("cpu").N != 2 || s.InFlight != Known(int64(16)) {
		t.Errorf("switches %+v, CPU time %+v, %v in flight", s.Of("switches"), s.Of("cpu"), s.InFlight)
	}
	for i := range records {
		records[i].Voluntary, records[i].CPUNsPerOp, records[i].Given = Amount{}, Amount{}, nil
	}
	s = Summarize(records)[0]
	if s.Of("switches").Known() || s.Of("cpu").Known() || s.InFlight.String() != "–" {
		t.Errorf("switches %+v, CPU time %+v, %v in flight; want none", s.Of("switches"), s.Of("cpu"), s.InFlight)
	}
	var text bytes.Buffer
	if err := WriteBench(&text, records); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		for _, unit := range []string{" cpu-ns/op", " vol-switches/op", " inflight-msgs"} {
			if strings.HasPrefix(line, "Benchmark") && strings.Contains(line, unit) {
				t.Errorf("text has%s that no launch has: %s", unit, line)
			}
		}
	}
}

// never0 are the numbers that are not 0 where they were measured: JSON leaves
// out their 0, which is the absence of one. All other numbers are counts.
var never0 = []string{
	"Record.ops", "Record.elapsed_ns", "Record.ns_per_op", "Record.insns_per_op", "Record.path_insns_per_op", "Record.insns_per_switch", "Record.bytes_per_sec", "Record.wall_ns", "Record.launch_ns",
	"Latency.count", "Latency.p50_ns", "Latency.p90_ns", "Latency.p99_ns", "Latency.p999_ns", "Latency.max_ns", "Latency.clock_ns",
	"Round.elapsed_ns", "Round.insns", "Given.queue", "Noise.slowest_khz", "Record.race",
}

// No count of a record is dropped when it is 0, none is written when it is
// absent, and no time is.
func TestJSONKeepsZeros(t *testing.T) {
	positive := map[string]bool{}
	for _, name := range never0 {
		positive[name] = true
	}
	optional := 0
	for _, of := range []any{Record{}, Latency{}, Round{}, Worker{}, Given{}, Cost{}, Noise{}} {
		empty := reflect.ValueOf(of).Type()
		for i := range empty.NumField() {
			f := empty.Field(i)
			key, tag, _ := strings.Cut(f.Tag.Get("json"), ",")
			name := empty.Name() + "." + key
			zero := reflect.New(empty).Elem()
			known := zero.Field(i)
			switch f.Type {
			case reflect.TypeFor[Count]():
				known.Set(reflect.ValueOf(Known(int64(0))))
			case reflect.TypeFor[Amount]():
				known.Set(reflect.ValueOf(Known(0.0)))
			default:
				if !f.Type.ConvertibleTo(reflect.TypeFor[float64]()) {
					continue
				}
				if positive[name] != (tag == "omitempty") {
					t.Errorf("%s has the tag %q: a count of 0 must be written, an absent time must not", name, tag)
				}
				if delete(positive, name); tag != "" && tag != "omitempty" {
					t.Errorf("%s has the tag %q", name, tag)
				}
				continue
			}
			optional++
			if has(t, zero.Interface(), key) != "0" {
				t.Errorf("%s: a 0 is left out", name)
			}
			if got := has(t, of, key); got != "" {
				t.Errorf("%s: an absent number is written as %s", name, got)
			}
		}
	}
	delete(positive, "")
	if optional < 10 || len(positive) > 0 {
		t.Errorf("%d optional numbers; without a field: %v", optional, positive)
	}
}

// has returns what the JSON of v has under a key, "" for nothing.
func has(t *testing.T, v any, key string) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	return string(fields[key])
}

// What is written of a launch whose counts are all 0 comes back as it was, and
// so does a launch that lacks them.
func TestZerosComeBack(t *testing.T) {
	whole := okRecord(pingPong, 1, 5000)
	whole.CPUNsPerOp, whole.Voluntary, whole.Given.InFlight, whole.Verified = Known(0.0), Known(0.0), Known(int64(0)), Known(int64(0))
	whole.Workers = []Worker{{Role: "ping", PID: 7, CPUs: []int{0}}}
	whole.Workers[0].Unused()
	whole.Noise = &Noise{PressureNs: Known(int64(0)), ForeignNs: Known(int64(0))}
	bare := okRecord(pingPong, 2, 5000)
	bare.Workers = []Worker{{Role: "ping", PID: 8, CPUs: []int{0, 1}}}
	bare.Workers[0].Unused()
	bare.Workers[0].WaitNs, bare.Noise = Count{}, &Noise{}
	failed := notOKRecord(pingPong, 3, Failed, "a message was lost")
	failed.Workers = []Worker{{Role: "ping", PID: 9, CPUs: []int{1}}}
	run := newRun(t, whole, bare, failed)
	got := mustRead(t, run.Dir)
	if len(got.Records) != 3 || got.LeftOut != 0 {
		t.Fatalf("%d records, %v", len(got.Records), got.Problems)
	}
	for i, want := range []Record{whole, bare, failed} {
		want.Schema, want.Run = Schema, run.Header.ID
		if g, w := fmt.Sprintf("%+v", got.Records[i].Workers), fmt.Sprintf("%+v", want.Workers); g != w {
			t.Errorf("workers %s, want %s", g, w)
		}
		if !reflect.DeepEqual(got.Records[i], want) {
			t.Errorf("record %d\n%+v, want\n%+v", i+1, got.Records[i], want)
		}
	}
}

// A launch that was not measured has no number of a measurement, whatever it
// had before it failed, and is refused with one.
func TestUnmeasured(t *testing.T) {
	r := okRecord(pingPong, 1, 5000)
	r.Outcome, r.Fault, r.Reason = Failed, FaultCheck, "a message was lost"
	r.Cell.Rate = 1_000_000
	r.InsnsPerOp, r.Verified, r.Noise = 0, Known(int64(3)), &Noise{StealNs: 1}
	r.Workers = []Worker{{Role: "ping", PID: 7, CPUs: []int{0}, UserNs: Known(int64(5))}}
	r.Warnings = []string{"pinning was refused: it is", Saturation(r.Cell, r.NsPerOp)}
	if err := r.check(); err == nil || !strings.Contains(err.Error(), "numbers") {
		t.Errorf("a failed launch with numbers: %v", err)
	}
	shared := r.Workers
	r.Unmeasured()
	if err := r.check(); err != nil {
		t.Error(err)
	}
	kept := map[string]bool{"Schema": true, "Run": true, "Time": true, "Cell": true, "Launch": true, "Attempt": true, "Outcome": true, "Reason": true, "Fault": true,
		"Warnings": true, "Workers": true, "Given": true, "WallNs": true, "Seed": true, "Isolation": true, "Host": true}
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() == kept[name] {
			t.Errorf("%s is %v", name, v.Field(i))
		}
	}
	used := func(w Worker) bool { return !reflect.DeepEqual(w, Worker{Role: w.Role, PID: w.PID, CPUs: w.CPUs}) }
	if w := r.Workers[0]; used(w) || w.PID != 7 || !used(shared[0]) {
		t.Errorf("worker %+v, of the launch's %+v", w, shared[0])
	}
	if len(r.Warnings) != 1 {
		t.Errorf("warnings %q, want none about a number", r.Warnings)
	}
}
