package kernels

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"ipcbench/host"
)

// Of another architecture the program is the one in the directory for that. One that is
// missing, of another architecture, or older than this program is refused.
func TestProgramOfAGuest(t *testing.T) {
	if interpreter, err := host.Dynamic(Self); err != nil || interpreter != "" {
		t.Logf("this test is linked dynamically: %v", err)
	} else if a := here(); a != nil {
		if path, err := a.Program(); path != Self || err != nil {
			t.Errorf("%s, %v", path, err)
		}
	}
	other := arm64
	if here() == arm64 {
		other = amd64
	}
	dir := t.TempDir()
	t.Setenv(guestsEnv, dir)
	path := filepath.Join(dir, "ipcbench-"+other.Name)
	refused := func(want string) {
		t.Helper()
		if got, err := other.Program(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, %v, want %q", got, err, want)
		}
	}
	refused("run make guests, or copy ipcbench of this version's " + other.Name + " archive to " + path)
	build := func(goarch string) {
		t.Helper()
		c := exec.Command("go", "build", "-buildvcs=false", "-o", path, ".")
		c.Dir = filepath.Join("testdata", "nothing")
		c.Env = append(os.Environ(), "GOARCH="+goarch, "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	build(runtime.GOARCH)
	refused("and the guest is one of " + other.Name)
	build(other.Name)
	if got, err := other.Program(); got != path || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	refused("is older than this program: make guests builds it anew")
}

// Each architecture says which package has its QEMU.
func TestMissingQEMU(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for a, want := range map[*Arch]string{
		amd64: "qemu-system-x86_64 is not installed; on Debian: apt-get install qemu-system-x86", arm64: "apt-get install qemu-system-arm", riscv64: "apt-get install qemu-system-misc",
	} {
		if _, err := Find(t.Context(), a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", a.Name, err, want)
		}
	}
}
