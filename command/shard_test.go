package command

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ipcbench/internal/need"
	"ipcbench/results"
)

// A shard whose process is killed in the middle goes on from a copy of its directory, as
// on another host of the same class, and the merged run lacks nothing.
func TestKilledShardGoesOn(t *testing.T) {
	need.Time(t)
	plan := []string{"run", "--workload", "pingpong", "--mech", "pipe,fifo,socketpair", "--size", "64,256", "--place", "same", "--launches", "3", "--time", "1ms"}
	dir := t.TempDir()
	const of = "2"
	for _, k := range []string{"1", "2"} {
		s := prepare(t, "command", append(plan, "--shard", k+"/"+of, "--out", filepath.Join(dir, k))...)
		s.begin()
		if k == "1" {
			if got := s.status(); got != 0 {
				t.Fatalf("shard %s: exit status %d\n%s", k, got, s.stderr.String())
			}
			continue
		}
		runs := filepath.Join(dir, k, "*")
		s.eventually("records", func() bool { return len(recordsOf(t, runs)) >= 3 })
		if err := s.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-s.over
	}
	killed, err := filepath.Glob(filepath.Join(dir, "2", "*"))
	if err != nil || len(killed) != 1 {
		t.Fatal(killed, err)
	}
	copied := filepath.Join(dir, "copied")
	if err := os.CopyFS(copied, os.DirFS(killed[0])); err != nil {
		t.Fatal(err)
	}
	first, err := filepath.Glob(filepath.Join(dir, "1", "*"))
	if err != nil || len(first) != 1 {
		t.Fatal(first, err)
	}
	merge := func(want int, runs ...string) *started {
		t.Helper()
		s := start(t, "command", append([]string{"merge", "--out", filepath.Join(dir, "merged")}, runs...)...)
		if got := s.status(); got != want && (want != 0 || got != exitUntrusted) {
			t.Fatalf("merge: exit status %d, want %d\n%s", got, want, s.stderr.String())
		}
		return s
	}
	before := len(recordsOf(t, copied))
	s := merge(exitFailed, first[0], copied)
	if want := "shard 2/2 is unfinished, "; !strings.Contains(s.stderr.String(), want) || !strings.Contains(s.stderr.String(), "`ipcbench run --resume "+copied+"` goes on") {
		t.Errorf("the killed shard is refused by %s\nwant %q", s.stderr.String(), want)
	}
	if resume := start(t, "command", "run", "--resume", copied); resume.status() != 0 {
		t.Fatalf("resume: %s", resume.stderr.String())
	}
	if after := len(recordsOf(t, copied)); after <= before {
		t.Errorf("%d records after the resumption, and %d before", after, before)
	}
	merge(0, first[0], copied)
	whole := map[results.Cell]map[int]bool{}
	for _, r := range recordsOf(t, filepath.Join(dir, "merged", "*")) {
		if c := r.Cell.Asked(); whole[c] == nil {
			whole[c] = map[int]bool{}
		}
		whole[r.Cell.Asked()][r.Launch] = true
	}
	if len(whole) != 7 { // with the floor of wake-ups
		t.Errorf("%d cells in the merged run, want 7", len(whole))
	}
	for c, launches := range whole {
		if len(launches) != 3 {
			t.Errorf("%s has %d launches, want 3", c.Name(), len(launches))
		}
	}
}

// recordsOf are the whole records of the only run there.
func recordsOf(t *testing.T, pattern string) (all []results.Record) {
	t.Helper()
	dirs, _ := filepath.Glob(pattern)
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, results.RecordsFile)); err != nil {
			continue
		}
		if _, err := results.Scan(dir, func(r *results.Record) { all = append(all, *r) }); err != nil {
			t.Fatal(err)
		}
	}
	return all
}
