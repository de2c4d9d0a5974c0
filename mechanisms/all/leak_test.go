package all

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// Every way to make a link, successful or refused, and the reading of limits
// must leave no descriptor and no object, once the link is destroyed, twice.
// An IPC namespace of its own shows what this test made and nothing else.
func TestNothingIsLeft(t *testing.T) {
	const inside = "IPCBENCH_TEST_INSIDE"
	if os.Getenv(inside) == "" {
		inNamespace(t, inside)
		return
	}
	control, err := sys.Shmget(unix.IPC_PRIVATE, 1, 0o600)
	linktest.Must(t, err)
	if len(left(t)) != 1 {
		t.Fatalf("a segment was made, and %q is seen", left(t))
	}
	linktest.Must(t, sys.ShmRemove(control))

	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		s := linktest.Spec(t, m, 64)
		leaveNothing(t, m, s) // the first may open what the runtime keeps
		descriptors := openDescriptors(t)
		leaveNothing(t, m, s)
		if now := openDescriptors(t); now != descriptors {
			t.Errorf("%d descriptors, %d before", now, descriptors)
		}
		if lines := left(t); len(lines) != 0 {
			t.Errorf("left in the kernel: %q", lines)
		}
		names, err := os.ReadDir(s.Dir)
		linktest.Must(t, err)
		if len(names) != 0 {
			t.Errorf("left in the directory: %v", names)
		}
	})
}

func leaveNothing(t *testing.T, m *mechanisms.Mechanism, s mechanisms.Spec) {
	t.Helper()
	limits, err := m.Limits(4096)
	linktest.Must(t, err)

	l, err := m.New(s) // never opened
	linktest.Must(t, err)
	linktest.Destroy(t, l)
	linktest.Destroy(t, l)

	l, err = m.New(s) // used
	linktest.Must(t, err)
	out, err := m.OpenSender(l.Sender)
	linktest.Must(t, err)
	in, err := m.OpenReceiver(l.Receiver)
	linktest.Must(t, err)
	linktest.Must(t, l.Release())
	linktest.Must(t, out.Send(mechanisms.Buffer(s.Size)))
	linktest.Must(t, in.Recv(mechanisms.Buffer(s.Size)))
	linktest.Must(t, out.Close())
	linktest.Must(t, in.Close())
	linktest.Destroy(t, l)
	linktest.Destroy(t, l)

	if m.NewPair != nil {
		there, back, err := m.NewPair(s)
		linktest.Must(t, err)
		linktest.Destroy(t, there)
		linktest.Destroy(t, back)
	}
	if limits.Queue.N > 0 { // refused half way
		s.Queue = limits.Queue.N + 1
		_, err := m.New(s)
		linktest.Refused(t, err)
		if m.NewPair != nil {
			_, _, err := m.NewPair(s)
			linktest.Refused(t, err)
		}
	}
}

// inNamespace runs the calling test again in an IPC namespace of its own,
// with the environment variable name set.
func inNamespace(t *testing.T, name string) {
	t.Helper()
	for _, flags := range []uintptr{unix.CLONE_NEWIPC, unix.CLONE_NEWIPC | unix.CLONE_NEWUSER} {
		cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), name+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
		if flags&unix.CLONE_NEWUSER != 0 {
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		}
		out, err := cmd.CombinedOutput()
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EINVAL) {
			t.Logf("flags %#x: %v", flags, err)
			continue
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Fatalf("did not run:\n%s", out)
		}
		return
	}
	t.Skip("no IPC namespace is to be had here")
}

// left returns a line for each System V object of the namespace.
func left(t *testing.T) (lines []string) {
	t.Helper()
	for _, kind := range []string{"shm", "sem", "msg"} {
		text, err := os.ReadFile("/proc/sysvipc/" + kind)
		linktest.Must(t, err)
		all := slices.Collect(strings.Lines(string(text)))
		lines = append(lines, all[1:]...) // below the header
	}
	return lines
}

// openDescriptors counts them, the one that it reads them with included.
func openDescriptors(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	linktest.Must(t, err)
	return len(names)
}
