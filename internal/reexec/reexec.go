// Package reexec starts this program again as a process of another role, and
// ends such processes.
//
// The role stands in an environment variable of the package that gives the
// process its work. Descriptor 3 of the process is its control connection, a
// socket whose other end its parent holds. A process whose variable is set, but
// whose descriptor 3 is not a socket that its parent has made, ends with a
// message: a variable that is left over in a shell must not turn the command
// into a worker.
package reexec

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// ControlFD is the descriptor of a process's control connection.
const ControlFD = 3

// Variable is the name of the environment variable that holds the role of a
// process.
type Variable string

// Role is the role of this process, "" where Start of the same variable has not
// started it.
func (v Variable) Role() string { return os.Getenv(string(v)) }

// Become calls the function of this process's role and exits with the status
// that it returns. It returns where this process has no role. It must come
// first in main and in TestMain, since Start executes /proc/self/exe.
func (v Variable) Become(roles map[string]func() int) {
	role := v.Role()
	if role == "" {
		return
	}
	if err := fromParent(); err != nil {
		v.Refuse()
	}
	os.Unsetenv(string(v))
	unix.CloseOnExec(ControlFD)
	unix.Umask(0o077) // whatever this user's is: roles open what others of this user have made
	become := roles[role]
	if become == nil {
		fmt.Fprintf(os.Stderr, "ipcbench: %s=%s: there is no such process\n", v, role)
		os.Exit(2)
	}
	os.Exit(become())
}

// Refuse ends this process, which has a role and no parent that gave it one.
func (v Variable) Refuse() {
	fmt.Fprintf(os.Stderr, "ipcbench: %s=%s is set, but no parent is on descriptor %d: unset it; the program starts such processes itself\n", v, v.Role(), ControlFD)
	os.Exit(2)
}

