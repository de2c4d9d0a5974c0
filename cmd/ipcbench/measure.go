package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

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
	return &cobra.Command{
		Use:    "measure",
		Short:  "Answer requests for launches, as a side of ab",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			coordinator, err := runner.Start(runner.Options{})
			if err != nil {
				return failed(err)
			}
			defer func() { err = errors.Join(err, failed(coordinator.Close())) }()
			// Not through the buffer of standard output: each answer is awaited.
			in, out := json.NewDecoder(c.InOrStdin()), json.NewEncoder(os.Stdout)
			if err := out.Encode(greeting{coordinator.Host(version()), coordinator.Isolation}); err != nil {
				return failed(err)
			}
			for {
				var r launchRequest
				if err := in.Decode(&r); err == io.EOF {
					return nil
				} else if err != nil {
					return failed(fmt.Errorf("read a request for a launch: %w", err))
				}
				rec, ops := coordinator.Measure(r.Cell, r.How)
				if err := out.Encode(launchReply{rec, ops}); err != nil {
					return failed(err)
				}
			}
		},
	}
}

// sideProcess is the other end: a command that runs `measure`.
type sideProcess struct {
	command string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
	hello   greeting
}

// startSide runs the command, with the shell's quoting, and greets it.
func startSide(command string, stderr io.Writer) (*sideProcess, error) {
	a := &sideProcess{command: command, cmd: exec.Command("/bin/sh", "-c", "exec "+command+" measure")}
	a.cmd.Stderr = stderr
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
	a.out = json.NewDecoder(out)
	if err := a.out.Decode(&a.hello); err != nil || a.hello.Host == nil {
		return nil, fmt.Errorf("%q is not a command that ends in ipcbench: %w", command, errors.Join(err, a.close()))
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
		return results.Record{Schema: results.Schema, Cell: c, Outcome: results.Failed, Fault: results.FaultDeath,
			Reason: fmt.Sprintf("the command %q of this side has ended: %v", a.command, err)}, 0
	}
	r.Record.Restore() // the side may be an earlier version
	return r.Record, r.Ops
}

// close ends the side: it exits when its input does.
func (a *sideProcess) close() error {
	return errors.Join(a.in.Close(), a.cmd.Wait())
}
