package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
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

func mustRead(t *testing.T, path string) *Set {
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
	if err := errors.Join(run.Sync(), run.WriteBench(), run.Close()); err != nil {
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
		"a negative memory": func(r *Record) { r.Given.InFlight = -1 },
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

// A file torn at any byte gives the records that were whole and no other; so
// does a run that is continued from it.
func TestTornAtEveryByte(t *testing.T) {
	one, two := notOKRecord(pingPong, 1, Skipped, "a"), notOKRecord(pingPong, 2, Skipped, "b")
	one.Host, two.Host = nil, nil // shorter
	run := newRun(t, one, two)
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(run.Dir, RecordsFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		want := bytes.Count(whole[:n], []byte("\n"))
		torn := n > 0 && whole[n-1] != '\n'
		set := mustRead(t, run.Dir)
		if said := strings.Contains(fmt.Sprint(set.Warnings), "torn"); len(set.Records) != want || set.LeftOut != 0 || said != torn {
			t.Fatalf("torn at byte %d: %d records, %v, %v; want %d records", n, len(set.Records), set.Problems, set.Warnings, want)
		}
		again, err := Open(run.Dir)
		if err != nil {
			t.Fatalf("torn at byte %d: %v", n, err)
		}
		if said := len(again.Warnings) > 0; said != torn {
			t.Fatalf("torn at byte %d: warnings of Open: %v", n, again.Warnings)
		}
		if err := errors.Join(again.Append(notOKRecord(pingPong, 3, Skipped, "c")), again.Close()); err != nil {
			t.Fatal(err)
		}
		if set := mustRead(t, run.Dir); len(set.Records) != want+1 || set.LeftOut != 0 || set.Warnings != nil {
			t.Fatalf("continued after byte %d: %d records, %v, %v; want %d records", n, len(set.Records), set.Problems, set.Warnings, want+1)
		}
	}
}

func TestOpenMendsALongTail(t *testing.T) {
	run := newRun(t, okRecord(pingPong, 1, 5000))
	tail := bytes.Repeat([]byte("x"), 200<<10)
	if _, err := run.records.Write(tail); err != nil {
		t.Fatal(err)
	}
	run.Close()
	again, err := Open(run.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if set := mustRead(t, run.Dir); len(set.Records) != 1 || len(set.Warnings) != 0 {
		t.Errorf("%d records, %v", len(set.Records), set.Warnings)
	}
}

func TestWriteFileKeepsTheOld(t *testing.T) {
	run := newRun(t)
	write := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error { io.WriteString(w, text); return err }
	}
	if err := run.WriteFile("report.md", write("old", nil)); err != nil {
		t.Fatal(err)
	}
	fault := errors.New("fault")
	if err := run.WriteFile("report.md", write("new", fault)); !errors.Is(err, fault) {
		t.Errorf("got %v, want %v", err, fault)
	}
	if got, _ := os.ReadFile(filepath.Join(run.Dir, "report.md")); string(got) != "old" {
		t.Errorf("content %q, want the old one", got)
	}
	for _, name := range []string{RecordsFile, HeaderFile, "../x", "", "a/b", "/tmp/x"} {
		if err := run.WriteFile(name, write("x", nil)); err == nil {
			t.Errorf("WriteFile took the name %q", name)
		}
	}
	if got, want := files(t, run.Dir), []string{RecordsFile, "report.md", HeaderFile}; !reflect.DeepEqual(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}

func TestAppendReportsAFullDisk(t *testing.T) {
	run := newRun(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	run.records.Close()
	run.records = full
	if err := run.Append(okRecord(pingPong, 1, 5000)); !errors.Is(err, errNoSpace) {
		t.Errorf("got %v, want %v", err, errNoSpace)
	}
}

// A process whose files may not grow past a limit gets short writes, as on a
// disk that fills up: what it leaves must be whole records and no export.
func TestShortWrites(t *testing.T) {
	const limit = 6000 // bytes; between two records
	dir := os.Getenv("IPCBENCH_TEST_SHORT_WRITES")
	if dir != "" {
		shortWrites(t, dir, limit)
		return
	}
	runs := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestShortWrites$", "-test.v")
	cmd.Env = append(os.Environ(), "IPCBENCH_TEST_SHORT_WRITES="+runs)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := filepath.Join(runs, testHeader.ID)
	set := mustRead(t, run)
	if len(set.Records) == 0 || set.LeftOut != 0 || set.Warnings != nil {
		t.Errorf("%d records, %v, %v; want some, and all whole", len(set.Records), set.Problems, set.Warnings)
	}
	if got := files(t, run); slices.Contains(got, BenchFile) || len(got) != 2 {
		t.Errorf("files %v, want the header and the records", got)
	}
}

func shortWrites(t *testing.T, dir string, limit uint64) {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
	run, err := Create(dir, testHeader)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for err = nil; err == nil && n < 1000; n++ {
		err = run.Append(okRecord(pingPong, n+1, 5000))
	}
	if !errors.Is(err, syscall.EFBIG) && !errors.Is(err, io.ErrShortWrite) {
		t.Fatalf("append %d: %v, want %v", n, err, syscall.EFBIG)
	}
	err = run.WriteFile(BenchFile, func(w io.Writer) error {
		_, err := w.Write(make([]byte, limit+1))
		return err
	})
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("export: %v, want %v", err, syscall.EFBIG)
	}
	// A record that still fits goes in after the one that did not.
	if err := errors.Join(run.Append(notOKRecord(pingPong, 1000, Skipped, "x")), run.Close()); err != nil {
		t.Logf("no room for a small record: %v", err)
	}
}
