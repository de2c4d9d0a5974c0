package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"ipcbench/internal/objects"
	"ipcbench/results"
)

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
