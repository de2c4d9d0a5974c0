package kernels

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/reexec"
	"ipcbench/results"
)

// Bounds on what a guest may take from the host.
const (
	maxOutput   = 8 << 20 // bytes in one of its files; QEMU is ended at more
	lastLines   = 12      // of the console, in an error
	lastColumns = 200
	panicLines  = 24 // from the line at which a kernel reports its own fault
	busiest     = 20 // times its limit that a boot may take, whatever it waits for: 10 were seen at a load of 35 on 2 CPUs
)

// BootTimeout is after how long without a word on its ports a guest is taken for
// hung, if nothing else is asked for. A whole boot takes 4 to 6 s here.
const BootTimeout = 30 * time.Second

// BootError is a guest that did not boot or did not give its result.
type BootError struct {
	Kernel  int // its place in Runner.Kernels
	Label   string
	Seed    int
	Err     error
	Console []byte // as far as it was written, at most 8 MiB
	Kept    string // the file that has the console; "": none
}

func (e *BootError) Error() string {
	s := fmt.Sprintf("kernel %s, boot %d: %v", e.Label, e.Seed, e.Err)
	told, lines := "ends with", tail(e.Console)
	if fault := faultIn(e.Console); fault != nil {
		told, lines = "reports", fault
	}
	if len(lines) == 0 && errors.Is(e.Err, ErrQEMU) {
		return s
	}
	if len(lines) == 0 {
		return s + "; its console is empty: is CONFIG_SERIAL_8250_CONSOLE on?"
	}
	if e.Kept != "" {
		told += ", whole in " + e.Kept
	}
	return s + "; its console " + told + ":\n  " + strings.Join(lines, "\n  ")
}

func (e *BootError) Unwrap() error { return e.Err }

// sinceBoot is the time that begins a line of the kernel's log.
var sinceBoot = regexp.MustCompile(`^\[ *[0-9.]+\] *`)

// cause is the first line of what the kernel reports, or else how the guest ended.
func (e *BootError) cause() string {
	if lines := faultIn(e.Console); lines != nil {
		return sinceBoot.ReplaceAllString(lines[0], "")
	}
	return e.Err.Error()
}

// ErrQEMU is a virtual machine that ended with an error of its own: it shows nothing
// of the kernel.
var ErrQEMU = errors.New("QEMU")

// errHung is a guest that went on, and came to nothing.
var errHung = errors.New("it hangs")

// errDone ends a machine that is not needed any longer.
var errDone = errors.New("done")

// boot is one machine to be run.
type boot struct {
	qemu   string // path
	args   []string
	initrd *os.File      // nil: none
	limit  time.Duration // of time, less that in which it waits for a CPU
	silent time.Duration // the same without a word on its ports; 0: any
	spoke  bool          // silence counts until the first word on the second port alone
	onCPUs bool          // give each virtual CPU one of the host's

	// With beside, the machine is ended when that returns: io.EOF if the machine did
	// so first. QEMU inherits files after those that every machine has.
	beside func(context.Context) error
	files  []*os.File
}

