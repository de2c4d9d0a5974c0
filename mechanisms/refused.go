package mechanisms

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// cause is why a machine may refuse a call that is right.
type cause struct {
	errno syscall.Errno
	calls string        // with spaces between them; "": any
	why   func() string // "" where it is not this
}

// causes are asked in order. What none explains is a failure.
var causes = []cause{
	{unix.ENOSYS, "", func() string {
		if why := filtered(); why != "" {
			return why
		}
		return "this kernel is built without the call, or older than it"
	}},
	{unix.EPERM, "", filtered},
	{unix.EACCES, "", filtered},
	{unix.EMFILE, "mq_open", rlimited("RLIMIT_MSGQUEUE", unix.RLIMIT_MSGQUEUE)},
	{unix.EAGAIN, "rt_tgsigqueueinfo", rlimited("RLIMIT_SIGPENDING", unix.RLIMIT_SIGPENDING)},
	{unix.ENOMEM, "io_uring_setup", rlimited("RLIMIT_MEMLOCK", unix.RLIMIT_MEMLOCK)},
	{unix.EFBIG, "", rlimited("RLIMIT_FSIZE", unix.RLIMIT_FSIZE)},
	{unix.ENOSPC, "mq_open", counted(mqQueuesMax)},
	{unix.ENOSPC, "msgget", counted("/proc/sys/kernel/msgmni")},
	{unix.ENOSPC, "semget", counted("/proc/sys/kernel/sem")},
	{unix.ENOSPC, "shmget", counted("/proc/sys/kernel/shmmni", "/proc/sys/kernel/shmall")},
	{unix.EADDRNOTAVAIL, "bind connect", loopbackDown},
	{unix.ENETUNREACH, "connect sendto sendmsg", loopbackDown},
}

const mqQueuesMax = "/proc/sys/fs/mqueue/queues_max"

// Refusal is why this machine refuses a call that is right, "" where no reason
// is known and it is a failure.
func Refusal(call string, errno syscall.Errno) string {
	for _, c := range causes {
		if c.errno == errno && (c.calls == "" || slices.Contains(strings.Fields(c.calls), call)) {
			if why := c.why(); why != "" {
				return fmt.Sprintf("%s: %s: %s", call, unix.ErrnoName(errno), why)
			}
		}
	}
	return ""
}

// Refused is why this machine withholds from m what it needs, an
// *UnsupportedError, where err is a refusal: the kernel is older than m, or
// Refusal has a reason. Any other err is returned as it is.
func (m *Mechanism) Refused(err error) error {
	var known *UnsupportedError
	var errno syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case sys.OlderThan(sys.Release(), m.Since):
		return &UnsupportedError{Mechanism: m.Name, What: "needs Linux " + m.Since + ", this is " + sys.Release(), Unavailable: true}
	case errors.As(err, &errno):
		if why := Refusal(callOf(err), errno); why != "" {
			return &UnsupportedError{Mechanism: m.Name, What: why, Unavailable: true}
		}
	}
	return err
}

// callOf is the call that failed, as far as the error names it.
func callOf(err error) string {
	var call *os.SyscallError
	var path *os.PathError
	switch {
	case errors.As(err, &call):
		return call.Syscall
	case errors.As(err, &path):
		return path.Op + " " + path.Path
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

func filtered() string {
	if sys.Filtered() {
		return "a seccomp filter is in force that may refuse it, seccomp(2)"
	}
	return ""
}

// rlimited is the value of a limit of getrlimit(2), "" where there is none.
func rlimited(name string, resource int) func() string {
	return func() string {
		var r unix.Rlimit
		if unix.Getrlimit(resource, &r) != nil || r.Cur == unix.RLIM_INFINITY {
			return ""
		}
		return fmt.Sprintf("%s is %d: raise it, getrlimit(2)", name, r.Cur)
	}
}

// counted are the values of limits below /proc/sys, "" where none can be read.
func counted(paths ...string) func() string {
	return func() string {
		var all []string
		for _, path := range paths {
			if text, err := os.ReadFile(path); err == nil {
				all = append(all, path+" is "+strings.Join(strings.Fields(string(text)), " "))
			}
		}
		if all == nil {
			return ""
		}
		return strings.Join(all, ", ") + ": raise it, or remove what others have left (ipcs(1)), sysvipc(7)"
	}
}

// loopbackDown reports that the loopback of this network namespace is down, as
// in one that has just been made, netdevice(7).
func loopbackDown() string {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, lo)
	}
	if err != nil || lo.Uint16()&unix.IFF_UP != 0 {
		return ""
	}
	return "lo is down in this network namespace: ip link set lo up"
}
