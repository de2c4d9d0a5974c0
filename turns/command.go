package turns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"ipcbench/internal/reexec"
)

// A signal that ends the command, or a time limit, gives an execution this long to end
// by itself, after SIGTERM. A further signal gives it no more.
const grace = 500 * time.Millisecond

// maxOutput bounds what is kept of an output, in bytes.
const maxOutput = 16 << 20

// process is a shell command. It leads a process group of its own, which ends with it.
type process struct {
	*reexec.Process
	leave   func() // it follows this process no longer
	stopped atomic.Bool
	ended   chan time.Time
}

// launch starts a shell command with nothing to read.
func launch(command string, env []string, stdout, stderr *os.File) (*process, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", command}, &syscall.ProcAttr{
		Env: env, Files: []uintptr{null.Fd(), stdout.Fd(), stderr.Fd()}, Sys: &syscall.SysProcAttr{Setpgid: true}})
	if err != nil {
		return nil, &os.PathError{Op: "fork/exec", Path: "/bin/sh", Err: err}
	}
	p := &process{Process: &reexec.Process{PID: pid}, ended: make(chan time.Time, 1)}
	p.leave = reexec.Follow(func(sig syscall.Signal) {
		p.stopped.Store(true)
		p.SignalGroup(sig)
	})
	go func() {
		p.AwaitEnd()
		p.ended <- time.Now()
	}()
	return p, nil
}

// await waits for the end of the command itself. Where it comes too late, or ctx is
// done before, the group is ended.
func (p *process) await(ctx context.Context, limit time.Duration) (at time.Time, err error) {
	due, stop := reexec.After(limit)
	defer stop()
	select {
	case at := <-p.ended:
		return at, nil
	case <-due:
		err = fmt.Errorf("it did not end within %v: --timeout gives it more", limit)
	case <-ctx.Done():
		err = ctx.Err()
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(again)
	p.SignalGroup(syscall.SIGTERM)
	p.SignalGroup(syscall.SIGCONT)
	select {
	case <-p.ended:
	case <-time.After(grace):
		p.KillGroup()
		<-p.ended
	case <-again:
		p.KillGroup()
		<-p.ended
	}
	return at, err
}

// end ends what is left of the group, and returns how the command ended.
func (p *process) end() syscall.WaitStatus {
	p.KillGroup()
	defer p.leave()
	return p.Wait()
}

// failed is why the command did not succeed, which has ended and was not reaped: its
// last field in proc_pid_stat(5).
func (p *process) failed() error {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return err
	}
	status, err := strconv.Atoi(lastField(stat))
	if err != nil {
		return fmt.Errorf("/proc/%d/stat: %w", p.PID, err)
	}
	return failure(syscall.WaitStatus(status))
}

func lastField(text []byte) string {
	fields := strings.Fields(string(text))
	return fields[len(fields)-1]
}

// failure is why a command did not succeed, nil where it did.
func failure(status syscall.WaitStatus) error {
	switch {
	case status.Signaled():
		return fmt.Errorf("signal %d (%v) ended it", status.Signal(), status.Signal())
	case status.ExitStatus() != 0:
		return fmt.Errorf("exit status %d", status.ExitStatus())
	}
	return nil
}

// output is what a command writes to a pipe: the first maxOutput bytes. It reads on
// what follows, so that the command does not wait.
type output struct {
	w, r *os.File // the command's end, and ours
	read sync.WaitGroup
	text []byte
	more bool
}

func newOutput() (*output, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o := &output{w: w, r: r}
	o.read.Go(func() {
		var b bytes.Buffer
		io.CopyN(&b, r, maxOutput)
		o.text = b.Bytes()
		n, _ := io.Copy(io.Discard, r)
		o.more = n > 0
	})
	return o, nil
}

// close waits until all that could write have gone. What has left the command's group
// may hold the pipe, and is not waited for.
func (o *output) close() {
	o.r.SetReadDeadline(time.Now().Add(grace))
	o.read.Wait()
	o.r.Close()
}

// lastLine is the last line of a text that is not empty.
func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// execution is what one execution of a command gave.
type execution struct {
	began   time.Time
	took    time.Duration
	cpu     time.Duration // user and system, of all processes that it waited for
	stopped bool          // it was stopped with this process
	stdout  []byte
}

// execute runs a command and waits for its end.
func execute(ctx context.Context, command string, env []string, limit time.Duration) (e execution, err error) {
	stdout, err := newOutput()
	if err != nil {
		return e, err
	}
	stderr, err := newOutput()
	if err != nil {
		stdout.w.Close()
		stdout.close()
		return e, err
	}
	before := childrenTime()
	e.began = time.Now()
	p, err := launch(command, env, stdout.w, stderr.w)
	stdout.w.Close()
	stderr.w.Close()
	if err == nil {
		var at time.Time
		at, err = p.await(ctx, limit)
		e.took = at.Sub(e.began)
		err = errors.Join(err, failure(p.end()))
		e.stopped = p.stopped.Load()
		e.cpu = childrenTime() - before
	}
	stdout.close()
	stderr.close()
	e.stdout = stdout.text
	switch why := lastLine(stderr.text); {
	case ctx.Err() != nil:
		return e, ctx.Err()
	case err != nil:
		if why == "" {
			why = lastLine(stdout.text)
		}
		if why != "" {
			err = fmt.Errorf("%w: %s", firstOf(err), why)
		}
		return e, firstOf(err)
	case stdout.more:
		return e, fmt.Errorf("it printed more than %d MiB", maxOutput>>20)
	}
	return e, nil
}

// firstOf is the first of errors that are joined: why a process was ended says more
// than how it ended.
func firstOf(err error) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		return all.Unwrap()[0]
	}
	return err
}

// childrenTime is the processor time of all children that were reaped.
func childrenTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