// run boots the machine, waits until it ends and returns what it wrote to its
// ports. It ends it when the time is up, when a file is full and when ctx is
// done. An error reports how the machine ended, if it did not end on its own.
func (b boot) run(ctx context.Context) (console, port []byte, err error) {
	var files [2]*os.File
	for i, name := range []string{"console", "port"} {
		if files[i], err = unnamed(name); err != nil {
			return nil, nil, err
		}
		defer files[i].Close()
	}
	limited, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer reexec.AfterFunc(busiest*b.limit, func() { stop(fmt.Errorf("%w did not end within %v: this host is too busy", ErrQEMU, busiest*b.limit)) })()
	cmd := command(limited, b.qemu, b.args...)
	cmd.ExtraFiles = append([]*os.File{files[0], files[1], b.initrd}, b.files...)
	var complaint capped
	cmd.Stderr = &complaint
	// QEMU goes when we do, however we go: the signal follows this thread.
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	// A port that is written to without end fills its file and no disk. Only root may
	// raise the hard limit that QEMU has from us.
	var full unix.Rlimit
	err = unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_FSIZE, nil, &full)
	if err == nil {
		most := min(maxOutput, full.Max)
		err = unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: most, Max: most}, nil)
	}
	if err != nil {
		cmd.Cancel()
		cmd.Wait()
		return nil, nil, os.NewSyscallError("prlimit", err)
	}
	if b.onCPUs {
		pinned := make(chan struct{})
		go func() { defer close(pinned); pinCPUs(limited, cmd.Process.Pid) }()
		defer func() { stop(nil); <-pinned }()
	}
	go func() { stop(b.listen(limited, cmd.Process.Pid, files)) }()
	if b.beside != nil {
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := b.beside(limited); err != io.EOF {
				stop(cmp.Or(err, errDone))
			}
		}()
		defer func() { stop(nil); <-done }()
	}
	leave := reexec.Follow(func(sig syscall.Signal) { syscall.Kill(-cmd.Process.Pid, sig) })
	err = cmd.Wait()
	leave()
	console, port = contents(files[0]), contents(files[1])
	switch cause := context.Cause(limited); {
	case ctx.Err() != nil:
		return console, port, ctx.Err()
	case cause == errDone:
		return console, port, nil
	case cause != nil:
		return console, port, cause
	case len(console) >= maxOutput, len(port) >= maxOutput:
		return console, port, fmt.Errorf("it wrote more than %s", results.FormatBytes(maxOutput))
	case err != nil:
		if said := results.Quote(strings.TrimSpace(string(complaint.text))); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return console, port, fmt.Errorf("%w: %w", ErrQEMU, err)
	}
	return console, port, nil
}

// command is one that ends with ctx, and with all that it has started: what is
// called QEMU may be a script. A terminal's Ctrl-C is for us alone.
func command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// listen waits until ctx is done, and returns nil, or until the guest hangs or has filled
// a port. It hangs if neither port grew for longer than b.silent, or if it does not end.
// Time in which QEMU waited for a CPU does not count: on a busy host a boot takes many
// times as long. Neither does time in which this process was stopped. A full port ends
// no QEMU that ignores SIGXFSZ, as this program and all that it starts do.
func (b boot) listen(ctx context.Context, pid int, ports [2]*os.File) error {
	period := min(time.Second, cmp.Or(b.silent, b.limit)/4)
	tick := time.NewTicker(period)
	defer tick.Stop()
	var sizes [2]int64
	var silent, ran time.Duration
	last, before := time.Now(), scheduled(pid)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now, threads := time.Now(), scheduled(pid)
		if passed := min(now.Sub(last), 2*period) - waited(before, threads); passed > 0 {
			silent, ran = silent+passed, ran+passed
		}
		last, before = now, threads
		for i, f := range ports {
			if info, err := f.Stat(); err == nil && info.Size() != sizes[i] {
				sizes[i], silent = info.Size(), 0
			}
		}
		switch {
		case max(sizes[0], sizes[1]) >= maxOutput:
			return fmt.Errorf("it wrote more than %s", results.FormatBytes(maxOutput))
		case ran > b.limit:
			return fmt.Errorf("it did not end within %v: %w", b.limit, errHung)
		case b.silent > 0 && silent > b.silent && !(b.spoke && sizes[1] > 0):
			return fmt.Errorf("it printed nothing for %v: %w, or --boot-timeout is too short", b.silent, errHung)
		}
	}
}

// turn is how a thread came to a CPU so far, proc_pid_schedstat(5).
type turn struct {
	ran, waited time.Duration
	ready       bool // it runs, or waits for a CPU
}

// scheduled are the threads of a process.
func scheduled(pid int) map[string]turn {
	all := map[string]turn{}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	for _, task := range tasks {
		var t turn
		text, _ := os.ReadFile(task + "/schedstat")
		stat, _ := os.ReadFile(task + "/stat")
		if n, _ := fmt.Sscan(string(text), &t.ran, &t.waited); n == 2 {
			t.ready = bytes.HasPrefix(stat[1+bytes.LastIndexByte(stat, ')'):], []byte(" R"))
			all[task] = t
		}
	}
	return all
}

