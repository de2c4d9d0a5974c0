package sys

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Release is the kernel's release, "6.18.44", proc_sys_kernel(5). The answer of
// uname(2) is another where a personality hides it: 2.6.78 under UNAME26.
func Release() string {
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		return strings.TrimSpace(string(text))
	}
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// OlderThan compares releases number by number: "6.18.44-rc1" with "2.6.35".
func OlderThan(release, since string) bool {
	have, want := numbers(release), numbers(since)
	for i, w := range want {
		switch {
		case i >= len(have):
			return w > 0
		case have[i] != w:
			return have[i] < w
		}
	}
	return false
}

func numbers(release string) (ns []int) {
	for part := range strings.SplitSeq(release, ".") {
		digits := strings.IndexFunc(part+" ", func(r rune) bool { return r < '0' || r > '9' })
		n, err := strconv.Atoi(part[:digits])
		if err != nil {
			break
		}
		if ns = append(ns, n); digits < len(part) {
			break
		}
	}
	return ns
}

// Filtered reports whether a seccomp filter may refuse calls of the calling
// thread, PR_GET_SECCOMP in prctl(2). A filter that refuses prctl itself is one.
func Filtered() bool {
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	return mode == unix.SECCOMP_MODE_FILTER || err == unix.EPERM || err == unix.ENOSYS || err == unix.EACCES
}
