// Package command is the command ipcbench: Main runs it. Flags, help, exit statuses and
// what is printed are here, one file per command; docs/usage.md describes them.
package command

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/external/declare"
	_ "ipcbench/internal/compressed/zstd"
	"ipcbench/internal/reexec"
	"ipcbench/internal/sys"
	"ipcbench/internal/text"
	"ipcbench/kernels"
	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/sockets/netconn"
	"ipcbench/runner"
	"ipcbench/semantics"
)

// Exit statuses, as documented in docs/usage.md.
const (
	exitOK          = 0
	exitNo          = 1 // a check failed
	exitUsage       = 2
	exitFailed      = 3 // something that was asked for failed
	exitUnavailable = 4 // everything that was asked for is unavailable here
	exitUntrusted   = 5 // measured, but untrusted or not judged; 128+N: ended by signal N
)

// exitError ends the command with a status other than that of bad usage.
type exitError struct {
	status int
	err    error // nil: the message is out already
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// failed marks an error that is not one of usage.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitFailed, err}
}

// Main runs ipcbench with the arguments in os.Args, and ends the process with its exit
// status. It comes first in main: a run executes the program again for each of its
// processes, and Main turns such a process into the one that it is to be. It has every
// mechanism that is registered by then.
func Main() {
	sys.Unblock()
	runner.Init()
	semantics.Init()
	kernels.Init()
	bench.External = declare.Value
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs the command line and returns its exit status.
func execute(args []string, stdout, stderr io.Writer) int {
	if err := cmp.Or(mechanisms.Misregistered(), startable()); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(stderr, "ipcbench:", line)
		}
		return exitFailed
	}
	ctx, caught, restore := heed(stderr)
	defer restore()

	out := &checkedWriter{w: bufio.NewWriter(stdout), to: stdout}
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	out.Flush()
	if out.err != nil && (err == nil || errors.Is(err, out.err)) { // a verb may have seen it too
		err = failed(fmt.Errorf("write to standard output: %w", out.err))
	}
	status := exitOK
	var e *exitError
	switch {
	case errors.As(err, &e):
		status, err = e.status, e.err
	case err != nil:
		status = exitUsage
	}
	if sig := caught(); sig != 0 {
		status = signaled(sig)
	}
	if err != nil {
		if raise := reexec.Raise(err); raise != "" && !strings.Contains(err.Error(), raise) {
			err = fmt.Errorf("%w: %s", err, raise)
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(err.Error(), "\n"), "\n") { // errors that are joined have a line each
			if strings.HasPrefix(line, "  ") { // what belongs to the line before
				fmt.Fprintln(stderr, line)
				continue
			}
			tell(stderr, text.Bad, "ipcbench:", line)
		}
	}
	return status
}

// startable tries whether Go's runtime gets what it ends a program for.
func startable() error {
	if err := reexec.Supervises(); err != nil {
		return err
	}
	if err := sys.Polls(); err != nil {
		remedy := cmp.Or(reexec.Raise(err), "allow the call in the seccomp filter")
		return fmt.Errorf("the Go runtime needs a descriptor to wait with: %s: %w", remedy, err)
	}
	// Besides the threads that a program begins with: collectors, and some that wait
	// in calls. Each takes a millisecond to try.
	return reexec.Spare("a command", 4+min(4, runtime.GOMAXPROCS(0)))
}

// checkedWriter remembers the first write error: a table that was cut short
// is not a success.
type checkedWriter struct {
	to  io.Writer
	w   *bufio.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

// flush writes what was printed on standard output so far.
func flush(c *cobra.Command) {
	if out, ok := c.OutOrStdout().(*checkedWriter); ok {
		out.Flush()
	}
}

// Flush hands over what was written so far.
func (c *checkedWriter) Flush() {
	if err := c.w.Flush(); c.err == nil {
		c.err = err
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ipcbench",
		Short: "Measure latency and throughput of Linux IPC mechanisms",
		Long: fmt.Sprintf(`Ipcbench measures latency and throughput of %d Linux IPC mechanisms, from pipes
to shared memory, and checks every message. It runs identical workloads over
each, and reports medians with their intervals.

Exit status: 0 ok; 1 a check failed; 2 wrong usage; 3 something that was asked
for failed; 4 everything that was asked for is unavailable here; 5 measured, but
untrusted or not judged; 128+N ended by signal N.`, len(mechanisms.All())),
		Version:       provenance(buildInfo()),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(flagMistake)
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { writeHelp(c, c.OutOrStdout(), screen(c.OutOrStdout())) })
	root.SetUsageFunc(func(c *cobra.Command) error { writeUsage(c, c.OutOrStderr(), screen(c.OutOrStderr())); return nil })
	coloring = "auto"
	root.PersistentFlags().Var(&coloring, "color", "colors: on a terminal, unless NO_COLOR is set; always; never")
	completeFrom(root, "color", colorTimes)
	root.SetVersionTemplate("ipcbench {{.Version}}\n")
	root.AddCommand(newRun(), newAB(), newMeasure(), newCompare(), newReport(), newExport(), newRuns(), newMerge(), newPresets(), newChoose(), newAdvise(), newExplain(), newSemantics(), newConform(), newList(), newKernels(), newHistory(), newDoctor(), newClean(), newWords(), newDocs())
	return root
}