// waited is for how long a process waited for a CPU between two looks at its threads: the
// longest of them did. QEMU's virtual CPU is one of them, and not always the one that
// waited longest: a boot of 7 s on a host with a load of 25 was taken for silent for 12 s.
// A wait that is not over yet is in no count: all the time is one if a thread is ready
// and none has run.
func waited(before, now map[string]turn) (longest time.Duration) {
	ran, ready := time.Duration(0), false
	for task, t := range now {
		longest = max(longest, t.waited-before[task].waited)
		ran, ready = ran+t.ran-before[task].ran, ready || t.ready
	}
	if ready && ran == 0 {
		return time.Duration(math.MaxInt64)
	}
	return longest
}

// unnamed makes a file that ends with the last process that holds it: a guest
// leaves nothing, whichever process is killed, and needs no place on a disk.
func unnamed(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate("ipcbench-"+name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// contents is what a file holds, as far as it was written.
func contents(f *os.File) []byte {
	text, _ := io.ReadAll(io.NewSectionReader(f, 0, maxOutput))
	return text
}

// capped keeps the beginning of what is written to it.
type capped struct{ text []byte }

func (c *capped) Write(p []byte) (int, error) {
	c.text = append(c.text, p[:min(len(p), 2000-len(c.text))]...)
	return len(p), nil
}

// tail is the last lines of a console that are not empty.
func tail(console []byte) (last []string) {
	lines := readable(console[max(0, len(console)-64<<10):])
	return lines[max(0, len(lines)-lastLines):]
}

// oops is how a kernel begins to report that it is broken (kernel/panic.c, lib/bug.c,
// arch/x86/kernel/dumpstack.c). It may go on, and count something else. Quiet boots
// print such a line, those of warnings only at a loglevel of 5 or more.
const oops = `Kernel panic - |BUG: |Oops: |kernel BUG at |: [0-9a-f]{4} \[#[0-9]+\]`

// fault is how a kernel begins to report a fault of its own, or Go's runtime why it
// ends the guest's first process, of which a panic follows.
var broken, fault = regexp.MustCompile(oops), regexp.MustCompile(`(?m)` + oops + `|WARNING: |^fatal error: |^panic: `)

// faultIn is a console from the first line on with which the kernel reports a
// fault, nil where there is none.
func faultIn(console []byte) []string {
	at := fault.FindIndex(console)
	if at == nil {
		return nil
	}
	begin := 1 + bytes.LastIndexAny(console[:at[0]], "\r\n")
	lines := readable(console[begin:min(len(console), begin+64<<10)])
	if more := len(lines) - panicLines; more > 0 {
		lines = append(lines[:panicLines], fmt.Sprintf("… and %d more lines", more))
	}
	return lines
}

// readable are the lines of a console that are not empty, harmless on a terminal.
func readable(console []byte) (all []string) {
	for _, line := range strings.FieldsFunc(string(console), func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(results.Quote(line))
		if r := []rune(line); len(r) > lastColumns {
			line = string(r[:lastColumns]) + "…"
		}
		if line != "" {
			all = append(all, line)
		}
	}
	return all
}

// Probe reports whether this host can run the kernel by KVM: /dev/kvm may open
// and no guest get anywhere. A kernel without a root file system panics soon.
func (q QEMU) Probe(ctx context.Context, a *Kernel) error {
	if a.arch() != here() {
		return fmt.Errorf("%s is a kernel for %s, and KVM runs those of this program's architecture, %s", a.Label, a.arch().Name, runtime.GOARCH)
	}
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	f.Close()
	// The panic's message is an error, which quiet does not hold back; panic=-1
	// restarts, which ends QEMU.
	b := boot{qemu: q.Path, limit: 10 * time.Second, args: q.arguments(KVM, a.boots(KVM), a.arch().options(), 1)}
	console, _, err := b.run(ctx)
	if strings.Contains(string(console), "VFS: Unable to mount root") {
		return nil
	}
	if err == nil {
		err = errors.New("the kernel ended without a word")
	}
	return fmt.Errorf("%s did not come up in a probe boot: %w", a.Label, err)
}
