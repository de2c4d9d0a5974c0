package semantics

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Need is what a check can't do without.
type Need struct {
	Name string
	// Lacks is why this process does not have it, "" if it does.
	Lacks func(*host) string
}

// ownNamespace is set in a process that has an IPC namespace of its own. Its
// parent's order has it.
var ownNamespace bool

var namespace = Need{"a private IPC namespace", func(*host) string {
	if !ownNamespace {
		return "a private IPC namespace is refused here: CAP_SYS_ADMIN, or user namespaces, clone(2)"
	}
	return ""
}}

// anotherUser is for checks that become another user.
var anotherUser = Need{"CAP_SETUID", func(*host) string {
	if !has(unix.CAP_SETUID) {
		return "needs CAP_SETUID, to become another user"
	}
	if !mapped(stranger) {
		return fmt.Sprintf("user %d is not mapped in this user namespace, user_namespaces(7)", stranger)
	}
	return ""
}}

var mqueue = Need{"POSIX message queues", func(*host) string {
	if _, err := os.Stat("/proc/sys/fs/mqueue"); err != nil {
		return "a kernel without CONFIG_POSIX_MQUEUE: no /proc/sys/fs/mqueue"
	}
	return ""
}}

var sysv = Need{"System V IPC", func(*host) string {
	if _, err := os.Stat("/proc/sysvipc"); err != nil {
		return "a kernel without CONFIG_SYSVIPC: no /proc/sysvipc"
	}
	return ""
}}

// stranger is a user with no other processes, so that a check may use up its
// limits.
const stranger = 1_917_003_211

// has reports whether this thread has a capability in effect.
func has(c int) bool {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&head, &data[0]) == nil && data[c/32].Effective&(1<<(c%32)) != 0
}

// mapped reports whether a user exists in this user namespace.
func mapped(uid int) bool {
	text, err := readFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		first, err1 := strconv.Atoi(f[0])
		n, err2 := strconv.Atoi(f[2])
		if err1 == nil && err2 == nil && uid >= first && uid-first < n {
			return true
		}
	}
	return false
}
