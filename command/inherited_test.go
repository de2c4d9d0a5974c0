package command

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
)

// envInherits names what of a process's surroundings, which a parent hands on, is
// unusual for the product.
const envInherits = "IPCBENCH_TEST_INHERITS"

// inherited are such surroundings. Each leaves the product what it needs.
var inherited = map[string]func() error{
	"blocked signals": func() error {
		all := unix.Sigset_t{}
		for i := range all.Val {
			all.Val[i] = ^all.Val[i]
		}
		return unix.PthreadSigmask(unix.SIG_SETMASK, &all, nil)
	},
	"ignored signals": func() error {
		ignore := [6]uintptr{1} // SIG_IGN
		for sig := uintptr(1); sig <= 64; sig++ {
			syscall.RawSyscall6(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&ignore)), 0, 8, 0, 0) // not of SIGKILL and SIGSTOP
		}
		return nil
	},
	"umask": func() error {
		mask := 0o077
		if os.Geteuid() == 0 {
			mask = 0o777 // another user could use no directory of its own
		}
		unix.Umask(mask)
		return nil
	},
	"nice": func() error { return unix.Setpriority(unix.PRIO_PROCESS, 0, 10) },
	"policy": func() error {
		const batch = 3 // SCHED_BATCH: under SCHED_IDLE a busy machine lets nothing run
		const nice = 10 // as above: an ordinary user can't lower it
		return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: batch, Nice: nice}, 0)
	},
	"descriptors": func() error {
		for fd := range 60 { // that of standard input is closed
			if fd < 3 {
				continue
			}
			if err := unix.Dup3(2, fd, 0); err != nil {
				return err
			}
		}
		return unix.Close(0)
	},
	"personality": func() error {
		const uname26, sticky, readExec, noRandom = 0x0020000, 0x4000000, 0x0400000, 0x0040000
		_, _, errno := syscall.RawSyscall6(unix.SYS_PERSONALITY, uname26|sticky|readExec|noRandom, 0, 0, 0, 0, 0)
		if errno != 0 {
			return errno
		}
		return nil
	},
	"limits": func() error {
		errs := []error{
			unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 120, Max: 120}),
			unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 8 << 20, Max: 8 << 20}), // of the records too
		}
		for _, resource := range []int{unix.RLIMIT_MEMLOCK, unix.RLIMIT_SIGPENDING, unix.RLIMIT_MSGQUEUE, unix.RLIMIT_CORE, unix.RLIMIT_RTPRIO} {
			errs = append(errs, unix.Setrlimit(resource, &unix.Rlimit{}))
		}
		return errors.Join(errs...)
	},
}

// enterInherited makes the surroundings that are asked for and executes the
// product in them. It returns where none are.
func enterInherited() {
	asked := os.Getenv(envInherits)
	if asked == "" {
		return
	}
	os.Unsetenv(envInherits)
	runtime.LockOSThread() // some are this thread's
	for name := range strings.SplitSeq(asked, ",") {
		if err := inherited[name](); err != nil {
			fmt.Fprintln(os.Stderr, name+":", err)
			os.Exit(2)
		}
	}
	fmt.Fprintln(os.Stderr, syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
	os.Exit(2)
}

// What a parent hands on makes no statement differ or break, and fails no cell.
func TestInherited(t *testing.T) {
	need.Time(t)
	all := slices.Sorted(maps.Keys(inherited))
	groups := [][]string{all}
	if need.Long() {
		for _, name := range all {
			groups = append(groups, []string{name})
		}
	}
	for _, group := range groups {
		t.Run(strings.Join(group, ","), func(t *testing.T) {
			more := []string{envInherits + "=" + strings.Join(group, ",")}
			_, records := measured(t, more, "same", "pipe", "fifo", "sigrt", "signalfd", "posixmq", "iouring", "sysvmsg", "shmfutex")
			reasons := ""
			for reason, n := range asUsual(t, records, judged(t, more)) {
				t.Logf("%d skipped: %s", n, reason)
				reasons += reason
			}
			for _, limit := range []string{"RLIMIT_MSGQUEUE is 0", "RLIMIT_SIGPENDING is 0"} {
				if slices.Contains(group, "limits") && !strings.Contains(reasons, limit) {
					t.Errorf("no reason names the limit: %s", limit)
				}
			}
		})
	}
}
