package sys

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ProcessVMReadv copies from an address in the memory of another process into p
// and returns how many bytes it copied, fewer where the rest is not there:
// process_vm_readv(2). It never sleeps but for a page that is to be fetched.
func ProcessVMReadv(pid int, p []byte, address uintptr) (int, error) {
	local, remote := Vector(p), [2]uintptr{address, uintptr(len(p))} // struct iovec
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_PROCESS_VM_READV, uintptr(pid), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_PROCESS_VM_READV, uintptr(pid), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0))
		}
	}
	return a.Result("process_vm_readv")
}

// SetPtracer lets process pid look into this one where Yama lets none but
// parents do so, PR_SET_PTRACER of PR_SET_PTRACER(2const). Without Yama every
// process of the same user may, and there is nothing to set: EINVAL. In a
// dedicated process it comes in a round, with the goroutine pinned.
func SetPtracer(pid int) error {
	var a Attempt
	if dedicated {
		a = enter(unix.SYS_PRCTL, unix.PR_SET_PTRACER, uintptr(pid), 0, 0, 0, 0)
	} else {
		a = attempt(syscall.Syscall6(unix.SYS_PRCTL, unix.PR_SET_PTRACER, uintptr(pid), 0, 0, 0, 0))
	}
	_, err := a.Result("prctl")
	if errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}
