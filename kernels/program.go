package kernels

import (
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"ipcbench/results"
)

// Self is the program of this process, the first process of a guest. A test puts one
// that is linked dynamically in its place.
var Self = "/proc/self/exe"

// guestsEnv names the directory with the programs for guests of other architectures.
const guestsEnv = "IPCBENCH_GUESTS"

// Program is the file that becomes the first process of a guest: this program, or for
// another architecture the one that `make guests` builds, ipcbench-ARCH in the directory
// guests beside this program.
func (a *Arch) Program() (string, error) {
	if a == here() {
		return Self, Static(Self)
	}
	dir := os.Getenv(guestsEnv)
	if dir == "" {
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(filepath.Dir(self), "guests")
	}
	path := filepath.Join(dir, "ipcbench-"+a.Name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("the program for guests of %s is missing: run make guests, or copy ipcbench of this version's %[1]s archive to %s", a.Name, results.Quote(path))
	}
	if err := a.runs(path); err != nil {
		return "", err
	}
	return path, sameBuild(path)
}

// runs refuses a program that a guest can't start.
func (a *Arch) runs(program string) error {
	f, err := elf.Open(program)
	if err != nil {
		return fmt.Errorf("%s: %w", results.Quote(program), err)
	}
	defer f.Close()
	if f.Machine != a.elf {
		return fmt.Errorf("%s is a program for %s, and the guest is one of %s: build it with GOARCH=%[3]s", results.Quote(program), machineName(f.Machine), a.Name)
	}
	return Static(program)
}

// machineName is Go's name of a machine, where it has one here.
func machineName(m elf.Machine) string {
	for _, a := range arches {
		if a.elf == m {
			return a.Name
		}
	}
	return m.String()
}

// sameBuild refuses a program of another version, whose jobs and messages may be others.
// Versions with changes of their own are called alike: of these the one that is older
// than this program is refused.
func sameBuild(path string) error {
	theirs, err := buildinfo.ReadFile(path)
	if err != nil {
		return err
	}
	ours, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	const remedy = "make guests builds it anew"
	if a, b := theirs.Main.Version, ours.Main.Version; a != b {
		return fmt.Errorf("%s has the version %s, and this program %s: %s", results.Quote(path), results.Quote(a), results.Quote(b), remedy)
	}
	if v := ours.Main.Version; v != "(devel)" && !strings.HasSuffix(v, "+dirty") {
		return nil
	}
	its, err := os.Stat(path)
	if err != nil {
		return err
	}
	if own, err := os.Stat(Self); err == nil && its.ModTime().Before(own.ModTime()) {
		return fmt.Errorf("%s is older than this program: %s", results.Quote(path), remedy)
	}
	return nil
}