// fromParent checks that the control descriptor is a socket that the parent of
// this process has made.
func fromParent() error {
	cred, err := unix.GetsockoptUcred(ControlFD, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err == unix.EPERM || err == unix.ENOSYS {
		return nil // a filter refuses it: what comes in the first message shows it too
	}
	if err != nil {
		return err
	}
	// Seen from another PID namespace the parent is 0 to both.
	if int(cred.Pid) != os.Getppid() {
		return fmt.Errorf("descriptor %d belongs to process %d, not to the parent", ControlFD, cred.Pid)
	}
	return nil
}

// Null stands for /dev/null in Command.Stdio.
const Null = -1

// openNull opens /dev/null, or a file without a name where a bare root has no
// /dev: it is as empty for a reader, and goes with its last descriptor.
func openNull() (int, error) {
	fd, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT {
		fd, err = unix.MemfdCreate("null", unix.MFD_CLOEXEC)
		return fd, os.NewSyscallError("memfd_create", err)
	}
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	return fd, nil
}

// Command is a process to start.
type Command struct {
	Role   string   // ps(1) shows it as ipcbench-ROLE
	Name   string   // its only argument
	Stdio  [3]int   // its descriptors 0 to 2
	Files  []int    // its descriptors from ControlFD+1 on
	Env    []string // "NAME=value": the variables of its own
	HandOn []string // names of the variables that it gets from this process
	Attr   syscall.SysProcAttr
}

// Start starts this program again. Of the environment the process gets its
// role, what the command adds, and what Go's coverage, traces and race detector
// need.
//
// The caller must be locked to its thread where Attr asks for Pdeathsig, and for
// as long as the process lives: the signal follows the thread.
func (v Variable) Start(c Command) (*Process, error) {
	if err := Supervises(); err != nil {
		return nil, err
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := fds[0], fds[1]
	defer unix.Close(theirs)
	null := Null
	var files []uintptr
	for _, fd := range c.Stdio {
		if fd == Null && null == Null {
			if null, err = openNull(); err != nil {
				unix.Close(ours)
				return nil, err
			}
			defer unix.Close(null)
		}
		if fd == Null {
			fd = null
		}
		files = append(files, uintptr(fd))
	}
	files = append(files, uintptr(theirs))
	for _, fd := range c.Files {
		files = append(files, uintptr(fd))
	}
	env := append([]string{
		string(v) + "=" + c.Role,
		// The race detector would hold up the end of every process for a second.
		"GORACE=atexit_sleep_ms=0 " + os.Getenv("GORACE"),
	}, c.Env...)
	for _, name := range append([]string{"GOCOVERDIR", "GOTRACEBACK"}, c.HandOn...) {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"ipcbench-" + c.Role, c.Name}, &syscall.ProcAttr{Env: env, Files: files, Sys: &c.Attr})
	if err != nil {
		unix.Close(ours)
		err = &os.PathError{Op: "fork/exec", Path: "/proc/self/exe", Err: err}
		if errors.Is(err, unix.ENOENT) {
			err = fmt.Errorf("%w: mount /proc, proc(5)", err)
		}
		return nil, fmt.Errorf("start %s: %w", c.Role, err)
	}
	p := &Process{PID: pid, Control: ours}
	if c.Attr.Setpgid {
		p.leave = Follow(p.SignalGroup)
	}
	return p, nil
}

// Isolate gives the process of attr namespaces of its own: flags are those of
// clone(2). In a user namespace among them it is root inside, so that it may
// mount and set limits of its own, and this user outside.
func Isolate(attr *syscall.SysProcAttr, flags uintptr) {
	attr.Cloneflags = flags
	if flags&unix.CLONE_NEWUSER != 0 {
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: sys.EUID(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
}

// Raise is how to raise the limit that a call met, where its error is that of a
// limit of a process or of the system; else it is "".
func Raise(err error) string {
	switch {
	case errors.Is(err, unix.EMFILE):
		return "raise `ulimit -n`, getrlimit(2)"
	case errors.Is(err, unix.ENFILE):
		return "raise fs.file-max, proc_sys_fs(5)"
	case errors.Is(err, unix.EFBIG):
		return "raise `ulimit -f`, getrlimit(2)"
	}
	return ""
}

// Spare tries whether this process may have n more processes and threads, which
// the named thing needs. Where Go's runtime can't have a thread it ends the program
// with a dump of its stacks.
func Spare(name string, n int) error {
	spare, err := sys.Spare(n)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return fmt.Errorf("%d more processes or threads can start, %s needs %d: raise `ulimit -u`, getrlimit(2), or pids.max, cgroups(7): %w", spare, name, n, err)
	case err != nil:
		return fmt.Errorf("start a process: %w", err)
	}
	return nil
}

// Supervises tries the calls that a seccomp filter may refuse, and without which a
// process ends no other: getpid(2), wait4(2) and kill(2).
//
// Go starts a child with Pdeathsig that sends itself the signal where its parent seems
// gone. It takes the errors of getpid for PIDs, and kill(-1, SIGKILL) ends every
// process of the user: EPERM is -1. Without wait4 a run of a second ended after two
// minutes, when it gave up on processes that had ended; without kill it never did.
func Supervises() error {
	pid := os.Getpid()
	if pid <= 0 {
		return fmt.Errorf("a process needs its own PID: allow the call in the seccomp filter: %w", os.NewSyscallError("getpid", syscall.Errno(-pid)))
	}
	// No process is its own child: ECHILD is the kernel's answer.
	if _, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		return fmt.Errorf("a process needs to know when those that it started have ended: allow the call in the seccomp filter: %w", os.NewSyscallError("wait4", err))
	}
	if err := syscall.Kill(pid, 0); err != nil {
		return fmt.Errorf("a process needs to end those that it started: allow the call in the seccomp filter: %w", os.NewSyscallError("kill", err))
	}
	return nil
}

// Process is a child that Start has started, or one by its PID alone. Its methods are safe for
// concurrent use.
type Process struct {
	PID     int
	Control int // this end of its control connection; the caller closes it

	leave  func() // it follows this process no longer; nil: it never did
	mu     sync.Mutex
	reaped bool
	status syscall.WaitStatus
}

// AwaitEnd waits for the end of the process, and does not reap it: its number, and
// that of its group, stay its own.
func (p *Process) AwaitEnd() {
	for unix.Waitid(unix.P_PID, p.PID, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}

// Wait waits for the end of the process and reaps it. Later calls return the
// same status.
func (p *Process) Wait() syscall.WaitStatus {
	p.AwaitEnd()
	for {
		if status, ended := p.Reap(); ended {
			return status
		}
	}
}

// Reap reaps the process if it has ended, and reports whether it has.
func (p *Process) Reap() (status syscall.WaitStatus, ended bool) {
	defer func() {
		if ended && p.leave != nil {
			p.leave()
		}
	}()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		pid, err := syscall.Wait4(p.PID, &p.status, syscall.WNOHANG, nil)
		p.reaped = pid == p.PID || err != nil && err != syscall.EINTR
	}
	return p.status, p.reaped
}

// Kill ends the process by SIGKILL.
func (p *Process) Kill() { p.kill(p.PID, syscall.SIGKILL) }

// Terminate asks the process to end, by SIGTERM.
func (p *Process) Terminate() { p.kill(p.PID, syscall.SIGTERM) }

// KillGroup ends all processes of the group that the process leads by SIGKILL.
func (p *Process) KillGroup() { p.SignalGroup(syscall.SIGKILL) }

// SignalGroup signals all processes of the group that the process leads.
func (p *Process) SignalGroup(sig syscall.Signal) { p.kill(-p.PID, sig) }

// TakeStops reports whether a signal has stopped or continued the process since
// the last call. It does not reap.
func (p *Process) TakeStops() bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, p.PID, &info, unix.WSTOPPED|unix.WCONTINUED|unix.WNOHANG, nil)
	return err == nil && info.Signo != 0
}

