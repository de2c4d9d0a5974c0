// Fidelity compares the engine with hand-written C, launch by launch in turn.
//
// Its first question is about two twins: a pipe and a FIFO are nearly the
// same kernel code, so their ratio in the engine must be their ratio in C. A
// harness per mechanism gets this wrong by tens of percents.
//
//	go run ./fidelity -launches 20
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchmath"

	"ipcbench/results"
	"ipcbench/runner"
)

func main() {
	runner.Init()
	launches := flag.Int("launches", 20, "interleaved launches of each arrangement")
	measured := flag.Duration("time", 100*time.Millisecond, "measured time of a launch")
	flag.Parse()
	if err := twins(*launches, *measured); err != nil {
		fmt.Fprintln(os.Stderr, "fidelity:", err)
		os.Exit(1)
	}
}

// twins prints fifo/pipe, in the engine and in C.
func twins(launches int, measured time.Duration) error {
	loop, remove, err := compile()
	if err != nil {
		return err
	}
	defer remove()
	session, err := runner.Start(runner.Options{})
	if err != nil {
		return err
	}
	defer session.Close()

	fmt.Printf("fifo/pipe on one CPU, %d interleaved launches: median of the ratios and its 95 %% interval\n\n", launches)
	fmt.Printf("%-10s %6s  %-22s  %-22s  %s\n", "workload", "size", "engine", "C", "engine/C of the ratio")
	for _, workload := range []string{"PingPong", "Stream"} {
		for _, size := range []int{64, 4096} {
			if err := compareTwins(session, loop, workload, size, launches, measured); err != nil {
				return err
			}
		}
	}
	return nil
}

func compareTwins(session *runner.Session, loop, workload string, size, launches int, measured time.Duration) error {
	var engine, c, both []float64
	ops := map[string]int{}
	for i := range launches {
		ns := map[string]float64{}
		mechs := []string{"pipe", "fifo"}
		if i%2 == 1 {
			mechs = []string{"fifo", "pipe"} // A B B A: a drift hits both alike
		}
		for _, mech := range mechs {
			cell := results.Cell{Workload: workload, Mechanism: mech, Size: size, Place: "same"}
			rec, n, err := measure(session, cell, runner.Measurement{Time: measured, Ops: ops[mech]})
			if err != nil {
				return err
			}
			ops[mech], ns[mech] = n, rec.NsPerOp
			cpu := strconv.Itoa(rec.Workers[0].CPUs[0])
			out, err := exec.Command(loop, mech, workload, strconv.Itoa(size), strconv.Itoa(n), cpu, cpu).Output()
			if err != nil {
				return fmt.Errorf("%s: C loop: %w", cell.Name(), err)
			}
			if ns["C "+mech], err = strconv.ParseFloat(strings.TrimSpace(string(out)), 64); err != nil {
				return err
			}
		}
		engine = append(engine, ns["fifo"]/ns["pipe"])
		c = append(c, ns["C fifo"]/ns["C pipe"])
		both = append(both, engine[i]/c[i])
	}
	fmt.Printf("%-10s %6d  %-22s  %-22s  %s\n", workload, size, interval(engine), interval(c), interval(both))
	return nil
}

// measure is one launch, tried again while it is not to be trusted.
func measure(session *runner.Session, cell results.Cell, how runner.Measurement) (results.Record, int, error) {
	for attempt := 1; ; attempt++ {
		rec, n := session.Measure(cell, how)
		if rec.Outcome == results.OK {
			return rec, n, nil
		}
		if rec.Outcome != results.Untrusted || attempt == 10 {
			return rec, n, fmt.Errorf("%s: %s: %s", cell.Name(), rec.Outcome, rec.Reason)
		}
	}
}

func interval(values []float64) string {
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), 0.95)
	return fmt.Sprintf("%.3f [%.3f, %.3f]", s.Center, s.Lo, s.Hi)
}

// compile builds the C loops.
func compile() (loop string, remove func(), err error) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		return "", nil, fmt.Errorf("gcc is not installed; on Debian: apt-get install gcc libc6-dev")
	}
	dir, err := os.MkdirTemp("", "ipcbench-fidelity-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	loop = filepath.Join(dir, "loop")
	cmd := exec.Command(gcc, "-O2", "-Wall", "-Werror", "-o", loop, filepath.Join("fidelity", "c", "loop.c"))
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		remove()
		return "", nil, fmt.Errorf("gcc: %w", err)
	}
	return loop, remove, nil
}
