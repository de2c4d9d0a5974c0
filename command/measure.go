package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/external"
	"ipcbench/internal/reexec"
	"ipcbench/results"
	"ipcbench/runner"
)

// A side of `ipcbench ab` is a process of its own, since it may be another
// binary, or this one under another environment. It answers requests for
// launches on its standard input with records on its standard output, a JSON
// value each, after a greeting.
type (
	greeting struct {
		Host      *results.Host `json:"host"`
		Isolation string        `json:"isolation"`
	}
	launchRequest struct {
		Cell results.Cell       `json:"cell"`
		How  runner.Measurement `json:"how"`
	}
	launchReply struct {
		Record results.Record `json:"record"`
		Ops    int            `json:"ops"`
	}
)

func newMeasure() *cobra.Command {
	var declared bool
	c := &cobra.Command{
		Use:    "measure",
		Short:  "Answer requests for launches, as a side of ab",
		Hidden: true,
		Args:   noArguments,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			in := json.NewDecoder(c.InOrStdin())
			if declared {
				var all []*external.Declaration
				if err := in.Decode(&all); err != nil {
					return failed(fmt.Errorf("read the declarations of external transports: %w", err))
				}
				if err := external.Ensure(all); err != nil {
					return failed(err)
				}
			}
			coordinator, err := runner.Start(runner.Options{})
			if err != nil {
				return failed(err)
			}
			defer func() { err = errors.Join(err, failed(coordinator.Close())) }()
			over := make(chan error, 1)
			go func() { over <- answerRequests(coordinator, in) }()
			select {
			case err := <-over:
				return failed(err)
			case <-c.Context().Done():
				return failed(coordinator.Interrupt())
			}
		},
	}
	c.Flags().BoolVar(&declared, "external", false, "declarations of external transports come first")
	return c
}

// answerRequests answers until there are no more.
func answerRequests(coordinator *runner.Coordinator, in *json.Decoder) error {
	out := json.NewEncoder(os.Stdout) // not through the buffer of standard output: each answer is awaited
	if err := out.Encode(greeting{coordinator.Host(version()), coordinator.Isolation}); err != nil {
		return err
	}
	for {
		var r launchRequest
		if err := in.Decode(&r); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read a request for a launch: %w", err)
		}
		rec, ops := coordinator.Measure(r.Cell, r.How)
		if err := out.Encode(launchReply{rec, ops}); err != nil {
			return err
		}
	}
}

// sideProcess is the other end: a command that runs `measure`.
type sideProcess struct {
	command string
	ctx     context.Context // when it is done, the side is to end
	leave   func()          // it follows this process no longer
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
	hello   greeting
}

// startSide runs the command, with the shell's quoting, and greets it. It gets to know
// the external transports.
func startSide(ctx context.Context, command string, transports []*external.Declaration, stderr io.Writer) (*sideProcess, error) {
	line := "exec " + command + " measure"
	if transports != nil {
		line += " --external"
	}
	a := &sideProcess{command: command, ctx: ctx, cmd: exec.CommandContext(ctx, "/bin/sh", "-c", line)}
	a.cmd.Stderr = stderr
	a.cmd.Cancel = func() error { return a.cmd.Process.Signal(syscall.SIGTERM) }
	var err error
	if a.in, err = a.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	a.leave = reexec.Follow(func(sig syscall.Signal) {
		if sig == syscall.SIGSTOP {
			sig = syscall.SIGTSTP // so that its own processes follow it
		}
		a.cmd.Process.Signal(sig)
	})
	a.out = json.NewDecoder(out)
	if transports != nil {
		err = json.NewEncoder(a.in).Encode(transports)
	}
	if err == nil {
		err = a.out.Decode(&a.hello)
	}
	if err != nil || a.hello.Host == nil {
		return nil, fmt.Errorf("%q is not a command that ends in ipcbench (--measure figures runs it as it is): %w", command, errors.Join(err, a.close()))
	}
	return a, nil
}

// measure asks for a launch. A side that has ended gives a failed record.
func (a *sideProcess) measure(c results.Cell, how runner.Measurement) (results.Record, int) {
	var r launchReply
	err := json.NewEncoder(a.in).Encode(launchRequest{c, how})
	if err == nil {
		err = a.out.Decode(&r)
	}
	if err != nil {
		// A terminal's Ctrl-C reaches the side as well, and may do so first.
		select {
		case <-a.ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
		return results.Record{Schema: results.Schema, Cell: c, Outcome: results.Failed, Fault: results.FaultDeath,
			Reason: fmt.Sprintf("the command %q of this side has ended: %v", a.command, err)}, 0
	}
	r.Record.Restore() // the side may be an earlier version
	return r.Record, r.Ops
}

// close ends the side: it exits when its input does.
func (a *sideProcess) close() error {
	defer a.leave()
	return errors.Join(a.in.Close(), a.cmd.Wait())
}
