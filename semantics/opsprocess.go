package semantics

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// What a thread does with a signal.
const (
	sigDefault   = iota // what signal(7) describes
	sigIgnore           // nothing
	sigRestart          // a handler that does nothing, with SA_RESTART
	sigNoRestart        // the same without
)

const (
	saRestart = 0x10000000
	setSize   = 8 // bytes of the kernel's sigset_t
)

// action is the kernel's struct sigaction as words: handler, flags, restorer
// where there is one, and mask.
type action [6]uintptr

// sigaction sets what the process does with a signal. The handlers are the Go
// runtime's own, which ignores a signal that no package has asked for; only the
// flag is changed.
func sigaction(sig, how int) error {
	var a action
	if _, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&a)), setSize, 0, 0); errno != 0 {
		return errno
	}
	switch how {
	case sigDefault:
		a[0] = 0
	case sigIgnore:
		a[0] = 1
	case sigRestart:
		a[1] |= saRestart
	case sigNoRestart:
		a[1] &^= saRestart
	}
	if _, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&a)), 0, setSize, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// processOps are calls on processes, threads, signals and limits. Those that
// change a thread's identity change only that of the calling thread, which is
// the main one of a check and the only one of a peer that matters.
var processOps = map[string]op{
	"getpid":    {do: func([]int, []byte) answer { return answer{N: os.Getpid()} }},
	"tgkill":    {params: "pid tid sig", do: func(a []int, _ []byte) answer { return result(0, unix.Tgkill(a[0], a[1], unix.Signal(a[2]))) }},
	"sigaction": {params: "sig handler", do: func(a []int, _ []byte) answer { return result(0, sigaction(a[0], a[1])) }},
	"sigblock": {name: "sigprocmask SIG_BLOCK", params: "sig", do: func(a []int, _ []byte) answer {
		set := signals(a[0])
		return result(0, unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil))
	}},
	"sigtimedwait": {params: "sig", do: func(a []int, _ []byte) answer { // the signal if it is pending, EAGAIN if not
		set, now := uint64(1)<<(a[0]-1), [2]int64{}
		r, _, errno := syscall.RawSyscall6(sysSigtimedwait, uintptr(unsafe.Pointer(&set)), 0, uintptr(unsafe.Pointer(&now)), setSize, 0, 0)
		if errno != 0 {
			return answer{N: -1, Errno: errno}
		}
		return answer{N: int(r)}
	}, show: func(a answer) string { return unix.SignalName(unix.Signal(a.N)) }},
	"setresuid": {params: "uid", do: func(a []int, _ []byte) answer {
		_, _, errno := syscall.RawSyscall6(sysSetresuid, uintptr(a[0]), uintptr(a[0]), uintptr(a[0]), 0, 0, 0)
		if errno != 0 {
			return answer{N: -1, Errno: errno}
		}
		// Another identity lets go of it, prctl(2).
		return result(0, unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0))
	}},
	"dropcap": {name: "capset without capability", params: "cap", do: func(a []int, _ []byte) answer { return result(0, dropCapability(a[0])) }},
	"rlimit": {name: "setrlimit", params: "which n", do: func(a []int, _ []byte) answer { // n, or less where the hard limit is
		var r unix.Rlimit
		err := unix.Prlimit(0, a[0], nil, &r)
		r.Max = min(r.Max, uint64(a[1]))
		r.Cur = r.Max
		return result(0, errors.Join(err, unix.Prlimit(0, a[0], &r, nil)))
	}},
	"nodump": {name: "prctl PR_SET_DUMPABLE 0", do: func([]int, []byte) answer { return result(0, unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)) }},
	"execve": {do: func(_ []int, d []byte) answer { // words divided by NUL; comes back only with an error
		words := strings.Split(string(d), "\x00")
		return result(-1, unix.Exec(words[0], words, os.Environ()))
	}},
	"sysctl": {name: "write to /proc/sys/kernel", params: "n", do: func(a []int, d []byte) answer {
		return result(0, writeSysctl(string(d), strconv.Itoa(a[0])))
	}},
	"sysctltext": {name: "write to /proc/sys/kernel", do: func(_ []int, d []byte) answer { // the name and the value, divided by NUL
		name, value, _ := strings.Cut(string(d), "\x00")
		return result(0, writeSysctl(name, value))
	}},
	"sysctlget": {name: "read from /proc/sys", do: func(_ []int, d []byte) answer {
		got, err := readFile("/proc/sys/" + string(d))
		return filled(0, err, strings.TrimSpace(got))
	}},
	"forkuntil": {name: "fork", params: "fd fd", do: func(a []int, _ []byte) answer { // until the pipe of these ends is at end of file
		pid, errno := forkUntil(a[0], a[1])
		if errno != 0 {
			return answer{N: -1, Errno: errno}
		}
		return answer{N: int(pid)}
	}},
	"waitpid": {params: "pid", do: func(a []int, _ []byte) answer { return answer{N: wait(a[0]).ExitStatus()} }},
	"reexec": {name: "execve", do: func([]int, []byte) answer { // the same program again, as the same peer
		if _, err := unix.FcntlInt(controlFD, unix.F_SETFD, 0); err != nil {
			return result(-1, err)
		}
		env := append(os.Environ(), string(processes)+"="+rolePeer, envAgain+"=1")
		return result(-1, unix.Exec("/proc/self/exe", []string{"ipcbench-peer"}, env))
	}},
	"iopipe": {name: "Go's io.Pipe, descriptors more", do: func([]int, []byte) answer {
		before := descriptors()
		io.Pipe()
		return answer{N: descriptors() - before}
	}},
	"ospipe": {name: "Go's os.Pipe, descriptors more", do: func([]int, []byte) answer { // with how they are marked, in words
		before := descriptors()
		r, w, err := os.Pipe()
		if err != nil {
			return result(-1, err)
		}
		defer r.Close()
		defer w.Close()
		words := ""
		if raw, err := r.SyscallConn(); err == nil { // Fd would clear O_NONBLOCK
			raw.Control(func(fd uintptr) {
				if mode, _ := unix.FcntlInt(fd, unix.F_GETFL, 0); mode&unix.O_NONBLOCK != 0 {
					words += ", O_NONBLOCK"
				}
				if mark, _ := unix.FcntlInt(fd, unix.F_GETFD, 0); mark&unix.FD_CLOEXEC != 0 {
					words += ", O_CLOEXEC"
				}
			})
		}
		n := descriptors() - before
		return filled(n, nil, strconv.Itoa(n)+words)
	}},
	"semopthread": {name: "semop in a thread that ends", params: "id n semflag", do: func(a []int, _ []byte) answer {
		tid, done := make(chan int, 1), make(chan answer, 1)
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends
			tid <- unix.Gettid()
			done <- result(0, sys.SemopOnce(a[0], []sys.Sembuf{{Op: int16(a[1]), Flg: int16(a[2])}}, 0))
		}()
		path := "/proc/self/task/" + strconv.Itoa(<-tid)
		got := <-done
		for unix.Access(path, unix.F_OK) == nil {
			unix.Nanosleep(&unix.Timespec{Nsec: 100_000}, nil)
		}
		return got
	}},
	"unshareipc": {name: "unshare CLONE_NEWIPC", do: func([]int, []byte) answer { return result(0, unix.Unshare(unix.CLONE_NEWIPC)) }},
}

