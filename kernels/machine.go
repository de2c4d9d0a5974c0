package kernels

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Accel is how QEMU runs a guest.
type Accel string

const (
	ICount Accel = "icount" // every instruction takes 1 ns of the guest's time: deterministic
	KVM    Accel = "kvm"    // the host's CPU, in real time
)

// QEMU is the program that runs guests.
type QEMU struct {
	Path       string
	Version    string // "7.2.22"
	Unconfined bool   // it was built without seccomp, and has no -sandbox
}

// Find looks for QEMU and asks it for its version.
func Find(ctx context.Context) (QEMU, error) {
	path, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		return QEMU{}, fmt.Errorf("qemu-system-x86_64 is not installed; on Debian: apt-get install qemu-system-x86")
	}
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	q := QEMU{Path: path}
	out, err := exec.CommandContext(ctx, path, "-sandbox", sandbox, "--version").Output()
	if q.Unconfined = err != nil; q.Unconfined {
		out, err = exec.CommandContext(ctx, path, "--version").Output()
	}
	if err != nil {
		return QEMU{}, fmt.Errorf("%s --version: %w", path, err)
	}
	v := regexp.MustCompile(`version (\d+(?:\.\d+)+)`).FindSubmatch(out)
	if v == nil {
		return QEMU{}, fmt.Errorf("%s --version does not print a version", path)
	}
	q.Version = string(v[1])
	return q, nil
}

// cpus of a guest: more than one makes instruction-counted mode hang or take
// turns.
func (a Accel) cpus() int {
	if a == KVM {
		return 2
	}
	return 1
}

// processor is QEMU's -cpu. Without erms and fsrm a kernel copies in a loop:
// `rep movsb` would count one instruction a byte.
func (a Accel) processor() string {
	if a == KVM {
		return "host"
	}
	return "max,-erms,-fsrm"
}

// everywhere are the kernel options of every guest. What is random about
// addresses would make seeds differ, and boots of one seed.
const everywhere = "console=ttyS0 quiet panic=-1 nokaslr norandmaps"

// commandLine is what the guest's kernel is booted with.
func (a *Kernel) commandLine() string { return strings.TrimSpace(everywhere + " " + a.Append) }

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
func (q QEMU) arguments(a Accel, kernel, commandLine string, seed int) []string {
	args := []string{
		"-no-user-config", "-M", "q35", "-nodefaults", "-display", "none", "-no-reboot", "-cpu", a.processor(), "-smp", strconv.Itoa(a.cpus()), "-m", "256",
		"-kernel", kernel, "-append", commandLine, "-serial", "file:" + consoleFile, "-serial", "file:" + portFile,
	}
	if !q.Unconfined {
		args = append(args, "-sandbox", sandbox)
	}
	if a == KVM {
		return append(args, "-accel", "kvm", "-name", "ipcbench,debug-threads=on")
	}
	return append(args, "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off,align=off",
		"-seed", strconv.Itoa(seed), "-rtc", "base=2026-01-01T00:00:00,clock=vm")
}
