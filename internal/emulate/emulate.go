// Package emulate runs tests in processes of their own, of this architecture
// and of others: those under QEMU's user mode emulation, which carries out the
// instructions itself and hands system calls to the running kernel.
package emulate

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"ipcbench/internal/need"
)

// Architectures are those that the project is built for, as GOARCH names them.
var Architectures = []string{"amd64", "arm64", "riscv64", "386"}

// machine is what QEMU calls an architecture.
var machine = map[string]string{"amd64": "x86_64", "arm64": "aarch64", "riscv64": "riscv64"}

// inside is set in the processes that this package starts, to the name of the
// emulator, or to "none".
const inside = "IPCBENCH_TEST_EMULATED"

// Inside reports whether this is such a process.
func Inside() bool { return os.Getenv(inside) != "" }

// Emulated reports whether an emulator runs this process.
func Emulated() bool { return Inside() && os.Getenv(inside) != "none" }

// Lacks reports whether an emulator runs this process and err is its answer to a
// call or to a socket's option that it does not know.
func Lacks(err error) bool {
	return Emulated() && (errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.ENOPROTOOPT))
}

// Each runs the calling test again in a process for each architecture, as a
// subtest: there Inside is true. What such a process skips is in its subtest's
// log. An architecture whose emulator is missing is skipped, or fails where
// IPCBENCH_REQUIRE names qemu-user.
func Each(t *testing.T) {
	t.Helper()
	for _, arch := range Architectures {
		t.Run(arch, func(t *testing.T) { run(t, arch) })
	}
}

// limit is how long a process may take: its calls do not wait, and an emulator
// is some 20 times slower.
const limit = 2 * time.Minute

func run(t *testing.T, arch string) {
	name, _, _ := strings.Cut(t.Name(), "/")
	command := []string{executable(t), "-test.run=^" + name + "$", "-test.v"}
	by := "none"
	switch {
	case arch == runtime.GOARCH:
	case arch == "386":
		// A kernel of amd64 runs it, or was built without that. QEMU 7.2 does
		// not: threads of a Go program share their thread-local storage there.
		command[0] = build(t, arch)
		if err := exec.Command(command[0], "-test.list=^$").Run(); errors.Is(err, syscall.ENOEXEC) {
			t.Skipf("%v: this kernel runs no programs of 386, and an emulator runs none of Go (amd64: CONFIG_IA32_EMULATION)", err)
		}
	default:
		by = emulator(t, arch)
		command[0] = build(t, arch)
		command = append([]string{by}, command...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Env = append(os.Environ(), inside+"="+by)
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%s: not done after %v:\n%s", arch, limit, out)
	}
	if err != nil || !bytes.Contains(out, []byte("\n    --- PASS: "+name+"/")) {
		t.Fatalf("%s: %v:\n%s", arch, err, out)
	}
	t.Logf("\n%s", out)
}

func executable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// emulator is the path of QEMU for that architecture: Debian's package
// qemu-user, or qemu-user-static.
func emulator(t *testing.T, arch string) string {
	t.Helper()
	name := "qemu-" + machine[arch]
	for _, name := range []string{name, name + "-static"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	need.Missing(t, "qemu-user", name+" is not installed; on Debian: apt-get install qemu-user")
	return ""
}

// build makes the test binary of the package in this directory.
func build(t *testing.T, arch string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), arch+".test")
	c := exec.Command("go", "test", "-c", "-o", path, ".")
	c.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go test -c for %s: %v: %s", arch, err, out)
	}
	return path
}
