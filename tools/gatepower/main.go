// Power finds out on this machine, with its noise, how often the gate raises
// a false alarm and how often it catches a regression that is really there.
//
//	go run ./tools/gatepower aa                     # ab of the program with itself: no alarm is right
//	go run ./tools/gatepower caught                 # one planted regression of 15 %: an alarm is right
//	go run ./tools/gatepower table                  # alarms against the regression and the launches
//	go run ./tools/gatepower spoiled -trials 3      # launches on a busy machine: none may look clean that is not
//
// Arguments after -- are given to every `ipcbench ab` of aa and caught, and to
// every `ipcbench run` of spoiled; those of table are lengths of its filters. The
// results are for docs/method.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	_ "ipcbench/internal/compressed/zstd"
	"ipcbench/internal/objects"
	"ipcbench/results"
)

// verbs by name; each prints lines of a Markdown table as it gets them.
var verbs = map[string]func(ctx context.Context, bin *programs, s settings, args []string) error{
	"aa":      falseAlarms,
	"caught":  caught,
	"table":   table,
	"spoiled": spoiled,
}

// settings of all verbs; each has its use for some.
type settings struct {
	trials       int
	instructions int // of the filter that slows by 15 %; 0: calibrate
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "power:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || verbs[args[0]] == nil {
		return fmt.Errorf("%q: want aa, caught, table or spoiled", args)
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	var s settings
	flags.IntVar(&s.trials, "trials", 20, "comparisons of each kind, or runs side by side")
	flags.IntVar(&s.instructions, "instructions", 0, "of the filter of caught, as an earlier calibration found them; 0 calibrates")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	bin, err := build()
	if err != nil {
		return err
	}
	defer bin.notes.Close()
	return verbs[args[0]](ctx, bin, s, flags.Args())
}

// programs are the built commands, in a directory of their own.
type programs struct {
	dir   string
	notes *objects.Journal // of dir
}

func build() (*programs, error) {
	notes, dir, err := objects.Scratch()
	if err != nil {
		return nil, err
	}
	for _, program := range []string{"./cmd/ipcbench", "./tools/slowdown"} {
		if out, err := exec.Command("go", "build", "-o", dir, program).CombinedOutput(); err != nil {
			notes.Close()
			return nil, fmt.Errorf("build %s: %w\n%s", program, err, out)
		}
	}
	return &programs{dir, notes}, nil
}

// comparison is what one `ipcbench ab` gave.
type comparison struct {
	status int                 // its exit status
	sides  [2][]results.Record // A's and B's
}

// ab compares the program with itself under a filter of n instructions, or
// under none.
func (p *programs) ab(ctx context.Context, n int, args ...string) (*comparison, error) {
	runs := filepath.Join(p.dir, "runs")
	if err := os.RemoveAll(runs); err != nil {
		return nil, err
	}
	a := filepath.Join(p.dir, "ipcbench")
	b := a
	if n > 0 {
		b = fmt.Sprintf("%s %d %s", filepath.Join(p.dir, "slow"), n, a)
	}
	cmd := exec.CommandContext(ctx, a, append([]string{"ab", "--a", a, "--b", b, "--out", runs}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it leaves nothing behind
	out, err := cmd.CombinedOutput()
	c := &comparison{status: cmd.ProcessState.ExitCode()}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && (c.status == 1 || c.status == 3 || c.status == 5) {
		err = nil // verdicts, not failures: no cell left to compare is one on a busy machine
	}
	if err != nil {
		return nil, fmt.Errorf("ipcbench ab: %w\n%s", err, out)
	}
	for i, side := range []string{"a", "b"} {
		found, err := filepath.Glob(filepath.Join(runs, "*-"+side))
		if err != nil || len(found) != 1 {
			return nil, fmt.Errorf("%d runs of side %s in %s", len(found), side, runs)
		}
		set, err := results.Read(found[0])
		if err != nil {
			return nil, err
		}
		c.sides[i] = set.Records
	}
	return c, nil
}
