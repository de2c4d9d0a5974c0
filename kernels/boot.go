package kernels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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
)

// BootError is a guest that did not boot or did not give its result.
type BootError struct {
	Label   string
	Seed    int
	Err     error
	Console []string // the last lines, harmless on a terminal
}

func (e *BootError) Error() string {
	s := fmt.Sprintf("kernel %s, boot %d: %v", e.Label, e.Seed, e.Err)
	if len(e.Console) == 0 {
		return s + "; its console is empty: is CONFIG_SERIAL_8250_CONSOLE on?"
	}
	return s + "; its console ends with:\n  " + strings.Join(e.Console, "\n  ")
}

func (e *BootError) Unwrap() error { return e.Err }

// boot is one machine to be run.
type boot struct {
	qemu   string // path
	args   []string
	initrd *os.File      // nil: none
	limit  time.Duration // of wall time
	onCPUs bool          // give each virtual CPU one of the host's
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
	limited, stop := context.WithCancel(ctx)
	defer stop()
	defer reexec.AfterFunc(b.limit, stop)()
	cmd := exec.CommandContext(limited, b.qemu, b.args...)
	cmd.ExtraFiles = []*os.File{files[0], files[1], b.initrd}
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
		defer func() { stop(); <-pinned }()
	}
	leave := reexec.Follow(func(sig syscall.Signal) { syscall.Kill(-cmd.Process.Pid, sig) })
	err = cmd.Wait()
	leave()
	console, port = contents(files[0]), contents(files[1])
	switch {
	case ctx.Err() != nil:
		return console, port, ctx.Err()
	case limited.Err() != nil:
		return console, port, fmt.Errorf("it did not end within %v", b.limit)
	case len(console) >= maxOutput, len(port) >= maxOutput:
		return console, port, fmt.Errorf("it wrote more than %s", results.FormatBytes(maxOutput))
	case err != nil:
		return console, port, fmt.Errorf("QEMU: %w: %s", err, results.Quote(strings.TrimSpace(string(complaint.text))))
	}
	return console, port, nil
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
	lines := strings.FieldsFunc(string(console[max(0, len(console)-64<<10):]), func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range lines {
		line = strings.TrimSpace(results.Quote(line))
		if r := []rune(line); len(r) > lastColumns {
			line = string(r[:lastColumns]) + "…"
		}
		if line != "" {
			last = append(last, line)
		}
	}
	return last[max(0, len(last)-lastLines):]
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
