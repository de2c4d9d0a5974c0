package main

import (
	"bufio"
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ipcbench/internal/objects"
	"ipcbench/results"
	"ipcbench/runner"
)

//go:embed c
var sources embed.FS

// twins are the compiled C twins, by mechanism.
type twins struct {
	dir      string
	notes    *objects.Journal // of dir
	compiler string           // "gcc (Debian 12.2.0-14) 12.2.0, -O2"
}

// compile builds the twin of every mechanism and floor. The caller removes
// them.
func compile() (t *twins, err error) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		return nil, fmt.Errorf("gcc is not installed; on Debian: apt-get install gcc libc6-dev")
	}
	notes, dir, err := objects.Scratch()
	if err != nil {
		return nil, err
	}
	t = &twins{dir: dir, notes: notes}
	defer func() {
		if err != nil {
			t.remove()
		}
	}()
	version, err := exec.Command(gcc, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("gcc --version: %w", err)
	}
	first, _, _ := strings.Cut(string(version), "\n")
	t.compiler = first + ", -O2"
	if err := os.CopyFS(dir, sources); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "c", "*.c"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		cmd := exec.Command(gcc, "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", t.path(strings.TrimSuffix(filepath.Base(file), ".c")), file)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("gcc %s: %w\n%s", filepath.Base(file), err, out)
		}
	}
	return t, nil
}

func (t *twins) path(mechanism string) string { return filepath.Join(t.dir, mechanism) }

func (t *twins) remove() error { return t.notes.Close() }

// twin is a running C twin of a cell: two processes that wait for rounds.
type twin struct {
	pids [2]int
	cell results.Cell
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// start starts the twin of a launch's cell on the launch's CPUs. Each of its
// processes has so many idle threads besides.
func (t *twins) start(l *runner.Launch, idle int) (*twin, error) {
	cpu := func(i int) string {
		if i < len(l.Workers) && len(l.Workers[i].CPUs) == 1 {
			return strconv.Itoa(l.Workers[i].CPUs[0])
		}
		return "-1"
	}
	c := &twin{cell: l.Cell}
	c.cmd = exec.Command(t.path(c.cell.Mechanism), c.cell.Workload, strconv.Itoa(c.cell.Size), cpu(0), cpu(1), strconv.Itoa(idle))
	c.cmd.Stderr = os.Stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := fmt.Fscanln(c.out, &c.pids[0], &c.pids[1]); err != nil {
		return nil, c.died(err)
	}
	return c, nil
}

// round plays n operations and returns how long they took.
func (c *twin) round(n int) (time.Duration, error) {
	late := time.AfterFunc(time.Minute, func() { c.cmd.Process.Kill() })
	defer late.Stop()
	if _, err := fmt.Fprintln(c.in, n); err != nil {
		return 0, c.died(err)
	}
	var ns int64
	if _, err := fmt.Fscanln(c.out, &ns); err != nil {
		return 0, c.died(err)
	}
	return time.Duration(ns), nil
}

// stop ends the twin.
func (c *twin) stop() error {
	c.in.Close()
	return c.cmd.Wait()
}

func (c *twin) died(err error) error {
	c.cmd.Process.Kill()
	return fmt.Errorf("twin of %s in C: %w (%v)", c.cell.Name(), err, c.stop())
}
