package kernels

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"ipcbench/internal/need"
	"ipcbench/runner"
)

func TestMain(m *testing.M) {
	runner.Init()
	os.Exit(m.Run())
}

// lacking skips a test that lacks something, and fails it where that must not
// be.
func lacking(t *testing.T, lacks string) {
	t.Helper()
	need.Missing(t, "qemu", lacks)
}

// kernelDirs are the directories of the kernels that scripts/fetch-debian-kernel has
// fetched.
func kernelDirs(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("IPCBENCH_KERNELS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			lacking(t, err.Error())
		}
		dir = filepath.Join(cache, "ipcbench", "kernels")
	}
	found, _ := filepath.Glob(filepath.Join(dir, "[0-9]*"))
	return found
}

// cachedKernel is one of them for amd64.
func cachedKernel(t *testing.T) string {
	t.Helper()
	for _, dir := range kernelDirs(t) {
		path := filepath.Join(dir, "vmlinuz-"+filepath.Base(dir))
		if k, err := ParseKernel(path); err == nil && k.Arch == amd64 {
			return path
		}
	}
	lacking(t, "no kernel for amd64: scripts/fetch-debian-kernel '6.1.*-cloud-amd64' fetches one")
	return ""
}

// program builds what becomes the guest: a test's own binary has no main.
func program(t *testing.T) string {
	return built(t, "ipcbench", "ipcbench/cmd/ipcbench", "build")
}

// built has the go command make a static program of that name.
func built(t *testing.T, name, pkg string, how ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	c := exec.Command("go", append(how, "-o", path, pkg)...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// fake is a program in place of QEMU: a shell script that finds the files of
// its two serial ports in $console and $port.
func fake(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qemu")
	text := "#!/bin/sh\nfor a; do case $a in file:*) if [ -z \"$console\" ]; then console=${a#file:}; else port=${a#file:}; fi;; esac; done\n" + script + "\n"
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
