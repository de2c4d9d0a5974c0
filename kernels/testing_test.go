package kernels

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ipcbench/internal/need"
	"ipcbench/runner"
)

func TestMain(m *testing.M) {
	runner.Init()
	dir, err := os.MkdirTemp("", "ipcbench-guests-")
	if err != nil {
		panic(err)
	}
	builds.dir = dir
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// builds are the programs that these tests put into guests: each is linked once, which
// takes some seconds, and removed after the last test.
var builds struct {
	sync.Mutex
	dir  string
	made map[string]string // by what they are made of
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

// program builds what becomes the guest: a test's own binary has no main. It is stripped,
// as releases are.
func program(t *testing.T) string {
	return built(t, "ipcbench", "ipcbench/cmd/ipcbench", "build")
}

// built has the go command make a static program of that name, or returns the one that
// an earlier test had made. No test changes it.
func built(t *testing.T, name, pkg string, how ...string) string {
	t.Helper()
	builds.Lock()
	defer builds.Unlock()
	key := strings.Join(append(how, name, pkg, os.Getenv("GOARCH")), " ")
	if path := builds.made[key]; path != "" {
		return path
	}
	path := filepath.Join(builds.dir, strconv.Itoa(len(builds.made)), name)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("go", append(how, "-ldflags", "-s -w", "-o", path, pkg)...) // a third less to link, a quarter less to hand to a guest
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if builds.made == nil {
		builds.made = map[string]string{}
	}
	builds.made[key] = path
	return path
}

// playInGuest boots a guest with these arguments of QEMU, whose /init is the program
// image. It loads the modules and runs the commands of s. The files are beside it. It
// returns what they printed, and why the first command failed that did, "" where none
// did. An error is one of the boot.
func playInGuest(t *testing.T, qemu QEMU, args []string, image string, s suite, files ...string) (console, failed string, err error) {
	t.Helper()
	initrd, err := newInitrd(image, job{Suite: &s}, files...)
	if err != nil {
		return "", "", err
	}
	defer initrd.Close()
	limit := 3 * time.Hour
	if late, ok := t.Deadline(); ok {
		limit = time.Until(late) - 10*time.Second
	}
	begin := time.Now()
	text, port, err := boot{qemu: qemu.Path, args: append(args, "-initrd", initrdFile), initrd: initrd, limit: limit}.run(t.Context())
	t.Logf("the guest took %.0f s", time.Since(begin).Seconds())
	console = strings.ReplaceAll(string(text), "\r", "")
	if err != nil {
		return console, "", err
	}
	said, err := decodeLine(port)
	if err == nil && said.End == nil {
		failed = cmp.Or(said.Failed, "no word")
	}
	return console, failed, err
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
