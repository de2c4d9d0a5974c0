package runner

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Steps counts the instructions that the main threads of some processes
// execute in user mode for one operation, by single steps, ptrace(2). That is
// exact, needs no counters of the processor and no quiet machine. A copy that
// is one instruction counts as often as it repeats, so that only counts for
// short messages compare.
type Steps struct {
	steppers []*stepper
	timeout  time.Duration
}

// stepper follows one process, call by call, and for a while in the middle of
// a round instruction by instruction.
type stepper struct {
	tracer
	isCall map[uint64]bool // by address: the instruction enters the kernel
	calls  int             // in this round
	steps  int             // so far; 0 before and window after the steps
	at     []int           // the step that each call was
	others []int           // threads of the process that stand still
}

const (
	settled = 64   // calls after which a process is past what a round begins with
	window  = 4000 // steps
	// StepOps is how many operations a round has at least that steps are
	// counted in.
	StepOps = 1000
)

// StepsOf begins to count. The processes must be this one's to trace, as its
// descendants are, and die with it. Where that is refused the error is a
// *TraceError. The caller must call End in every case.
func StepsOf(timeout time.Duration, pids ...int) (*Steps, error) {
	s := &Steps{timeout: timeout}
	if err := mayTrace(); err != nil {
		return s, &TraceError{err}
	}
	if callCode[runtime.GOARCH] == nil {
		return s, &TraceError{fmt.Errorf("instructions are not counted on %s", runtime.GOARCH)}
	}
	for _, pid := range pids {
		t := &stepper{isCall: map[uint64]bool{}}
		t.tracer = tracer{pid: pid, next: unix.PtraceSyscall, see: t.stopped, cpu: onlyCPU(pid)}
		if err := t.start(timeout); err != nil {
			return s, &TraceError{fmt.Errorf("process %d: %w", pid, err)}
		}
		s.steppers = append(s.steppers, t)
	}
	return s, nil
}

// PerOp plays a round of n operations, at least StepOps, and returns how many
// instructions each process executes in one of them. Every operation must make
// the same calls.
func (s *Steps) PerOp(n int, round func(n int) error) (perOp []float64, err error) {
	for _, t := range s.steppers {
		t.restart()
	}
	if err := round(n); err != nil {
		return nil, err
	}
	for _, t := range s.steppers {
		calls := t.restart()
		each := int(math.Round(float64(calls.calls) / float64(n)))
		if each == 0 || len(calls.at) <= each {
			return nil, &TraceError{fmt.Errorf("process %d: %d calls in %d operations, %d of them stepped over", t.pid, calls.calls, n, len(calls.at))}
		}
		least := math.MaxInt // what comes on top in some is not the operation's
		for i := each; i < len(calls.at); i += each {
			least = min(least, calls.at[i]-calls.at[i-each])
		}
		perOp = append(perOp, float64(least))
	}
	return perOp, nil
}

// End waits until the processes, which were asked to, have ended, and kills
// those that do not.
func (s *Steps) End() {
	for _, t := range s.steppers {
		t.end(s.timeout)
	}
}

// stepped is what a stepper saw of a round.
type stepped struct {
	calls int
	at    []int
}

// restart returns what was seen and begins anew.
func (t *stepper) restart() stepped {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := stepped{t.calls, t.at}
	t.calls, t.steps, t.at = 0, 0, nil
	return seen
}

// stopped notes a stop, and sets how the process goes on.
func (t *stepper) stopped(tid int) {
	i, err := t.info(tid)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	stepping := t.calls >= settled && t.steps < window
	if stepping && t.steps == 0 {
		t.stopOthers()
	} else if t.steps == window {
		t.resumeOthers()
	}
	switch {
	case i.op == unix.PTRACE_SYSCALL_INFO_ENTRY:
		t.calls++
	case i.op == unix.PTRACE_SYSCALL_INFO_EXIT:
	case stepping:
		t.steps++
		if t.enters(i.ip) {
			t.calls++
			t.at = append(t.at, t.steps)
		}
	}
	t.next = unix.PtraceSyscall
	// Not from the entry on: the way back from the kernel is a stop as well.
	if stepping && i.op != unix.PTRACE_SYSCALL_INFO_ENTRY {
		t.next = singleStep
	}
}

// stopOthers stops all threads of the process but the main one. The Go runtime's
// would ask a thread that has run for 10 ms to let others run, again and again,
// and a thread that is stepped does nothing else then. A worker in a round needs
// none of them. One that can't be stopped does not matter.
func (t *stepper) stopOthers() {
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", t.pid))
	for _, thread := range threads {
		tid, err := strconv.Atoi(thread.Name())
		if err != nil || tid == t.pid || unix.PtraceSeize(tid) != nil {
			continue
		}
		t.others = append(t.others, tid)
		unix.PtraceInterrupt(tid)
		// The kernel reports the end of the process when the last of them has been
		// reaped.
		go func() {
			for {
				var status unix.WaitStatus
				_, err := unix.Wait4(tid, &status, unix.WALL, nil)
				if err != unix.EINTR && (err != nil || status.Exited() || status.Signaled()) {
					return
				}
			}
		}()
	}
}

// resumeOthers lets these threads go on: between rounds they are needed.
func (t *stepper) resumeOthers() {
	for _, tid := range t.others {
		unix.PtraceCont(tid, 0)
	}
	t.others = nil
}

// callCode is the instruction that enters the kernel.
var callCode = map[string][]byte{
	"amd64": {0x0f, 0x05},             // syscall
	"arm64": {0x01, 0x00, 0x00, 0xd4}, // svc #0
}

// enters reports whether the instruction at an address enters the kernel.
func (t *stepper) enters(ip uint64) bool {
	enters, known := t.isCall[ip]
	if !known {
		code := callCode[runtime.GOARCH]
		got := make([]byte, len(code))
		_, err := unix.PtracePeekText(t.pid, uintptr(ip), got)
		enters = err == nil && bytes.Equal(got, code)
		t.isCall[ip] = enters
	}
	return enters
}

func singleStep(pid, signal int) error {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_SINGLESTEP, uintptr(pid), 0, uintptr(signal), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("ptrace", errno)
	}
	return nil
}

// onlyCPU is the one CPU that the process may run on, or -1.
func onlyCPU(pid int) int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(pid, &set) != nil || set.Count() != 1 {
		return -1
	}
	cpu := 0
	for !set.IsSet(cpu) {
		cpu++
	}
	return cpu
}
