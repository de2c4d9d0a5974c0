// Package kernels boots kernels in a virtual machine and runs the suite in
// each: this program is the tool on the host and the first process of the
// guest. In QEMU's instruction-counted mode the same kernel gives the same
// numbers on any host, loaded or not, in instructions, not in time.
package kernels

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/results"
)

// Kernel is a kernel image and what it is booted with: one side of a
// comparison.
type Kernel struct {
	Label  string // [A-Za-z0-9._-]+, unique
	Path   string // of the kernel's image
	Arch   *Arch  // of the image
	Append string // options for its command line, beyond those that every guest has
	Image  string // SHA-256 of the image
	Config string // SHA-256 of what it was built with; "" where that is not beside the image

	unpacked *os.File // what QEMU loads in the place of the image; nil: the image
	payload  *payload // of the image, if it is a bzImage
}

var validLabel = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

const kernelRemedy = "give arch/x86/boot/bzImage of a kernel tree, or /boot/vmlinuz-…"

// ParseKernel reads KERNEL[=label]. Without a label the kernel is called by
// its file's name.
func ParseKernel(s string) (Kernel, error) {
	if s == "" {
		return Kernel{}, fmt.Errorf("a KERNEL is empty: %s", kernelRemedy)
	}
	a := Kernel{}
	a.Path, a.Label = TypedLabel(s)
	return a, a.open()
}

// TypedLabel is the path and the label of KERNEL[=label], read or not.
func TypedLabel(s string) (path, label string) {
	path = s
	if _, err := os.Stat(s); err != nil {
		if i := strings.LastIndexByte(s, '='); i >= 0 {
			path, label = s[:i], s[i+1:]
		}
	}
	if label == "" {
		label = strings.TrimPrefix(filepath.Base(path), "vmlinuz-")
		label = regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(label, "-")
	}
	return path, label
}

// ParseLabeled reads LABEL:KERNEL[:OPTIONS].
func ParseLabeled(s string) (Kernel, error) {
	parts := strings.SplitN(s, ":", 3)
	if len(parts) < 2 {
		return Kernel{}, fmt.Errorf("--kernel %q: want LABEL:KERNEL or LABEL:KERNEL:OPTIONS (for example nopsi:vmlinuz:psi=0)", results.Quote(s))
	}
	a := Kernel{Label: parts[0], Path: parts[1]}
	if len(parts) == 3 {
		a.Append = parts[2]
	}
	return a, a.open()
}

// open reads what identifies the image.
func (a *Kernel) open() error {
	if !validLabel.MatchString(a.Label) {
		return fmt.Errorf("kernel %s: label %q: want at most 32 of A-Z a-z 0-9 . _ -, as in KERNEL=base", results.Quote(a.Path), results.Quote(a.Label))
	}
	f, err := os.OpenFile(a.Path, os.O_RDONLY|unix.O_NONBLOCK, 0) // of a FIFO it would wait for a writer
	if err != nil {
		return fmt.Errorf("kernel %s: %w", a.Label, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("kernel %s: %w", a.Label, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("kernel %s: %s is no regular file: %s", a.Label, results.Quote(a.Path), kernelRemedy)
	}
	in, err := readImage(f, info.Size(), false)
	if err != nil {
		return fmt.Errorf("kernel %s: %s %w", a.Label, results.Quote(a.Path), err)
	}
	a.Arch, a.unpacked, a.payload = in.arch, in.unpacked, in.payload
	if a.Image, err = sumOf(a.Path); err != nil {
		return fmt.Errorf("kernel %s: %w", a.Label, err)
	}
	if want := sumBeside(a.Path); want != "" && want != a.Image {
		return fmt.Errorf("kernel %s: the SHA-256 of %s is %s, and %s beside it has %s: the file is damaged or another: fetch it anew, or mend %[4]s",
			a.Label, results.Quote(a.Path), a.Image, sumsFile, results.Quote(want))
	}
	a.Config = configBeside(a.Path)
	return nil
}

// sumOf is the SHA-256 of a file.
func sumOf(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // see open
	if err != nil {
		return "", err
	}
	defer f.Close()
	return sum(f)
}

// file is what QEMU loads.
func (a *Kernel) file() string {
	if a.unpacked == nil {
		return a.Path
	}
	return ofOurs(a.unpacked)
}

// ofOurs is the path by which QEMU opens a file without a name. It is our child, and may
// open what we have open, proc_pid_fd(5).
func ofOurs(f *os.File) string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()) }

