package kernels

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ipcbench/internal/need"
)

// A QEMU that knows no sandbox runs without one; each other has it, and no
// configuration of the user's.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for name, tt := range map[string]struct {
		script     string
		unconfined bool
	}{
		"with seccomp":    {`echo "QEMU emulator version 7.2.22 (Debian)"`, false},
		"without seccomp": {`case "$*" in *-sandbox*) exit 1;; esac; echo "QEMU emulator version 7.2.22"`, true},
	} {
		if err := os.WriteFile(filepath.Join(dir, "qemu-system-x86_64"), []byte("#!/bin/sh\n"+tt.script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		q, err := Find(t.Context(), amd64)
		args := q.arguments(ICount, boots{file: "vmlinuz"}, amd64.options(), 1)
		if err != nil || q.Version != "7.2.22" || q.Unconfined != tt.unconfined || slices.Contains(args, "-sandbox") == tt.unconfined || args[0] != "-no-user-config" {
			t.Errorf("%s: %+v, %v, %q", name, q, err, args)
		}
	}
}

// A vmlinux is started by qboot, if this QEMU has brought it along, and a bzImage by the
// usual firmware.
func TestFirmware(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	script := "#!/bin/sh\ncase \"$*\" in '-L help') echo /none; echo " + dir + ";; *) echo QEMU emulator version 7.2.22;; esac\n"
	if err := os.WriteFile(filepath.Join(dir, "qemu-system-x86_64"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, there := range []bool{false, true} {
		if there {
			if err := os.WriteFile(filepath.Join(dir, "qboot.rom"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		q, err := Find(t.Context(), amd64)
		if err != nil {
			t.Fatal(err)
		}
		for _, vmlinux := range []bool{false, true} {
			args := q.arguments(ICount, boots{"kernel", vmlinux}, "", 1)
			if got := slices.Contains(args, "qboot.rom"); got != (there && vmlinux) {
				t.Errorf("qboot %v, vmlinux %v: %q", there, vmlinux, args)
			}
		}
	}
}

// A guest in real time has its usual clock. A kernel's own options come last.
func TestCommandLine(t *testing.T) {
	k := &Kernel{Append: "psi=0"}
	if got := KVM.commandLine(k); got != amd64.options()+" psi=0" {
		t.Error(got)
	}
	if got := ICount.commandLine(k); !strings.HasPrefix(got, amd64.options()) || !strings.Contains(got, " nolapic_timer ") || !strings.HasSuffix(got, " psi=0") {
		t.Error(got)
	}
	k.Arch = arm64
	if got := ICount.commandLine(k); got != arm64.options()+" psi=0" {
		t.Error(got)
	}
}

// The QEMU that is installed takes these arguments, and all its threads are under
// a filter of system calls.
func TestSandbox(t *testing.T) {
	qemu, err := Find(t.Context(), amd64)
	if err != nil {
		lacking(t, err.Error())
	}
	if qemu.Unconfined {
		need.Missing(t, "qemu", qemu.Path+" was built without seccomp")
	}
	console := filepath.Join(t.TempDir(), "console")
	args := append(qemu.arguments(ICount, boots{file: image(t, "vmlinuz", "HdrS")}, amd64.options(), 1), "-S", "-qmp", "stdio")
	for i, a := range args {
		args[i] = strings.NewReplacer(consoleFile, console, portFile, console).Replace(a)
	}
	c := exec.Command(qemu.Path, args...)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer in.Close()
	defer c.Process.Kill()
	if greeting, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(greeting, "QMP") {
		t.Fatalf("%q, %v", greeting, err)
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", c.Process.Pid))
	if err != nil || len(threads) == 0 {
		t.Fatal(threads, err)
	}
	for _, thread := range threads {
		if text, err := os.ReadFile(thread); err == nil && !strings.Contains(string(text), "\nSeccomp:\t2\n") {
			t.Errorf("%s has no filter", thread)
		}
	}
}

// Where KVM was asked for and is of no use, the reason is in one line.
func TestWithoutKVM(t *testing.T) {
	q := QEMU{Path: fake(t, "exit 1")}
	if a, _, err := q.Choose(t.Context(), string(KVM), &Kernel{Path: "vmlinuz"}); err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "KVM is not available here: ") {
		t.Errorf("%s, %v", a, err)
	}
}
