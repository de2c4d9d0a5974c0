package mechanisms

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Limits of pipes, pipe(7).
const (
	PipeMaxSize  = "/proc/sys/fs/pipe-max-size"
	PipeUserSoft = "/proc/sys/fs/pipe-user-pages-soft"
)

// PipeSize is how many bytes a pipe holds, F_GETPIPE_SZ in fcntl(2).
func PipeSize(fd int) (int, error) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	return n, os.NewSyscallError("fcntl", err)
}

// UsualPipe is how many bytes a new pipe has, and why one has others.
func UsualPipe() Usual {
	const slots = 16 // PIPE_DEF_BUFFERS of linux/pipe_fs_i.h
	u := Usual{Queue: slots * os.Getpagesize(), Other: "another process has changed it by F_SETPIPE_SZ: end that process, fcntl(2)"}
	soft, err := Sysctl(PipeUserSoft)
	if most, e := Sysctl(PipeMaxSize); e == nil && most < u.Queue {
		u.Other = fmt.Sprintf("%s is %d: raise it, pipe(7)", PipeMaxSize, most)
	} else if err == nil && soft > 0 {
		u.Other = fmt.Sprintf("the pipes of this user hold more than %d pages, %s: close pipes, or raise it, pipe(7)", soft, PipeUserSoft)
	}
	return u
}

// TryPipe makes a pipe, as this user gets them now, and returns how many bytes it
// has.
func TryPipe() (int, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return 0, os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	return PipeSize(p[0])
}
