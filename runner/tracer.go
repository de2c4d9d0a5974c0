package runner

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// tracer counts what another process does, from a thread of its own: ptrace(2)
// takes requests from no other thread.
type tracer struct {
	pid   int
	all   bool                        // all threads of the process, rather than the main one
	next  func(tid, signal int) error // lets a thread go on to its next stop
	see   func(tid int)               // notes a stop
	shift uintptr                     // from this program's code to that of the process
	cpu   int                         // where the tracer runs; -1: anywhere
	done  chan struct{}

	mu     sync.Mutex
	counts map[uint64]int // by number of the call
	saw    bool           // a call of the program, be it the harness's
}

// traceCalls begins to count the calls of the main thread of process pid, or of
// all its threads. The process must execute this program.
func traceCalls(pid int, all bool, timeout time.Duration) (*tracer, error) {
	here, err := startCode(os.Getpid())
	if err != nil {
		return nil, err
	}
	there, err := startCode(pid)
	if err != nil {
		return nil, err
	}
	t := &tracer{pid: pid, all: all, next: unix.PtraceSyscall, shift: there - here, cpu: -1}
	t.see = t.countCall
	return t, t.start(timeout)
}

// start begins to count, until the process ends. Where this process ends before,
// the kernel kills that one. A process that does not stop for it in time is
// killed.
func (t *tracer) start(timeout time.Duration) error {
	t.counts, t.done = map[uint64]int{}, make(chan struct{})
	late := time.AfterFunc(timeout, t.kill)
	defer late.Stop()
	attached := make(chan error, 1)
	go t.run(attached)
	select {
	case err := <-attached:
		return err
	case <-time.After(timeout + hearOut):
		return errTracerGone
	}
}

// errTracerGone reports that the thread that traces does not answer, though what
// it traces has ended: a filter may have killed it.
var errTracerGone = errors.New("the thread that traces does not answer: ptrace(2)")

// mayTrace reports whether ptrace(2) is permitted: a child tries it. A filter that
// kills whatever calls it kills the child.
func mayTrace() error {
	runtime.LockOSThread() // the child's tracer is this thread
	defer runtime.UnlockOSThread()
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"ipcbench-traced"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Ptrace: true, Pdeathsig: unix.SIGKILL}})
	if err != nil {
		return fmt.Errorf("ptrace(2), which a child tried: %w", err)
	}
	var status unix.WaitStatus
	wait := func() error { _, err := unix.Wait4(pid, &status, 0, nil); return err }
	if err := sys.Retry(wait); err != nil {
		return os.NewSyscallError("wait4", err)
	}
	if status.Signaled() {
		return fmt.Errorf("ptrace(2): a child that tried it %w", newDeathError(syscall.WaitStatus(status)))
	}
	unix.Kill(pid, unix.SIGKILL) // it stands still before its first instruction
	return os.NewSyscallError("wait4", sys.Retry(wait))
}

// restart returns the counts so far and begins anew.
func (t *tracer) restart() map[uint64]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := t.counts
	t.counts = map[uint64]int{}
	return counts
}

// end waits until the process, which was asked to, has ended, and kills it if
// it does not.
func (t *tracer) end(timeout time.Duration) {
	late := time.AfterFunc(timeout, t.kill)
	defer late.Stop()
	select {
	case <-t.done:
	case <-time.After(timeout + hearOut):
	}
}

// kill ends the process. Its tracer is the first to reap it, so that its number is
// no other process's before done is closed.
func (t *tracer) kill() { unix.Kill(t.pid, unix.SIGKILL) }

func (t *tracer) run(attached chan<- error) {
	runtime.LockOSThread() // ends with the goroutine
	defer close(t.done)
	if t.cpu >= 0 {
		// Beside the process, a stop costs two switches, not two wake-ups.
		var set unix.CPUSet
		set.Set(t.cpu)
		unix.SchedSetaffinity(0, &set)
	}
	err := t.attach()
	attached <- err
	if err != nil {
		return
	}
	for {
		var status unix.WaitStatus
		tid, err := t.wait(t.any(), &status)
		ended := status.Exited() || status.Signaled()
		if err != nil || ended && tid == t.pid { // the kernel reports the main thread's end last
			return
		}
		if ended {
			continue
		}
		signal := 0
		switch stop := status.StopSignal(); {
		case stop&^0x80 == unix.SIGTRAP && status>>16 == 0: // with 0x80 a system call, for PTRACE_O_TRACESYSGOOD
			t.see(tid)
		case status>>16 != 0: // an event of the tracing itself
		default:
			signal = int(stop) // on its way to the process
		}
		t.next(tid, signal) // of one that was killed meanwhile, wait returns the end
	}
}

