package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

const errNoSpace = syscall.ENOSPC

// newRun is a run of records in a directory of its own.
func newRun(t *testing.T, records ...Record) *Run {
	t.Helper()
	run, err := Create(filepath.Join(t.TempDir(), "runs"), testHeader)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() }) // a second Close reports that it is one
	for _, r := range records {
		if err := run.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	return run
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func mustRead(t testing.TB, path string) *Set {
	t.Helper()
	set, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRun(t *testing.T) {
	records := testRecords()
	run := newRun(t, records...)
	if err := errors.Join(run.WriteBench(), run.Close()); err != nil {
		t.Fatal(err)
	}
	if got, want := files(t, run.Dir), []string{BenchFile, RecordsFile, HeaderFile}; !reflect.DeepEqual(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	set := mustRead(t, run.Dir)
	if set.LeftOut != 0 || set.Warnings != nil {
		t.Errorf("problems %v, warnings %v, want none", set.Problems, set.Warnings)
	}
	if !reflect.DeepEqual(set.Records, records) {
		t.Errorf("got other records than were appended")
	}
	want := testHeader
	want.Schema = Schema
	got := *set.Header
	var plan bytes.Buffer
	if err := json.Compact(&plan, got.Plan); err != nil {
		t.Fatal(err)
	}
	got.Plan = plan.Bytes()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("header %+v, want %+v", got, want)
	}
}

func TestCreateRefuses(t *testing.T) {
	run := newRun(t, okRecord(pingPong, 1, 5000))
	runs := filepath.Dir(run.Dir)
	if _, err := Create(runs, testHeader); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create of a run that exists: %v, want %v", err, fs.ErrExist)
	}
	if n := len(mustRead(t, run.Dir).Records); n != 1 {
		t.Errorf("%d records after the refusal, want the 1 that was there", n)
	}
	for _, id := range []string{"", "..", ".", "../x", "/x", "a/b", ".hidden", "a b", strings.Repeat("a", 65), "a\n"} {
		h := testHeader
		h.ID = id
		if _, err := Create(runs, h); err == nil {
			t.Errorf("Create took the ID %q", id)
		}
	}
	if got := files(t, runs); len(got) != 1 {
		t.Errorf("runs %v, want one", got)
	}
}

// A header that cannot be written leaves no directory that looks like a run.
func TestCreateLeavesNothing(t *testing.T) {
	runs := t.TempDir()
	h := testHeader
	h.Plan = []byte("{")
	if _, err := Create(runs, h); err == nil {
		t.Fatal("Create took a plan that is not JSON")
	}
	if got := files(t, runs); got != nil {
		t.Errorf("left %v", got)
	}
}

func TestNewID(t *testing.T) {
	id := NewID(time.Date(2026, 11, 22, 23, 59, 0, 0, time.FixedZone("", 3600)))
	if !validID.MatchString(id) || !strings.HasPrefix(id, "20261122T225900Z-") || id == NewID(time.Time{}) {
		t.Errorf("NewID = %q", id)
	}
}

func TestAppendRefuses(t *testing.T) {
	run := newRun(t)
	for name, spoil := range map[string]func(*Record){
		"no cell":           func(r *Record) { r.Cell = Cell{} },
		"a hostile cell":    func(r *Record) { r.Cell.Place = "same\x1b[2J" },
		"a negative peer":   func(r *Record) { r.Cell.Peers = -1 },
		"no outcome":        func(r *Record) { r.Outcome = "" },
		"no reason":         func(r *Record) { r.Outcome = Failed },
		"no number":         func(r *Record) { r.NsPerOp = 0 },
		"a negative time":   func(r *Record) { r.Latency.P99 = -1 },
		"not a number":      func(r *Record) { r.BytesPerSec = nan() },
		"launch 0":          func(r *Record) { r.Launch = 0 },
		"another run":       func(r *Record) { r.Run = "20260101T000000Z-000000" },
		"more than a line":  func(r *Record) { r.Latency.HDR = strings.Repeat("a", maxLine) },
		"a negative memory": func(r *Record) { r.Given.InFlight = Known(int64(-1)) },
	} {
		r := okRecord(pingPong, 1, 5000)
		spoil(&r)
		if err := run.Append(r); err == nil {
			t.Errorf("Append took a record with %s", name)
		}
	}
	if set := mustRead(t, run.Dir); len(set.Records)+set.LeftOut != 0 {
		t.Errorf("%d records and %d problems, want an empty file", len(set.Records), set.LeftOut)
	}
}

func TestOpenContinues(t *testing.T) {
	run := newRun(t, launches(pingPong, 2, 5000)...)
	if _, err := Open(run.Dir); !errors.Is(err, syscall.EWOULDBLOCK) {
		t.Errorf("Open of a run that is being written: %v, want %v", err, syscall.EWOULDBLOCK)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(run.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if again.Warnings != nil || again.Header.Seed != testHeader.Seed {
		t.Errorf("warnings %v, header %+v", again.Warnings, again.Header)
	}
	if err := errors.Join(again.Append(okRecord(pingPong, 3, 5000)), again.Close()); err != nil {
		t.Fatal(err)
	}
	if n := len(mustRead(t, run.Dir).Records); n != 3 {
		t.Errorf("%d records, want 3", n)
	}
}
