package results

import (
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

// storedRun makes a run that is closed, below runs.
func storedRun(t *testing.T, runs, id string, started time.Time) string {
	t.Helper()
	h := testHeader
	h.ID, h.Started = id, started
	run, err := Create(runs, h)
	if err != nil {
		t.Fatal(err)
	}
	r := okRecord(pingPong, 1, 5000)
	r.Run = id
	if err := errors.Join(run.Append(r), run.WriteBench(), run.Close()); err != nil {
		t.Fatal(err)
	}
	return run.Dir
}

func mustDo(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// The newest is first, by its start and not by its name; what is no run comes last,
// with the reason.
func TestFindRuns(t *testing.T) {
	runs := t.TempDir()
	start := testHeader.Started
	storedRun(t, runs, "z", start)
	storedRun(t, runs, "a", start.Add(time.Hour))
	storedRun(t, runs, "b", start.Add(time.Hour))
	mustDo(t, os.Mkdir(filepath.Join(runs, "empty"), 0o755), os.Mkdir(filepath.Join(runs, "damaged"), 0o755), os.WriteFile(filepath.Join(runs, "damaged", HeaderFile), []byte("{"), 0o644),
		os.Mkdir(filepath.Join(runs, "fifo"), 0o755), syscall.Mkfifo(filepath.Join(runs, "fifo", HeaderFile), 0o600), os.WriteFile(filepath.Join(runs, ".gitignore"), nil, 0o644))
	found, err := FindRuns(runs)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range found {
		names = append(names, f.Name)
		if bad := len(names) > 3; bad != (f.Err != nil) {
			t.Errorf("%s: %v", f.Name, f.Err)
		}
	}
	if want := []string{"b", "a", "z", "fifo", "empty", "damaged"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	if found, err := FindRuns(filepath.Join(runs, "missing")); found != nil || err != nil {
		t.Errorf("of a missing directory: %v, %v", found, err)
	}
}

func none(string) bool { return false }

// What goes is a run's own directory with its own files, whole.
func TestRemoval(t *testing.T) {
	runs := t.TempDir()
	dir := storedRun(t, runs, "a", testHeader.Started)
	beside := storedRun(t, runs, "b", testHeader.Started)
	mustDo(t, os.WriteFile(filepath.Join(dir, "page.html"), []byte("12345"), 0o644), os.WriteFile(filepath.Join(dir, "bench.txt.new"), nil, 0o644), os.WriteFile(filepath.Join(dir, "page.html.new"), nil, 0o644))
	r, err := NewRemoval(dir, func(name string) bool { return name == "page.html" })
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if want := files(t, dir); !reflect.DeepEqual(r.Files, want) || r.Header.ID != "a" || r.Bytes < 5 {
		t.Errorf("%+v, want the files %v", r, want)
	}
	mustDo(t, r.Remove())
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v, want it gone", dir, err)
	}
	mustRead(t, beside)
}

// A file that comes while a run goes stays, with its directory.
func TestRemovalKeepsWhatCame(t *testing.T) {
	dir := storedRun(t, t.TempDir(), "a", testHeader.Started)
	r, err := NewRemoval(dir, none)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	mine := filepath.Join(dir, "mine.txt")
	mustDo(t, os.WriteFile(mine, nil, 0o644))
	if err := r.Remove(); err == nil {
		t.Error("removed a directory with a file that came")
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}

// What is not provably a run stays as it is.
func TestRemovalRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string) (named string)
		want  string
	}{
		"a file of another": {func(t *testing.T, dir string) string {
			mustDo(t, os.WriteFile(filepath.Join(dir, "mine.txt"), nil, 0o644))
			return dir
		}, "no run or report writes"},
		"a directory": {func(t *testing.T, dir string) string {
			mustDo(t, os.Mkdir(filepath.Join(dir, "bench.txt.new"), 0o755))
			return dir
		}, "is no file that a run"},
		"a link among its files": {func(t *testing.T, dir string) string {
			bench := filepath.Join(dir, BenchFile)
			mustDo(t, os.Rename(bench, dir+".txt"), os.Symlink(dir+".txt", bench))
			return dir
		}, "is no file that a run"},
		"a FIFO": {func(t *testing.T, dir string) string {
			mustDo(t, syscall.Mkfifo(filepath.Join(dir, "run.json.new"), 0o600))
			return dir
		}, "is no file that a run"},
		"a link to a run": {func(t *testing.T, dir string) string {
			mustDo(t, os.Symlink(dir, dir+"-link"))
			return dir + "-link"
		}, "is no directory, or a link to one"},
		"no header": {func(t *testing.T, dir string) string {
			mustDo(t, os.Remove(filepath.Join(dir, HeaderFile)))
			return dir
		}, "no such file"},
		"a damaged header": {func(t *testing.T, dir string) string {
			mustDo(t, os.WriteFile(filepath.Join(dir, HeaderFile), []byte(`{"schema":2,"id":"../x"}`), 0o644))
			return dir
		}, "run ID ../x does not match"},
		"being written": {func(t *testing.T, dir string) string {
			run, err := Open(dir)
			mustDo(t, err)
			t.Cleanup(func() { run.Close() })
			if !Written(dir) {
				t.Error("Written is false while the run is open")
			}
			return dir
		}, ErrWritten.Error()},
		"a report being written": {func(t *testing.T, dir string) string {
			d, err := OpenDir(dir)
			mustDo(t, err)
			t.Cleanup(func() { d.Close() })
			return dir
		}, ErrWritten.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			dir := storedRun(t, t.TempDir(), "a", testHeader.Started)
			if Written(dir) {
				t.Error("Written is true of a run that is closed")
			}
			named := c.spoil(t, dir)
			before := files(t, dir)
			r, err := NewRemoval(named, none)
			if err == nil {
				r.Close()
				t.Fatal("would be removed")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if after := files(t, dir); !reflect.DeepEqual(before, after) {
				t.Errorf("files %v, want %v", after, before)
			}
		})
	}
}

