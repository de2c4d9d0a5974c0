package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sigsetSize is the size in bytes of the kernel's sigset_t.
const sigsetSize = 8

// Sigset is a set of signals as the kernel takes it.
type Sigset uint64

// NewSigset is the set of one signal.
func NewSigset(sig int) *Sigset { s := Sigset(1) << (sig - 1); return &s }

// Block blocks the signals of the set for the calling thread, and returns what
// was blocked before, for SetMask: rt_sigprocmask(2).
func (s *Sigset) Block() (before *Sigset, err error) {
	before = new(Sigset)
	return before, s.procmask(unix.SIG_BLOCK, before)
}

// SetMask makes the set what the calling thread blocks, rt_sigprocmask(2).
func (s *Sigset) SetMask() error { return s.procmask(unix.SIG_SETMASK, nil) }

func (s *Sigset) procmask(how int, before *Sigset) error {
	_, _, errno := syscall.Syscall6(unix.SYS_RT_SIGPROCMASK, uintptr(how), uintptr(unsafe.Pointer(s)), uintptr(unsafe.Pointer(before)), sigsetSize, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("rt_sigprocmask", errno)
	}
	return nil
}

// TryTgkill is to Tgkill what TryRead is to Read.
func TryTgkill(tgid, tid, sig int) Attempt {
	if !dedicated {
		return Untried
	}
	return enter(unix.SYS_TGKILL, uintptr(tgid), uintptr(tid), uintptr(sig), 0, 0, 0)
}

// Tgkill is the end of a signal to a thread that began with this attempt,
// tgkill(2).
func (a Attempt) Tgkill(tgid, tid, sig int) error {
	for again(a) {
		if a = TryTgkill(tgid, tid, sig); a == Untried {
			a = attempt(syscall.Syscall6(unix.SYS_TGKILL, uintptr(tgid), uintptr(tid), uintptr(sig), 0, 0, 0))
		}
	}
	_, err := a.Result("tgkill")
	return err
}

// siQueue is si_code of what a process has queued, asm-generic/siginfo.h.
const siQueue = -1

// NewSiginfo is what comes with a signal that a process queues.
func NewSiginfo(sig int) *unix.Siginfo { return &unix.Siginfo{Signo: int32(sig), Code: siQueue} }

// RtTgsigqueueinfo queues a signal for a thread: rt_tgsigqueueinfo(2). It fails
// with EAGAIN where RLIMIT_SIGPENDING signals of the user are pending.
func RtTgsigqueueinfo(tgid, tid int, info *unix.Siginfo) error {
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(tgid), uintptr(tid), uintptr(info.Signo), uintptr(unsafe.Pointer(info)), 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(tgid), uintptr(tid), uintptr(info.Signo), uintptr(unsafe.Pointer(info)), 0, 0))
		}
	}
	_, err := a.Result("rt_tgsigqueueinfo")
	return err
}

// RtSigtimedwait takes a pending signal of the set, which the thread must have
// blocked, and sleeps while there is none: rt_sigtimedwait(2).
func RtSigtimedwait(set *Sigset) error {
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(set)), 0, 0, sigsetSize, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(set)), 0, 0, sigsetSize, 0, 0))
		}
	}
	_, err := a.Result("rt_sigtimedwait")
	return err
}

// Discard takes all pending signals of the set, which the thread must have
// blocked, and does not wait for more: rt_sigtimedwait(2).
func (s *Sigset) Discard() error {
	var now [2]int64 // struct timespec: no time, whatever its size
	for {
		_, _, errno := syscall.Syscall6(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(s)), 0, uintptr(unsafe.Pointer(&now)), sigsetSize, 0, 0)
		switch errno {
		case 0, syscall.EINTR:
		case syscall.EAGAIN:
			return nil
		default:
			return os.NewSyscallError("rt_sigtimedwait", errno)
		}
	}
}
