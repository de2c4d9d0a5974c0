package kernels

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
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
	if len(lines) == 0 {
		return s + "; its console is empty: is CONFIG_SERIAL_8250_CONSOLE on?"
	}
	if e.Kept != "" {
		told += ", whole in " + e.Kept
	}
	return s + "; its console " + told + ":\n  " + strings.Join(lines, "\n  ")
}

func (e *BootError) Unwrap() error { return e.Err }

// ErrQEMU is a virtual machine that ended with an error of its own: it shows nothing
// of the kernel.
var ErrQEMU = errors.New("QEMU")

// errDone ends a machine that is not needed any longer.
var errDone = errors.New("done")

// boot is one machine to be run.
type boot struct {
	qemu   string // path
	args   []string
	initrd *os.File      // nil: none
	limit  time.Duration // of wall time
	silent time.Duration // most wall time without a word on its ports; 0: any
	spoke  bool          // silence counts until the first word on the second port alone
	onCPUs bool          // give each virtual CPU one of the host's

	// With beside, the machine is ended when that returns: io.EOF if the machine did
	// so first. QEMU inherits files after those that every machine has.
	beside func(ctx context.Context, port *os.File) error
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
	defer reexec.AfterFunc(b.limit, func() { stop(fmt.Errorf("it did not end within %v", b.limit)) })()
	cmd := exec.CommandContext(limited, b.qemu, b.args...)
	cmd.ExtraFiles = append([]*os.File{files[0], files[1], b.initrd}, b.files...)
	var complaint capped
	cmd.Stderr = &complaint
	cmd.WaitDelay = 5 * time.Second
	// QEMU goes when we do, however we go: the signal follows this thread. A
	// terminal's Ctrl-C is for us alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	// A port that is written to without end fills its file and no disk.
	full := unix.Rlimit{Cur: maxOutput, Max: maxOutput}
	if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_FSIZE, &full, nil); err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return nil, nil, os.NewSyscallError("prlimit", err)
	}
	if b.onCPUs {
		pinned := make(chan struct{})
		go func() { defer close(pinned); pinCPUs(limited, cmd.Process.Pid) }()
		defer func() { stop(nil); <-pinned }()
	}
	if b.silent > 0 {
		go func() {
			if b.listen(limited, cmd.Process.Pid, files) {
				stop(fmt.Errorf("it said nothing for %v: it hangs, or --boot-timeout is too short", b.silent))
			}
		}()
	}
	if b.beside != nil {
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := b.beside(limited, files[1]); err != io.EOF {
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
		return console, port, fmt.Errorf("%w: %w: %s", ErrQEMU, err, results.Quote(strings.TrimSpace(string(complaint.text))))
	}
	return console, port, nil
}

// listen waits until ctx is done, and reports whether the guest hangs: for longer
// than b.silent neither port grew. Time in which QEMU waited for a CPU does not
// count: on a busy host a boot takes five times as long.
func (b boot) listen(ctx context.Context, pid int, ports [2]*os.File) (hangs bool) {
	tick := time.NewTicker(min(time.Second, b.silent/4))
	defer tick.Stop()
	var sizes [2]int64
	last, waited := time.Now(), longestWait(pid)
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		for i, f := range ports {
			if info, err := f.Stat(); err == nil && info.Size() != sizes[i] {
				sizes[i] = info.Size()
				last, waited = time.Now(), longestWait(pid)
			}
		}
		switch {
		case b.spoke && sizes[1] > 0:
			return false
		case time.Since(last)-(longestWait(pid)-waited) > b.silent:
			return true
		}
	}
}

// longestWait is for how long the thread of a process that waited most has waited
// for a CPU, proc_pid_schedstat(5). QEMU's virtual CPU is such a thread.
func longestWait(pid int) (most time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, file := range files {
		var ran, wait int64
		text, _ := os.ReadFile(file)
		if n, _ := fmt.Sscan(string(text), &ran, &wait); n == 2 {
			most = max(most, time.Duration(wait))
		}
	}
	return most
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

// fault is how a kernel begins to report a fault of its own: panic, bug, oops or
// warning (kernel/panic.c, lib/bug.c, arch/x86/kernel/dumpstack.c).
var fault = regexp.MustCompile(`Kernel panic - |BUG: |Oops: |WARNING: |kernel BUG at |general protection fault|Internal error: `)

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
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	f.Close()
	// The panic's message is an error, which quiet does not hold back; panic=-1
	// restarts, which ends QEMU.
	b := boot{qemu: q.Path, limit: 10 * time.Second, args: q.arguments(KVM, a.Path, everywhere, 1)}
	console, _, err := b.run(ctx)
	if strings.Contains(string(console), "VFS: Unable to mount root") {
		return nil
	}
	if err == nil {
		err = errors.New("the kernel ended without a word")
	}
	return fmt.Errorf("%s did not come up in a probe boot: %w", a.Label, err)
}
