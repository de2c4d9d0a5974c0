package semantics

import (
	"encoding/binary"
	"fmt"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// raw is a system call that no package has a function for.
//
//go:uintptrescapes
func raw(nr, a, b, c, d, e, f uintptr) answer {
	r, _, errno := syscall.Syscall6(nr, a, b, c, d, e, f)
	if errno != 0 {
		return answer{N: -1, Errno: errno}
	}
	return answer{N: int(r)}
}

// siginfo is the beginning of the kernel's siginfo_t, by the fields of signals that
// a process or a queue sends. On 32 bits they lie closer.
type siginfo struct {
	Signo, Errno, Code int32
	_                  [unsafe.Sizeof(uintptr(0))/4 - 1]int32
	PID                int32
	UID                uint32
	Value              uintptr
	_                  [96]byte
}

// text is the signal, where it comes from, and what it carries.
func (s *siginfo) text() string {
	name := unix.SignalName(syscall.Signal(s.Signo))
	if name == "" {
		name = fmt.Sprint("signal ", s.Signo)
	}
	origin := map[int32]string{0: "SI_USER", -1: "SI_QUEUE", -3: "SI_MESGQ", -6: "SI_TKILL", 0x80: "SI_KERNEL", 1: "POLL_IN", 2: "POLL_OUT", 6: "POLL_HUP"}[s.Code]
	return fmt.Sprintf("%s %s pid %d value %d", name, origin, s.PID, int32(s.Value))
}

// signals is the set of these, in words: signal 40 is in the second one on 386.
func signals(all ...int) (set unix.Sigset_t) {
	const bits = 8 * int(unsafe.Sizeof(set.Val[0]))
	for _, sig := range all {
		set.Val[(sig-1)/bits] |= 1 << ((sig - 1) % bits)
	}
	return set
}

// noticeOps are calls on what tells a process of something: signals, eventfd, epoll.
var noticeOps = map[string]op{
	"eventwrite": {name: "write to eventfd", params: "fd u64", do: func(a []int, _ []byte) answer {
		return result(unix.Write(a[0], binary.NativeEndian.AppendUint64(nil, uint64(int64(a[1])))))
	}},
	"signalfd": {params: "sig sig", do: func(a []int, _ []byte) answer { // O_NONBLOCK, with both blocked
		set := signals(a...)
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil); err != nil {
			return result(-1, err)
		}
		return result(unix.Signalfd(-1, &set, unix.SFD_NONBLOCK))
	}},
	"signalread": {name: "read from signalfd", params: "fd n", show: shown, do: func(a []int, _ []byte) answer { // up to n records, in words
		p := make([]unix.SignalfdSiginfo, a[1])
		n, err := unix.Read(a[0], unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(p))), len(p)*int(unsafe.Sizeof(p[0]))))
		if err != nil {
			return result(-1, err)
		}
		var all []string
		for _, s := range p[:n/int(unsafe.Sizeof(p[0]))] {
			name := unix.SignalName(syscall.Signal(s.Signo))
			if name == "" {
				name = fmt.Sprint("signal ", s.Signo)
			}
			all = append(all, fmt.Sprintf("%s %d", name, s.Int))
		}
		return filled(len(all), nil, strings.Join(all, ", "))
	}},
	"sigqueue": {name: "rt_tgsigqueueinfo", params: "pid sig n", do: func(a []int, _ []byte) answer { // for the main thread
		s := siginfo{Signo: int32(a[1]), Code: -1, PID: int32(a[0]), Value: uintptr(a[2])}
		return raw(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(a[0]), uintptr(a[0]), uintptr(a[1]), uintptr(unsafe.Pointer(&s)), 0, 0)
	}},
	"kill": {params: "pid sig", do: func(a []int, _ []byte) answer { return result(0, unix.Kill(a[0], syscall.Signal(a[1]))) }},
	"siginfo": {name: "sigtimedwait", params: "sig", show: shown, do: func(a []int, _ []byte) answer {
		set, now := uint64(1)<<(a[0]-1), [2]int64{}
		var s siginfo
		got := raw(sysSigtimedwait, uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(&s)), uintptr(unsafe.Pointer(&now)), setSize, 0, 0)
		if got.Errno != 0 {
			return got
		}
		return filled(got.N, nil, s.text())
	}},
	"iosignal": {name: "sigtimedwait", params: "sig", show: shown, do: func(a []int, _ []byte) answer { // that O_ASYNC sends
		set, now := uint64(1)<<(a[0]-1), [2]int64{}
		var s struct {
			signo, errno, code int32
			_                  [unsafe.Sizeof(uintptr(0))/4 - 1]int32
			band               uintptr
			fd                 int32
			_                  [100]byte
		}
		got := raw(sysSigtimedwait, uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(&s)), uintptr(unsafe.Pointer(&now)), setSize, 0, 0)
		if got.Errno != 0 {
			return got
		}
		code := map[int32]string{1: "POLL_IN", 2: "POLL_OUT", 6: "POLL_HUP", 0x80: "SI_KERNEL"}[s.code]
		return filled(int(s.fd), nil, fmt.Sprintf("%s %s", code, flags("events", int(s.band)&(unix.POLLIN|unix.POLLOUT|unix.POLLHUP|unix.POLLERR))))
	}},
	"ownthread": {name: "fcntl F_SETOWN_EX F_OWNER_TID", params: "fd tid", do: func(a []int, _ []byte) answer {
		owner := [2]int32{0, int32(a[1])}
		return raw(sysFcntl, uintptr(a[0]), unix.F_SETOWN_EX, uintptr(unsafe.Pointer(&owner)), 0, 0, 0)
	}},
	"epoll_mod": {name: "epoll_ctl EPOLL_CTL_MOD", params: "fd fd n", do: func(a []int, _ []byte) answer {
		return result(0, unix.EpollCtl(a[0], unix.EPOLL_CTL_MOD, a[1], &unix.EpollEvent{Events: uint32(a[2]), Fd: int32(a[1])}))
	}},
	"epoll_del": {name: "epoll_ctl EPOLL_CTL_DEL", params: "fd fd", do: func(a []int, _ []byte) answer {
		return result(0, unix.EpollCtl(a[0], unix.EPOLL_CTL_DEL, a[1], nil))
	}},
	"epoll_events": {name: "epoll_wait", params: "fd", show: shown, do: func(a []int, _ []byte) answer { // what is ready now, in words
		all := make([]unix.EpollEvent, 8)
		n, err := unix.EpollWait(a[0], all, 0)
		var words []string
		for _, e := range all[:max(n, 0)] {
			words = append(words, flags("events", int(e.Events)))
		}
		if words == nil {
			words = []string{"none"}
		}
		return filled(n, err, strings.Join(words, ", "))
	}},
	"mq_notify": {params: "fd how", do: func(a []int, _ []byte) answer { // SIGEV_NONE, or none at all where how is 0
		if a[1] == 0 {
			return raw(unix.SYS_MQ_NOTIFY, uintptr(a[0]), 0, 0, 0, 0, 0)
		}
		e := sigevent{notify: 1}
		return raw(unix.SYS_MQ_NOTIFY, uintptr(a[0]), uintptr(unsafe.Pointer(&e)), 0, 0, 0, 0)
	}},
	"mq_notified": {name: "fork, and there mq_notify SIGEV_SIGNAL", params: "fd fd sig n", do: func(a []int, _ []byte) answer { // writes "." when it is registered, and then the siginfo
		set := uint64(1) << (a[2] - 1)
		e := sigevent{value: uintptr(a[3]), signo: int32(a[2])}
		pid, errno := forkNotified(a[0], a[1], &set, &e, new(siginfo), &[2]int64{5, 0})
		if errno != 0 {
			return answer{N: -1, Errno: errno}
		}
		return answer{N: int(pid)}
	}},
	"readinfo": {name: "rt_sigtimedwait, its siginfo read from", params: "fd", show: shown, do: func(a []int, _ []byte) answer {
		var s siginfo
		p := make([]byte, unsafe.Sizeof(s))
		if n, err := unix.Read(a[0], p); err != nil || n != len(p) {
			return answer{N: -1, Errno: unix.ENODATA}
		}
		s = *(*siginfo)(unsafe.Pointer(unsafe.SliceData(p)))
		if s.Signo == 0 { // there was none, and the child says why
			return answer{N: -1, Errno: syscall.Errno(s.Errno)}
		}
		return filled(int(s.PID), nil, s.text())
	}},
	"mq_setattr": {params: "fd oflag", do: func(a []int, _ []byte) answer { // returns what the flags were
		set, old := sys.MqAttr{Flags: a[1]}, sys.MqAttr{}
		got := raw(unix.SYS_MQ_GETSETATTR, uintptr(a[0]), uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(&old)), 0, 0, 0)
		return got.with(old.Flags)
	}},
	"mq_attr": {name: "mq_getattr", params: "fd", show: shown, do: func(a []int, _ []byte) answer {
		at, err := sys.MqGetAttr(a[0])
		return filled(0, err, fmt.Sprintf("flags %s maxmsg %d msgsize %d curmsgs %d", flags("oflag", at.Flags), at.Maxmsg, at.Msgsize, at.Curmsgs))
	}},
	"mq_prio": {name: "mq_receive", params: "fd", do: func(a []int, _ []byte) answer { // the priority
		_, prio, err := sys.MqReceive(a[0], make([]byte, 64))
		return result(int(prio), err)
	}},
	"mq_timedreceive": {params: "fd n seconds ns", do: func(a []int, _ []byte) answer { // until that time of CLOCK_REALTIME
		p, at := make([]byte, a[1]), unix.Timespec{}
		at.Sec, at.Nsec = cLong(a[2]), cLong(a[3])
		got := raw(unix.SYS_MQ_TIMEDRECEIVE, uintptr(a[0]), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, uintptr(unsafe.Pointer(&at)), 0)
		if got.Errno == 0 {
			got.Data = p[:got.N]
		}
		return got
	}},
	"mq_timedsend": {params: "fd seconds ns", do: func(a []int, d []byte) answer {
		at := unix.Timespec{Sec: cLong(a[1]), Nsec: cLong(a[2])}
		return raw(unix.SYS_MQ_TIMEDSEND, uintptr(a[0]), uintptr(unsafe.Pointer(unsafe.SliceData(d))), uintptr(len(d)), 0, uintptr(unsafe.Pointer(&at)), 0)
	}},
	"ringread": {name: "io_uring read from", params: "fd n", do: func(a []int, _ []byte) answer {
		p := make([]byte, a[1])
		n, err := overRing(func(r *sys.Ring) (int, error) { return r.Read(a[0], p) })
		return reading(p, max(n, 0), err)
	}},
	"ringwrite": {name: "io_uring write to", params: "fd", do: func(a []int, d []byte) answer {
		return result(overRing(func(r *sys.Ring) (int, error) { return r.Write(a[0], d) }))
	}},
}

