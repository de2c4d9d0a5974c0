package semantics

import (
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// unixOps are calls on UNIX domain sockets, with names, descriptors and credentials.
// A name that begins with @ is abstract; "" has the kernel choose one.
var unixOps = map[string]op{
	"socket": {params: "sock", do: func(a []int, _ []byte) answer { return result(unix.Socket(unix.AF_UNIX, a[0], 0)) }},
	"bind":   {params: "fd", do: func(a []int, d []byte) answer { return result(0, unix.Bind(a[0], &unix.SockaddrUnix{Name: string(d)})) }},
	"connect": {params: "fd", do: func(a []int, d []byte) answer {
		return result(0, unix.Connect(a[0], &unix.SockaddrUnix{Name: string(d)}))
	}},
	"disconnect": {name: "connect AF_UNSPEC", params: "fd", do: func(a []int, _ []byte) answer {
		none := unix.RawSockaddr{Family: unix.AF_UNSPEC}
		return raw(unix.SYS_CONNECT, uintptr(a[0]), uintptr(unsafe.Pointer(&none)), 2, 0, 0, 0)
	}},
	"listen": {params: "fd backlog", do: func(a []int, _ []byte) answer { return result(0, unix.Listen(a[0], a[1])) }},
	"accept": {name: "accept4", params: "fd", do: func(a []int, _ []byte) answer {
		fd, _, err := unix.Accept4(a[0], 0)
		return result(fd, err)
	}},
	"sendto": {params: "fd", do: func(a []int, d []byte) answer { // name and text, divided by NUL
		name, text, _ := strings.Cut(string(d), "\x00")
		n, err := unix.SendmsgN(a[0], []byte(text), nil, &unix.SockaddrUnix{Name: name}, 0)
		return result(n, err)
	}},
	"recvfrom": {params: "fd n", show: shown, do: func(a []int, _ []byte) answer { // text, and the sender's name
		p := make([]byte, a[1])
		n, from, err := unix.Recvfrom(a[0], p, 0)
		return filled(n, err, string(p[:max(n, 0)])+" from "+nameOf(from))
	}},
	"getsockname": {params: "fd", show: shown, do: func(a []int, _ []byte) answer {
		name, err := unix.Getsockname(a[0])
		return filled(0, err, nameOf(name))
	}},
	"getpeername": {params: "fd", show: shown, do: func(a []int, _ []byte) answer {
		name, err := unix.Getpeername(a[0])
		return filled(0, err, nameOf(name))
	}},
	"recvwith": {name: "recv", params: "fd n sendflag", do: func(a []int, _ []byte) answer {
		p := make([]byte, a[1])
		n, _, _, _, err := unix.Recvmsg(a[0], p, nil, a[2])
		return reading(p, min(n, a[1]), err).with(n)
	}},
	"sendfds": {name: "sendmsg SCM_RIGHTS", params: "fd fd copies", do: func(a []int, d []byte) answer { // with this text
		fds := make([]int, a[2])
		for i := range fds {
			fds[i] = a[1]
		}
		return result(unix.SendmsgN(a[0], d, unix.UnixRights(fds...), nil, 0))
	}},
	// Text, how many descriptors, and flags, in words. The last descriptor is the number.
	"recvfds": {name: "recvmsg SCM_RIGHTS", params: "fd n descriptors sendflag", show: shown, do: func(a []int, _ []byte) answer {
		p, oob := make([]byte, a[1]), make([]byte, unix.CmsgLen(4*a[2]))
		n, m, got, _, err := unix.Recvmsg(a[0], p, oob, a[3])
		if err != nil {
			return result(-1, err)
		}
		var fds []int
		messages, _ := unix.ParseSocketControlMessage(oob[:m])
		for i := range messages {
			some, _ := unix.ParseUnixRights(&messages[i])
			fds = append(fds, some...)
		}
		words := fmt.Sprintf("%s+%d", p[:n], len(fds))
		if f := got & (unix.MSG_CTRUNC | unix.MSG_TRUNC); f != 0 {
			words += " " + flags("sendflag", f)
		}
		return filled(append([]int{-1}, fds...)[len(fds)], nil, words)
	}},
	"sendcred": {name: "sendmsg SCM_CREDENTIALS", params: "fd pid uid", do: func(a []int, d []byte) answer {
		cred := unix.UnixCredentials(&unix.Ucred{Pid: int32(a[1]), Uid: uint32(a[2]), Gid: uint32(sys.GID())})
		return result(unix.SendmsgN(a[0], d, cred, nil, 0))
	}},
	"recvcred": {name: "recvmsg SCM_CREDENTIALS", params: "fd n", show: shown, do: func(a []int, _ []byte) answer { // text, PID and user, in words
		p, oob := make([]byte, a[1]), make([]byte, unix.CmsgSpace(unix.SizeofUcred))
		n, m, _, _, err := unix.Recvmsg(a[0], p, oob, 0)
		if err != nil {
			return result(-1, err)
		}
		who := " none"
		if messages, _ := unix.ParseSocketControlMessage(oob[:m]); len(messages) == 1 {
			if cred, err := unix.ParseUnixCredentials(&messages[0]); err == nil {
				who = fmt.Sprintf(" pid %d uid %d", cred.Pid, int32(cred.Uid))
			}
		}
		return filled(n, nil, string(p[:n])+who)
	}},
	"peercred": {name: "getsockopt SO_PEERCRED", params: "fd", do: func(a []int, _ []byte) answer { // the PID
		cred, err := unix.GetsockoptUcred(a[0], unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return result(-1, err)
		}
		return answer{N: int(cred.Pid)}
	}},
	"timeout": {name: "setsockopt", params: "fd sockopt ms", do: func(a []int, _ []byte) answer {
		tv := unix.NsecToTimeval(int64(a[2]) * 1e6)
		return result(0, unix.SetsockoptTimeval(a[0], unix.SOL_SOCKET, a[1], &tv))
	}},
	"outq": {name: "ioctl SIOCOUTQ", params: "fd", do: func(a []int, _ []byte) answer { return result(unix.IoctlGetInt(a[0], unix.TIOCOUTQ)) }},
}

// with is the answer with another number.
func (a answer) with(n int) answer {
	if a.Errno == 0 {
		a.N = n
	}
	return a
}

// nameOf is the name of a socket.
func nameOf(a unix.Sockaddr) string {
	if u, ok := a.(*unix.SockaddrUnix); ok && u.Name != "" && u.Name != "@" {
		return u.Name
	}
	return "no name"
}
