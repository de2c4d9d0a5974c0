package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// Spare counts how many more processes or threads this process may have at once,
// up to n. Fewer come with the error of the next one: EAGAIN at RLIMIT_NPROC,
// pids.max, threads-max, fork(2). Go's runtime ends a program that can't have a
// thread with a dump of its stacks; this way there is an error.
//
// A process that has ended counts until it is reaped, so that each of those
// tried ends at once.
func Spare(n int) (spare int, err error) {
	var ended []int
	for len(ended) < n && err == nil {
		var pid int
		if pid, err = endedProcess().Result("clone"); err == nil {
			ended = append(ended, pid)
		}
	}
	for _, pid := range ended {
		for {
			if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
				break
			}
		}
	}
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

// Polls tries whether this process may have what Go's runtime waits with. The
// runtime ends a program that can't have it with a dump of its stacks.
func Polls() error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	defer unix.Close(epoll)
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("eventfd2", err)
	}
	return os.NewSyscallError("close", unix.Close(event))
}
