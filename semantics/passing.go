package semantics

import "golang.org/x/sys/unix"

// limited is another user with no other processes than this check's, whose limits
// it may use up beside checks that become the stranger.
const limited = stranger + 2

// SO_PEERPIDFD of socket(7), from asm-generic/socket.h.
const peerPidfd = 77

// handOver sends a descriptor n times, with this text.
func (p *proc) handOver(socket, fd, n int, text string) answer {
	return p.do("sendfds", socket, fd, n, text)
}

// receive receives up to so many bytes and descriptors: "ab+1" is two and one.
func (p *proc) receive(socket, n, room int) answer { return p.do("recvfds", socket, n, room, 0) }

// Descriptors and credentials that go along with bytes.
var passingChecks = []Check{
	{ID: "R01", Mechanism: "passing", Statement: "bytes that carry a descriptor are a boundary in a stream: a receive does not go beyond them, and those before come out with them",
		Expect: "abX+1, then cd+0", Source: "unix(7), SCM_RIGHTS; net/unix/af_unix.c", About: "descriptor boundaries",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			need(k.write(s.w, "ab"))
			need(k.handOver(s.w, p.r, 1, "X"))
			need(k.write(s.w, "cd"))
			return say("%s, then %s", k.receive(s.r, 9, 1).text(), k.receive(s.r, 9, 1).text())
		}},
	{ID: "R02", Mechanism: "passing", Statement: "two messages with descriptors are never put together",
		Expect: "x+1, y+1", Source: "unix(7), SCM_RIGHTS", About: "descriptor boundaries",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			need(k.handOver(s.w, p.r, 1, "x"))
			need(k.handOver(s.w, p.w, 1, "y"))
			return say("%s, %s", k.receive(s.r, 9, 4).text(), k.receive(s.r, 9, 4).text())
		}},
	{ID: "R03", Mechanism: "passing", Statement: "one message carries up to 253 descriptors, SCM_MAX_FD",
		Expect: "253: 1, 254: EINVAL", Source: "unix(7), SCM_MAX_FD", About: "descriptor limits too-big",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			return say("253: %v, 254: %v", k.handOver(s.w, p.r, 253, "x"), k.handOver(s.w, p.r, 254, "x"))
		}},
	{ID: "R04", Mechanism: "passing", Statement: "a user without CAP_SYS_RESOURCE and CAP_SYS_ADMIN can have some RLIMIT_NOFILE descriptors queued",
		Expect: "of 10 each: 7 messages, then ETOOMANYREFS", Source: "unix(7), ETOOMANYREFS", Since: "4.5", Needs: []Need{anotherUser}, About: "descriptor limits full",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			other := k.process("other user")
			need(other.do("setresuid", limited))
			need(other.do("rlimit", unix.RLIMIT_NOFILE, 64))
			n, a := 0, answer{}
			for ; n < 20; n++ {
				if a = other.handOver(s.w, p.r, 10, "x"); a.Errno != 0 {
					break
				}
			}
			return say("of 10 each: %d messages, then %v", n, a)
		}},
	{ID: "R05", Mechanism: "passing", Statement: "where the receiver has room for one descriptor of three, it gets that and MSG_CTRUNC, and the others are closed",
		Expect: "x+1 MSG_CTRUNC; that one closed, the pipe is at end of file: 0", Source: "unix(7), SCM_RIGHTS; recv(2), MSG_CTRUNC", About: "descriptor too-big",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(unix.O_NONBLOCK)
			need(k.handOver(s.w, p.w, 3, "x"))
			k.close(p.w)
			got := need(k.receive(s.r, 9, 1))
			k.close(got.N)
			return say("%s; that one closed, the pipe is at end of file: %v", got.text(), k.read(p.r, 1))
		}},
	{ID: "R06", Mechanism: "passing", Statement: "read takes the bytes, and the descriptor that goes along is closed without an error",
		Expect: "read 1; the pipe is at end of file: 0", Source: "unix(7), SCM_RIGHTS; net/unix/af_unix.c", About: "descriptor",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(unix.O_NONBLOCK)
			need(k.handOver(s.w, p.w, 1, "x"))
			k.close(p.w)
			return say("read %v; the pipe is at end of file: %v", k.read(s.r, 9), k.read(p.r, 1))
		}},
	{ID: "R07", Mechanism: "passing", Statement: "MSG_PEEK installs the descriptor, and the receive after it another one",
		Expect: "x+1, x+1; two", Source: "unix(7), MSG_PEEK", About: "descriptor",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			need(k.handOver(s.w, p.r, 1, "x"))
			a, b := k.do("recvfds", s.r, 9, 1, unix.MSG_PEEK), k.receive(s.r, 9, 1)
			many := "two"
			if a.N == b.N {
				many = "one"
			}
			return say("%s, %s; %s", a.text(), b.text(), many)
		}},
	{ID: "R08", Mechanism: "passing", Statement: "close-on-exec does not go along; MSG_CMSG_CLOEXEC sets it for the receiver",
		Expect: "0, with the flag 1", Source: "recv(2), MSG_CMSG_CLOEXEC; unix(7)", Since: "2.6.23", About: "descriptor fork-exec",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(unix.O_CLOEXEC)
			got := func(flag int) answer {
				need(k.handOver(s.w, p.r, 1, "x"))
				return k.do("fcntl", need(k.do("recvfds", s.r, 9, 1, flag)).N, unix.F_GETFD, 0)
			}
			return say("%v, with the flag %v", got(0), got(unix.MSG_CMSG_CLOEXEC))
		}},
	{ID: "R09", Mechanism: "passing", Statement: "the received descriptor is the same open file: position and O_NONBLOCK are shared",
		Expect: "position 3; O_NONBLOCK", Source: "unix(7), SCM_RIGHTS; open(2)", About: "descriptor",
		Observe: func(k *kernel) string {
			s, f := k.sockets(unix.SOCK_STREAM), need(k.do("memfd", 10)).N
			need(k.handOver(s.w, f, 1, "x"))
			got := need(k.receive(s.r, 9, 1)).N
			need(k.read(got, 3))
			need(k.do("setfl", got, unix.O_NONBLOCK))
			return say("position %v; %s", k.do("lseek", f, 0, unix.SEEK_CUR), flags("oflag", need(k.do("getfl", f)).N&unix.O_NONBLOCK))
		}},
	{ID: "R10", Mechanism: "passing", Statement: "the receiver gets the lowest number that is free, whatever the sender's was",
		Expect: "the lowest", Source: "unix(7), SCM_RIGHTS; net/core/scm.c", About: "descriptor",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			need(k.handOver(s.w, p.r, 1, "x"))
			if want, got := lowest(k), need(k.receive(s.r, 9, 1)).N; got != want {
				return say("%d, the lowest is %d", got, want)
			}
			return "the lowest"
		}},
	{ID: "R11", Mechanism: "passing", Statement: "a receiver without a free descriptor gets the bytes, none of the descriptors, and MSG_CTRUNC",
		Expect: "x+0 MSG_CTRUNC", Source: "net/core/scm.c, scm_detach_fds", About: "descriptor limits",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			need(k.handOver(s.w, p.r, 1, "x"))
			need(k.do("rlimit", unix.RLIMIT_NOFILE, lowest(k)))
			return k.receive(s.r, 9, 1).text()
		}},
	{ID: "R12", Mechanism: "passing", Statement: "a pair whose ends lie in each other's queue, and nowhere else, is collected, and with it what else it carries",
		Expect: "EAGAIN, then 0", Source: "net/unix/garbage.c", About: "descriptor left-behind",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(unix.O_NONBLOCK)
			need(k.handOver(s.w, p.w, 1, "x"))
			need(k.handOver(s.w, s.r, 1, "y"))
			need(k.handOver(s.r, s.w, 1, "z"))
			k.close(p.w)
			flight := k.read(p.r, 1)
			k.close(s.r, s.w)
			need(k.do("setfl", p.r, 0))
			w := k.begin("read", p.r, 1)
			for range 20 { // the collector runs when a socket is closed while descriptors are in flight
				if w.ended() {
					break
				}
				q := k.sockets(unix.SOCK_STREAM)
				k.close(q.r, q.w)
			}
			return say("%v, then %v", flight, w.answer())
		}},
	{ID: "R13", Mechanism: "passing", Statement: "with a descriptor that is not open nothing is sent",
		Expect: "EBADF, then EAGAIN", Source: "sendmsg(2), EBADF; net/core/scm.c", About: "descriptor invalid",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			k.close(p.r)
			return say("%v, then %v", k.handOver(s.w, p.r, 1, "x"), k.do("recvfds", s.r, 9, 1, unix.MSG_DONTWAIT))
		}},
	{ID: "R14", Mechanism: "passing", Statement: "a datagram of no bytes can carry a descriptor",
		Expect: "0, then +1", Source: "unix(7), SCM_RIGHTS", About: "descriptor boundaries",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_DGRAM), k.pipe(0)
			return say("%v, then %s", k.handOver(s.w, p.r, 1, ""), k.receive(s.r, 9, 1).text())
		}},
	{ID: "R15", Mechanism: "passing", Statement: "SOCK_SEQPACKET and SOCK_DGRAM carry descriptors too",
		Expect: "stream ab+1; seqpacket ab+1; dgram ab+1", Source: "unix(7), SCM_RIGHTS", About: "descriptor",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return k.kinds(func(s pipe) string {
				need(k.handOver(s.w, p.r, 1, "ab"))
				return k.receive(s.r, 9, 1).text()
			})
		}},
	{ID: "R16", Mechanism: "passing", Statement: "what was opened for reading alone can't be written to by its receiver",
		Expect: "EBADF", Source: "unix(7), SCM_RIGHTS; write(2), EBADF", About: "descriptor access",
		Observe: func(k *kernel) string {
			s, p := k.sockets(unix.SOCK_STREAM), k.pipe(0)
			need(k.handOver(s.w, p.r, 1, "x"))
			return k.write(need(k.receive(s.r, 9, 1)).N, "x").String()
		}},
	{ID: "R17", Mechanism: "passing", Statement: "a descriptor outlives the process that has sent it",
		Expect: "SIGKILL; reads hello", Source: "unix(7), SCM_RIGHTS", About: "descriptor left-behind",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			sender := k.process("sender")
			f := need(sender.do("memfd", 0)).N
			need(sender.do("pwrite", f, 0, "hello"))
			need(sender.handOver(s.w, f, 1, "x"))
			end := sender.kill()
			return say("%s; reads %s", end, k.do("pread", need(k.receive(s.r, 9, 1)).N, 9, 0).text())
		}},
	{ID: "R18", Mechanism: "passing", Statement: "a socket can be sent over itself, and an eventfd and an epoll set can be sent",
		Expect: "x+1, x+1, x+1", Source: "unix(7), SCM_RIGHTS", About: "descriptor",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			pass := func(fd int) string {
				need(k.handOver(s.w, fd, 1, "x"))
				return k.receive(s.r, 9, 1).text()
			}
			return say("%s, %s, %s", pass(s.w), pass(need(k.do("eventfd", 0, 0)).N), pass(need(k.do("epoll_create")).N))
		}},
	{ID: "R20", Mechanism: "passing", Statement: "SO_PEERCRED of a pair names the process that made it, in every process that inherits an end",
		Expect: "the maker, the maker", Source: "unix(7), SO_PEERCRED; socketpair(2)", About: "access fork-exec",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			who := func(p *proc) string { return k.named(p.do("peercred", s.r), "the maker") }
			return say("%s, %s", who(k.proc), who(k.process("child")))
		}},
	{ID: "R21", Mechanism: "passing", Statement: "SO_PEERCRED of a connection names the process that connected, even after that has been reaped",
		Expect: "SIGKILL; the client; its peer was the listener", Source: "unix(7), SO_PEERCRED", About: "access left-behind",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			client := k.process("client")
			c, a := client.dial("s")
			need(a)
			server := k.named(client.do("peercred", c), "the listener")
			got, end := need(k.do("accept", l)).N, client.kill()
			name := "the client"
			if a := k.do("peercred", got); a.N != client.pid {
				name = a.String()
			}
			return say("%s; %s; its peer was %s", end, name, server)
		}},
	{ID: "R22", Mechanism: "passing", Statement: "with SO_PASSCRED each message brings the PID and user of its sender, unasked",
		Expect: "stream ab, the sender; seqpacket ab, the sender; dgram ab, the sender", Source: "unix(7), SCM_CREDENTIALS", About: "access",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.do("setsockopt", s.r, unix.SO_PASSCRED, 1))
				need(k.write(s.w, "ab"))
				want := say("ab pid %d uid %d", k.pid, k.host.uid)
				if got := k.do("recvcred", s.r, 9).text(); got != want {
					return got
				}
				return "ab, the sender"
			})
		}},
	{ID: "R23", Mechanism: "passing", Statement: "what was sent before SO_PASSCRED was set has no sender: PID 0, and the overflow user",
		Expect: "ab pid 0 uid 65534", Source: "unix(7), SCM_CREDENTIALS; net/unix/af_unix.c, maybe_add_creds", About: "access",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.write(s.w, "ab"))
			need(k.do("setsockopt", s.r, unix.SO_PASSCRED, 1))
			return k.do("recvcred", s.r, 9).text()
		}},
	{ID: "R24", Mechanism: "passing", Statement: "with SO_PASSCRED bytes of two processes never come out of one receive of a stream",
		Expect: "without 4; with 2, 2", Source: "unix(7), SCM_CREDENTIALS; net/unix/af_unix.c", About: "boundaries access",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			other := k.process("other")
			both := func() {
				need(k.write(s.w, "ab"))
				need(other.write(s.w, "cd"))
			}
			both()
			without := k.read(s.r, 9)
			need(k.do("setsockopt", s.r, unix.SO_PASSCRED, 1))
			both()
			return say("without %v; with %v, %v", without, k.do("recvcred", s.r, 9), k.do("recvcred", s.r, 9))
		}},
	{ID: "R25", Mechanism: "passing", Statement: "a process without capabilities can't send another PID or user than its own",
		Expect: "own 1, PID EPERM, user EPERM", Source: "unix(7), SCM_CREDENTIALS", Needs: []Need{anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			forge := func(pid, uid int) answer { return other.do("sendcred", s.w, pid, uid, "x") }
			return say("own %v, PID %v, user %v", forge(other.pid, stranger), forge(1, stranger), forge(other.pid, 0))
		}},
	{ID: "R26", Mechanism: "passing", Statement: "with CAP_SYS_ADMIN a process can send any PID that there is, but none that is not there",
		Expect: "PID 1: 1, none: ESRCH", Source: "unix(7), SCM_CREDENTIALS; net/core/scm.c", Needs: []Need{sysAdmin}, About: "access",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			return say("PID 1: %v, none: %v", k.do("sendcred", s.w, 1, k.host.uid, "x"), k.do("sendcred", s.w, noProcess, k.host.uid, "x"))
		}},
	{ID: "R27", Mechanism: "passing", Statement: "credentials are not cut out of a stream: a receive without room for them reports MSG_CTRUNC",
		Expect: "ab+0 MSG_CTRUNC", Source: "recv(2), MSG_CTRUNC; net/core/scm.c, put_cmsg", About: "access too-big",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.do("setsockopt", s.r, unix.SO_PASSCRED, 1))
			need(k.write(s.w, "ab"))
			return k.receive(s.r, 9, 1).text()
		}},
	{ID: "R28", Mechanism: "passing", Statement: "SO_PEERPIDFD gives a descriptor of the peer's process",
		Expect: "a descriptor", Source: "net/core/sock.c, SO_PEERPIDFD", Since: "6.5", About: "access descriptor",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			k.dial("s")
			if a := k.do("getsockopt", need(k.do("accept", l)).N, peerPidfd); a.Errno != 0 {
				return a.String()
			}
			return "a descriptor"
		}},
}

// noProcess is a PID above the largest that a kernel gives.
const noProcess = 1<<22 + 1

// named is who where the PID is that of the check.
func (k *kernel) named(a answer, who string) string {
	if a.Errno == 0 && a.N == k.pid {
		return who
	}
	return a.String()
}

// ended reports whether the call has returned.
func (w *pending) ended() bool {
	if w.got == nil {
		select {
		case a := <-w.done:
			w.got = &a
		default:
		}
	}
	return w.got != nil
}
