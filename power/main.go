// Power finds out how often the gate catches a regression of a known size, on
// this machine and with its noise. One arm is ipcbench as it is, the other the
// same under a seccomp filter whose length is calibrated until the cell is
// slower by what was asked for: the kernel's work is real, no number is edited.
//
//	go run ./power -slower 15 -trials 20 -- --until 2% --budget 1m
//	go run ./power -slower 8,12,15,25 -trials 10 -- --launches 10
//
// What follows -- is given to `ipcbench ab`.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"ipcbench/results"
)

// cell is where the regression is planted: four system calls to a round trip,
// on one CPU, so that what the filter costs adds up and nothing hides it.
var cell = []string{"--workload", "pingpong", "--mech", "pipe", "--size", "64", "--place", "same"}

func main() {
	slower := flag.String("slower", "15", "regressions to plant, in percent")
	trials := flag.Int("trials", 20, "comparisons of each")
	flag.Parse()
	if err := run(*slower, *trials, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "power:", err)
		os.Exit(1)
	}
}

func run(slower string, trials int, how []string) error {
	dir, err := os.MkdirTemp("", "ipcbench-power-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, program := range []string{"./cmd/ipcbench", "./power/slow"} {
		if out, err := exec.Command("go", "build", "-o", dir, program).CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", program, err, out)
		}
	}
	fmt.Println("planted  instructions  measured  caught  trials")
	for s := range strings.SplitSeq(slower, ",") {
		percent, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return fmt.Errorf("-slower %q: want percentages, as in 8,15", s)
		}
		n, measured, err := calibrate(dir, percent/100)
		if err != nil {
			return err
		}
		caught := 0
		for range trials {
			status, err := ab(dir, n, how)
			if err != nil {
				return err
			}
			if status == 1 {
				caught++
			}
		}
		fmt.Printf("%6.1f%%  %12d  %7.1f%%  %6d  %6d\n", percent, n, 100*measured, caught, trials)
	}
	return nil
}

// calibrate finds the filter that slows the cell by share, to within 2 %
// points.
func calibrate(dir string, share float64) (n int, measured float64, err error) {
	n = 1000
	for range 8 {
		if measured, err = slowdown(dir, n); err != nil {
			return 0, 0, err
		}
		if measured > share-0.02 && measured < share+0.02 {
			return n, measured, nil
		}
		n = min(max(int(float64(n)*share/max(measured, share/4)), 1), 4095)
	}
	return 0, 0, fmt.Errorf("no filter slows the cell by %.0f%%: the last, of %d instructions, by %.1f%%", 100*share, n, 100*measured)
}

// slowdown measures what a filter of n instructions costs: the ratio of the
// medians of 20 interleaved launches, less 1.
func slowdown(dir string, n int) (float64, error) {
	if _, err := ab(dir, n, []string{"--launches", "20", "--force"}); err != nil {
		return 0, err
	}
	var median [2]float64
	for i, side := range []string{"a", "b"} {
		paths, err := filepath.Glob(filepath.Join(dir, "runs", "*-"+side))
		if err != nil || len(paths) != 1 {
			return 0, fmt.Errorf("%d runs of arm %s", len(paths), side)
		}
		set, err := results.Read(paths[0])
		if err != nil {
			return 0, err
		}
		for _, s := range results.Summarize(set.Records) {
			if s.Cell.Workload == "PingPong" {
				median[i] = s.NsPerOp.Center
			}
		}
	}
	if median[0] == 0 || median[1] == 0 {
		return 0, errors.New("the cell could not be measured: is the machine busy?")
	}
	return median[1]/median[0] - 1, nil
}

// ab compares the program with itself under a filter, and returns the gate's
// status.
func ab(dir string, n int, how []string) (status int, err error) {
	runs := filepath.Join(dir, "runs")
	if err := os.RemoveAll(runs); err != nil {
		return 0, err
	}
	program := filepath.Join(dir, "ipcbench")
	args := append([]string{"ab", "--a", program, "--b", fmt.Sprintf("%s %d %s", filepath.Join(dir, "slow"), n, program), "--out", runs}, cell...)
	out, err := exec.Command(program, append(args, how...)...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if exit.ExitCode() == 1 || exit.ExitCode() == 5 {
			return exit.ExitCode(), nil
		}
		return 0, fmt.Errorf("%w\n%s", err, out)
	}
	return 0, err
}
