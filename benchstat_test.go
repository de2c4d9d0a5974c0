package ipcbench_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ipcbench/results"
)

// onKernel is what `go test -bench` prints of a benchmark on a kernel: the header that
// the suite writes, what the testing package adds, and ten launches.
func onKernel(t *testing.T, kernel string, memory int64, ns float64) []byte {
	t.Helper()
	var b bytes.Buffer
	host := results.Host{Kernel: kernel, Arch: "amd64", CPU: "Example CPU", CPUs: 2, Memory: memory, PageSize: 4096, Go: "go1.26.0", GOMAXPROCS: 2}
	if err := results.WriteConfig(&b, host, results.Setting{Key: "isolation", Value: "none"}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "goos: linux\ngoarch: amd64\npkg: ipcbench/bench\ncpu: Example CPU\n")
	for i := range 10 {
		took := ns * (1 + float64(i)/1000)
		fmt.Fprintf(&b, "BenchmarkPingPong/mech=pipe/size=64/queue=default/place=same-2 \t 20000 \t %.0f ns/op \t %.2f MB/s \t %.0f p99-ns\n", took, 128e3/took, 2*took)
	}
	fmt.Fprintf(&b, "PASS\nok  \tipcbench/bench\t1.2s\n")
	return b.Bytes()
}

// The documents' line for benchstat gives, of two kernels, one table a unit with the
// change in it. Of files that state the kernel in a configuration line, as earlier
// versions wrote them, it gives none.
func TestBenchstatOfTwoKernels(t *testing.T) {
	benchstat, err := exec.Command("go", "tool", "-n", "benchstat").Output()
	if err != nil {
		t.Fatalf("go tool -n benchstat: %v", err)
	}
	old, new := onKernel(t, "Linux 6.1.0", 8<<30, 5000), onKernel(t, "Linux 6.18.0", 8<<30-4096, 6000)
	run := func(args string, old, new []byte) string {
		dir := t.TempDir()
		for name, text := range map[string][]byte{"old.txt": old, "new.txt": new} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c := exec.Command(strings.TrimSpace(string(benchstat)), strings.Fields(args)...)
		c.Dir, c.Stderr = dir, os.Stderr
		out, err := c.Output()
		if err != nil {
			t.Fatalf("benchstat %s: %v", args, err)
		}
		return string(out)
	}
	pages := documents(t)
	for _, page := range []string{"README.md", "docs/usage.md", "docs/analysis.md"} {
		line := regexp.MustCompile("`benchstat (old.txt new.txt)`").FindStringSubmatch(pages[page])
		if line == nil {
			t.Fatalf("%s does not show `benchstat old.txt new.txt`", page)
		}
		out := run(line[1], old, new)
		if tables := strings.Count(out, "vs base"); tables != 3 || strings.Contains(out, "kernel") {
			t.Errorf("%d tables for 3 units:\n%s", tables, out)
		}
		for _, change := range []string{"+20.00% (p=0.000 n=10)", "-16.66% (p=0.000 n=10)"} {
			if !strings.Contains(out, change) {
				t.Errorf("no change of %s:\n%s", change, out)
			}
		}
	}
	comment := regexp.MustCompile(`(?m)^# (kernel: )`)
	if out := run("old.txt new.txt", comment.ReplaceAll(old, []byte("$1")), comment.ReplaceAll(new, []byte("$1"))); strings.Contains(out, "+20.00%") {
		t.Errorf("a configuration line makes no difference:\n%s", out)
	}
}
