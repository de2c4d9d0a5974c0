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
	Path    string
	Version string // "7.2.22"
}

// Find looks for QEMU and asks it for its version.
func Find(ctx context.Context) (QEMU, error) {
	path, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		return QEMU{}, fmt.Errorf("qemu-system-x86_64 is not installed; on Debian: apt-get install qemu-system-x86")
	}
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return QEMU{}, fmt.Errorf("%s --version: %w", path, err)
	}
	v := regexp.MustCompile(`version (\d+(?:\.\d+)+)`).FindSubmatch(out)
	if v == nil {
		return QEMU{}, fmt.Errorf("%s --version does not print a version", path)
	}
	return QEMU{path, string(v[1])}, nil
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

// arguments of QEMU for one boot. The clock of an instruction-counted guest
// starts at a fixed date, and jumps when the guest sleeps.
func (a Accel) arguments(kernel, initrd, commandLine string, seed int, console, port string) []string {
	args := []string{
		"-M", "q35", "-nodefaults", "-display", "none", "-no-reboot", "-cpu", a.processor(), "-smp", strconv.Itoa(a.cpus()), "-m", "256",
		"-kernel", kernel, "-append", commandLine, "-serial", "file:" + console, "-serial", "file:" + port,
	}
	if initrd != "" {
		args = append(args, "-initrd", initrd)
	}
	if a == KVM {
		return append(args, "-accel", "kvm", "-name", "ipcbench,debug-threads=on")
	}
	return append(args, "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off,align=off",
		"-seed", strconv.Itoa(seed), "-rtc", "base=2026-01-01T00:00:00,clock=vm")
}