// A label names a run on a command line, and nothing else.
func TestCheckLabel(t *testing.T) {
	for _, good := range []string{"before", "v1.2", "6.18-rc1", "µs", "a b", strings.Repeat("ü", maxLabel), "2026"} {
		if err := CheckLabel(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", " ", " a", "a ", "@1", "@latest", "latest", "newest", "-x", ".", "..", "a/b", "a,b", "20261130T04", "20261130", "a\nb", "a\x1b", "\u202ea", "a\xff", strings.Repeat("a", maxLabel+1)} {
		if CheckLabel(bad) == nil {
			t.Errorf("%q is taken for a label", bad)
		}
		h := testHeader
		if h.Label = bad; bad != "" && h.check() == nil {
			t.Errorf("a header with the label %q is taken", bad)
		}
	}
	for note, good := range map[string]bool{"-, / and @1 are text": true, "": false, "a\nb": false, strings.Repeat("a", maxNote+1): false} {
		if err := CheckNote(note); (err == nil) != good {
			t.Errorf("note %.9q: %v", note, err)
		}
	}
}

// A run that lacks launches is unfinished, unless something failed; what was skipped
// or failed is not launched again; a race ends when it is decided.
func TestCameTo(t *testing.T) {
	fifo := with(pingPong, "fifo", 64)
	plan := `{"cells":[{"workload":"PingPong","mechanism":"pipe","size":64,"place":"same"},{"workload":"PingPong","mechanism":"fifo","size":64,"place":"same"}],"launches":2}`
	for name, c := range map[string]struct {
		records []Record
		want    string
	}{
		"nothing":   {nil, "unfinished, 0 of 4 launches"},
		"half":      {launches(pingPong, 2, 5000), "unfinished, 2 of 4 launches"},
		"more":      {append(launches(pingPong, 9, 5000), launches(fifo, 1, 5000)...), "unfinished, 3 of 4 launches"},
		"all":       {append(launches(pingPong, 2, 5000), launches(fifo, 2, 5000)...), "ok, "},
		"skipped":   {append(launches(pingPong, 2, 5000), notOKRecord(fifo, 1, Skipped, "no")), "ok, "},
		"failed":    {append(launches(pingPong, 1, 5000), notOKRecord(fifo, 1, Failed, "no")), "failed, 1 cell failed"},
		"untrusted": {append(launches(pingPong, 2, 5000), notOKRecord(fifo, 1, Untrusted, "no"), notOKRecord(fifo, 2, Untrusted, "no")), "untrusted, 1 cell is untrusted"},
		"a race":    {[]Record{{Cell: pingPong, Launch: 1, Attempt: 1, Outcome: OK, NsPerOp: 1, Race: 0.05}}, "ok, "},
	} {
		s := &Set{Header: &Header{Plan: []byte(plan)}, Records: c.records}
		word, reason := s.CameTo(s.Summaries())
		if got := word + ", " + reason; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if word, _ := (&Set{Records: launches(pingPong, 1, 5000)}).CameTo(Summarize(launches(pingPong, 1, 5000))); word != "ok" {
		t.Errorf("without a plan: %s", word)
	}
}
