package semantics

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// Host is the kernel that statements were checked on.
type Host struct {
	Kernel   string `json:"kernel"` // "Linux 6.18.44"
	Arch     string `json:"arch"`   // "x86_64"
	PageSize int    `json:"page_size"`
	UID      int    `json:"uid"`
	// Namespace is where System V objects were made: "private" or "host".
	Namespace string `json:"namespace"`
}

// host is what a check knows of the machine.
type host struct {
	release string
	page    int
	uid     int
}

func newHost() *host {
	return &host{sys.Release(), os.Getpagesize(), sys.UID()}
}

// sysctl is a number below /proc/sys.
func (h *host) sysctl(path string) (int, error) {
	text, err := readFile("/proc/sys/" + path)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("/proc/sys/%s: %w", path, err)
	}
	return int(min(n, 1<<31-1)), nil
}

// number is sysctl of one that every Linux has.
func (k *kernel) number(path string) int {
	n, err := k.host.sysctl(path)
	if err != nil {
		panic(skipped(err.Error()))
	}
	return n
}

// numbers are the sysctls that an expectation can name.
var numbers = map[string]string{
	"msgmax": "kernel/msgmax", "msgmnb": "kernel/msgmnb",
	"wmem_max": "net/core/wmem_max", "rmem_max": "net/core/rmem_max", "rmem_default": "net/core/rmem_default", "pipe_max": "fs/pipe-max-size", "dgram_qlen": "net/unix/max_dgram_qlen",
	"mq_default": "fs/mqueue/msg_default", "mq_size_default": "fs/mqueue/msgsize_default",
}

var placeholder = regexp.MustCompile(`\{(\d*)(p|[a-z_]+)([+-]\d+)?\}`)

// expand puts numbers of this kernel in the place of {16p}, {msgmax}, {p-1}.
func (h *host) expand(s string) (out string, err error) {
	out = placeholder.ReplaceAllStringFunc(s, func(m string) string {
		part := placeholder.FindStringSubmatch(m)
		times, plus := 1, 0
		if part[1] != "" {
			times, _ = strconv.Atoi(part[1])
		}
		if part[3] != "" {
			plus, _ = strconv.Atoi(part[3])
		}
		n := h.page
		if part[2] != "p" {
			path, known := numbers[part[2]]
			if !known {
				err = fmt.Errorf("expectation names %s, which is no number", m)
				return m
			}
			var e error
			if n, e = h.sysctl(path); e != nil {
				err = e
			}
		}
		return strconv.Itoa(times*n + plus)
	})
	return out, err
}

// expectation is what this kernel should answer.
func (h *host) expectation(c *Check) (string, error) {
	for _, o := range c.Before {
		if sys.OlderThan(h.release, o.Release) {
			return h.expand(o.Expect)
		}
	}
	return h.expand(c.Expect)
}

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

// sysAdmin is for checks that send the PID of another process.
var sysAdmin = Need{"CAP_SYS_ADMIN", func(*host) string {
	if !has(unix.CAP_SYS_ADMIN) {
		return "needs CAP_SYS_ADMIN, to send the PID of another process"
	}
	return ""
}}

// futexPI is for checks of futexes that lend priority: some kernels have none.
var futexPI = Need{"FUTEX_LOCK_PI", func(*host) string {
	word := new(uint32)
	if a := raw(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexTrylockPI, 0, 0, 0, 0); a.Errno == unix.ENOSYS {
		return "a kernel without CONFIG_FUTEX_PI: ENOSYS, futex(2)"
	}
	return ""
}}

var ioUring = Need{"io_uring", func(*host) string {
	r, err := sys.OpenRing()
	if err != nil {
		return "io_uring can't be set up here: " + err.Error()
	}
	r.Close()
	return ""
}}

// usualPipe is for checks that fill pipes, or fit packets into one.
var usualPipe = Need{"pipes of 16 pages", func(*host) string {
	usual := mechanisms.UsualPipe()
	n, err := mechanisms.TryPipe()
	if err != nil || n == usual.Queue {
		return "" // the check finds out what is refused
	}
	return fmt.Sprintf("a new pipe holds %d bytes, and not %d as usual: %s", n, usual.Queue, usual.Other)
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
func mapped(uid int64) bool {
	text, err := readFile("/proc/self/uid_map")
	return err == nil && mappedIn(text, uid)
}

// mappedIn reports whether a uid_map has the user, user_namespaces(7). Its numbers have 32
// bits without a sign: the first namespace has 4294967295 users, which is no int of 386.
func mappedIn(text string, uid int64) bool {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		first, err1 := strconv.ParseInt(f[0], 10, 64)
		n, err2 := strconv.ParseInt(f[2], 10, 64)
		if err1 == nil && err2 == nil && uid >= first && uid-first < n {
			return true
		}
	}
	return false
}
