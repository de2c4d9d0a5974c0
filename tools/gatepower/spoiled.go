package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"ipcbench/internal/sys"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// spoiledCells are few, since every trial measures them all: of one that sleeps,
// one that spins and one that does both, at every place.
var spoiledCells = []string{"--workload", "pingpong,stream", "--mech", "pipe,sysvmsg,shmfutex,shmspin", "--size", "64", "--place", "same,smt,cross,socket,free", "--launches", "10", "--time", "50ms"}

// spoiled measures cells in several runs side by side, and beside a busy loop on
// each CPU, and before and after each of these on a quiet machine. A launch that
// is ok without a warning must lie within three times the range of its cell's
// quiet launches. They are from all over the time, since a machine that is shared
// is at times twice as fast as at others.
func spoiled(ctx context.Context, bin *programs, s settings, args []string) error {
	if len(args) == 0 {
		args = spoiledCells
	}
	type trial struct {
		surroundings string
		records      []results.Record
	}
	var quiet, loaded []trial
	rest := func() error {
		records, err := bin.runs(ctx, 1, args)
		quiet = append(quiet, trial{fmt.Sprintf("quiet, %d", len(quiet)+1), records})
		return err
	}
	for i := range s.trials {
		if err := rest(); err != nil {
			return err
		}
		both, err := bin.runs(ctx, 2, args)
		if err != nil {
			return err
		}
		loaded = append(loaded, trial{fmt.Sprintf("two runs side by side, %d", i+1), both})
	}
	if err := rest(); err != nil {
		return err
	}
	stop, err := occupy()
	if err != nil {
		return err
	}
	beside, err := bin.runs(ctx, 1, args)
	stop()
	if err != nil {
		return err
	}
	loaded = append(loaded, trial{"beside a busy loop on each CPU", beside})
	if err := rest(); err != nil {
		return err
	}
	var all []results.Record
	for _, t := range quiet {
		all = append(all, t.records...)
	}
	ranges := clean(all)
	text.Head(os.Stdout, "lr", "surroundings", "launches", "untrusted", "warned", "ok without a warning", "of these, outside")
	var outside []string
	for _, t := range slices.Concat(quiet, loaded) {
		outside = append(outside, count(t.surroundings, t.records, ranges)...)
	}
	for _, line := range outside {
		fmt.Println(line)
	}
	return nil
}

// within is what launches of a cell may take, in ns an operation.
type within struct{ least, most float64 }

// clean gives three times the range of the launches of each cell that are ok
// without a warning.
func clean(records []results.Record) map[results.Cell]within {
	times := map[results.Cell][]float64{}
	for _, r := range records {
		if r.Outcome == results.OK && len(r.Warnings) == 0 {
			times[r.Cell] = append(times[r.Cell], r.NsPerOp)
		}
	}
	ranges := map[results.Cell]within{}
	for c, t := range times {
		least, most := slices.Min(t), slices.Max(t)
		ranges[c] = within{least - (most - least), most + (most - least)}
	}
	return ranges
}

// count prints how many launches came out how, and returns a line for each that
// looks clean and is not.
func count(surroundings string, records []results.Record, ranges map[results.Cell]within) (outside []string) {
	untrusted, warned, ok := 0, 0, 0
	for _, r := range records {
		switch {
		case r.Outcome == results.Untrusted:
			untrusted++
		case r.Outcome == results.OK && len(r.Warnings) > 0:
			warned++
		case r.Outcome == results.OK:
			ok++
			if in, measured := ranges[r.Cell]; measured && (r.NsPerOp < in.least || r.NsPerOp > in.most) {
				outside = append(outside, fmt.Sprintf("* %s: %s, launch %d: %s, outside %s to %s", surroundings, r.Cell.Name(), r.Launch,
					results.FormatTime(r.NsPerOp), results.FormatTime(in.least), results.FormatTime(in.most)))
			}
		}
	}
	text.Row(os.Stdout, surroundings, untrusted+warned+ok, untrusted, warned, ok, len(outside))
	return outside
}

// runs executes n runs at once, and returns the records of all.
func (p *programs) runs(ctx context.Context, n int, args []string) (all []results.Record, err error) {
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			records, failure := p.run(ctx, filepath.Join(p.dir, "run"+strconv.Itoa(i)), args)
			mu.Lock()
			defer mu.Unlock()
			all, err = append(all, records...), errors.Join(err, failure)
		})
	}
	group.Wait()
	return all, err
}

// run executes one run and returns its records.
func (p *programs) run(ctx context.Context, out string, args []string) ([]results.Record, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(p.dir, "ipcbench"), append([]string{"run", "--out", out}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it leaves nothing behind
	output, err := cmd.CombinedOutput()
	if status := cmd.ProcessState.ExitCode(); err != nil && status != 5 {
		return nil, fmt.Errorf("ipcbench run: %w\n%s", err, output)
	}
	found, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("no run in %s", out)
	}
	set, err := results.Read(slices.Max(found)) // the latest: names begin with the time
	if err != nil {
		return nil, err
	}
	return set.Records, nil
}

// occupy keeps every CPU busy with a process of its own, until stopped.
func occupy() (stop func(), err error) {
	var busy []*exec.Cmd
	stop = func() {
		for _, cmd := range busy {
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	for cpu := range runtime.NumCPU() {
		cmd := exec.Command("sh", "-c", "while :; do :; done")
		started := make(chan error)
		go func() {
			runtime.LockOSThread() // a child begins with the CPUs of its parent's thread, which ends here
			err := sys.RunOn(cpu)
			if err == nil {
				err = cmd.Start()
			}
			started <- err
		}()
		if err := <-started; err != nil {
			stop()
			return nil, fmt.Errorf("occupy CPU %d: %w", cpu, err)
		}
		busy = append(busy, cmd)
	}
	return stop, nil
}