func wait(pid int) (status unix.WaitStatus) {
	for {
		if _, err := unix.Wait4(pid, &status, 0, nil); err != unix.EINTR {
			return status
		}
	}
}

func dropCapability(c int) error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return err
	}
	data[c/32].Effective &^= 1 << (c % 32)
	data[c/32].Permitted &^= 1 << (c % 32)
	data[c/32].Inheritable &^= 1 << (c % 32)
	return unix.Capset(&head, &data[0])
}

// writeSysctl writes below /proc/sys/kernel, and refuses to unless this process
// has an IPC namespace of its own: nothing machine-wide is changed.
func writeSysctl(name, value string) error {
	if !ownNamespace {
		return errors.Join(unix.EPERM)
	}
	fd, err := unix.Open("/proc/sys/kernel/"+name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(value))
	return err
}

// forkUntil is fork(2) without execve(2). The child shares nothing with the Go
// runtime but a copy of its memory, and so makes system calls only: it waits
// until the pipe is at end of file, and ends.
//
//go:norace
//go:nosplit
func forkUntil(r, w int) (uintptr, syscall.Errno) {
	pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		return pid, errno
	}
	var b [1]byte
	syscall.RawSyscall6(unix.SYS_CLOSE, uintptr(w), 0, 0, 0, 0, 0)
	syscall.RawSyscall6(unix.SYS_READ, uintptr(r), uintptr(unsafe.Pointer(&b)), 1, 0, 0, 0)
	syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
	return 0, 0
}

// descriptors counts those of this process, up to a number that no check gets
// to.
func descriptors() (n int) {
	for fd := range 256 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			n++
		}
	}
	return n
}
