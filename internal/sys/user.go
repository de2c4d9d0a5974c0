package sys

import (
	"os"
	"strconv"
	"strings"
)

// UID is the real user of this process, and EUID the effective one, whose files it
// makes; GID is the real group. os.Getuid takes the error of a call that a seccomp
// filter refuses for a number; /proc/self/status has these numbers too, proc(5).
func UID() int  { return id(os.Getuid(), "Uid:", 1) }
func EUID() int { return id(os.Geteuid(), "Uid:", 2) }
func GID() int  { return id(os.Getgid(), "Gid:", 1) }

// id is n, or where that is an error what /proc says: real, effective, saved and of
// the file system, proc(5). -1: that can't be read either.
func id(n int, key string, column int) int {
	if n >= 0 {
		return n
	}
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) > column && f[0] == key {
			if n, err := strconv.ParseUint(f[column], 10, 32); err == nil {
				return int(n)
			}
		}
	}
	return -1
}