// boots is what a machine is started with.
type boots struct {
	file    string // that QEMU loads
	vmlinux bool   // it is one: no boot loader has to unpack it
}

// boots is what a guest of that mode boots. Real time does not count what a kernel does
// to unpack itself.
func (a *Kernel) boots(how Accel) boots {
	if how == ICount {
		if f := a.payload.loads(a.Path); f != nil {
			return boots{ofOurs(f), true}
		}
	}
	return boots{file: a.file()}
}

// known is boots for a cache, which has an image by its sum. It unpacks nothing.
func (a *Kernel) known(how Accel) boots {
	if how == ICount && a.payload.inUse() {
		return boots{"vmlinux in " + a.Image, true}
	}
	return boots{file: a.Image}
}

// whole reports whether a guest that booted this may come up from the bzImage, which is
// booted from now on: it wrote nothing at all, as if its PVH entry were broken.
func (a *Kernel) whole(booted boots, console, port []byte) bool {
	if !booted.vmlinux || len(console) > 0 || len(port) > 0 {
		return false
	}
	a.payload.given.Store(true)
	return true
}

// startAlike has all kernels start from their bzImage if one of them has to. What starts
// a kernel changes its counts: by 0.1 % for a pipe, and by up to 1 % for others.
func (r *Runner) startAlike() {
	if slices.ContainsFunc(r.Kernels, func(k Kernel) bool { return !k.payload.inUse() }) {
		for _, k := range r.Kernels {
			if k.payload != nil {
				k.payload.given.Store(true)
			}
		}
	}
}

// sumsFile is where scripts/fetch-debian-kernel notes the sums of a kernel's
// files, as sha256sum(1) writes them.
const sumsFile = "SHA256SUMS"

// sumBeside is the sum of an image that the file of sums beside it has; "": none.
func sumBeside(image string) string {
	dir, name := filepath.Split(image)
	text, _ := os.ReadFile(filepath.Join(dir, sumsFile))
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 2 && strings.TrimPrefix(f[1], "*") == name {
			return f[0]
		}
	}
	return ""
}

// configBeside finds the configuration of an image where distributions and
// kernel trees have it.
func configBeside(image string) string {
	dir, name := filepath.Split(image)
	for _, path := range []string{
		filepath.Join(dir, strings.Replace(name, "vmlinuz", "config", 1)),
		filepath.Join(dir, "../../../.config"), filepath.Join(dir, ".config"),
	} {
		if path == image {
			continue
		}
		if text, err := os.ReadFile(path); err == nil {
			sum := sha256.Sum256(text)
			return hex.EncodeToString(sum[:])
		}
	}
	return ""
}

// CheckKernels reports why kernels can't be booted as asked, or compared.
func CheckKernels(kernels []Kernel) error {
	labels := map[string]bool{}
	for _, a := range kernels {
		if strings.ContainsAny(a.Append, "\n\x00") || strings.Contains(" "+a.Append+" ", " -- ") {
			return fmt.Errorf("kernel %s: options %q: want one line of kernel options", a.Label, results.Quote(a.Append))
		}
		if labels[a.Label] {
			return fmt.Errorf("two kernels are called %s: name them, as in %s=old", a.Label, results.Quote(cmp.Or(a.Path, "KERNEL")))
		}
		labels[a.Label] = true
	}
	return nil
}
