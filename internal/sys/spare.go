package sys

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Spare counts how many more processes or threads this process may have at once,
// up to n. Fewer come with the error of the next one: EAGAIN at RLIMIT_NPROC,
// pids.max, threads-max, fork(2). Go's runtime ends a program that can't have a
// thread with a dump of its stacks; this way there is an error.
//
// A process that has ended counts until it is reaped, so that each of those
// tried ends at once.
//
// While all are taken, the runtime must not want a thread: the goroutine is pinned,
// and no call goes through the scheduler.
func Spare(n int) (spare int, err error) {
	ended := make([]uintptr, 0, n)
	var a Attempt
	Pin()
	for len(ended) < n && a >= 0 {
		if a = endedProcess(); a >= 0 {
			ended = append(ended, uintptr(a))
		}
	}
	for _, pid := range ended {
		for enter(unix.SYS_WAIT4, pid, 0, 0, 0, 0, 0) == -Attempt(unix.EINTR) {
		}
	}
	Unpin()
	_, err = a.Result("clone")
	return len(ended), err
}

// endedProcess starts a process that ends at once, without a word to Go's
// runtime, of which it has one thread.
//
//go:nosplit
//go:norace
func endedProcess() Attempt {
	a := enter(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if a == 0 {
		enter(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
	}
	return a
}

// Polls has Go's runtime make what it waits with, and returns the error where this
// process can't have that: the runtime would end the program with a dump of its
// stacks, at the first file that is opened.
func Polls() error {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(pipe[1])
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		unix.Close(pipe[0])
		return os.NewSyscallError("epoll_create1", err)
	}
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	call := "eventfd2"
	if err == nil {
		call, err = "epoll_ctl", unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, event, &unix.EpollEvent{Events: unix.EPOLLIN})
		unix.Close(event)
	}
	if err == nil {
		call = "epoll_pwait" // which the runtime waits with, and unix.EpollWait does not
		var ready [1]unix.EpollEvent
		if _, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(&ready)), 1, 0, 0, 0); errno != 0 {
			err = errno
		}
	}
	unix.Close(epoll)
	if err != nil {
		unix.Close(pipe[0])
		return os.NewSyscallError(call, err)
	}
	// The runtime takes the two that were free a moment ago, and keeps them.
	return os.NewFile(uintptr(pipe[0]), "pipe").Close()
}