// any is what run waits for: the main thread, or any.
func (t *tracer) any() int {
	if t.all {
		return -1
	}
	return t.pid
}

// attach stops the main thread and lets it go on to its next system call; with
// all the others do so too, and those that they make are traced from the start.
func (t *tracer) attach() error {
	if err := t.attachTo(t.pid); err != nil || !t.all {
		return err
	}
	for seen := map[int]bool{t.pid: true}; ; {
		before := len(seen)
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", t.pid))
		if err != nil {
			return err
		}
		for _, task := range tasks {
			tid, err := strconv.Atoi(task.Name())
			if err != nil || seen[tid] {
				continue
			}
			seen[tid] = true
			// One that has ended, or whose maker is traced, needs no attaching.
			if err := t.attachTo(tid); err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.EPERM) {
				return err
			}
		}
		if len(seen) == before {
			return nil
		}
	}
}

func (t *tracer) attachTo(tid int) error {
	if err := unix.PtraceSeize(tid); err != nil {
		return os.NewSyscallError("ptrace", err)
	}
	options := unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_EXITKILL
	if t.all {
		options |= unix.PTRACE_O_TRACECLONE
	}
	var status unix.WaitStatus
	err := unix.PtraceInterrupt(tid)
	if err == nil {
		_, err = t.wait(tid, &status)
	}
	if err == nil {
		err = unix.PtraceSetOptions(tid, options)
	}
	if err == nil {
		_, err = t.info(tid) // needs Linux 5.3
	}
	if err == nil {
		err = t.next(tid, 0)
	}
	if err != nil {
		unix.PtraceDetach(tid)
	}
	return os.NewSyscallError("ptrace", err)
}

// wait waits for a thread to stop or end, -1 for any that this thread traces, and
// returns which it is.
func (t *tracer) wait(tid int, status *unix.WaitStatus) (int, error) {
	const notThread = 0x20000000 // __WNOTHREAD: children of other threads are theirs to reap
	for {
		if tid, err := unix.Wait4(tid, status, unix.WALL|notThread, nil); err != unix.EINTR {
			return tid, err
		}
	}
}

// stopInfo is the start of struct ptrace_syscall_info of linux/ptrace.h, as at
// the entry of a call.
type stopInfo struct {
	op   uint8
	_    [3]uint8
	arch uint32
	ip   uint64
	sp   uint64
	nr   uint64
	args [6]uint64
}

func (t *tracer) info(tid int) (i stopInfo, err error) {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid), unsafe.Sizeof(i), uintptr(unsafe.Pointer(&i)), 0, 0)
	if errno != 0 {
		return i, errno
	}
	return i, nil
}

// countCall notes a call that begins. Calls on the control connection are the
// harness's, and not the mechanism's. Nor are those of the Go runtime when a call
// blocks: it hands its processor on, the sooner the slower the tracer.
func (t *tracer) countCall(tid int) {
	i, err := t.info(tid)
	if err != nil || i.op != unix.PTRACE_SYSCALL_INFO_ENTRY {
		return
	}
	if ofRuntime(uintptr(i.ip) - t.shift) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.saw = true
	control := (i.nr == unix.SYS_READ || i.nr == unix.SYS_WRITE) && i.args[0] == controlFD
	if !control {
		t.counts[i.nr]++
	}
}

// sees reports whether the tracer has seen a call of the program.
func (t *tracer) sees() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.saw
}

// ofRuntime reports whether the instruction is the Go runtime's own, or of the C
// code that the race detector brings. Calls that a program asks for go through
// functions of other packages.
func ofRuntime(pc uintptr) bool {
	f := runtime.FuncForPC(pc)
	return f == nil || strings.HasPrefix(f.Name(), "runtime.")
}

// startCode is where the program of a process lies in its memory.
func startCode(pid int) (uintptr, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	stat, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	const startcode = 26 - 3 // proc_pid_stat(5), counted from the state, behind a name that may hold anything
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= startcode {
		return 0, fmt.Errorf("%s: %d fields after the name", path, len(fields))
	}
	n, err := strconv.ParseUint(string(fields[startcode]), 10, 64)
	return uintptr(n), err
}
