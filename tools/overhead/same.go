package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"ipcbench/bench"
	"ipcbench/internal/objects"
	"ipcbench/results"
)

// Same is one cell as `go test -bench` and as `ipcbench run` measure it.
type Same struct {
	Cell    results.Cell     `json:"cell"`
	GoTest  results.Estimate `json:"go_test_ns"`
	Command results.Estimate `json:"command_ns"`
	Ratio   results.Estimate `json:"ratio"` // of launches in pairs
}

// same runs the two in turn, a launch at a time.
func (f *fidelity) same() (out []Same, err error) {
	axes := bench.Axes{
		Workloads:  []string{bench.PingPong.Name, bench.Stream.Name},
		Mechanisms: []string{"pipe", "sysvshm"},
		Sizes:      []int{64, 4 << 10},
		Queues:     []int{0},
		Places:     []string{"same"},
	}
	notes, dir, err := objects.Scratch()
	if err != nil {
		return nil, err
	}
	defer notes.Close()
	test, command := filepath.Join(dir, "bench.test"), filepath.Join(dir, "ipcbench")
	for _, build := range [][]string{{"test", "-c", "-o", test, "./bench"}, {"build", "-o", command, "./cmd/ipcbench"}} {
		if out, err := exec.Command("go", build...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(build, " "), err, out)
		}
	}
	const mechs, sizes, time = "pipe,sysvshm", "64,4KiB", "100ms"
	goTest := func() ([]results.Record, error) {
		out, err := exec.Command(test, "-test.run", "^$", "-test.bench", "PingPong|Stream", "-test.benchtime", time,
			"-mech", mechs, "-size", sizes, "-queue", "default", "-place", "same").Output()
		if err != nil {
			return nil, fmt.Errorf("go test -bench: %w\n%s", err, out)
		}
		path := filepath.Join(dir, "bench.txt")
		if err := os.WriteFile(path, out, 0o600); err != nil {
			return nil, err
		}
		return read(path)
	}
	run := func() ([]results.Record, error) {
		runs := filepath.Join(dir, "runs")
		if err := os.RemoveAll(runs); err != nil {
			return nil, err
		}
		// Untrusted launches are the machine's doing, and end with a status.
		out, err := exec.Command(command, "run", "--workload", "pingpong,stream", "--mech", mechs, "--size", sizes,
			"--place", "same", "--launches", "1", "--time", time, "--out", runs).CombinedOutput()
		found, _ := filepath.Glob(filepath.Join(runs, "*"))
		if len(found) != 1 {
			return nil, fmt.Errorf("ipcbench run: %w\n%s", err, out)
		}
		return read(found[0])
	}
	sides := [2]map[results.Cell][]float64{{}, {}}
	for pass := range f.launches {
		f.progress("go test -bench against ipcbench run, launch %d of %d", pass+1, f.launches)
		times := [2]map[results.Cell]float64{{}, {}}
		for turn := range 2 {
			side := (turn + pass) % 2
			records, err := [](func() ([]results.Record, error)){goTest, run}[side]()
			if err != nil {
				return nil, err
			}
			for _, r := range records {
				if r.NsPerOp > 0 {
					times[side][r.Cell] = float64(r.NsPerOp)
				}
			}
		}
		for c, ns := range times[0] {
			if other, ok := times[1][c]; ok {
				sides[0][c], sides[1][c] = append(sides[0][c], ns), append(sides[1][c], other)
			}
		}
	}
	for _, c := range axes.Cells() {
		var ratios []float64
		for i, ns := range sides[0][c] {
			ratios = append(ratios, ns/sides[1][c][i])
		}
		if len(ratios) > 0 {
			out = append(out, Same{c, results.MedianOf(sides[0][c]), results.MedianOf(sides[1][c]), results.MedianOf(ratios)})
		}
	}
	return out, nil
}

func read(path string) ([]results.Record, error) {
	set, err := results.Read(path)
	if err != nil {
		return nil, err
	}
	return set.Records, nil
}
