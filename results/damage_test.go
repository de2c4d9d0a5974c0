package results

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
)

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
		if testing.Short() && n%7 != 0 {
			continue
		}
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		want := max(0, bytes.Count(whole[:n], []byte("\n"))-1) // the first line is the setup
		torn := n > 0 && whole[n-1] != '\n'
		lacksEnd := torn && n < len(whole) && whole[n] == '\n' // alone: a reader takes the record, a run that goes on measures it again
		read := want
		if lacksEnd && bytes.IndexByte(whole, '\n') < n {
			read++
		}
		set := mustRead(t, run.Dir)
		if said := strings.Contains(fmt.Sprint(set.Warnings), "torn"); len(set.Records) != read || set.LeftOut != 0 || said != (torn && !lacksEnd) {
			t.Fatalf("torn at byte %d: %d records, %v, %v; want %d records", n, len(set.Records), set.Problems, set.Warnings, read)
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
		if set := mustRead(t, run.Dir); len(set.Records) != want+1 || set.LeftOut != 0 || set.Warnings != nil || set.Records[want].Seed != one.Seed {
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
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was) // for what the test binary itself writes at its end
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
	if set := mustRead(t, run.Dir); len(set.Records) != n-1 {
		t.Fatalf("%d records are left of the %d that were taken", len(set.Records), n-1)
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

// A report's directory is made, is one writer's, and holds nothing half
// written.
func TestDir(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	dir, err := OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(path); !errors.Is(err, syscall.EWOULDBLOCK) {
		t.Errorf("a second writer: %v, want %v", err, syscall.EWOULDBLOCK)
	}
	full := func(w io.Writer) error {
		io.WriteString(w, "half")
		return syscall.ENOSPC
	}
	if err := dir.WriteFile("index.html", full); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want %v", err, syscall.ENOSPC)
	}
	for _, name := range []string{RecordsFile, HeaderFile, "../x", "", "a/b", ".hidden"} {
		if err := dir.WriteFile(name, func(io.Writer) error { return nil }); err == nil {
			t.Errorf("WriteFile took the name %q", name)
		}
	}
	if got := files(t, path); got != nil {
		t.Errorf("files %q, want none", got)
	}
	if err := errors.Join(dir.WriteFile("index.html", func(io.Writer) error { return nil }), dir.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(filepath.Join(path, "index.html")); err == nil {
		t.Error("OpenDir took a file")
	}
}
