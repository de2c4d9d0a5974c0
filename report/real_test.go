package report

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ipcbench/results"
)

// realRun unpacks the benchmark text of a run of the default preset, measured
// on a KVM guest with two CPUs.
func realRun(t *testing.T) (path, text string) {
	t.Helper()
	f, err := os.Open("testdata/default-run.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "bench.txt")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, string(data)
}

// The answers of a real run agree with its numbers, which are read here from
// the text alone.
func TestAnswersOfARealRun(t *testing.T) {
	path, text := realRun(t)
	set, err := results.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`^Benchmark(\w+)/mech=(\w+)/(\S+)\s+\d+\s+(\S+) ns/op`)
	times, spoiled := map[string]map[string][]float64{}, map[string]bool{}
	for l := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(l, "# untrusted "); ok {
			name, _, _ = strings.Cut(name, ": ")
			spoiled[name] = true
		}
		if m := line.FindStringSubmatch(l); m != nil && m[1] != results.FloorWorkload {
			ns, err := strconv.ParseFloat(m[4], 64)
			if err != nil {
				t.Fatal(err)
			}
			at := m[1] + " " + m[3]
			if times[at] == nil {
				times[at] = map[string][]float64{}
			}
			times[at][m[2]] = append(times[at][m[2]], ns)
		}
	}
	page, checked := NewPage(set), 0
	for _, a := range page.Answers {
		s := a.Cell
		at := fmt.Sprintf("%s size=%s/queue=%s/place=%s", s.Workload, results.FormatBytes(s.Size), results.FormatQueue(s.Queue), s.Place)
		if s.Peers > 0 {
			at += fmt.Sprintf("/peers=%d", s.Peers)
		}
		least, winner := 0.0, ""
		for mech, ns := range times[at] {
			name := strings.Replace(at, " ", "/mech="+mech+"/", 1)
			if spoiled[name] {
				continue // some launches do not count: which cells are ok is another test's
			}
			slices.Sort(ns)
			if m := (ns[(len(ns)-1)/2] + ns[len(ns)/2]) / 2; winner == "" || m < least {
				least, winner = m, mech
			}
		}
		first := a.Ranked[0]
		if spoiled[first.Cell.Name()] {
			continue
		}
		// The leader has the least mean of logarithms. Where the least median is
		// another's, the page must not have shown that one slower.
		tied := slices.ContainsFunc(a.Ranked, func(r results.Ranked) bool { return r.Cell.Mechanism == winner && r.Tied() })
		if checked++; first.Cell.Mechanism != winner && !tied {
			t.Errorf("%s: the page says %s, the numbers say %s", at, first.Cell.Mechanism, winner)
		}
	}
	if checked < 15 {
		t.Errorf("only %d answers were checked", checked)
	}
}
