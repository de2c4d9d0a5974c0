package semantics

import (
	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// Options of socket(7), from asm-generic/socket.h.
const (
	soSndbufforce = 32
	soRcvbufforce = 33
)

// Options, flags and headers of a pair of sockets, and what wakes its poll.
var socketOptionChecks = []Check{
	{ID: "U54", Mechanism: "socketpair", Statement: "SOCK_NONBLOCK and SOCK_CLOEXEC of socketpair are set on both ends",
		Expect: "O_RDWR|O_NONBLOCK 1, O_RDWR|O_NONBLOCK 1; without O_RDWR 0, O_RDWR 0", Source: "socketpair(2); socket(2), SOCK_NONBLOCK and SOCK_CLOEXEC", Since: "2.6.27", About: "fork-exec timeout",
		Observe: func(k *kernel) string {
			both := func(flag int) string {
				s := pair(need(k.do("socketpairof", unix.AF_UNIX, unix.SOCK_STREAM|flag, 0)))
				each := func(fd int) string { // without O_LARGEFILE, which some kernels show
					return say("%s %v", flags("oflag", need(k.do("getfl", fd)).N&(unix.O_ACCMODE|unix.O_NONBLOCK)), k.do("fcntl", fd, unix.F_GETFD, 0))
				}
				return say("%s, %s", each(s.r), each(s.w))
			}
			return say("%s; without %s", both(unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC), both(0))
		}},
	{ID: "U55", Mechanism: "socketpair", Statement: "socketpair to a bad address fails, and leaves no descriptor behind",
		Expect: "EFAULT; next descriptor unchanged", Source: "socketpair(2), EFAULT", About: "invalid descriptor",
		Observe: func(k *kernel) string {
			before := lowest(k)
			a, next := k.do("bare socketpair", unix.AF_UNIX, unix.SOCK_STREAM, 0, 1), "next descriptor unchanged"
			if after := lowest(k); after != before {
				next = say("next descriptor %d, not %d", after, before)
			}
			return say("%v; %s", a, next)
		}},
	{ID: "U56", Mechanism: "socketpair", Statement: "SO_RCVTIMEO and SO_SNDTIMEO are 0 at first, and are read as they were set",
		Expect: "receive 0, then 1500; send 0, then 1500", Source: "socket(7), SO_RCVTIMEO and SO_SNDTIMEO", About: "timeout",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			each := func(opt int) string {
				first := k.do("gettimeout", s.r, opt)
				need(k.do("timeout", s.r, opt, 1500))
				return say("%v, then %v", first, k.do("gettimeout", s.r, opt))
			}
			return say("receive %s; send %s", each(unix.SO_RCVTIMEO), each(unix.SO_SNDTIMEO))
		}},
	{ID: "U57", Mechanism: "socketpair", Statement: "SO_RCVTIMEO refuses microseconds that are none; negative seconds mean not to wait at all",
		Expect: "10^6 us EDOM, -1 us EDOM; -1 s 0, then EAGAIN", Source: "socket(7), SO_RCVTIMEO; net/core/sock.c, sock_set_timeout", About: "timeout invalid",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			set := func(seconds, us int) answer { return k.do("timeoutof", s.r, unix.SO_RCVTIMEO, seconds, us) }
			return say("10^6 us %v, -1 us %v; -1 s %v, then %v", set(0, 1_000_000), set(0, -1), set(-1, 0), k.do("recv", s.r, 9))
		}},
	{ID: "U58", Mechanism: "socketpair", Statement: "SO_LINGER is kept, and options that are on or off read back as 1",
		Expect: "SO_LINGER 1 5; SO_KEEPALIVE 1, SO_OOBINLINE 1, SO_PASSCRED 1, SO_BROADCAST 1", Source: "socket(7)", About: "limits",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			on := func(opt int) answer {
				need(k.do("setsockopt", s.r, opt, 5))
				return k.do("getsockopt", s.r, opt)
			}
			return say("SO_LINGER %s; SO_KEEPALIVE %v, SO_OOBINLINE %v, SO_PASSCRED %v, SO_BROADCAST %v", k.do("linger", s.r, 1, 5).text(),
				on(unix.SO_KEEPALIVE), on(unix.SO_OOBINLINE), on(unix.SO_PASSCRED), on(unix.SO_BROADCAST))
		}},
	{ID: "U59", Mechanism: "socketpair", Statement: "getsockopt and setsockopt refuse an unknown option or level, a bad address, and what is no socket",
		Expect: "get ENOPROTOOPT, EOPNOTSUPP, EFAULT, ENOTSOCK; set ENOPROTOOPT, EOPNOTSUPP, EFAULT, ENOTSOCK", Source: "getsockopt(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			at := need(k.do("address", need(k.do("mmap", need(k.do("memfd", 4096)).N, 4096)).N)).N
			get := func(fd, level, opt, addr int) answer { return k.do("bare getsockopt", fd, level, opt, addr, addr) }
			set := func(fd, level, opt, addr int) answer { return k.do("bare setsockopt", fd, level, opt, addr, 4) }
			const level = 12345
			four := func(do func(fd, level, opt, addr int) answer) string {
				return say("%v, %v, %v, %v", do(s.r, unix.SOL_SOCKET, level, at), do(s.r, level, 1, at), do(s.r, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1), do(p.r, unix.SOL_SOCKET, unix.SO_KEEPALIVE, at))
			}
			return say("get %s; set %s", four(get), four(set))
		}},
	{ID: "U60", Mechanism: "socketpair", Statement: "SO_RCVLOWAT holds up a read of a stream until so many bytes are there, and not poll",
		Expect: "1 at first; with 3: poll POLLIN, read sleeps, then abc", Source: "socket(7), SO_RCVLOWAT; net/unix/af_unix.c", About: "empty ready",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			first := k.do("getsockopt", s.r, unix.SO_RCVLOWAT)
			need(k.do("setsockopt", s.r, unix.SO_RCVLOWAT, 3))
			need(k.write(s.w, "ab"))
			ready, w := k.ready(s.r, unix.POLLIN), k.begin("recv", s.r, 9)
			state := w.asleep()
			need(k.write(s.w, "c"))
			return say("%v at first; with 3: poll %s, read %s, then %s", first, ready, state, w.answer().text())
		}},
	{ID: "U61", Mechanism: "socketpair", Statement: "MSG_OOB sends a byte of a stream out of band: MSG_OOB receives it apart from those before it",
		Expect: "1; out of band b, then a", Before: []Older{{"5.15", "EOPNOTSUPP; out of band EOPNOTSUPP, then a"}}, Source: "unix(7); commit 314001f0bf92", Needs: []Need{unixOOB}, About: "boundaries",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.write(s.w, "a"))
			return say("%v; out of band %s, then %s", k.do("send", s.w, unix.MSG_OOB, "b"), k.do("recvwith", s.r, 1, unix.MSG_OOB).text(), k.do("recv", s.r, 1).text())
		}},
	{ID: "U62", Mechanism: "socketpair", Statement: "sendmmsg sends several messages in a call, and recvmmsg with MSG_DONTWAIT receives those that are there",
		Expect: "seqpacket 3, 3: ab, c, def; dgram 3, 3: ab, c, def; nothing there EAGAIN", Source: "sendmmsg(2); recvmmsg(2)", Since: "3.0", About: "boundaries empty",
		Observe: func(k *kernel) string {
			each := func(kind int) string {
				s := k.sockets(kind)
				return say("%v, %s", k.do("sendmmsg", s.w, "ab\x00c\x00def"), k.do("recvmmsg", s.r, 5, unix.MSG_DONTWAIT).text())
			}
			return say("seqpacket %s; dgram %s; nothing there %s", each(unix.SOCK_SEQPACKET), each(unix.SOCK_DGRAM), k.do("recvmmsg", k.sockets(unix.SOCK_DGRAM).r, 5, unix.MSG_DONTWAIT).text())
		}},
	{ID: "U63", Mechanism: "socketpair", Statement: "recvmsg writes msg_flags where it succeeds, and leaves the header alone where it fails",
		Expect: "EAGAIN, flags 0x7f, room 9; peek flags 0x0, room 9; flags 0x0, room 9", Source: "recv(2), msg_flags", About: "boundaries empty",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			fails := k.do("recvheader", s.r, unix.MSG_DONTWAIT)
			need(k.write(s.w, "ab"))
			return say("%v, %s; peek %s; %s", fails, fails.Data, k.do("recvheader", s.r, unix.MSG_PEEK).text(), k.do("recvheader", s.r, 0).text())
		}},
	{ID: "U64", Mechanism: "socketpair", Statement: "MSG_TRUNC with MSG_PEEK and no room returns the length of the next message, and leaves it; a stream has no such length",
		Expect: "stream 0, abc; seqpacket 3, abc; dgram 3, abc", Source: "recv(2), MSG_TRUNC and MSG_PEEK", Since: "3.4", About: "too-big boundaries",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.write(s.w, "abc"))
				return say("%v, %s", k.do("recvwith", s.r, 0, unix.MSG_TRUNC|unix.MSG_PEEK), k.read(s.r, 9).text())
			})
		}},
	{ID: "U65", Mechanism: "socketpair", Statement: "a poll that asks for nothing is woken by the peer's close, and one for POLLRDHUP by its SHUT_WR, or by one's own SHUT_RD",
		Expect: "stream sleeps, POLLHUP; sleeps, POLLRDHUP; sleeps, POLLRDHUP; seqpacket sleeps, POLLHUP; sleeps, POLLRDHUP; sleeps, POLLRDHUP", Source: "poll(2), POLLHUP and POLLRDHUP", Since: "2.6.17", About: "peer-gone ready",
		Observe: func(k *kernel) string {
			each := func(kind int) string {
				wake := func(events int, do func(s pipe)) string {
					s := k.sockets(kind)
					w := k.begin("pollfor", s.r, events, -1, 0)
					state := w.asleep()
					do(s)
					return say("%s, %s", state, shownEvents(w.answer()))
				}
				return say("%s; %s; %s", wake(0, func(s pipe) { k.close(s.w) }), wake(unix.POLLRDHUP, func(s pipe) { need(k.do("shutdown", s.w, unix.SHUT_WR)) }),
					wake(unix.POLLRDHUP, func(s pipe) { need(k.do("shutdown", s.r, unix.SHUT_RD)) }))
			}
			return say("stream %s; seqpacket %s", each(unix.SOCK_STREAM), each(unix.SOCK_SEQPACKET))
		}},
	{ID: "U66", Mechanism: "socketpair", Statement: "after SHUT_RDWR poll reports POLLHUP at the end that was shut; a peer that has connections sees it too, one of datagrams does not",
		Expect: "stream own POLLIN|POLLOUT|POLLHUP|POLLRDHUP, peer POLLIN|POLLOUT|POLLHUP|POLLRDHUP; seqpacket own POLLIN|POLLOUT|POLLHUP|POLLRDHUP, peer POLLIN|POLLOUT|POLLHUP|POLLRDHUP; dgram own POLLIN|POLLOUT|POLLHUP|POLLRDHUP, peer POLLOUT", Source: "poll(2); shutdown(2); net/unix/af_unix.c, unix_shutdown", About: "peer-gone ready",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.do("shutdown", s.r, unix.SHUT_RDWR))
				return say("own %s, peer %s", k.ready(s.r, inOut|unix.POLLRDHUP), k.ready(s.w, inOut|unix.POLLRDHUP))
			})
		}},
	{ID: "U67", Mechanism: "socketpair", Statement: "after its own SHUT_WR a socket is still writable for poll, though a send fails",
		Expect: "stream POLLOUT, EPIPE; seqpacket POLLOUT, EPIPE; dgram POLLOUT, EPIPE", Source: "shutdown(2); net/unix/af_unix.c, unix_writable", About: "ready",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.do("shutdown", s.w, unix.SHUT_WR))
				return say("%s, %v", k.ready(s.w, unix.POLLOUT), k.do("send", s.w, unix.MSG_NOSIGNAL, "x"))
			})
		}},
	{ID: "U68", Mechanism: "socketpair", Statement: "a larger SO_SNDBUF makes room at once in a socket that is full",
		Expect: "stream EAGAIN, enlarged 1; seqpacket EAGAIN, enlarged 1; dgram EAGAIN, enlarged 1", Source: "socket(7), SO_SNDBUF", About: "full limits",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				k.nonblock(s.w)
				need(k.do("setsockopt", s.w, unix.SO_SNDBUF, 4096))
				need(k.do("fill", s.w, 1024))
				full := k.write(s.w, "x")
				need(k.do("setsockopt", s.w, unix.SO_SNDBUF, 32768))
				return say("%v, enlarged %v", full, k.write(s.w, "x"))
			})
		}},
	{ID: "U69", Mechanism: "socketpair", Statement: "a socket can't be opened again by its name in /proc",
		Expect: "ENXIO", Source: "open(2), ENXIO; proc(5), /proc/pid/fd", About: "invalid descriptor",
		Observe: func(k *kernel) string {
			return k.open(say("/proc/self/fd/%d", k.sockets(unix.SOCK_STREAM).r), unix.O_RDWR).String()
		}},
	{ID: "U70", Mechanism: "socketpair", Statement: "a send from a bad address, or from beyond the end of a file that is mapped, fails, and nothing arrives",
		Expect: "stream EFAULT, EFAULT, EAGAIN; seqpacket EFAULT, EFAULT, EAGAIN; dgram EFAULT, EFAULT, EAGAIN", Source: "send(2), EFAULT", About: "invalid",
		Observe: func(k *kernel) string {
			at := need(k.do("mmap", need(k.do("memfd", k.host.page)).N, 2*k.host.page)).N
			beyond := need(k.do("address", at)).N + k.host.page
			return k.kinds(func(s pipe) string {
				return say("%v, %v, %v", k.do("writenowhere", s.w, 9), k.do("bare write", s.w, beyond, 9), k.do("recvwith", s.r, 9, unix.MSG_DONTWAIT))
			})
		}},
	{ID: "U71", Mechanism: "socketpair", Statement: "MSG_MORE holds nothing back: what is sent arrives at once",
		Expect: "stream ab; seqpacket ab; dgram ab", Source: "send(2), MSG_MORE: TCP and UDP alone", About: "boundaries",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.do("send", s.w, unix.MSG_MORE, "ab"))
				return k.do("recvwith", s.r, 9, unix.MSG_DONTWAIT).text()
			})
		}},
	{ID: "U72", Mechanism: "socketpair", Statement: "sendto of a connected stream refuses an address, that of SOCK_SEQPACKET ignores it",
		Expect: "stream EISCONN; seqpacket 1", Source: "send(2), EISCONN; net/unix/af_unix.c", About: "invalid",
		Observe: func(k *kernel) string {
			return say("stream %v; seqpacket %v", k.do("sendto", k.sockets(unix.SOCK_STREAM).w, "nowhere\x00x"), k.do("sendto", k.sockets(unix.SOCK_SEQPACKET).w, "nowhere\x00x"))
		}},
	{ID: "U73", Mechanism: "socketpair", Statement: "without CAP_NET_ADMIN SO_SNDBUFFORCE and SO_RCVBUFFORCE are refused",
		Expect: "EPERM, EPERM", Source: "socket(7), SO_SNDBUFFORCE", Needs: []Need{anotherUser}, About: "limits access",
		Observe: func(k *kernel) string {
			s, other := k.sockets(unix.SOCK_STREAM), k.process("other user")
			need(other.do("setresuid", stranger))
			return say("%v, %v", other.do("setsockopt", s.w, soSndbufforce, 1000), other.do("setsockopt", s.w, soRcvbufforce, 1000))
		}},
	{ID: "U74", Mechanism: "socketpair", Statement: "SIOCOUTQ counts what the peer has not received, with what the kernel needs for it",
		Expect: "0; 5 bytes: more than 5; received 0", Source: "unix(7), SIOCOUTQ; net/unix/af_unix.c, unix_outq_len", About: "full",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			none := k.do("outq", s.w)
			need(k.write(s.w, "abcde"))
			some, queued := k.do("outq", s.w), "more than 5"
			if some.N <= 5 {
				queued = some.String()
			}
			need(k.read(s.r, 9))
			return say("%v; 5 bytes: %s; received %v", none, queued, k.do("outq", s.w))
		}},
	{ID: "U75", Mechanism: "socketpair", Statement: "shutdown refuses an unknown direction and what is no socket; a UNIX domain socket need not be connected",
		Expect: "EINVAL, ENOTSOCK, EBADF; not connected 0", Source: "shutdown(2), ERRORS; net/unix/af_unix.c, unix_shutdown", About: "invalid",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			unknown, other := k.do("bare shutdown", s.r, 3), k.do("bare shutdown", p.r, 0)
			k.close(p.r)
			return say("%v, %v, %v; not connected %v", unknown, other, k.do("bare shutdown", p.r, 0), k.do("shutdown", k.socket(unix.SOCK_STREAM, ""), unix.SHUT_RD))
		}},
	{ID: "U76", Mechanism: "socketpair", Statement: "a receive wants a socket, a descriptor that is open, an address, and recvmmsg a time that is one",
		Expect: "pipe ENOTSOCK, closed EBADF; recvmmsg EFAULT, EBADF, time EINVAL, EFAULT; sendmmsg EFAULT, EBADF", Source: "recv(2), ERRORS; recvmmsg(2)", About: "invalid",
		Observe: func(k *kernel) string {
			p, s := k.pipe(0), k.sockets(unix.SOCK_DGRAM)
			at := need(k.do("mmap", need(k.do("memfd", 4096)).N, 4096)).N
			for word := range 4 { // as long as a long has 32 or 64 bits
				need(k.do("setword", at, word, -1))
			}
			pipe := k.do("recv", p.r, 9)
			k.close(p.r)
			many := func(fd, time int) answer { return k.do("bare recvmmsg", fd, 1, 1, unix.MSG_DONTWAIT, time) }
			return say("pipe %v, closed %v; recvmmsg %v, %v, time %v, %v; sendmmsg %v, %v", pipe, k.do("recv", p.r, 9), many(s.r, 0), many(p.r, 0), many(s.r, need(k.do("address", at)).N), many(s.r, 1),
				k.do("bare sendmmsg", s.w, 1, 1, 0), k.do("bare sendmmsg", p.r, 1, 1, 0))
		}},
	{ID: "U77", Mechanism: "socketpair", Statement: "a signal that interrupts a stream's send after a part has it return the short count",
		Expect: "a part", Source: "signal(7); send(2)", About: "interrupted full",
		Observe: func(k *kernel) string {
			s, sender := k.sockets(unix.SOCK_STREAM), k.process("sender")
			need(sender.do("sigaction", int(unix.SIGUSR1), sigRestart))
			big := letters(2 * need(k.do("getsockopt", s.w, unix.SO_SNDBUF)).N)
			w := sender.begin("send", s.w, 0, big)
			w.asleep()
			w.signal(unix.SIGUSR1)
			if a := w.answer(); a.Errno != 0 || a.Late || a.N <= 0 || a.N >= len(big) {
				return say("%v of %d", a, len(big))
			}
			return "a part"
		}},
	{ID: "U78", Mechanism: "socketpair", Statement: "SO_RCVBUF is rmem_default at first, is doubled, and cut to twice rmem_max; SO_RCVLOWAT of 0 is 1",
		Expect: "{rmem_default}; 50000 gives 100000, 100000000 gives {2rmem_max}; 1", Source: "socket(7), SO_RCVBUF and SO_RCVLOWAT", About: "limits",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			set := func(opt, n int) answer {
				need(k.do("setsockopt", s.r, opt, n))
				return k.do("getsockopt", s.r, opt)
			}
			return say("%v; 50000 gives %v, 100000000 gives %v; %v", k.do("getsockopt", s.r, unix.SO_RCVBUF), set(unix.SO_RCVBUF, 50000), set(unix.SO_RCVBUF, 100_000_000), set(unix.SO_RCVLOWAT, 0))
		}},
	{ID: "U79", Mechanism: "socketpair", Statement: "a stream's sender that sleeps after a part when the peer closes returns the short count, and ECONNRESET is lost: the next send gets EPIPE",
		Expect: "sleeps, a part; next EPIPE", Source: "net/unix/af_unix.c, unix_stream_sendmsg", About: "peer-gone full",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			big := letters(2 * need(k.do("getsockopt", s.w, unix.SO_SNDBUF)).N)
			w := k.begin("send", s.w, unix.MSG_NOSIGNAL, big)
			state := w.asleep()
			k.close(s.r)
			part := "a part"
			if a := w.answer(); a.Errno != 0 || a.Late || a.N <= 0 || a.N >= len(big) {
				part = say("%v of %d", a, len(big))
			}
			return say("%s, %s; next %v", state, part, k.do("send", s.w, unix.MSG_NOSIGNAL, "x"))
		}},
	{ID: "U80", Mechanism: "socketpair", Statement: "MSG_WAITALL with MSG_DONTWAIT, or after the time of SO_RCVTIMEO, returns what there is",
		Expect: "of 9: ab; after 5 ms ab, then EAGAIN", Source: "recv(2), MSG_WAITALL; socket(7), SO_RCVTIMEO", About: "timeout empty",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			get := func(flag int) string { return k.do("recvwith", s.r, 9, flag).text() }
			need(k.write(s.w, "ab"))
			first := get(unix.MSG_WAITALL | unix.MSG_DONTWAIT)
			need(k.do("timeout", s.r, unix.SO_RCVTIMEO, 5))
			need(k.write(s.w, "ab"))
			return say("of 9: %s; after 5 ms %s, then %s", first, get(unix.MSG_WAITALL), get(unix.MSG_WAITALL))
		}},
}

// unixOOB is for checks of MSG_OOB, which a kernel may be built without.
var unixOOB = Need{"MSG_OOB", func(h *host) string {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "" // the check finds out what is refused
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	if err := unix.Send(p[0], []byte("x"), unix.MSG_OOB); err == unix.EOPNOTSUPP && !sys.OlderThan(h.release, "5.15") {
		return "a kernel without CONFIG_AF_UNIX_OOB: EOPNOTSUPP"
	}
	return ""
}}
