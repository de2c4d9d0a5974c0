package kernels

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/host"
)

// Accel is how QEMU runs a guest.
type Accel string

const (
	ICount Accel = "icount" // every instruction takes 1 ns of the guest's time: deterministic
	KVM    Accel = "kvm"    // the host's CPU, in real time
)

// QEMU is the program that runs guests of an architecture.
type QEMU struct {
	Arch       *Arch // nil: amd64
	Path       string
	Version    string // "7.2.22"
	Unconfined bool   // it was built without seccomp, and has no -sandbox

	firmware []string // arguments for one that starts a vmlinux sooner than the usual one; nil: it is not there
}

// Find looks for the QEMU of an architecture, and asks it for its version.
func Find(ctx context.Context, a *Arch) (QEMU, error) {
	path, err := exec.LookPath(a.qemu)
	if err != nil {
		return QEMU{}, fmt.Errorf("%s is not installed; on Debian: apt-get install %s", a.qemu, a.debian)
	}
	ctx, stop := context.WithTimeoutCause(ctx, time.Minute, errors.New("no answer within a minute"))
	defer stop()
	q := QEMU{Arch: a, Path: path}
	out, err := command(ctx, path, "-sandbox", sandbox, "--version").Output()
	if q.Unconfined = err != nil; q.Unconfined {
		out, err = command(ctx, path, "--version").Output()
	}
	if err != nil {
		return QEMU{}, fmt.Errorf("%s --version: %w", path, cmp.Or(context.Cause(ctx), err))
	}
	v := regexp.MustCompile(`version (\d+(?:\.\d+)+)`).FindSubmatch(out)
	if v == nil {
		return QEMU{}, fmt.Errorf("%s --version does not print a version", path)
	}
	q.Version = string(v[1])
	if a == amd64 {
		q.firmware = q.findFirmware(ctx)
	}
	return q, nil
}

// findFirmware looks for qboot, which QEMU brings along and Debian packages. SeaBIOS takes
// 0.3 of 3.6 s more of processor time for an empty boot of 6.12, a tenth.
func (q QEMU) findFirmware(ctx context.Context) []string {
	const name = "qboot.rom"
	dirs, err := command(ctx, q.Path, "-L", "help").Output() // a directory a line
	if err != nil {
		return nil
	}
	for dir := range strings.Lines(string(dirs)) {
		if _, err := os.Stat(filepath.Join(strings.TrimSpace(dir), name)); err == nil {
			return []string{"-bios", name}
		}
	}
	return nil
}

// starts names what starts a kernel, for its records; "": the image's own loader.
func (q QEMU) starts(b boots) string {
	switch {
	case !b.vmlinux:
		return ""
	case q.firmware == nil:
		return "vmlinux"
	}
	return "vmlinux, qboot"
}

// cpus of a guest: more than one makes instruction-counted mode hang or take
// turns.
func (a Accel) cpus() int {
	if a == KVM {
		return 2
	}
	return 1
}

// everywhere are the kernel options of every guest, beside the console. What is random about
// addresses would make seeds differ, and boots of one seed. A kernel's tests of its
// own ciphers are 880 of the 1,580 million instructions until its first process.
const everywhere = "quiet panic=-1 nokaslr norandmaps cryptomgr.notests=1"

// commandLine is what the guest's kernel is booted with.
func (a Accel) commandLine(k *Kernel) string {
	options := k.arch().options()
	if a == ICount {
		options += k.arch().counting
	}
	return strings.TrimSpace(options + " " + k.Append)
}

// sandbox is what QEMU may not do: a guest's kernel is not trusted, and runs as
// the user who calls ipcbench. It is what libvirt asks for.
const sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

// The files of a guest, which boot.run hands on: its two serial ports and its
// root file system.
const (
	consoleFile = "/proc/self/fd/3"
	portFile    = "/proc/self/fd/4"
	initrdFile  = "/proc/self/fd/5"
)

// arguments of QEMU for one boot. No file of the user's or the system's adds to
// them. The clock of an instruction-counted guest starts at a fixed date, and
// jumps when the guest sleeps.
func (q QEMU) arguments(a Accel, from boots, commandLine string, seed int) []string {
	g := cmp.Or(q.Arch, amd64)
	machine := g.machine
	if a == KVM {
		machine = g.onKVM
	}
	args := append([]string{
		"-no-user-config", "-M", machine, "-nodefaults", "-display", "none", "-no-reboot", "-cpu", g.model(a), "-smp", strconv.Itoa(a.cpus()), "-m", g.memory,
		"-kernel", from.file, "-append", commandLine, "-serial", "file:" + consoleFile,
	}, g.second...)
	if !q.Unconfined {
		args = append(args, "-sandbox", sandbox)
	}
	if from.vmlinux {
		args = append(args, q.firmware...)
	}
	if a == KVM {
		return append(args, "-accel", "kvm", "-name", "ipcbench,debug-threads=on")
	}
	return append(args, "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off,align=off",
		"-seed", strconv.Itoa(seed), "-rtc", "base=2026-01-01T00:00:00,clock=vm")
}

// The control is a loop of known length that the kernel has no part in. Where
// it takes longer, something else ran beside it, and beside every cell.
const (
	spinInsns       = 14
	controlReadings = 9
	controlRounds   = 100_000
	controlBound    = 0.01 // share by which it may be off
)

// ControlError is a control that moved: the boot's numbers mean nothing.
type ControlError struct {
	Label     string
	Seed      int
	Got, Want float64 // per iteration: instructions, or ns in real time
}

func (e *ControlError) Error() string {
	return fmt.Sprintf("kernel %s, boot %d: the control moved: %.4g an iteration, %.4g expected: something runs in the guest beside what is measured", e.Label, e.Seed, e.Got, e.Want)
}

// moved returns the reading that is farthest from what it should be, if that
// is too far.
func moved(readings []float64, want float64) (float64, bool) {
	worst := slices.MaxFunc(readings, func(a, b float64) int {
		if math.Abs(a-want) < math.Abs(b-want) {
			return -1
		}
		return 1
	})
	return worst, !(math.Abs(worst/want-1) <= controlBound)
}

// pinCPUs gives each virtual CPU of a QEMU process a CPU of the host's, as soon
// as its thread is there. Where there are fewer, they share: the guest's record
// has their number.
func pinCPUs(ctx context.Context, pid int) {
	cpus, err := host.AllowedCPUs()
	if err != nil {
		return
	}
	for n := 0; n < KVM.cpus(); {
		tid := thread(pid, fmt.Sprintf("CPU %d/KVM\n", n))
		if tid > 0 {
			var set unix.CPUSet
			set.Set(cpus[n%len(cpus)])
			unix.SchedSetaffinity(tid, &set)
			n++
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// thread finds the thread of that name, 0 where there is none yet.
func thread(pid int, name string) int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/comm", pid))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && string(text) == name {
			tid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			return tid
		}
	}
	return 0
}
