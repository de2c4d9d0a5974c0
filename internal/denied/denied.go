// Package denied runs a test binary under a seccomp filter that refuses system
// calls, as a container's does, or that reports which calls are made. The filter
// passes to all processes that it starts.
package denied

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// env holds what Enter does: "refuse ERRNO NUMBER…" or "report FILE".
const env = "IPCBENCH_TEST_DENIED"

// Refuse is the environment variable under which the binary runs with these calls,
// by number, refused with that errno.
func Refuse(errno syscall.Errno, calls ...int) string {
	return env + "=refuse " + strconv.Itoa(int(errno)) + " " + strings.Trim(fmt.Sprint(calls), "[]")
}

// Report is the environment variable under which the binary runs, and leaves in
// the file the numbers of all calls that were made, one a line.
func Report(file string) string { return env + "=report " + file }

// Enter executes the binary anew under the filter that its environment asks for,
// and returns where it asks for none. It comes first in TestMain.
func Enter() {
	asked := strings.Fields(os.Getenv(env))
	if len(asked) == 0 {
		return
	}
	os.Unsetenv(env)
	runtime.LockOSThread() // the filter is this thread's
	var err error
	switch asked[0] {
	case "refuse":
		err = refuse(asked[1:])
	case "report":
		err = report(asked[1])
	case "listen":
		err = listen()
	}
	fmt.Fprintln(os.Stderr, "denied:", err)
	os.Exit(2)
}

func refuse(numbers []string) error {
	var program []unix.SockFilter
	for i, text := range numbers {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return err
		}
		if i == 0 {
			program = append(program, answer(unix.SECCOMP_RET_ERRNO|uint32(n)))
			continue
		}
		program = append(program, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(n), Jt: 0, Jf: 1}, program[0])
	}
	return install(append(program[1:], answer(unix.SECCOMP_RET_ALLOW)), 0)
}

func listen() error {
	return install([]unix.SockFilter{answer(unix.SECCOMP_RET_USER_NOTIF)}, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER)
}

func answer(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}

// install puts the filter into force for the calling thread and executes the binary
// anew. The number of the call comes first in what it looks at, seccomp(2).
func install(program []unix.SockFilter, flags uintptr) error {
	program = append([]unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}}, program...)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := syscall.Syscall6(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&f)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
}

// notification and response are struct seccomp_notif and seccomp_notif_resp.
type notification struct {
	id         uint64
	pid, flags uint32
	nr         int32
	arch       uint32
	ip         uint64
	args       [6]uint64
}

type response struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

// report runs the binary in a child, and lets each of its calls pass.
func report(file string) error {
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Args[0] = os.Args[0]
	c.Env = append(os.Environ(), env+"=listen")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan bool)
	go func() { c.Wait(); close(ended) }()
	listener, err := listenerOf(c.Process.Pid, ended)
	if err != nil {
		c.Process.Kill()
		return err
	}
	seen := make([]bool, 1024)
	go pass(listener, seen)
	<-ended
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	for nr, made := range seen {
		if made {
			fmt.Fprintln(out, nr)
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	os.Exit(c.ProcessState.ExitCode())
	return nil
}

// listenerOf takes the filter's descriptor out of the child, whose next call waits
// for it.
func listenerOf(pid int, ended <-chan bool) (int, error) {
	child, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(child)
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	for {
		all, _ := os.ReadDir(dir)
		for _, fd := range all {
			if what, _ := os.Readlink(dir + fd.Name()); what == "anon_inode:seccomp notify" {
				n, _ := strconv.Atoi(fd.Name())
				listener, err := unix.PidfdGetfd(child, n, 0)
				return listener, os.NewSyscallError("pidfd_getfd", err)
			}
		}
		select {
		case <-ended:
			return -1, errors.New("the child has ended without a filter")
		default:
			runtime.Gosched()
		}
	}
}

// pass notes each call that comes to the listener, and lets it go on.
func pass(listener int, seen []bool) {
	for {
		var n notification
		if _, _, errno := syscall.Syscall6(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n)), 0, 0, 0); errno != 0 {
			continue // the process has been killed meanwhile
		}
		if int(n.nr) < len(seen) {
			seen[n.nr] = true
		}
		r := response{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		syscall.Syscall6(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&r)), 0, 0, 0)
	}
}

// Reported reads the numbers that Report left, in order.
func Reported(file string) (calls []int, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for {
		var nr int
		if _, err := fmt.Fscan(f, &nr); err == io.EOF {
			slices.Sort(calls)
			return calls, nil
		} else if err != nil {
			return nil, err
		}
		calls = append(calls, nr)
	}
}
