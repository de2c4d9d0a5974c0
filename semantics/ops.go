package semantics

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// ops are the calls that a check can make, by name. They are put together
// before main, and not changed.
var ops = map[string]op{}

func init() {
	for _, some := range []map[string]op{fdOps, loopOps, socketOps, unixOps, messageOps, bareOps, waitOps, noticeOps, sysvOps, moreSysvOps, mqOps, memoryOps, processOps} {
		maps.Copy(ops, some)
	}
}

// fdOps are calls on descriptors and paths.
var fdOps = map[string]op{
	"pipe2": {params: "oflag", show: shown, do: func(a []int, _ []byte) answer {
		var p [2]int
		return two(p[:], unix.Pipe2(p[:], a[0]))
	}},
	"pipe2array": {name: "pipe2 into an array of -7, -7", params: "oflag", show: shown, do: func(a []int, _ []byte) answer {
		p := [2]int32{-7, -7}
		_, _, errno := syscall.RawSyscall6(unix.SYS_PIPE2, uintptr(unsafe.Pointer(&p)), uintptr(a[0]), 0, 0, 0, 0)
		return filled(0, nil, fmt.Sprint(errnoName(errno), " ", p))
	}},
	"read": {params: "fd n", do: func(a []int, _ []byte) answer {
		p := make([]byte, a[1])
		n, err := unix.Read(a[0], p)
		return reading(p, n, err)
	}},
	"write": {params: "fd", do: func(a []int, d []byte) answer { return result(unix.Write(a[0], d)) }},
	"pread": {params: "fd n offset", do: func(a []int, _ []byte) answer {
		p := make([]byte, a[1])
		n, err := unix.Pread(a[0], p, int64(a[2]))
		return reading(p, n, err)
	}},
	"pwrite": {params: "fd offset", do: func(a []int, d []byte) answer { return result(unix.Pwrite(a[0], d, int64(a[1]))) }},
	"lseek": {params: "fd offset whence", do: func(a []int, _ []byte) answer {
		n, err := unix.Seek(a[0], int64(a[1]), a[2])
		return result(int(n), err)
	}},
	"readv": {params: "fd n n", do: func(a []int, _ []byte) answer {
		p, q := make([]byte, a[1]), make([]byte, a[2])
		n, err := unix.Readv(a[0], [][]byte{p, q})
		return reading(append(p, q...), n, err)
	}},
	"writev": {params: "fd n", do: func(a []int, d []byte) answer { return result(unix.Writev(a[0], [][]byte{d[:a[1]], d[a[1]:]})) }},
	"close":  {params: "fd", do: func(a []int, _ []byte) answer { return result(0, unix.Close(a[0])) }},
	"dup":    {params: "fd", do: func(a []int, _ []byte) answer { return result(unix.Dup(a[0])) }},
	"dup2":   {params: "fd fd", do: func(a []int, _ []byte) answer { return result(a[1], unix.Dup3(a[0], a[1], 0)) }},
	"fcntl":  {params: "fd fcmd n", do: func(a []int, _ []byte) answer { return result(unix.FcntlInt(uintptr(a[0]), a[1], a[2])) }},
	"getfl":  {name: "fcntl F_GETFL", params: "fd", do: func(a []int, _ []byte) answer { return result(unix.FcntlInt(uintptr(a[0]), unix.F_GETFL, 0)) }},
	"setfl":  {name: "fcntl F_SETFL", params: "fd oflag", do: func(a []int, _ []byte) answer { return result(unix.FcntlInt(uintptr(a[0]), unix.F_SETFL, a[1])) }},
	"fionread": {name: "ioctl FIONREAD", params: "fd", do: func(a []int, _ []byte) answer {
		return result(unix.IoctlGetInt(a[0], unix.TIOCINQ))
	}},
	"poll": {params: "fd events", show: func(a answer) string { return flags("events", a.N) }, do: func(a []int, _ []byte) answer {
		fds := []unix.PollFd{{Fd: int32(a[0]), Events: int16(a[1])}}
		_, err := unix.Ppoll(fds, &unix.Timespec{}, nil)
		return result(int(fds[0].Revents), err)
	}},
	"pollwait": {name: "poll", params: "fd events", do: func(a []int, _ []byte) answer {
		return result(unix.Ppoll([]unix.PollFd{{Fd: int32(a[0]), Events: int16(a[1])}}, nil, nil))
	}},
	"epoll_create": {do: func([]int, []byte) answer { return result(unix.EpollCreate1(unix.EPOLL_CLOEXEC)) }},
	"epoll_add": {name: "epoll_ctl EPOLL_CTL_ADD", params: "fd fd n", do: func(a []int, _ []byte) answer {
		return result(0, unix.EpollCtl(a[0], unix.EPOLL_CTL_ADD, a[1], &unix.EpollEvent{Events: uint32(a[2]), Fd: int32(a[1])}))
	}},
	"epoll_wait": {params: "fd timeout", do: func(a []int, _ []byte) answer { return result(unix.EpollWait(a[0], make([]unix.EpollEvent, 4), a[1])) }},
	"fstat": {params: "fd", show: shown, do: func(a []int, _ []byte) answer { // type and size
		var st unix.Stat_t
		err := unix.Fstat(a[0], &st)
		return filled(int(st.Mode)&unix.S_IFMT, err, fmt.Sprintf("type %#o mode %#o size %d", st.Mode&unix.S_IFMT, st.Mode&0o7777, st.Size))
	}},
	"size": {name: "fstat", params: "fd", show: shown, do: func(a []int, _ []byte) answer {
		var st unix.Stat_t
		err := unix.Fstat(a[0], &st)
		return filled(0, err, fmt.Sprint("size ", st.Size))
	}},
	"times": {name: "fstat", params: "fd", show: shown, do: func(a []int, _ []byte) answer {
		var st unix.Stat_t
		err := unix.Fstat(a[0], &st)
		return filled(0, err, fmt.Sprintf("atime %d.%09d mtime %d.%09d", st.Atim.Sec, st.Atim.Nsec, st.Mtim.Sec, st.Mtim.Nsec))
	}},
	"open":   {params: "openflag mode", do: func(a []int, d []byte) answer { return result(unix.Open(string(d), a[0], uint32(a[1]))) }},
	"openat": {params: "fd openflag", do: func(a []int, d []byte) answer { return result(unix.Openat(a[0], string(d), a[1], 0o600)) }},
	"mkfifo": {params: "mode", do: func(a []int, d []byte) answer {
		return result(0, unix.Mknodat(unix.AT_FDCWD, string(d), unix.S_IFIFO|uint32(a[0]), 0))
	}},
	"mkfifoat": {params: "fd mode", do: func(a []int, d []byte) answer {
		return result(0, unix.Mknodat(a[0], string(d), unix.S_IFIFO|uint32(a[1]), 0))
	}},
	"mkdir": {params: "mode", do: func(a []int, d []byte) answer { return result(0, unix.Mkdirat(unix.AT_FDCWD, string(d), uint32(a[0]))) }},
	"chmod": {params: "mode", do: func(a []int, d []byte) answer {
		return result(0, unix.Fchmodat(unix.AT_FDCWD, string(d), uint32(a[0]), 0))
	}},
	"umask": {params: "mode", do: func(a []int, _ []byte) answer { return raw(unix.SYS_UMASK, uintptr(a[0]), 0, 0, 0, 0, 0) }},
	"rename": {do: func(_ []int, d []byte) answer { // from and to, divided by NUL
		from, to, _ := strings.Cut(string(d), "\x00")
		return result(0, unix.Renameat(unix.AT_FDCWD, from, unix.AT_FDCWD, to))
	}},
	"fchdir": {params: "fd", do: func(a []int, _ []byte) answer { return result(0, unix.Fchdir(a[0])) }},
	"unlink": {do: func(_ []int, d []byte) answer { return result(0, unix.Unlinkat(unix.AT_FDCWD, string(d), 0)) }},
	"splice": {params: "fd fd n spliceflag", do: func(a []int, _ []byte) answer {
		n, err := unix.Splice(a[0], nil, a[1], nil, a[2], a[3])
		return result(int(n), err)
	}},
	"spliceoff": {name: "splice with an offset", params: "fd fd n", do: func(a []int, _ []byte) answer {
		var off int64
		n, err := unix.Splice(a[0], &off, a[1], nil, a[2], 0)
		return result(int(n), err)
	}},
	"tee": {params: "fd fd n spliceflag", do: func(a []int, _ []byte) answer { n, err := unix.Tee(a[0], a[1], a[2], a[3]); return result(int(n), err) }},
	"eventread": {name: "read from eventfd", params: "fd", do: func(a []int, _ []byte) answer {
		p := make([]byte, 8)
		_, err := unix.Read(a[0], p)
		return result(int(binary.NativeEndian.Uint64(p)), err)
	}},
	"eventfd": {params: "n n", do: func(a []int, _ []byte) answer { return result(unix.Eventfd(uint(a[0]), a[1])) }},
}

