package semantics

import "golang.org/x/sys/unix"

// Control messages in odd forms, and whose credentials they carry.
var passingMoreChecks = []Check{
	{ID: "R30", Mechanism: "passing", Statement: "a receiver without a control buffer gets the bytes and MSG_CTRUNC, and the descriptor is closed",
		Expect: "MSG_CTRUNC; the pipe is at end of file: 0", Source: "recv(2), MSG_CTRUNC; unix(7)", About: "descriptor too-big",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(unix.O_NONBLOCK)
			need(k.handOver(s.w, p.w, 1, "x"))
			k.close(p.w)
			got := k.do("recvflags", s.r, 9)
			return say("%s; the pipe is at end of file: %v", flags("sendflag", got.N), k.read(p.r, 1))
		}},
	{ID: "R31", Mechanism: "passing", Statement: "an accepted socket inherits SO_PASSCRED of its listener",
		Expect: "1; ab, the sender", Source: "net/unix/af_unix.c, unix_accept", About: "access",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			need(k.do("setsockopt", l, unix.SO_PASSCRED, 1))
			c, a := k.dial("s")
			need(a)
			got := need(k.do("accept", l)).N
			need(k.write(c, "ab"))
			cred := k.do("recvcred", got, 9).text()
			if cred == say("ab pid %d uid %d", k.pid, k.host.uid) {
				cred = "ab, the sender"
			}
			return say("%v; %s", k.do("getsockopt", got, unix.SO_PASSCRED), cred)
		}},
	{ID: "R32", Mechanism: "passing", Statement: "SO_PEERCRED of a client names the process that called listen, not the one that called bind",
		Expect: "the process that called listen", Source: "unix(7), SO_PEERCRED", About: "access fork-exec",
		Observe: func(k *kernel) string {
			l := k.socket(unix.SOCK_STREAM, "s")
			child := k.process("child")
			need(child.do("listen", l, 1))
			c, a := k.dial("s")
			need(a)
			if got := k.do("peercred", c); got.Errno != 0 || got.N != child.pid {
				return k.named(got, "the process that called bind")
			}
			return "the process that called listen"
		}},
	{ID: "R33", Mechanism: "passing", Statement: "a control message with a short header or an unknown type is refused, one of another level ignored",
		Expect: "short EINVAL, type EINVAL, level 1", Source: "cmsg(3); net/core/scm.c, __scm_send", About: "invalid",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			send := func(level, kind, size int) answer { return k.do("sendctl", s.w, level, kind, size, "x") }
			return say("short %v, type %v, level %v", send(unix.SOL_SOCKET, unix.SCM_RIGHTS, 1), send(unix.SOL_SOCKET, 99, unix.CmsgLen(4)), send(unix.IPPROTO_IP, unix.SCM_RIGHTS, unix.CmsgLen(4)))
		}},
	{ID: "R34", Mechanism: "passing", Statement: "a stream read in parts gives the descriptor with the first part; of datagrams the rest is lost, and not the descriptor",
		Expect: "stream a+1, b+0; seqpacket a+1 MSG_TRUNC; dgram a+1 MSG_TRUNC", Source: "unix(7), SCM_RIGHTS; recv(2), MSG_TRUNC", About: "descriptor boundaries too-big",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			first := func(kind int) (s pipe, text string) {
				s = k.sockets(kind)
				need(k.handOver(s.w, p.r, 1, "ab"))
				return s, k.receive(s.r, 1, 1).text()
			}
			s, stream := first(unix.SOCK_STREAM)
			_, packet := first(unix.SOCK_SEQPACKET)
			_, dgram := first(unix.SOCK_DGRAM)
			return say("stream %s, %s; seqpacket %s; dgram %s", stream, k.receive(s.r, 1, 1).text(), packet, dgram)
		}},
	{ID: "R35", Mechanism: "passing", Statement: "a control message with no descriptor in it is no boundary",
		Expect: "2, 2; abcd+0", Source: "unix(7), SCM_RIGHTS; net/core/scm.c", About: "descriptor boundaries",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			return say("%v, %v; %s", k.handOver(s.w, 0, 0, "ab"), k.write(s.w, "cd"), k.receive(s.r, 9, 1).text())
		}},
	{ID: "R36", Mechanism: "passing", Statement: "credentials and a descriptor go along with one message, and arrive in this order",
		Expect: "ab SCM_CREDENTIALS SCM_RIGHTS", Source: "unix(7), Ancillary messages", About: "descriptor access",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			need(k.do("setsockopt", s.r, unix.SO_PASSCRED, 1))
			need(k.do("sendboth", s.w, p.r, "ab"))
			return k.do("recvall", s.r, 9).text()
		}},
	{ID: "R37", Mechanism: "passing", Statement: "a receiver without SO_PASSCRED gets no credentials, though they were sent, and though the sender has it",
		Expect: "sent ab none; sender has it cd none", Source: "unix(7), SO_PASSCRED", About: "access",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.do("sendcred", s.w, k.pid, k.host.uid, "ab"))
			sent := k.do("recvcred", s.r, 9).text()
			need(k.do("setsockopt", s.w, unix.SO_PASSCRED, 1))
			need(k.write(s.w, "cd"))
			return say("sent %s; sender has it %s", sent, k.do("recvcred", s.r, 9).text())
		}},
	{ID: "R38", Mechanism: "passing", Statement: "a descriptor that goes with no bytes over a stream is closed, and nothing arrives; SOCK_SEQPACKET brings it",
		Expect: "stream 0, EAGAIN, pipe at end of file 0; seqpacket +1", Source: "unix(7), SCM_RIGHTS: at least one byte", About: "descriptor boundaries",
		Observe: func(k *kernel) string {
			s, q, p := k.sockets(unix.SOCK_STREAM), k.sockets(unix.SOCK_SEQPACKET), k.pipe(unix.O_NONBLOCK)
			need(k.do("sendnone", q.w, p.r))
			sent := k.do("sendnone", s.w, p.w)
			k.close(p.w)
			return say("stream %v, %v, pipe at end of file %v; seqpacket %s", sent, k.do("recvwith", s.r, 9, unix.MSG_DONTWAIT), k.read(p.r, 1), k.receive(q.r, 9, 1).text())
		}},
	{ID: "R39", Mechanism: "passing", Statement: "with SO_PASSCRED set before, bytes of one process come out of one receive of a stream together",
		Expect: "abcd, the sender", Source: "unix(7), SCM_CREDENTIALS; net/unix/af_unix.c", About: "boundaries access",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.do("setsockopt", s.r, unix.SO_PASSCRED, 1))
			need(k.write(s.w, "ab"))
			need(k.write(s.w, "cd"))
			got := k.do("recvcred", s.r, 9).text()
			if got == say("abcd pid %d uid %d", k.pid, k.host.uid) {
				return "abcd, the sender"
			}
			return got
		}},
	{ID: "R40", Mechanism: "passing", Statement: "bytes with credentials, read in parts, show them with each part",
		Expect: "a, the sender; b, the sender", Source: "unix(7), SCM_CREDENTIALS", About: "boundaries access",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.do("setsockopt", s.r, unix.SO_PASSCRED, 1))
			need(k.write(s.w, "ab"))
			part := func(c string) string {
				got := k.do("recvcred", s.r, 1).text()
				if got == say("%s pid %d uid %d", c, k.pid, k.host.uid) {
					return c + ", the sender"
				}
				return got
			}
			return say("%s; %s", part("a"), part("b"))
		}},
}
