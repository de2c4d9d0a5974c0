package history

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ipcbench/internal/need"
	"ipcbench/results"
)

// A hundred jobs that add at once lose nothing, and each series has its builds in their
// order.
func TestConcurrentAdds(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	builds := make([]*Build, 100)
	one := build(t, run(t, "run", record(cell("pipe"), 1, 5000)), "nightly", "1.0")
	for i := range builds {
		b := *one
		b.Run, b.Build = fmt.Sprintf("run-%d", i), fmt.Sprintf("1.%d", i)
		b.Of = []Cell{{Name: one.Of[0].Name, Outcome: results.OK, Values: map[string]Launches{"ns/op": {float64(5000 + i)}}}}
		builds[i] = &b
	}
	begin, errs := make(chan struct{}), make([]error, len(builds))
	for i, b := range builds {
		wg.Go(func() {
			<-begin
			_, errs[i] = Add(dir, b)
		})
	}
	close(begin)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	s, err := Read(dir, "nightly", Query{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Builds) != len(builds) || len(s.LeftOut) > 0 {
		t.Fatalf("%d builds of %d, left out %v", len(s.Builds), len(builds), s.LeftOut)
	}
	for i, b := range s.Builds {
		if want := fmt.Sprintf("1.%d", i); b.Build != want || s.Lines[0].Points[i].Number.Center != results.Float(5000+i) {
			t.Fatalf("build %d is %s with %v, want %s", i, b.Build, s.Lines[0].Points[i].Number.Center, want)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "nightly", ".*"))
	if err != nil || left != nil {
		t.Errorf("files that were written beside: %v, %v", left, err)
	}
}

// Two branches of a git repository that each added builds merge without a conflict.
func TestBranchesMerge(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		need.Missing(t, "git", "git is not installed; on Debian: apt-get install git")
	}
	repo := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		c := exec.Command("git", append([]string{"-C", repo, "-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"}, args...)...)
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	add := func(id, at string) {
		if _, err := Add(repo, build(t, run(t, id, record(cell("pipe"), 1, 5000)), "nightly", at)); err != nil {
			t.Fatal(err)
		}
		git("add", ".")
		git("commit", "-q", "-m", at)
	}
	git("init", "-q", "-b", "main")
	add("first", "1.0")
	git("checkout", "-q", "-b", "other")
	add("second", "1.2")
	add("both", "1.3")
	git("checkout", "-q", "main")
	add("third", "1.1")
	add("both", "1.4") // the same run under another name, on the other branch
	git("merge", "-q", "--no-edit", "other")
	s, err := Read(repo, "nightly", Query{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range s.Builds[:3] {
		names = append(names, b.Build)
	}
	if !slices.Equal(names, []string{"1.0", "1.1", "1.2"}) || len(s.Builds) != 4 {
		t.Errorf("builds %v of %d", names, len(s.Builds))
	}
	if len(s.LeftOut) != 1 || !strings.Contains(s.LeftOut[0].Why, "its run both is also build 1.") {
		t.Errorf("left out %v, want the run that is there twice", s.LeftOut)
	}
}

// A run that a series has is refused by its name; another series takes it. Of several
// none is added then.
func TestAddTwice(t *testing.T) {
	dir := t.TempDir()
	one, two := build(t, run(t, "one", record(cell("pipe"), 1, 5000)), "a", "1.0"), build(t, run(t, "two", record(cell("pipe"), 1, 5000)), "a", "1.1")
	if _, err := Add(dir, one); err != nil {
		t.Fatal(err)
	}
	again := *one
	again.Build = "9.9"
	_, err := Add(dir, two, &again)
	var added *Added
	if !errors.As(err, &added) || added.Run != "one" || added.Build != "1.0" || !strings.Contains(err.Error(), one.ID+Extension) {
		t.Errorf("%v: want the run, its build and the file", err)
	}
	if all, _, _ := headers(dir, "a"); len(all) != 1 {
		t.Errorf("%d builds, want that of the first alone", len(all))
	}
	path := filepath.Join(dir, "a", one.ID+Extension)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rename(t, content[:len(content)-4], path)
	if _, err := Add(dir, one); err != nil {
		t.Errorf("a build whose file is damaged cannot be added anew: %v", err)
	}
	again.Series = "b"
	if _, err := Add(dir, &again); err != nil {
		t.Error(err)
	}
	if _, err := Add(dir, two, two); !errors.As(err, &added) {
		t.Errorf("%v: one run twice in one command", err)
	}
}

// A build comes back as it was written, and what is written is lines of JSON that any
// gzip reads. Untrusted launches are null, and a cell that is not ok has its reason.
func TestBuildComesBack(t *testing.T) {
	lost := record(cell("pipe"), 2, 0)
	lost.Unmeasured()
	lost.Outcome, lost.Reason = results.Untrusted, "disturbed"
	var records []results.Record
	for i := range 7 {
		records = append(records, record(cell("pipe"), i+1, 5000.126+float64(i)))
	}
	records[1] = lost
	retried := record(cell("pipe"), 3, 0)
	retried.Unmeasured()
	retried.Outcome, retried.Reason = results.Untrusted, "disturbed"
	records = slices.Insert(records, 2, retried)
	records[3].Attempt = 2
	failure := record(cell("fifo"), 1, 0)
	failure.Unmeasured()
	failure.Outcome, failure.Reason = results.Failed, "message 7 was lost"
	b := build(t, run(t, "one", append(records, failure)...), "a", "1.0")
	raw, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range bytes.Split(bytes.TrimSpace(plain), []byte("\n")) {
		if !json.Valid(line) {
			t.Errorf("no JSON: %s", line)
		}
	}
	for _, want := range []string{
		`{"cell":"PingPong/mech=pipe/size=64/queue=default/place=same","outcome":"ok","values":{"cpu-ns/op":[2500.1,null,2501.1,2501.6,2502.1,2502.6,2503.1],"ns/op":[5000.1,null,5002.1,5003.1,5004.1,5005.1,5006.1],"p99-ns":[10000,null,10004,`,
		`{"cell":"PingPong/mech=fifo/size=64/queue=default/place=same","outcome":"failed","reason":"message 7 was lost"}`,
		`"class":"amd64, Example CPU @ 2.50GHz, 2 CPUs, virt kvm"`, `"program":"v0.1.0"`, `"system":"Linux 6.18.44"`,
	} {
		if !strings.Contains(string(plain), want) {
			t.Errorf("the file lacks %s:\n%s", want, plain)
		}
	}
	back, err := ReadBuild(bytes.NewReader(raw), int64(len(raw)), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Encode()
	if err != nil || !bytes.Equal(raw, again) || back.ID != b.ID {
		t.Errorf("it differs when it is written again: %v, %s and %s", err, b.ID, back.ID)
	}
}

// A run whose numbers have no class, or several, is refused with the reason.
func TestRunsThatAreNoBuild(t *testing.T) {
	other := record(cell("pipe"), 2, 5000)
	other.Host.CPU = "Another CPU"
	for dir, want := range map[string]string{
		run(t, "two", record(cell("pipe"), 1, 5000), other): "2 classes of hosts",
		run(t, "none"): "no record",
	} {
		in, err := results.OpenInput(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := FromRun(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
