package sys

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poll waits, without a time limit, until the descriptor is as p asks, or is
// not any more what it was: poll(2). It is ppoll(2) without a mask of
// signals, the fourth argument: several architectures have no system call poll.
func Poll(p *unix.PollFd) error {
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_PPOLL, uintptr(unsafe.Pointer(p)), 1, 0, 0, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(p)), 1, 0, 0, 0, 0))
		}
	}
	_, err := a.Result("ppoll")
	return err
}

// PollWithin is Poll with a time limit. It reports whether the descriptor is as p
// asks.
func PollWithin(p *unix.PollFd, limit time.Duration) (bool, error) {
	left := unix.NsecToTimespec(int64(limit)) // which the kernel counts down
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_PPOLL, uintptr(unsafe.Pointer(p)), 1, uintptr(unsafe.Pointer(&left)), 0, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(p)), 1, uintptr(unsafe.Pointer(&left)), 0, 0, 0))
		}
	}
	n, err := a.Result("ppoll")
	return n > 0, err
}

// Pollset waits for descriptors, level-triggered: one that still has something
// to read, or room, is reported again, epoll(7).
type Pollset struct {
	epfd  int
	ready []unix.EpollEvent
}

// Readable is the event that there is something to read, epoll_ctl(2).
const Readable = unix.EPOLLIN

// NewPollset watches the descriptors, at least one, for events: epoll_create1(2) and epoll_ctl(2).
func NewPollset(events uint32, fds ...int) (*Pollset, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	for i, fd := range fds {
		if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(i)}); err != nil {
			unix.Close(epfd)
			return nil, os.NewSyscallError("epoll_ctl", err)
		}
	}
	return &Pollset{epfd, make([]unix.EpollEvent, len(fds))}, nil
}

// Wait blocks until a descriptor is as it was asked for, or has failed, and
// returns how many are so: epoll_pwait(2), without a mask of signals, since
// several architectures have no epoll_wait.
func (s *Pollset) Wait() (n int, err error) {
	const forever = ^uintptr(0) // -1
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_EPOLL_PWAIT, uintptr(s.epfd), uintptr(unsafe.Pointer(unsafe.SliceData(s.ready))), uintptr(len(s.ready)), forever, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(s.epfd), uintptr(unsafe.Pointer(unsafe.SliceData(s.ready))), uintptr(len(s.ready)), forever, 0, 0))
		}
	}
	return a.Result("epoll_pwait")
}

// Ready is the i-th of those that the last Wait found, by its place among the
// descriptors of NewPollset.
func (s *Pollset) Ready(i int) int { return int(s.ready[i].Fd) }

// Close stops watching. Once only.
func (s *Pollset) Close() error { return os.NewSyscallError("close", unix.Close(s.epfd)) }
