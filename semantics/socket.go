package semantics

import "golang.org/x/sys/unix"

// sockets makes a pair.
func (p *proc) sockets(kind int) pipe { return pair(need(p.do("socketpair", kind))) }

func (p *proc) nonblock(fds ...int) {
	for _, fd := range fds {
		need(p.do("setfl", fd, unix.O_NONBLOCK))
	}
}

var socketChecks = []Check{
	{ID: "U01", Mechanism: "socketpair", Statement: "a pair of sockets carries both directions",
		Expect: "there ab, back cd", Source: "socketpair(2)", About: "boundaries",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.write(s.w, "ab"))
			need(k.write(s.r, "cd"))
			return say("there %s, back %s", k.read(s.r, 9).text(), k.read(s.w, 9).text())
		}},
	{ID: "U02", Mechanism: "socketpair", Statement: "SOCK_STREAM keeps no boundaries",
		Expect: "3 and 4, read 7", Source: "unix(7), SOCK_STREAM", About: "boundaries",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			return say("%v and %v, read %v", k.write(s.w, "abc"), k.write(s.w, "defg"), k.read(s.r, 100))
		}},
	{ID: "U03", Mechanism: "socketpair", Statement: "SOCK_SEQPACKET keeps boundaries, and recvmsg reports that a message was cut",
		Expect: "MSG_TRUNC, next 2", Source: "unix(7), SOCK_SEQPACKET; recv(2), MSG_TRUNC", About: "boundaries too-big",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_SEQPACKET)
			need(k.write(s.w, letters(100)))
			need(k.write(s.w, "xy"))
			cut := k.do("recvflags", s.r, 10)
			return say("%s, next %v", flags("sendflag", cut.N&unix.MSG_TRUNC), k.read(s.r, 100))
		}},
	{ID: "U04", Mechanism: "socketpair", Statement: "read also cuts a message of SOCK_SEQPACKET, and does not report it",
		Expect: "of 100: 10, next 2", Source: "recv(2); read(2)", About: "boundaries too-big",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_SEQPACKET)
			need(k.write(s.w, letters(100)))
			need(k.write(s.w, "xy"))
			return say("of 100: %v, next %v", k.read(s.r, 10), k.read(s.r, 100))
		}},
	{ID: "U05", Mechanism: "socketpair", Statement: "SOCK_STREAM to a peer that has closed: an error and SIGPIPE, with MSG_NOSIGNAL the error alone",
		Expect: "EPIPE, SIGPIPE; EPIPE, no SIGPIPE", Source: "send(2), EPIPE and MSG_NOSIGNAL", About: "no-reader peer-gone",
		Observe: func(k *kernel) string {
			need(k.do("sigblock", int(unix.SIGPIPE)))
			s := k.sockets(unix.SOCK_STREAM)
			k.close(s.r)
			a, signal := k.do("send", s.w, 0, "x"), k.sigpipe()
			b := k.do("send", s.w, unix.MSG_NOSIGNAL, "x")
			return say("%v, %s; %v, %s", a, signal, b, k.sigpipe())
		}},
	{ID: "U06", Mechanism: "socketpair", Statement: "SOCK_DGRAM to a peer that has closed: refused, without SIGPIPE",
		Expect: "ECONNREFUSED, no SIGPIPE", Source: "unix(7), ERRORS", About: "no-reader peer-gone",
		Observe: func(k *kernel) string {
			need(k.do("sigblock", int(unix.SIGPIPE)))
			s := k.sockets(unix.SOCK_DGRAM)
			k.close(s.r)
			a := k.do("send", s.w, 0, "x")
			k.do("send", s.w, 0, "x") // ENOTCONN on Linux 6.18: no page has it
			return say("%v, %s", a, k.sigpipe())
		}},
	{ID: "U07", Mechanism: "socketpair", Statement: "SOCK_SEQPACKET to a peer that has closed: an error, without SIGPIPE",
		Expect: "EPIPE, no SIGPIPE", Source: "net/unix/af_unix.c, unix_dgram_sendmsg", About: "no-reader peer-gone",
		Observe: func(k *kernel) string {
			need(k.do("sigblock", int(unix.SIGPIPE)))
			s := k.sockets(unix.SOCK_SEQPACKET)
			k.close(s.r)
			return say("%v, %s", k.do("send", s.w, 0, "x"), k.sigpipe())
		}},
	{ID: "U09", Mechanism: "socketpair", Statement: "a datagram larger than the send buffer is refused",
		Expect: "EMSGSIZE, EMSGSIZE", Source: "unix(7), SO_SNDBUF", About: "too-big",
		Observe: func(k *kernel) string {
			send := func(kind int) answer {
				s := k.sockets(kind)
				return k.write(s.w, letters(need(k.do("getsockopt", s.w, unix.SO_SNDBUF)).N+1))
			}
			return say("%v, %v", send(unix.SOCK_DGRAM), send(unix.SOCK_SEQPACKET))
		}},
	{ID: "U10", Mechanism: "socketpair", Statement: "what is under way is counted in kernel memory, not in bytes: bytes and messages until EAGAIN, by size",
		Source: "socket(7), SO_SNDBUF; net/core/sock.c", About: "full limits",
		Observe: func(k *kernel) string {
			var all []string
			for _, kind := range []struct {
				name string
				n    int
			}{{"stream", unix.SOCK_STREAM}, {"dgram", unix.SOCK_DGRAM}} {
				for _, size := range []int{1, 64, 1024, 4096} {
					s := k.sockets(kind.n)
					k.nonblock(s.w)
					all = append(all, say("%s %d: %s", kind.name, size, k.do("fill", s.w, size).text()))
					k.close(s.r, s.w)
				}
			}
			return list(all)
		}},
	{ID: "U11", Mechanism: "socketpair", Statement: "SO_SNDBUF is doubled, and cut to twice wmem_max without an error",
		Expect: "50000 gives 100000, 100000000 gives {2wmem_max}", Source: "socket(7), SO_SNDBUF", About: "limits",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			set := func(n int) answer {
				if a := k.do("setsockopt", s.w, unix.SO_SNDBUF, n); a.Errno != 0 {
					return a
				}
				return k.do("getsockopt", s.w, unix.SO_SNDBUF)
			}
			return say("50000 gives %v, 100000000 gives %v", set(50000), set(100000000))
		}},
	{ID: "U12", Mechanism: "socketpair", Statement: "a datagram of no bytes arrives, and looks like the end of file",
		Expect: "dgram 0, EAGAIN; seqpacket 0, EAGAIN", Source: "recv(2), RETURN VALUE", About: "boundaries",
		Observe: func(k *kernel) string {
			receive := func(kind int) string {
				s := k.sockets(kind)
				k.nonblock(s.r)
				need(k.do("send", s.w, 0, ""))
				return say("%v, %v", k.do("recv", s.r, 9), k.do("recv", s.r, 9))
			}
			return say("dgram %s; seqpacket %s", receive(unix.SOCK_DGRAM), receive(unix.SOCK_SEQPACKET))
		}},
	{ID: "U13", Mechanism: "socketpair", Statement: "after SHUT_WR the peer sees the end of file, and the other direction lives",
		Expect: "0; back ab", Source: "shutdown(2)", About: "peer-gone",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.do("shutdown", s.w, unix.SHUT_WR))
			end := k.read(s.r, 9)
			k.write(s.r, "ab")
			return say("%v; back %s", end, k.read(s.w, 9).text())
		}},
	{ID: "U15", Mechanism: "socketpair", Statement: "O_NONBLOCK: of a stream a write takes what there is room for",
		Expect: "a part, then EAGAIN", Source: "send(2); write(2)", About: "full timeout",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			k.nonblock(s.w)
			big := letters(2 * need(k.do("getsockopt", s.w, unix.SO_SNDBUF)).N)
			took, part := k.write(s.w, big), "a part"
			if took.Errno != 0 || took.N <= 0 || took.N >= len(big) {
				part = say("%v of %d", took, len(big))
			}
			return say("%s, then %v", part, k.write(s.w, "x"))
		}},
	{ID: "U17", Mechanism: "socketpair", Statement: "datagrams of UNIX domain sockets are neither lost nor reordered",
		Expect: "100 of 100 in order", Source: "unix(7), SOCK_DGRAM", About: "boundaries",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_DGRAM)
			inOrder := 0
			sender := k.process("sender")
			w := sender.begin("datagrams", s.w, 100)
			for i := range 100 {
				if k.read(s.r, 9).text() == say("%d", i) {
					inOrder++
				}
			}
			need(w.answer())
			return say("%d of 100 in order", inOrder)
		}},
}
