package sys

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReleases(t *testing.T) {
	for _, c := range []struct {
		have, want string
		older      bool
	}{{"6.18.44-rc1", "2.6.35", false}, {"2.6.32", "2.6.35", true}, {"5.4", "5.14", true}, {"5.14.0", "5.14", false}, {"5.14", "5.14.1", true}, {"6.18-fc", "6.18", false}, {"x", "3.4", true}, {"6.1", "", false}} {
		if got := OlderThan(c.have, c.want); got != c.older {
			t.Errorf("OlderThan(%q, %q) = %t", c.have, c.want, got)
		}
	}
}

// A personality that hides the release from uname(2) does not hide it from
// Release.
func TestReleaseUnderPersonality(t *testing.T) {
	const uname26 = 0x0020000 // UNAME26 of linux/personality.h
	if os.Getenv("IPCBENCH_TEST_RELEASE") != "" {
		runtime.LockOSThread()
		if _, _, errno := syscall.Syscall6(unix.SYS_PERSONALITY, uname26, 0, 0, 0, 0, 0); errno != 0 {
			t.Skip(errno)
		}
		var u unix.Utsname
		if err := unix.Uname(&u); err != nil || !strings.HasPrefix(unix.ByteSliceToString(u.Release[:]), "2.6.") {
			t.Fatalf("uname: %v, %s", err, unix.ByteSliceToString(u.Release[:]))
		}
		if OlderThan(Release(), "3.2") {
			t.Errorf("the release is %s", Release())
		}
		return
	}
	c := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), "IPCBENCH_TEST_RELEASE=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
