package external

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/reexec"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Bounds on what a program may take.
const (
	maxOutput    = 1 << 20 // bytes on its standard output and error together
	maxProcesses = 256     // processes and threads, of it and its children, at once
	lookInterval = 100 * time.Millisecond
)

// Process is a running program, and what it has started. The process that starts it
// must be the first of its PID namespace, or a child subreaper, so that it inherits
// what the program leaves behind.
type Process struct {
	*talk
	PID  int
	path string

	mu       sync.Mutex
	status   *syscall.WaitStatus // nil: it runs
	output   []byte              // the last of it
	written  int
	overdone string // why it was killed; "": it was not
	ended    chan struct{}
}

// Start starts a program on the CPUs of the calling thread, to which the goroutine
// must be locked for as long as the program lives: the program dies with the thread.
// The files are its descriptors from 4 on.
func Start(p *mechanisms.Program, dir string, files []int) (*Process, error) {
	if err := reexec.Supervises(); err != nil {
		return nil, err
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(fds[1])
	unix.SetNonblock(fds[1], false)
	ours := os.NewFile(uintptr(fds[0]), "control")
	r, w, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	defer w.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, errors.Join(err, ours.Close(), r.Close())
	}
	defer null.Close()
	inherited := []uintptr{null.Fd(), w.Fd(), w.Fd(), uintptr(fds[1])}
	for _, fd := range files {
		inherited = append(inherited, uintptr(fd))
	}
	env := append([]string{"TMPDIR=" + dir}, p.Env...)
	pid, err := syscall.ForkExec(p.Command[0], p.Command, &syscall.ProcAttr{
		Dir: dir, Env: env, Files: inherited, Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", results.Quote(p.Command[0]), unstarted(p.Command[0], err)), ours.Close(), r.Close())
	}
	limitProcesses(pid)
	x := &Process{talk: newTalk(ours), PID: pid, path: p.Command[0], ended: make(chan struct{})}
	drained := make(chan struct{})
	go x.drain(r, drained)
	go x.reap(drained)
	go x.police()
	return x, nil
}

// unstarted explains why a program that is there could not be executed: the kernel's
// error speaks of the interpreter of a script as if it were the script, execve(2).
func unstarted(path string, err error) error {
	f, unread := os.Open(path)
	if unread != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 256) // as much as the kernel reads
	n, _ := io.ReadFull(f, head)
	first, _, _ := strings.Cut(string(head[:n]), "\n")
	script := strings.HasPrefix(first, "#!")
	switch interpreter, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(first, "#!")), " "); {
	case errors.Is(err, unix.ENOENT) && script:
		return fmt.Errorf("its interpreter %s: %w", results.Quote(interpreter), err)
	case errors.Is(err, unix.ENOEXEC) && !script:
		return fmt.Errorf("it is no program for this machine, and its first line names no interpreter, as #!/usr/bin/python3 does: %w", err)
	}
	return err
}

// drain keeps the end of what the program writes. One that does not stop is killed.
func (x *Process) drain(r *os.File, done chan<- struct{}) {
	defer close(done)
	defer r.Close()
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		x.mu.Lock()
		x.written += n
		x.output = append(x.output, buf[:n]...)
		if over := len(x.output) - 2000; over > 0 {
			x.output = append(x.output[:0], x.output[over:]...)
		}
		over := x.written > maxOutput
		x.mu.Unlock()
		if over {
			x.kill("it wrote more than " + results.FormatBytes(maxOutput) + " to its standard output and error")
			io.Copy(io.Discard, r)
		}
		if err != nil {
			return
		}
	}
}

// reap waits for all children of this process: the program, and what it leaves
// behind.
func (x *Process) reap(drained <-chan struct{}) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return // ECHILD: none is left
		}
		if pid != x.PID {
			continue
		}
		killAll(x.PID) // what it has started
		select {
		case <-drained:
		case <-time.After(lookInterval): // one that could not be killed holds the pipe
		}
		x.mu.Lock()
		x.status = &status
		x.mu.Unlock()
		close(x.ended)
	}
}

// police ends a program that has started too many processes.
func (x *Process) police() {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		select {
		case <-x.ended:
			return
		case <-tick.C:
		}
		if n := len(descendants()); n > maxProcesses {
			x.kill(fmt.Sprintf("it has %d processes and threads, more than %d", n, maxProcesses))
		}
	}
}

// kill ends the program and all that it has started, for a reason.
func (x *Process) kill(why string) {
	x.mu.Lock()
	if x.overdone == "" {
		x.overdone = why
	}
	x.mu.Unlock()
	killAll(x.PID)
}

// Die kills the program, as kill -9 does.
func (x *Process) Die() { killAll(x.PID) }

// Kill ends the program and all that it has started, and the conversation with it.
func (x *Process) Kill() {
	killAll(x.PID)
	x.f.Close()
}

// explain is what went wrong, where a conversation ended with err: the program's own
// end and its output explain more.
func (x *Process) explain(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
		select {
		case <-x.ended:
		case <-time.After(time.Second):
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	var said *SaidError
	var refused *mechanisms.UnsupportedError
	switch {
	case errors.As(err, &refused):
		return err
	case x.overdone != "":
		err = errors.New(x.overdone + ", and was killed")
	case errors.As(err, &said):
	case x.status != nil:
		dead := &DeathError{Path: x.path, Status: *x.status, Output: strings.TrimSpace(results.Quote(lastLine(x.output)))}
		if dead.Output == "" && x.due == "hello" {
			dead.Output = "it sent no \"hello\": does it call the main function of its kit?"
		}
		return dead
	case errors.Is(err, io.EOF), errors.Is(err, unix.EPIPE), errors.Is(err, unix.ECONNRESET):
		err = errors.New("it closed its control descriptor")
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("it sent no %q in time (state %s)%w", x.due, state(x.PID), silent{os.ErrDeadlineExceeded})
	}
	text := strings.TrimSpace(results.Quote(lastLine(x.output)))
	if text != "" {
		err = fmt.Errorf("%w; its last output: %s", err, text)
	}
	return fmt.Errorf("program %s: %w", results.Quote(x.path), err)
}

// DeathError is a program that ended without being asked to.
type DeathError struct {
	Path   string
	Status syscall.WaitStatus
	Output string // the last line of its output
}

func (e *DeathError) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("program %s ended with %s: %s", results.Quote(e.Path), describe(e.Status), e.Output), ": ")
}

// silent is an error that adds nothing to a message.
type silent struct{ error }

func (silent) Error() string { return "" }

func (s silent) Unwrap() error { return s.error }

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// describe is how a process ended, in words.
func describe(s syscall.WaitStatus) string {
	if s.Signaled() {
		return unix.SignalName(s.Signal())
	}
	return fmt.Sprintf("status %d", s.ExitStatus())
}
