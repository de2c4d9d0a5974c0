package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poll waits, without a time limit, until the descriptor is as p asks, or is
// not any more what it was: poll(2). It is ppoll(2) without a fourth argument,
// the mask of signals: several architectures have no system call poll.
func Poll(p *unix.PollFd) error {
	a := Untried
	for again(a) {
		if dedicated {
			n, _ := unix.RawSyscallNoError(unix.SYS_PPOLL, uintptr(unsafe.Pointer(p)), 1, 0)
			a = Attempt(n)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(p)), 1, 0, 0, 0, 0))
		}
	}
	_, err := a.Result("ppoll")
	return err
}

// Epoll makes an epoll instance that watches one descriptor for events,
// level-triggered: epoll_create1(2), epoll_ctl(2).
func Epoll(fd int, events uint32) (epfd int, err error) {
	epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}); err != nil {
		unix.Close(epfd)
		return -1, os.NewSyscallError("epoll_ctl", err)
	}
	return epfd, nil
}

// EpollWait waits, without a time limit, for one event of the instance:
// epoll_wait(2). It is epoll_pwait without a mask of signals: several
// architectures have no system call epoll_wait.
func EpollWait(epfd int, event *unix.EpollEvent) error {
	const forever = ^uintptr(0) // -1
	a := Untried
	for again(a) {
		if dedicated {
			a = attempt(syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(event)), 1, forever, 0, 0))
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(event)), 1, forever, 0, 0))
		}
	}
	_, err := a.Result("epoll_pwait")
	return err
}