// kill leaves a process alone that has been reaped: its number may be that of
// another process or group by now.
func (p *Process) kill(target int, sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		syscall.Kill(target, sig)
	}
}

// Conn carries values over a control connection, each as a line of JSON.
type Conn struct {
	*bufio.Reader
	w io.Writer
}

// NewConn returns a connection that reads from r and writes to w.
func NewConn(r io.Reader, w io.Writer) *Conn { return &Conn{bufio.NewReader(r), w} }

// Send sends a value, in one write.
func (c *Conn) Send(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.w.Write(append(line, '\n'))
	return err
}

// Receive reads the next value into v. It returns io.EOF when the process on
// the other side has gone, however it went.
func (c *Conn) Receive(v any) error {
	line, err := c.ReadBytes('\n')
	if err != nil {
		if errors.Is(err, unix.ECONNRESET) || len(line) > 0 {
			return io.EOF
		}
		return err
	}
	return json.Unmarshal(line, v)
}

// FD reads and writes the socket of a control connection without the poller of
// Go's runtime, which would take descriptors of its own, and without a word to
// Go's scheduler where this process is dedicated, see sys.Dedicate. The
// runtime's monitor sleeps when a program does, and wakes up with it to look
// every 20 µs what there is to do. It then sees a program that runs all the
// time, and looks every 10 ms. In rounds it would take a CPU from a peer each
// time, and make another process sleep.
type FD int

func (fd FD) Read(p []byte) (int, error) {
	n, err := sys.Read(int(fd), p)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// Write raises no SIGPIPE, whatever this process does about that signal.
func (fd FD) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n, err := unix.SendmsgN(int(fd), p[done:], nil, nil, unix.MSG_NOSIGNAL)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, os.NewSyscallError("sendmsg", err)
		}
		done += n
	}
	return len(p), nil
}
