package semantics

import (
	"strconv"

	"golang.org/x/sys/unix"
)

var socketOps = map[string]op{
	"socketpair": {params: "sock", show: shown, do: func(a []int, _ []byte) answer {
		p, err := unix.Socketpair(unix.AF_UNIX, a[0], 0)
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
	"sendfd": {name: "sendmsg SCM_RIGHTS", params: "fd fd", do: func(a []int, _ []byte) answer {
		return result(unix.SendmsgN(a[0], []byte("x"), unix.UnixRights(a[1]), nil, 0))
	}},
	"recvfd": {name: "recvmsg SCM_RIGHTS", params: "fd", do: func(a []int, _ []byte) answer {
		oob := make([]byte, unix.CmsgSpace(4))
		_, n, _, _, err := unix.Recvmsg(a[0], make([]byte, 1), oob, 0)
		if err != nil {
			return result(-1, err)
		}
		messages, err := unix.ParseSocketControlMessage(oob[:n])
		if err != nil || len(messages) != 1 {
			return answer{N: -1, Errno: unix.EBADMSG}
		}
		fds, err := unix.ParseUnixRights(&messages[0])
		if err != nil || len(fds) != 1 {
			return answer{N: -1, Errno: unix.EBADMSG}
		}
		return answer{N: fds[0]}
	}},
	"shutdown":   {params: "fd how", do: func(a []int, _ []byte) answer { return result(0, unix.Shutdown(a[0], a[1])) }},
	"getsockopt": {params: "fd n", do: func(a []int, _ []byte) answer { return result(unix.GetsockoptInt(a[0], unix.SOL_SOCKET, a[1])) }},
	"setsockopt": {params: "fd n n", do: func(a []int, _ []byte) answer {
		return result(0, unix.SetsockoptInt(a[0], unix.SOL_SOCKET, a[1], a[2]))
	}},
}
