package semantics

import (
	"fmt"
	"os"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// messageOps are calls on sockets that say more than bytes: several messages, what
// goes along with one, options.
var messageOps = map[string]op{
	"sendmmsg": {params: "fd", do: func(a []int, d []byte) answer { // texts, divided by NUL
		texts := strings.Split(string(d), "\x00")
		m := sys.NewMessages(len(texts))
		for i, text := range texts {
			m.Point(i, []byte(text))
		}
		h := m.Headers(0, len(texts))
		return raw(unix.SYS_SENDMMSG, uintptr(a[0]), uintptr(unsafe.Pointer(&h[0])), uintptr(len(h)), 0, 0, 0)
	}},
	"recvmmsg": {params: "fd n sendflag", show: shown, do: func(a []int, _ []byte) answer { // up to n, in words
		m, texts := sys.NewMessages(a[1]), make([][]byte, a[1])
		for i := range texts {
			texts[i] = make([]byte, 64)
			m.Point(i, texts[i])
		}
		h := m.Headers(0, a[1])
		got := raw(unix.SYS_RECVMMSG, uintptr(a[0]), uintptr(unsafe.Pointer(&h[0])), uintptr(len(h)), uintptr(a[2]), 0, 0)
		var words []string
		for i := range max(got.N, 0) {
			words = append(words, string(texts[i][:m.Len(i)]))
		}
		return filledOr(got, fmt.Sprintf("%d: %s", got.N, strings.Join(words, ", ")))
	}},
	"recvheader": {name: "recvmsg, its msg_flags from 0x7f", params: "fd sendflag", show: shown, do: func(a []int, _ []byte) answer {
		p := make([]byte, 9)
		v := sys.Vector(p)
		h := unix.Msghdr{Iov: &v, Flags: 0x7f}
		h.SetIovlen(1)
		got := raw(unix.SYS_RECVMSG, uintptr(a[0]), uintptr(unsafe.Pointer(&h)), uintptr(a[1]), 0, 0, 0)
		got.Data = fmt.Appendf(nil, "flags %#x, room %d", h.Flags, v.Len) // where it fails, too
		return got
	}},
	// A control message of one number, with this length in its header.
	"sendctl": {name: "sendmsg with control message", params: "fd level type n", do: func(a []int, d []byte) answer {
		p := make([]byte, unix.CmsgSpace(4))
		h := (*unix.Cmsghdr)(unsafe.Pointer(&p[0]))
		h.Level, h.Type = int32(a[1]), int32(a[2])
		h.SetLen(a[3])
		return result(unix.SendmsgN(a[0], d, p, nil, 0))
	}},
	"sendnone": {name: "sendmsg SCM_RIGHTS, no bytes", params: "fd fd", do: func(a []int, _ []byte) answer { // x/sys would add a byte
		oob := unix.UnixRights(a[1])
		h := unix.Msghdr{Control: &oob[0]}
		h.SetControllen(len(oob))
		return raw(unix.SYS_SENDMSG, uintptr(a[0]), uintptr(unsafe.Pointer(&h)), 0, 0, 0, 0)
	}},
	"sendboth": {name: "sendmsg SCM_CREDENTIALS and SCM_RIGHTS", params: "fd fd", do: func(a []int, d []byte) answer {
		cred := unix.UnixCredentials(&unix.Ucred{Pid: int32(os.Getpid()), Uid: uint32(sys.UID()), Gid: uint32(sys.GID())})
		return result(unix.SendmsgN(a[0], d, append(cred, unix.UnixRights(a[1])...), nil, 0))
	}},
	"recvall": {name: "recvmsg", params: "fd n", show: shown, do: func(a []int, _ []byte) answer { // text, and what goes along, in order
		p, oob := make([]byte, a[1]), make([]byte, 256)
		n, m, got, _, err := unix.Recvmsg(a[0], p, oob, 0)
		if err != nil {
			return result(-1, err)
		}
		words := string(p[:n])
		messages, _ := unix.ParseSocketControlMessage(oob[:m])
		for _, c := range messages {
			words += map[int32]string{unix.SCM_RIGHTS: " SCM_RIGHTS", unix.SCM_CREDENTIALS: " SCM_CREDENTIALS"}[c.Header.Type]
		}
		if got&unix.MSG_CTRUNC != 0 {
			words += " MSG_CTRUNC"
		}
		return filled(n, nil, words)
	}},
	"gettimeout": {name: "getsockopt", params: "fd sockopt", do: func(a []int, _ []byte) answer { // ms
		tv, err := unix.GetsockoptTimeval(a[0], unix.SOL_SOCKET, a[1])
		if err != nil {
			return result(-1, err)
		}
		return answer{N: int(tv.Nano() / int64(time.Millisecond))}
	}},
	"timeoutof": {name: "setsockopt", params: "fd sockopt seconds us", do: func(a []int, _ []byte) answer {
		return result(0, unix.SetsockoptTimeval(a[0], unix.SOL_SOCKET, a[1], &unix.Timeval{Sec: cLong(a[2]), Usec: cLong(a[3])}))
	}},
	"linger": {name: "SO_LINGER set and read", params: "fd onoff seconds", show: shown, do: func(a []int, _ []byte) answer {
		size := uint32(unix.SizeofLinger)
		err := unix.SetsockoptLinger(a[0], unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: int32(a[1]), Linger: int32(a[2])})
		var l unix.Linger
		if err == nil {
			if got := raw(unix.SYS_GETSOCKOPT, uintptr(a[0]), unix.SOL_SOCKET, unix.SO_LINGER, uintptr(unsafe.Pointer(&l)), uintptr(unsafe.Pointer(&size)), 0); got.Errno != 0 {
				return got
			}
		}
		return filled(0, err, fmt.Sprintf("%d %d", l.Onoff, l.Linger))
	}},
	// A name of which only so many bytes fit, and how long it is.
	"sockname": {name: "getsockname", params: "fd n", show: shown, do: func(a []int, _ []byte) answer {
		var name unix.RawSockaddrUnix
		size := int32(a[1])
		got := raw(unix.SYS_GETSOCKNAME, uintptr(a[0]), uintptr(unsafe.Pointer(&name)), uintptr(unsafe.Pointer(&size)), 0, 0, 0)
		path := make([]byte, 0, len(name.Path))
		for _, c := range name.Path {
			if c == 0 {
				break
			}
			path = append(path, byte(c))
		}
		return filledOr(got, fmt.Sprintf("%q of %d", path, size))
	}},
	"bindto": {name: "bind to family and length", params: "fd family n", do: func(a []int, d []byte) answer {
		name := unix.RawSockaddrUnix{Family: uint16(a[1])}
		for i, c := range d {
			name.Path[i] = int8(c)
		}
		return raw(unix.SYS_BIND, uintptr(a[0]), uintptr(unsafe.Pointer(&name)), uintptr(a[2]), 0, 0, 0)
	}},
	"acceptwith": {name: "accept4", params: "fd oflag", do: func(a []int, _ []byte) answer {
		fd, _, err := unix.Accept4(a[0], a[1])
		return result(fd, err)
	}},
	"fstatfs": {params: "fd", show: shown, do: func(a []int, _ []byte) answer {
		var st unix.Statfs_t
		err := unix.Fstatfs(a[0], &st)
		return filled(0, err, fmt.Sprintf("type %#x, blocks of %d", uint32(st.Type), st.Bsize))
	}},
	"inode": {name: "fstat st_ino", params: "fd", do: func(a []int, _ []byte) answer {
		var st unix.Stat_t
		err := unix.Fstat(a[0], &st)
		return result(int(uint32(st.Ino)), err)
	}},
	"mknod": {params: "mode n", do: func(a []int, d []byte) answer {
		return result(0, unix.Mknodat(unix.AT_FDCWD, string(d), uint32(a[0]), a[1]))
	}},
	"symlink": {do: func(_ []int, d []byte) answer { // what it says and its name, divided by NUL
		to, name, _ := strings.Cut(string(d), "\x00")
		return result(0, unix.Symlinkat(to, unix.AT_FDCWD, name))
	}},
	"fchmod":     {params: "fd mode", do: func(a []int, _ []byte) answer { return result(0, unix.Fchmod(a[0], uint32(a[1]))) }},
	"unsharenet": {name: "unshare CLONE_NEWNET", do: func([]int, []byte) answer { return result(0, unix.Unshare(unix.CLONE_NEWNET)) }},
	// Reads until so many bytes are there, and compares them with those of letters.
	"readletters": {name: "read until all are there, and compare, from", params: "fd n", show: shown, do: func(a []int, _ []byte) answer {
		p := make([]byte, a[1])
		for q := p; len(q) > 0; {
			n, err := unix.Read(a[0], q)
			if err != nil || n == 0 {
				return result(-1, unix.ENODATA)
			}
			q = q[n:]
		}
		same := "changed"
		if string(p) == string(letters(a[1])) {
			same = "intact"
		}
		return filled(a[1], nil, fmt.Sprint(a[1], " ", same))
	}},
	// Offsets of -1 are none. The number, and what the offsets are afterwards.
	"spliceat": {name: "splice", params: "fd offset fd offset n", show: shown, do: func(a []int, _ []byte) answer {
		in, out := int64(a[1]), int64(a[3])
		pin, pout := &in, &out
		if in < 0 {
			pin = nil
		}
		if out < 0 {
			pout = nil
		}
		n, err := unix.Splice(a[0], pin, a[2], pout, a[4], 0)
		words := fmt.Sprint(n)
		if pin != nil {
			words += fmt.Sprint(", offset ", in)
		}
		if pout != nil {
			words += fmt.Sprint(", offset ", out)
		}
		return filled(int(n), err, words)
	}},
	"splice all": {name: "splice until all are moved", params: "fd fd n", do: func(a []int, _ []byte) answer {
		total := 0
		for total < a[2] {
			n, err := unix.Splice(a[0], nil, a[1], nil, a[2]-total, 0)
			if err != nil || n == 0 {
				return result(-1, unix.ENODATA)
			}
			total += int(n)
		}
		return answer{N: total}
	}},
	"vmsplicetwo": {name: "vmsplice of two buffers", params: "fd n n", do: func(a []int, _ []byte) answer { // of the memory that vmsplice takes
		p, err := pages()
		if err != nil {
			return result(-1, err)
		}
		v := []unix.Iovec{{Base: &p[0], Len: ulong(a[1])}, {Base: &p[len(p)/2], Len: ulong(a[2])}}
		return result(unix.Vmsplice(a[0], v, 0))
	}},
	"vmreadtwo": {name: "process_vm_readv into two buffers", params: "pid address n n", show: shown, do: func(a []int, _ []byte) answer {
		p, q := make([]byte, a[2]), make([]byte, a[3])
		local, remote := [2]unix.Iovec{sys.Vector(p), sys.Vector(q)}, [2]uintptr{uintptr(a[1]), uintptr(a[2] + a[3])}
		got := raw(unix.SYS_PROCESS_VM_READV, uintptr(a[0]), uintptr(unsafe.Pointer(&local)), 2, uintptr(unsafe.Pointer(&remote)), 1, 0)
		return filledOr(got, fmt.Sprintf("%d: %s, %s", got.N, p, q))
	}},
	"mq_default": {name: "mq_open without attributes", params: "oflag", do: func(a []int, d []byte) answer {
		return result(sys.MqOpen(string(d), a[0], 0o600, nil))
	}},
	"ringof": {name: "io_uring_setup", params: "n flags", do: func(a []int, _ []byte) answer { // the parameters are 120 bytes
		p := make([]uint32, 30)
		p[2] = uint32(a[1])
		return raw(unix.SYS_IO_URING_SETUP, uintptr(a[0]), uintptr(unsafe.Pointer(&p[0])), 0, 0, 0, 0)
	}},
	"robustsize": {name: "get_robust_list, its size", params: "pid", do: func(a []int, _ []byte) answer {
		var head, size uintptr
		got := raw(unix.SYS_GET_ROBUST_LIST, uintptr(a[0]), uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size)), 0, 0, 0)
		return got.with(int(size))
	}},
	"futexhole": {name: "futex on memory that is not mapped", params: "n n", do: func(a []int, _ []byte) answer {
		p, err := pageThenHole()
		if err != nil {
			return result(-1, err)
		}
		return raw(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&p[0]))+uintptr(len(p)), uintptr(a[0]), uintptr(a[1]), 0, 0, 0)
	}},
}
