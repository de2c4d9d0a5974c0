//go:build 386 || amd64

package sys

import "golang.org/x/sys/unix"

// Calls that newer architectures have only in a more general form.
func init() {
	syscallNames[unix.SYS_OPEN] = "open"
	syscallNames[unix.SYS_POLL] = "poll"
	syscallNames[unix.SYS_SELECT] = "select"
	syscallNames[unix.SYS_EPOLL_WAIT] = "epoll_wait"
	syscallNames[unix.SYS_PAUSE] = "pause"
}
