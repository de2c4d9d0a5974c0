package results

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"

	_ "ipcbench/internal/compressed/zstd"
)

// smallSegments makes a run close a segment after each record or two.
func smallSegments(run *Run) *Run {
	run.segment, run.closeAt = 1000, 1000
	return run
}

// skips are records that take little room.
func skips(n int) (all []Record) {
	for i := range n {
		r := notOKRecord(pingPong, i+1, Skipped, strings.Repeat("because ", 100))
		r.Host = nil
		all = append(all, r)
	}
	return all
}

// segmented is a run with closed segments, and what was appended to it.
func segmented(t testing.TB, n int) (dir string, records []Record) {
	t.Helper()
	run, err := Create(t.TempDir(), testHeader)
	if err != nil {
		t.Fatal(err)
	}
	smallSegments(run)
	records = skips(n)
	for _, r := range records {
		if err := run.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	return run.Dir, records
}

// launchesOf are the numbers of launches of records, in their order.
func launchesOf(records []Record) (all []int) {
	for _, r := range records {
		all = append(all, r.Launch)
	}
	return all
}

// upTo are the numbers from 1 to n.
func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

// A run in segments reads as one in a file, in every way to read it.
func TestSegments(t *testing.T) {
	dir, records := segmented(t, 7)
	if got := files(t, dir); len(got) < 6 || !slices.Contains(got, "records-000003.jsonl.zst") || slices.ContainsFunc(got, func(n string) bool { return isSegment(n) && !strings.HasSuffix(n, packedSuffix) }) {
		t.Fatalf("files %v, want compressed segments", got)
	}
	set := mustRead(t, dir)
	if set.LeftOut != 0 || set.Warnings != nil || !reflect.DeepEqual(set.Records, records) {
		t.Errorf("%v, %v, launches %v; want what was appended", set.Problems, set.Warnings, launchesOf(set.Records))
	}
	digest, err := Digest(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	glance, err := Glance(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Set{"a digest": digest, "a glance": glance} {
		if a, b := summed(s.Summaries()), summed(set.Summaries()); a != b || s.LeftOut != 0 {
			t.Errorf("%s has\n%s\nthe records\n%s", name, a, b)
		}
	}
	one := mustRead(t, filepath.Join(dir, "records-000002.jsonl.zst"))
	if one.LeftOut != 0 || len(one.Records) == 0 || one.Records[0].Launch == 1 {
		t.Errorf("a segment alone: %v, launches %v", one.Problems, launchesOf(one.Records))
	}
	removal, err := NewRemoval(dir, func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	defer removal.Close()
	if err := removal.Remove(); err != nil {
		t.Error(err)
	}
}

// A run that is continued goes on behind its segments; so does an earlier version's,
// whose records are one large file.
func TestSegmentsGoOn(t *testing.T) {
	dir, _ := segmented(t, 3)
	for n := 4; n <= 6; n++ {
		run, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		smallSegments(run)
		if err := errors.Join(run.Append(skips(n)[n-1]), run.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if set := mustRead(t, dir); set.LeftOut != 0 || set.Warnings != nil || !slices.Equal(launchesOf(set.Records), upTo(6)) {
		t.Errorf("%v, %v, launches %v, want 1 to 6", set.Problems, set.Warnings, launchesOf(set.Records))
	}
}

// A process is killed at every step of closing a segment. What it leaves has all that
// it appended, once, and goes on.
func TestKilledWhileClosing(t *testing.T) {
	const env = "IPCBENCH_TEST_KILLED_WHILE_CLOSING" // DIR:STEP
	if at := os.Getenv(env); at != "" {
		dir, step, _ := strings.Cut(at, ":")
		left, _ := strconv.Atoi(step)
		run, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		smallSegments(run).atStep = func() {
			if left--; left == 0 {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		}
		for _, r := range skips(3)[1:] { // each closes a segment
			if err := run.Append(r); err != nil {
				t.Fatal(err)
			}
			fmt.Println("appended", r.Launch)
		}
		return
	}
	steps := 0
	for step := 1; ; step++ {
		run := newRun(t, skips(1)...)
		run.Close()
		child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileClosing$")
		child.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%d", env, run.Dir, step))
		out, err := child.CombinedOutput()
		killed := err != nil && child.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
		if err != nil && !killed {
			t.Fatalf("step %d: %v\n%s", step, err, out)
		}
		set := mustRead(t, run.Dir)
		// The launch whose segment was closing is in the file before that.
		want := upTo(2 + strings.Count(string(out), "appended 2"))
		if got := launchesOf(set.Records); set.LeftOut != 0 || set.Warnings != nil || !slices.Equal(got, want) {
			t.Errorf("killed at step %d: launches %v, %v, %v, want %v\n%v", step, got, set.Problems, set.Warnings, want, files(t, run.Dir))
		}
		again, err := Open(run.Dir)
		if err != nil {
			t.Fatalf("killed at step %d: %v", step, err)
		}
		smallSegments(again)
		if err := errors.Join(again.Append(skips(4)[3]), again.Close()); err != nil {
			t.Errorf("killed at step %d: %v", step, err)
		}
		set = mustRead(t, run.Dir)
		if got := launchesOf(set.Records); set.LeftOut != 0 || set.Warnings != nil || !slices.Equal(got, append(want, 4)) {
			t.Errorf("killed at step %d, and continued: launches %v, %v, %v, want %v and 4", step, got, set.Problems, set.Warnings, want)
		}
		for _, name := range files(t, run.Dir) {
			if isSegment(name) && !strings.HasSuffix(name, packedSuffix) {
				t.Errorf("killed at step %d, and continued: %s is still there", step, name)
			}
		}
		if !killed {
			break
		}
		steps++
	}
	if steps < 10 {
		t.Errorf("killed at %d steps, want all: at least 10", steps)
	}
}

// A run is read while it is written: each time the records so far, each once.
func TestReadWhileSegmentsClose(t *testing.T) {
	run := smallSegments(newRun(t))
	const n = 25
	done := make(chan error, 1)
	go func() {
		var err error
		for _, r := range skips(n) {
			err = errors.Join(err, run.Append(r))
		}
		done <- err
	}()
	for ended := false; !ended; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			ended = true
		default:
		}
		if !Written(run.Dir) {
			t.Fatal("no process writes it")
		}
		set := mustRead(t, run.Dir)
		got := launchesOf(set.Records)
		if set.LeftOut != 0 || !slices.Equal(got, upTo(len(got))) || ended && len(got) != n {
			t.Fatalf("launches %v, %v, %v", got, set.Problems, set.Warnings)
		}
	}
}

// packed is a text, compressed.
func packed(t testing.TB, text []byte, o ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	enc, err := zstd.NewWriter(&b, o...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = enc.Write(text)
	if err := errors.Join(err, enc.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A segment that cannot be read is named and left out, and takes no other with it.
func TestHostileSegments(t *testing.T) {
	const name = "records-000002.jsonl.zst"
	dir, records := segmented(t, 5)
	path := filepath.Join(dir, name)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	within := launchesOf(mustRead(t, path).Records)
	flipped := slices.Clone(good)
	flipped[len(flipped)/2] ^= 1
	checksum := slices.Clone(good)
	checksum[len(checksum)-1] ^= 1
	for _, c := range []struct {
		name string
		make func() error
		want string
	}{
		{"is cut off", func() error { return os.WriteFile(path, good[:len(good)-5], 0o644) }, "damaged: "},
		{"has another byte", func() error { return os.WriteFile(path, flipped, 0o644) }, "damaged: "},
		{"has another checksum", func() error { return os.WriteFile(path, checksum, 0o644) }, "damaged: "},
		{"is empty", func() error { return os.WriteFile(path, nil, 0o644) }, "damaged: it is not zstd"},
		{"is garbage", func() error { return os.WriteFile(path, []byte("records"), 0o644) }, "damaged: it is not zstd"},
		{"is a bomb", func() error {
			return os.WriteFile(path, packed(t, make([]byte, freeExpansion+1<<20), zstd.WithWindowSize(segmentWindow)), 0o644)
		}, "of text in "},
		{"refers back far", func() error {
			return os.WriteFile(path, packed(t, bytes.Repeat([]byte("\n"), 20<<20), zstd.WithWindowSize(16<<20)), 0o644)
		}, "window size exceeded"},
		{"is missing", func() error { return nil }, name + " is missing"},
		{"is a FIFO", func() error { return syscall.Mkfifo(path, 0o600) }, "it is no file"},
		{"is a directory", func() error { return os.Mkdir(path, 0o700) }, "it is no file"},
		{"is a link out of the run", func() error { return os.Symlink("/dev/zero", path) }, "path escapes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := errors.Join(os.RemoveAll(path), c.make()); err != nil {
				t.Fatal(err)
			}
			var set *Set
			if n := allocated(func() { set = mustRead(t, dir) }); n > 64<<20 {
				t.Errorf("%d MB were allocated", n>>20)
			}
			said := strings.Join(set.Odd(), "\n")
			if set.LeftOut != 1 || !strings.Contains(said, c.want) || !strings.Contains(said, name) || !strings.Contains(said, "--resume") || strings.Contains(said, ":0:") {
				t.Errorf("says %q, want %q of %s", said, c.want, name)
			}
			want := slices.DeleteFunc(launchesOf(records), func(n int) bool { return slices.Contains(within, n) })
			if got := launchesOf(set.Records); !slices.Equal(got, want) {
				t.Errorf("launches %v, want %v", got, want)
			}
		})
	}
	// Text that decompresses, and is no record, is left out line by line.
	os.RemoveAll(path)
	if err := os.WriteFile(path, packed(t, []byte("BenchmarkA-2 1 1 ns/op\n{}\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	if set := mustRead(t, dir); set.LeftOut != 2 || len(set.Records) != len(records)-len(within) {
		t.Errorf("%v, launches %v", set.Problems, launchesOf(set.Records))
	}
	// The same records in two segments count once, and are named.
	if err := os.WriteFile(filepath.Join(dir, "records-000099.jsonl.zst"), good, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, good, 0o644); err != nil {
		t.Fatal(err)
	}
	set := mustRead(t, dir)
	if said := strings.Join(set.Odd(), "\n"); len(set.Records) != len(records) || !strings.Contains(said, "already") || !strings.Contains(said, "of "+name) {
		t.Errorf("launches %v: %s", launchesOf(set.Records), said)
	}
}

// Whatever a segment holds: reading ends, in bounded memory, and the other records are
// there.
func FuzzSegment(f *testing.F) {
	dir, records := segmented(f, 3)
	good, err := os.ReadFile(filepath.Join(dir, "records-000001.jsonl.zst"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(slices.Concat(good, good))
	f.Add(packed(f, make([]byte, 1<<20)))
	f.Add([]byte(zstdMagic))
	f.Add([]byte{})
	path := filepath.Join(dir, "records-000001.jsonl.zst")
	first := len(mustRead(f, path).Records)
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		var set *Set
		if n := allocated(func() { set = mustRead(t, dir) }); n > 160<<20 {
			t.Errorf("%d MB were allocated", n>>20)
		}
		if n := len(set.Records); n < len(records)-first {
			t.Errorf("launches %v: those of other segments are missing", launchesOf(set.Records))
		}
	})
}
