package results

import (
	"reflect"
	"strings"
	"testing"
)

// free is a launch of two unpinned processes that were on these CPUs when their
// rounds ended.
func free(launch int, endedOn ...[]int) Record {
	r := okRecord(pingPong, launch, 5000)
	r.Cell.Place = "free"
	r.Workers = []Worker{{Role: "ping", PID: 1}, {Role: "pong", PID: 2}}
	r.EndedOn = endedOn
	r.Rounds = nil
	for range endedOn {
		r.Rounds = append(r.Rounds, Round{Kind: "timed", Ops: 10, ElapsedNs: 50000})
	}
	return r
}

// TestKept: the sentence about unpinned processes states what most launches were
// like.
func TestKept(t *testing.T) {
	one, two := []int{1, 1}, []int{0, 1}
	for _, tt := range []struct {
		launches [][][]int
		want     string
	}{
		{nil, ""},
		{[][][]int{{one, one}, {one, one}, {one, two}}, "unpinned, the scheduler kept both on one CPU in 2 of 3 launches"},
		{[][][]int{{two, two}, {two, {3, 2}}, {one}}, "unpinned, the scheduler kept both on different CPUs in 2 of 3 launches"},
		{[][][]int{{one, two}, {two, one}, {one}}, "unpinned, the scheduler moved them between one CPU and several in 2 of 3 launches"},
	} {
		var records []Record
		for i, ends := range tt.launches {
			records = append(records, free(i+1, ends...))
		}
		if got := KeptIn(Summarize(records)).String(); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.launches, got, tt.want)
		}
	}
	many := free(1, []int{0, 1, 1})
	many.Workers = append(many.Workers, Worker{Role: "third", PID: 3})
	if got, want := KeptIn(Summarize([]Record{many})).String(), "unpinned, the scheduler spread them over CPUs in 1 of 1 launches"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A launch that does not count says nothing, nor does one of pinned processes.
func TestKeptOfWhatCounts(t *testing.T) {
	spoiled := free(1, []int{0, 1})
	spoiled.Outcome, spoiled.Reason = Untrusted, "other load"
	again := free(1, []int{1, 1})
	again.Attempt = 2
	pinned := okRecord(pingPong, 1, 5000)
	got := KeptIn(Summarize([]Record{spoiled, again, pinned}))
	if want := (Kept{OneCPU: 1, Processes: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The CPUs of unpinned workers are read back as they were written, and a record
// that states them of other rounds or workers is refused.
func TestEndedOnIsKept(t *testing.T) {
	r := free(1, []int{0, 1}, []int{1, 1})
	r.Run, r.Host = "", nil
	set := readString(t, linesOf(t, r))
	if len(set.Records) != 1 || !reflect.DeepEqual(set.Records[0].EndedOn, r.EndedOn) {
		t.Errorf("read back as %v: %v", set.Records, set.Problems)
	}
	for want, spoil := range map[string]func(*Record){
		"ended_on of 1 rounds: want 2":  func(r *Record) { r.EndedOn = r.EndedOn[:1] },
		"ended_on of 1 workers: want 2": func(r *Record) { r.EndedOn = [][]int{{0, 1}, {1}} },
		"ended_on is -1":                func(r *Record) { r.EndedOn = [][]int{{0, 1}, {1, -1}} },
	} {
		bad := r
		spoil(&bad)
		if err := bad.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("check() = %v, want %q", err, want)
		}
	}
}