// loopOps are calls made many times over: one by one they would take too long.
var loopOps = map[string]op{
	"fill": {name: "write until EAGAIN, from", params: "fd size", show: shown, do: func(a []int, _ []byte) answer {
		total, calls, p := 0, 0, letters(a[1])
		for {
			n, err := unix.Write(a[0], p)
			switch {
			case err == unix.EAGAIN:
				return filled(total, nil, fmt.Sprint(total, "/", calls))
			case err != nil:
				return result(-1, err)
			}
			total += n
			calls++
		}
	}},
	"records": {name: "write records to", params: "fd size times", do: func(a []int, d []byte) answer { // each of one letter
		p := make([]byte, a[1])
		for i := range p {
			p[i] = d[0]
		}
		for range a[2] {
			for q := p; len(q) > 0; {
				n, err := unix.Write(a[0], q)
				if err != nil {
					return result(-1, err)
				}
				q = q[n:]
			}
		}
		return answer{N: a[2]}
	}},
	"torn": {name: "records torn of those read from", params: "fd size times", do: func(a []int, _ []byte) answer {
		torn, p := 0, make([]byte, a[1])
		for range a[2] {
			for q := p; len(q) > 0; {
				n, err := unix.Read(a[0], q)
				if err != nil || n == 0 {
					return result(-1, cmp.Or(err, error(unix.ENODATA)))
				}
				q = q[n:]
			}
			for _, c := range p {
				if c != p[0] {
					torn++
					break
				}
			}
		}
		return answer{N: torn}
	}},
	"filltype": {name: "msgsnd until EAGAIN", params: "id size", do: func(a []int, _ []byte) answer { // how many messages
		m := oneMessage(a[1])
		for n := 0; ; n++ {
			if err := sys.MsgsndOnce(a[0], m, unix.IPC_NOWAIT); err != nil {
				if errors.Is(err, unix.EAGAIN) {
					return answer{N: n}
				}
				return result(-1, err)
			}
		}
	}},
}

