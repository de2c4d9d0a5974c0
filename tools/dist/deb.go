package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// debian is a package to make.
type debian struct {
	p    *program
	arch string // as Go names it
	tool string // dpkg-deb
}

// maintainer has no address that mail reaches, RFC 2606: a distribution that takes
// the package over puts its own.
const maintainer = "the ipcbench authors <authors@ipcbench.invalid>"

func findDpkgDeb() (string, error) {
	path, err := exec.LookPath("dpkg-deb")
	if err != nil {
		return "", errors.New("dpkg-deb is missing; on Debian: apt-get install dpkg")
	}
	return path, nil
}

// debianArch is what Debian calls the architecture.
func debianArch(arch string) string {
	if arch == "386" {
		return "i386"
	}
	return arch
}

// debianVersion is a version that sorts as Go's does, deb-version(7): what comes
// before a release has "~", and there is no "-", which would begin a revision.
func debianVersion(v string) string {
	return strings.ReplaceAll(strings.Replace(v, "-", "~", 1), "-", ".")
}

// places is the tree where Debian has it: below /usr, with compressed pages, and
// with zsh's completions in the directory of packages.
func (d debian) places(t tree) (files tree, err error) {
	const old, vendor = "share/zsh/site-functions/", "share/zsh/vendor-completions/"
	stamp := d.p.epoch.Format(time.RFC1123Z)
	changes := fmt.Sprintf("ipcbench (%s) unstable; urgency=medium\n\n  * Built from commit %s.\n\n -- %s  %s\n", debianVersion(d.p.version), d.p.commit, maintainer, stamp)
	for _, f := range append(t, file{name: "share/doc/ipcbench/changelog", data: []byte(changes)}) {
		if name, ok := strings.CutPrefix(f.name, old); ok {
			f.name = vendor + name
		}
		if strings.HasPrefix(f.name, "share/man/") || strings.HasSuffix(f.name, "/changelog") {
			f.name += ".gz"
			if f.data, err = compressed(f.data); err != nil {
				return nil, err
			}
		}
		f.name = "usr/" + f.name
		files = append(files, f)
	}
	return files.sorted(), nil
}

func (d debian) control(files tree) []byte {
	size := 0
	for _, f := range files {
		size += (len(f.data) + 1023) / 1024
	}
	return fmt.Appendf(nil, `Package: ipcbench
Version: %s
Architecture: %s
Maintainer: %s
Installed-Size: %d
Suggests: qemu-system-x86
Section: utils
Priority: optional
Description: measure latency and throughput of Linux IPC mechanisms
 ipcbench runs identical workloads over each mechanism, from pipes to shared
 memory, and checks every message. It reports medians with their intervals,
 compares runs and kernels, and names the mechanism to use for a case.
`, debianVersion(d.p.version), debianArch(d.arch), maintainer, size)
}

// make writes the package into dir, and returns its name.
func (d debian) make(ctx context.Context, t tree, scratch, dir string) (string, error) {
	files, err := d.places(t)
	if err != nil {
		return "", err
	}
	var digests bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&digests, "%x  %s\n", md5.Sum(f.data), f.name)
	}
	all := append(files, file{name: "DEBIAN/control", data: d.control(files)}, file{name: "DEBIAN/md5sums", data: digests.Bytes()})
	root := filepath.Join(scratch, "deb-"+d.arch)
	if err := write(all, "", root); err != nil {
		return "", err
	}
	// Whatever the umask, and the time, is.
	for _, f := range all {
		if err := errors.Join(os.Chmod(filepath.Join(root, f.name), f.mode()), os.Chtimes(filepath.Join(root, f.name), d.p.epoch, d.p.epoch)); err != nil {
			return "", err
		}
	}
	for _, name := range append(all.dirs(), "") {
		if err := errors.Join(os.Chmod(filepath.Join(root, name), 0o755), os.Chtimes(filepath.Join(root, name), d.p.epoch, d.p.epoch)); err != nil {
			return "", err
		}
	}
	name := fmt.Sprintf("ipcbench_%s_%s.deb", debianVersion(d.p.version), debianArch(d.arch))
	// Distributions have compressors of their own by default; all read xz.
	c := exec.CommandContext(ctx, d.tool, "--root-owner-group", "-Zxz", "--build", root, filepath.Join(dir, name))
	c.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", d.p.epoch.Unix()))
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("dpkg-deb: %w: %s", err, bytes.TrimSpace(out))
	}
	return name, nil
}