// overRing does something over a ring of its own.
func overRing(do func(*sys.Ring) (int, error)) (int, error) {
	r, err := sys.OpenRing()
	if err != nil {
		return -1, err
	}
	defer r.Close()
	return do(r)
}

// sigevent is the kernel's struct sigevent: notify is 0 for a signal, 1 for none.
type sigevent struct {
	value         uintptr
	signo, notify int32
	_             [52]byte
}

// forkNotified is fork(2) without execve(2), as forkUntil. The child has one thread,
// so a signal to the process is that thread's: it blocks the signal, registers with
// the queue, writes a byte, waits 5 s for the signal, and writes what came with it.
//
//go:norace
//go:nosplit
func forkNotified(mq, w int, set *uint64, e *sigevent, got *siginfo, limit *[2]int64) (uintptr, syscall.Errno) {
	pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		return pid, errno
	}
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_BLOCK, uintptr(unsafe.Pointer(set)), 0, setSize, 0, 0)
	_, _, errno = syscall.RawSyscall6(unix.SYS_MQ_NOTIFY, uintptr(mq), uintptr(unsafe.Pointer(e)), 0, 0, 0, 0)
	syscall.RawSyscall6(unix.SYS_WRITE, uintptr(w), uintptr(unsafe.Pointer(set)), 1, 0, 0, 0)
	if errno == 0 {
		_, _, errno = syscall.RawSyscall6(sysSigtimedwait, uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(got)), uintptr(unsafe.Pointer(limit)), setSize, 0, 0)
	}
	if errno != 0 {
		got.Signo, got.Errno = 0, int32(errno)
	}
	syscall.RawSyscall6(unix.SYS_WRITE, uintptr(w), uintptr(unsafe.Pointer(got)), unsafe.Sizeof(*got), 0, 0, 0)
	syscall.RawSyscall6(unix.SYS_EXIT_GROUP, uintptr(errno), 0, 0, 0, 0, 0)
	return 0, 0
}