func oneMessage(size int) sys.Msg { return sys.NewMsg(sys.MsgBuffer(size), 1) }

// filled is an answer with what the call filled in, in words.
func filled(n int, err error, s string) answer {
	a := result(n, err)
	if a.Errno == 0 {
		a.Data = []byte(s)
	}
	return a
}

// two is the answer of a call that gives two descriptors.
func two(p []int, err error) answer { return filled(0, err, fmt.Sprint(p[0], " ", p[1])) }

// shown renders an answer that is in words already.
func shown(a answer) string { return string(a.Data) }

var socketOps = map[string]op{
	"socketpair": {params: "sock", show: shown, do: func(a []int, _ []byte) answer {
		p, err := unix.Socketpair(unix.AF_UNIX, a[0], 0)
		return two(p[:], err)
	}},
	"socketpairof": {name: "socketpair", params: "family sock protocol", show: shown, do: func(a []int, _ []byte) answer {
		p, err := unix.Socketpair(a[0], a[1], a[2])
		return two(p[:], err)
	}},
	"send": {params: "fd sendflag", do: func(a []int, d []byte) answer { return result(unix.SendmsgN(a[0], d, nil, nil, a[1])) }},
	"datagrams": {name: "write numbers from 0 to", params: "fd n", do: func(a []int, _ []byte) answer {
		for i := range a[1] {
			if _, err := unix.Write(a[0], strconv.AppendInt(nil, int64(i), 10)); err != nil {
				return result(-1, err)
			}
		}
		return answer{N: a[1]}
	}},
	"recv": {params: "fd n", do: func(a []int, _ []byte) answer {
		p := make([]byte, a[1])
		n, _, _, _, err := unix.Recvmsg(a[0], p, nil, 0)
		return reading(p, n, err)
	}},
	"recvflags": {name: "recvmsg", params: "fd n", show: func(a answer) string { return "flags " + flags("sendflag", a.N) }, do: func(a []int, _ []byte) answer {
		_, _, got, _, err := unix.Recvmsg(a[0], make([]byte, a[1]), nil, 0)
		return result(got, err)
	}},
	"shutdown":   {params: "fd how", do: func(a []int, _ []byte) answer { return result(0, unix.Shutdown(a[0], a[1])) }},
	"getsockopt": {params: "fd sockopt", do: func(a []int, _ []byte) answer { return result(unix.GetsockoptInt(a[0], unix.SOL_SOCKET, a[1])) }},
	"setsockopt": {params: "fd sockopt n", do: func(a []int, _ []byte) answer {
		return result(0, unix.SetsockoptInt(a[0], unix.SOL_SOCKET, a[1], a[2]))
	}},
}

// mqOps are calls on POSIX message queues. Names have no leading slash here, as
// the kernel wants them.
var mqOps = map[string]op{
	"mq_open": {params: "oflag maxmsg msgsize", do: func(a []int, d []byte) answer {
		return result(sys.MqOpen(string(d), a[0], 0o600, &sys.MqAttr{Maxmsg: a[1], Msgsize: a[2]}))
	}},
	"mq_unlink": {do: func(_ []int, d []byte) answer { return result(0, sys.MqUnlink(string(d))) }},
	"mq_send":   {params: "fd priority", do: func(a []int, d []byte) answer { return result(0, sys.MqSend(a[0], d, a[1])) }},
	"mq_receive": {params: "fd n", do: func(a []int, _ []byte) answer {
		p := make([]byte, a[1])
		n, _, err := sys.MqReceive(a[0], p)
		return reading(p, n, err)
	}},
	"mq_curmsgs": {name: "mq_getattr", params: "fd", do: func(a []int, _ []byte) answer { attr, err := sys.MqGetAttr(a[0]); return result(attr.Curmsgs, err) }},
}
