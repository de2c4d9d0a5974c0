// Slow runs a command whose every system call is slower than it was: a seccomp
// filter loads arguments that it then ignores. It is how the gate is shown a
// real regression of a size of our choosing, rather than an edited number.
//
//	slow INSTRUCTIONS COMMAND [ARG…]
//
// The kernel runs the filter on every call, since one that reads arguments
// cannot be answered from the cache of constant actions (seccomp(2)). It is
// inherited, cannot be taken off, and ends with the processes.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// firstArgument is where args[0] begins in struct seccomp_data.
const firstArgument = 16

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: slow INSTRUCTIONS COMMAND [ARG…]")
		os.Exit(2)
	}
	n, err := strconv.Atoi(os.Args[1])
	if err != nil || n < 0 || n >= unix.BPF_MAXINSNS {
		fmt.Fprintf(os.Stderr, "slow: %q instructions: want 0 to %d\n", os.Args[1], unix.BPF_MAXINSNS-1)
		os.Exit(2)
	}
	runtime.LockOSThread() // the filter is the thread's, and the new program's
	if err := install(n); err != nil {
		fmt.Fprintln(os.Stderr, "slow:", err)
		os.Exit(3)
	}
	path, err := exec.LookPath(os.Args[2])
	if err == nil {
		err = unix.Exec(path, os.Args[2:], os.Environ())
	}
	fmt.Fprintf(os.Stderr, "slow: %s: %v\n", os.Args[2], err)
	os.Exit(3)
}

// install puts a filter of n loads and a permission on this thread.
func install(n int) error {
	filter := make([]unix.SockFilter, 0, n+1)
	for i := range n {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: firstArgument + uint32(i%12)*4})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	_, _, errno := unix.Syscall6(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)), 0, 0, 0)
	runtime.KeepAlive(filter)
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return nil
}
