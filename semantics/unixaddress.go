package semantics

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Addresses, errors and namespaces of UNIX domain sockets.
var unixAddressChecks = []Check{
	{ID: "N37", Mechanism: "unixsocket", Statement: "sendto of a socket that is not connected: a stream takes no address, SOCK_SEQPACKET ignores it",
		Expect: "stream EOPNOTSUPP; seqpacket ENOTCONN", Source: "send(2); net/unix/af_unix.c, unix_stream_sendmsg", About: "invalid",
		Observe: func(k *kernel) string {
			k.listener(unix.SOCK_STREAM, "s", 1)
			to := func(kind int) answer { return k.do("sendto", k.socket(kind, ""), "s\x00x") }
			return say("stream %v; seqpacket %v", to(unix.SOCK_STREAM), to(unix.SOCK_SEQPACKET))
		}},
	{ID: "N38", Mechanism: "unixsocket", Statement: "bind refuses another family, a longer address than there is, a bad one, and what is no socket",
		Expect: "family EINVAL, longer EINVAL, bad address EFAULT, pipe ENOTSOCK, closed EBADF", Source: "bind(2), ERRORS; unix(7)", About: "invalid",
		Observe: func(k *kernel) string {
			s, p := k.socket(unix.SOCK_STREAM, ""), k.pipe(0)
			family, longer := k.do("bindto", s, unix.AF_INET, 16, "s"), k.do("bindto", s, unix.AF_UNIX, unix.SizeofSockaddrUnix+1, "s")
			bad, pipe := k.do("bare bind", s, 1, 10), k.do("bind", p.r, "s")
			k.close(p.r)
			return say("family %v, longer %v, bad address %v, pipe %v, closed %v", family, longer, bad, pipe, k.do("bind", p.r, "s"))
		}},
	{ID: "N39", Mechanism: "unixsocket", Statement: "connect refuses a bad address, a length that is none, and what is no socket",
		Expect: "bad address EFAULT, length EINVAL, pipe ENOTSOCK, closed EBADF", Source: "connect(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			s, p := k.socket(unix.SOCK_STREAM, ""), k.pipe(0)
			bad, length, pipe := k.do("bare connect", s, 1, 10), k.do("bare connect", s, 1, -1), k.do("connect", p.r, "s")
			k.close(p.r)
			return say("bad address %v, length %v, pipe %v, closed %v", bad, length, pipe, k.do("connect", p.r, "s"))
		}},
	{ID: "N40", Mechanism: "unixsocket", Statement: "accept4 sets SOCK_NONBLOCK and SOCK_CLOEXEC on the accepted socket, and refuses other flags",
		Expect: "O_RDWR 0; with flags O_RDWR|O_NONBLOCK 1; another EINVAL", Source: "accept(2), accept4()", Since: "2.6.28", About: "fork-exec timeout",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 2)
			got := func(flag int) string {
				_, a := k.dial("s")
				need(a)
				fd := need(k.do("acceptwith", l, flag)).N
				return say("%s %v", flags("oflag", need(k.do("getfl", fd)).N&(unix.O_ACCMODE|unix.O_NONBLOCK)), k.do("fcntl", fd, unix.F_GETFD, 0))
			}
			return say("%s; with flags %s; another %v", got(0), got(unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC), k.do("acceptwith", l, 1))
		}},
	{ID: "N41", Mechanism: "unixsocket", Statement: "accept to a bad address fails, and the connection is lost; a descriptor of O_PATH can't accept",
		Expect: "EFAULT, the peer reads 0; O_PATH EBADF", Source: "accept(2), ERRORS; open(2), O_PATH; net/socket.c", Since: "2.6.39", About: "invalid left-behind",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			c, a := k.dial("s")
			need(a)
			bad := k.do("bare accept4", l, 1, 1, 0)
			return say("%v, the peer reads %v; O_PATH %v", bad, k.do("recvwith", c, 9, unix.MSG_DONTWAIT), k.do("accept", need(k.open("s", unix.O_PATH)).N))
		}},
	{ID: "N42", Mechanism: "unixsocket", Statement: "getsockname fills in as much of a name as there is room for, and returns its whole length",
		Expect: `"abcde" of 8; room for 4 "ab" of 8; -1 EINVAL, bad address EFAULT, pipe ENOTSOCK`, Source: "getsockname(2)", About: "too-big invalid",
		Observe: func(k *kernel) string {
			s := k.socket(unix.SOCK_STREAM, "abcde")
			return say("%s; room for 4 %s; -1 %s, bad address %v, pipe %v", k.do("sockname", s, unix.SizeofSockaddrUnix).text(), k.do("sockname", s, 4).text(), k.do("sockname", s, -1).text(),
				k.do("bare getsockname", s, 1, 1), k.do("sockname", k.pipe(0).r, 9).text())
		}},
	{ID: "N43", Mechanism: "unixsocket", Statement: "an abstract name is all bytes up to its length, those of value 0 too; a path ends with its first 0",
		Expect: "abstract 0, longer 0; path 0, longer EADDRINUSE", Source: "unix(7), Address format", About: "access",
		Observe: func(k *kernel) string {
			bind := func(name string) answer { return k.do("bind", k.socket(unix.SOCK_STREAM, ""), name) }
			a := abstract()
			return say("abstract %v, longer %v; path %v, longer %v", bind(a), bind(a+"\x00"), bind("s"), bind("s\x00t"))
		}},
	{ID: "N44", Mechanism: "unixsocket", Statement: "an abstract name is known in its network namespace alone, a path in all",
		Expect: "abstract ECONNREFUSED, path 0", Source: "unix(7), Abstract sockets; network_namespaces(7)", Needs: []Need{sysAdmin}, About: "namespaces",
		Observe: func(k *kernel) string {
			name := abstract()
			k.listener(unix.SOCK_STREAM, name, 1)
			k.listener(unix.SOCK_STREAM, "s", 1)
			inside := k.process("inside")
			if a := inside.do("unsharenet"); a.Errno != 0 {
				panic(skipped("another network namespace is refused: " + a.String()))
			}
			dial := func(name string) answer { return inside.do("connect", inside.socket(unix.SOCK_STREAM, ""), name) }
			return say("abstract %v, path %v", dial(name), dial("s"))
		}},
	{ID: "N45", Mechanism: "unixsocket", Statement: "SO_ERROR has ECONNRESET once, when the listener closes before it has accepted",
		Expect: "ECONNRESET, then 0", Source: "socket(7), SO_ERROR; net/unix/af_unix.c, unix_release_sock", About: "peer-gone",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			c, a := k.dial("s")
			need(a)
			k.close(l)
			first := k.do("getsockopt", c, unix.SO_ERROR)
			name := first.String()
			if first.N == int(unix.ECONNRESET) {
				name = "ECONNRESET"
			}
			return say("%s, then %v", name, k.do("getsockopt", c, unix.SO_ERROR))
		}},
	{ID: "N46", Mechanism: "unixsocket", Statement: "listen wants a socket that is open",
		Expect: "pipe ENOTSOCK, closed EBADF", Source: "listen(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			pipe := k.do("listen", p.r, 1)
			k.close(p.r)
			return say("pipe %v, closed %v", pipe, k.do("listen", p.r, 1))
		}},
	{ID: "N47", Mechanism: "unixsocket", Statement: "SHUT_WR of one sender leaves a datagram socket open for the others",
		Expect: "EPIPE, another 1, received 1", Source: "shutdown(2)", About: "peer-gone",
		Observe: func(k *kernel) string {
			to := k.socket(unix.SOCK_DGRAM, "s")
			a, b := k.socket(unix.SOCK_DGRAM, ""), k.socket(unix.SOCK_DGRAM, "")
			need(k.do("connect", a, "s"))
			need(k.do("connect", b, "s"))
			need(k.do("shutdown", a, unix.SHUT_WR))
			shut, other := k.do("send", a, unix.MSG_NOSIGNAL, "x"), k.do("send", b, 0, "y")
			return say("%v, another %v, received %v", shut, other, k.do("recv", to, 9))
		}},
	{ID: "N48", Mechanism: "unixsocket", Statement: "a datagram socket without a name that has SO_PASSCRED gets an abstract name with its first send",
		Expect: "no name; @ and 5 digits", Source: "unix(7), Autobind feature", About: "access",
		Observe: func(k *kernel) string {
			k.socket(unix.SOCK_DGRAM, "s")
			c := k.socket(unix.SOCK_DGRAM, "")
			need(k.do("setsockopt", c, unix.SO_PASSCRED, 1))
			before := k.do("getsockname", c).text()
			need(k.do("sendto", c, "s\x00x"))
			return say("%s; %s", before, autobound(k.do("getsockname", c).text()))
		}},
	{ID: "N49", Mechanism: "unixsocket", Statement: "a name is 107 bytes at most; a symbolic link is followed by connect, and in the way of bind",
		Expect: "107: 0; by a link 0; bind EADDRINUSE", Source: "unix(7), sun_path; bind(2); connect(2)", About: "limits",
		Observe: func(k *kernel) string {
			long := k.do("bind", k.socket(unix.SOCK_STREAM, ""), strings.Repeat("n", 107))
			k.listener(unix.SOCK_STREAM, "s", 1)
			need(k.do("symlink", "s\x00link"))
			_, dial := k.dial("link")
			return say("107: %v; by a link %v; bind %v", long, dial, k.do("bind", k.socket(unix.SOCK_STREAM, ""), "link"))
		}},
	{ID: "N50", Mechanism: "unixsocket", Statement: "getpeername wants a socket that is connected, and addresses",
		Expect: "not connected ENOTCONN, pipe ENOTSOCK, closed EBADF; bad address EFAULT", Source: "getpeername(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			lone, pipe, bad := k.do("getpeername", k.socket(unix.SOCK_STREAM, "")), k.do("getpeername", p.r), k.do("bare getpeername", s.r, 1, 1)
			k.close(p.r)
			return say("not connected %v, pipe %v, closed %v; bad address %v", lone, pipe, k.do("getpeername", p.r), bad)
		}},
}

// autobound is the form of a name that the kernel chose, or the name.
func autobound(name string) string {
	if len(name) == 6 && name[0] == '@' && strings.Trim(name[1:], "0123456789abcdef") == "" {
		return "@ and 5 digits"
	}
	return name
}
