package semantics

import "golang.org/x/sys/unix"

// kinds does something with a new pair of each type, and puts the answers together.
func (k *kernel) kinds(do func(s pipe) string) string {
	each := func(kind int) string { return do(k.sockets(kind)) }
	return say("stream %s; seqpacket %s; dgram %s", each(unix.SOCK_STREAM), each(unix.SOCK_SEQPACKET), each(unix.SOCK_DGRAM))
}

// What a pair of sockets does when one end has closed, or was shut down.
var socketPeerChecks = []Check{
	{ID: "U08", Mechanism: "socketpair", Statement: "a peer closes without having read all: a stream gives what the peer sent, then ECONNRESET once; SOCK_SEQPACKET gives the error first; a datagram socket shows nothing",
		Expect: "stream 2, ECONNRESET, 0; seqpacket ECONNRESET, 2, 0; dgram 2, EAGAIN, EAGAIN", Source: "net/unix/af_unix.c, unix_release_sock", About: "peer-gone left-behind",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				k.nonblock(s.r)
				need(k.write(s.r, "no"))
				need(k.write(s.w, "yz"))
				k.close(s.w)
				return say("%v, %v, %v", k.read(s.r, 9), k.read(s.r, 9), k.read(s.r, 9))
			})
		}},
	{ID: "U18", Mechanism: "socketpair", Statement: "a reader of a datagram pair never learns that the peer has closed: no end of file, no POLLHUP, and a blocking read sleeps",
		Expect: "EAGAIN, POLLOUT; sleeps", Source: "net/unix/af_unix.c, unix_dgram_recvmsg and unix_dgram_poll", About: "peer-gone ready",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_DGRAM)
			k.close(s.w)
			none, ready := k.do("recvwith", s.r, 9, unix.MSG_DONTWAIT), k.ready(s.r, inOut|unix.POLLRDHUP)
			w := k.begin("recv", s.r, 9)
			state := w.asleep()
			need(k.do("shutdown", s.r, unix.SHUT_RD)) // ends the read
			need(w.answer())
			return say("%v, %s; %s", none, ready, state)
		}},
	{ID: "U19", Mechanism: "socketpair", Statement: "after its own SHUT_WR a send fails with EPIPE; only a stream raises SIGPIPE too",
		Expect: "stream EPIPE, SIGPIPE; seqpacket EPIPE, no SIGPIPE; dgram EPIPE, no SIGPIPE", Source: "shutdown(2); send(2), EPIPE", About: "peer-gone invalid",
		Observe: func(k *kernel) string {
			need(k.do("sigblock", int(unix.SIGPIPE)))
			return k.kinds(func(s pipe) string {
				need(k.do("shutdown", s.w, unix.SHUT_WR))
				return say("%v, %s", k.do("send", s.w, 0, "x"), k.sigpipe())
			})
		}},
	{ID: "U20", Mechanism: "socketpair", Statement: "after SHUT_WR the peer of a stream or of SOCK_SEQPACKET is at end of file, that of a datagram socket is not",
		Expect: "stream 0; seqpacket 0; dgram EAGAIN", Source: "shutdown(2); net/unix/af_unix.c", About: "peer-gone",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				k.nonblock(s.r)
				need(k.do("shutdown", s.w, unix.SHUT_WR))
				return k.read(s.r, 9).String()
			})
		}},
	{ID: "U21", Mechanism: "socketpair", Statement: "after SHUT_RD the peer's send fails with EPIPE",
		Expect: "stream EPIPE; seqpacket EPIPE; dgram EPIPE", Source: "shutdown(2); net/unix/af_unix.c", About: "no-reader",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.do("shutdown", s.r, unix.SHUT_RD))
				return k.do("send", s.w, unix.MSG_NOSIGNAL, "x").String()
			})
		}},
	{ID: "U22", Mechanism: "socketpair", Statement: "after SHUT_RD what was queued can still be read, and then comes the end of file",
		Expect: "stream 2, 0; seqpacket 2, 0; dgram 2, 0", Source: "shutdown(2); net/unix/af_unix.c", About: "left-behind",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.write(s.w, "ab"))
				need(k.do("shutdown", s.r, unix.SHUT_RD))
				return say("%v, %v", k.read(s.r, 9), k.read(s.r, 9))
			})
		}},
	{ID: "U23", Mechanism: "socketpair", Statement: "SHUT_RD of a stream wakes its own reader that sleeps, with the end of file",
		Expect: "sleeps, then 0", Source: "shutdown(2)", About: "peer-gone",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			w := k.begin("recv", s.r, 9)
			state := w.asleep()
			need(k.do("shutdown", s.r, unix.SHUT_RD))
			return say("%s, then %v", state, w.answer())
		}},
	{ID: "U24", Mechanism: "socketpair", Statement: "the peer's close wakes a reader of a stream, or of SOCK_SEQPACKET, that sleeps, with the end of file",
		Expect: "stream sleeps, 0; seqpacket sleeps, 0", Source: "unix(7); recv(2)", About: "peer-gone",
		Observe: func(k *kernel) string {
			wake := func(kind int) string {
				s := k.sockets(kind)
				w := k.begin("recv", s.r, 9)
				state := w.asleep()
				k.close(s.w)
				return say("%s, %v", state, w.answer())
			}
			return say("stream %s; seqpacket %s", wake(unix.SOCK_STREAM), wake(unix.SOCK_SEQPACKET))
		}},
	{ID: "U25", Mechanism: "socketpair", Statement: "a peer that closes, and leaves bytes unread, wakes a stream's sender that sleeps with ECONNRESET; the next send gets EPIPE",
		Expect: "sleeps, then ECONNRESET, EPIPE", Source: "net/unix/af_unix.c, unix_release_sock; send(2), EPIPE", About: "peer-gone full",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			k.nonblock(s.w)
			need(k.do("fill", s.w, 4096))
			need(k.do("setfl", s.w, 0))
			w := k.begin("send", s.w, unix.MSG_NOSIGNAL, letters(4096))
			state := w.asleep()
			k.close(s.r)
			return say("%s, then %v, %v", state, w.answer(), k.do("send", s.w, unix.MSG_NOSIGNAL, "x"))
		}},
	{ID: "U26", Mechanism: "socketpair", Statement: "end of file on a stream needs every copy of the other end closed, those of other processes too",
		Expect: "EAGAIN while another process has it, then 0", Source: "socketpair(2); fork(2)", About: "peer-gone fork-exec",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			k.nonblock(s.r)
			child := k.process("child")
			k.close(s.w)
			open := k.read(s.r, 1)
			child.kill()
			return say("%v while another process has it, then %v", open, k.read(s.r, 1))
		}},
	{ID: "U27", Mechanism: "socketpair", Statement: "shutdown works on the socket, not on a descriptor: copies in other processes are shut too",
		Expect: "EPIPE", Source: "shutdown(2)", About: "peer-gone fork-exec",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			child := k.process("child")
			need(k.do("shutdown", s.w, unix.SHUT_WR))
			return child.do("send", s.w, unix.MSG_NOSIGNAL, "x").String()
		}},
	{ID: "U28", Mechanism: "socketpair", Statement: "a half that was shut down can't be opened again, and SHUT_RD and SHUT_WR of a closed peer's socket work",
		Expect: "again 0, send EPIPE; peer closed 0", Source: "shutdown(2)", About: "invalid",
		Observe: func(k *kernel) string {
			s, q := k.sockets(unix.SOCK_STREAM), k.sockets(unix.SOCK_STREAM)
			need(k.do("shutdown", s.w, unix.SHUT_WR))
			k.close(q.r)
			return say("again %v, send %v; peer closed %v", k.do("shutdown", s.w, unix.SHUT_WR), k.do("send", s.w, unix.MSG_NOSIGNAL, "x"), k.do("shutdown", q.w, unix.SHUT_RD))
		}},
}

// Reading, waiting and errors of a pair of sockets.
var socketReadChecks = []Check{
	{ID: "U30", Mechanism: "socketpair", Statement: "a receive of no bytes leaves a stream as it is, and takes a whole message of the other types",
		Expect: "stream 0, then abc; seqpacket 0, then EAGAIN; dgram 0, then EAGAIN", Source: "recv(2); net/unix/af_unix.c", About: "boundaries",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				k.nonblock(s.r)
				need(k.write(s.w, "abc"))
				return say("%v, then %s", k.do("recv", s.r, 0), k.do("recv", s.r, 9).text())
			})
		}},
	{ID: "U31", Mechanism: "socketpair", Statement: "FIONREAD is all bytes of a stream or of SOCK_SEQPACKET, and of datagrams the first message",
		Expect: "stream 5; seqpacket 5; dgram 3", Source: "unix(7), SIOCINQ; net/unix/af_unix.c, unix_inq_len", About: "boundaries",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.write(s.w, "abc"))
				need(k.write(s.w, "de"))
				return k.do("fionread", s.r).String()
			})
		}},
	{ID: "U32", Mechanism: "socketpair", Statement: "MSG_PEEK returns what is there and leaves it",
		Expect: "stream ab, ab; seqpacket ab, ab; dgram ab, ab", Source: "recv(2), MSG_PEEK", About: "boundaries",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.write(s.w, "ab"))
				return say("%s, %s", k.do("recvwith", s.r, 9, unix.MSG_PEEK).text(), k.read(s.r, 9).text())
			})
		}},
	{ID: "U33", Mechanism: "socketpair", Statement: "with SO_PEEK_OFF each MSG_PEEK goes on behind the one before, and a read takes from the beginning",
		Expect: "ab, cd, then abcd", Source: "socket(7), SO_PEEK_OFF", Since: "3.4", About: "boundaries",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.do("setsockopt", s.r, unix.SO_PEEK_OFF, 0))
			need(k.write(s.w, "abcd"))
			peek := func() string { return k.do("recvwith", s.r, 2, unix.MSG_PEEK).text() }
			return say("%s, %s, then %s", peek(), peek(), k.read(s.r, 9).text())
		}},
	{ID: "U34", Mechanism: "socketpair", Statement: "the flag MSG_TRUNC has a receive return a message's whole length; a stream ignores it",
		Expect: "stream 2; seqpacket 9; dgram 9", Source: "recv(2), MSG_TRUNC", Since: "3.4", About: "too-big boundaries",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.write(s.w, "123456789"))
				return k.do("recvwith", s.r, 2, unix.MSG_TRUNC).String()
			})
		}},
	{ID: "U35", Mechanism: "socketpair", Statement: "MSG_WAITALL sleeps until a stream has all bytes that were asked for",
		Expect: "sleeps, then 5: abcde", Source: "recv(2), MSG_WAITALL", About: "empty",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.write(s.w, "abc"))
			w := k.begin("recvwith", s.r, 5, unix.MSG_WAITALL)
			state := w.asleep()
			need(k.write(s.w, "de"))
			got := w.answer()
			return say("%s, then %v: %s", state, got, got.text())
		}},
	{ID: "U36", Mechanism: "socketpair", Statement: "MSG_WAITALL returns what there is when the peer closes",
		Expect: "sleeps, then 3: abc", Source: "recv(2), MSG_WAITALL", About: "peer-gone",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.write(s.w, "abc"))
			w := k.begin("recvwith", s.r, 5, unix.MSG_WAITALL)
			state := w.asleep()
			k.close(s.w)
			got := w.answer()
			return say("%s, then %v: %s", state, got, got.text())
		}},
	{ID: "U37", Mechanism: "socketpair", Statement: "SO_RCVTIMEO ends a receive with EAGAIN",
		Expect: "stream EAGAIN; seqpacket EAGAIN; dgram EAGAIN", Source: "socket(7), SO_RCVTIMEO", About: "timeout empty",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				need(k.do("timeout", s.r, unix.SO_RCVTIMEO, 5))
				return k.do("recv", s.r, 9).String()
			})
		}},
	{ID: "U38", Mechanism: "socketpair", Statement: "SO_SNDTIMEO has a stream's send return what it wrote, and EAGAIN where that is nothing",
		Expect: "a part, then EAGAIN", Source: "socket(7), SO_SNDTIMEO", About: "timeout full",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.do("timeout", s.w, unix.SO_SNDTIMEO, 5))
			big := letters(2 * need(k.do("getsockopt", s.w, unix.SO_SNDBUF)).N)
			took, part := k.do("send", s.w, 0, big), "a part"
			if took.Errno != 0 || took.N <= 0 || took.N >= len(big) {
				part = say("%v of %d", took, len(big))
			}
			return say("%s, then %v", part, k.do("send", s.w, 0, letters(4096)))
		}},
	{ID: "U39", Mechanism: "socketpair", Statement: "a signal ends a receive that sleeps on a stream, unless its handler was set with SA_RESTART",
		Expect: "without: EINTR; with: sleeps on, then 1", Source: "signal(7), Interruption of system calls", About: "interrupted",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			without, with := k.process("receiver").interrupt("recv", s.r, 1)
			state := with.asleep()
			need(k.write(s.w, "x"))
			return say("without: %v; with: %s on, then %v", without, state, with.answer())
		}},
	{ID: "U40", Mechanism: "socketpair", Statement: "with SO_RCVTIMEO a signal ends a receive that sleeps, SA_RESTART or not",
		Expect: "EINTR, EINTR", Source: "signal(7), SO_RCVTIMEO", About: "interrupted timeout",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.do("timeout", s.r, unix.SO_RCVTIMEO, 60000))
			without, with := k.process("receiver").interrupt("recv", s.r, 1)
			return say("%v, %v", without, with.answer())
		}},
	{ID: "U41", Mechanism: "socketpair", Statement: "a stream that is full is writable for poll only when three quarters of its buffer are free again; a write may work before",
		Expect: "full 0; with one message read 0, yet a write takes 1; empty POLLOUT", Source: "net/unix/af_unix.c, unix_writable", About: "ready full",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			k.nonblock(s.w, s.r)
			need(k.do("fill", s.w, 1024))
			full := k.ready(s.w, unix.POLLOUT)
			need(k.read(s.r, 1024))
			one, wrote := k.ready(s.w, unix.POLLOUT), k.write(s.w, "x")
			for k.read(s.r, 1<<20).N > 0 {
			}
			return say("full %s; with one message read %s, yet a write takes %v; empty %s", full, one, wrote, k.ready(s.w, unix.POLLOUT))
		}},
	{ID: "U42", Mechanism: "socketpair", Statement: "a send of no bytes to a stream does nothing",
		Expect: "0, then EAGAIN", Source: "send(2); net/unix/af_unix.c", About: "boundaries",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			return say("%v, then %v", k.do("send", s.w, 0, ""), k.do("recvwith", s.r, 9, unix.MSG_DONTWAIT))
		}},
	{ID: "U43", Mechanism: "socketpair", Statement: "writev sends one message, and readv receives one",
		Expect: "writev 5; readv 5: abcde", Source: "readv(2); unix(7)", About: "boundaries",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_DGRAM)
			n, got := k.do("writev", s.w, 2, "abcde"), k.do("readv", s.r, 2, 4)
			return say("writev %v; readv %v: %s", n, got, got.text())
		}},
	{ID: "U44", Mechanism: "socketpair", Statement: "a socket has no position: lseek, pread and pwrite fail",
		Expect: "ESPIPE, ESPIPE, ESPIPE", Source: "lseek(2); pread(2)", About: "invalid",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			return say("%v, %v, %v", k.do("lseek", s.r, 0, 0), k.do("pread", s.r, 1, 0), k.do("pwrite", s.r, 0, "x"))
		}},
	{ID: "U45", Mechanism: "socketpair", Statement: "the ends of a pair have no name, and are connected for good: connect and listen fail",
		Expect: "no name, no name; EISCONN; EINVAL", Source: "socketpair(2); unix(7)", About: "invalid",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			k.listener(unix.SOCK_STREAM, "l", 1)
			return say("%s, %s; %v; %v", k.do("getsockname", s.r).text(), k.do("getpeername", s.r).text(), k.do("connect", s.r, "l"), k.do("listen", s.r, 1))
		}},
	{ID: "U46", Mechanism: "socketpair", Statement: "socketpair refuses another family, an unknown type and an unknown protocol",
		Expect: "EOPNOTSUPP, ESOCKTNOSUPPORT, EPROTONOSUPPORT", Source: "socketpair(2), ERRORS; socket(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			of := func(family, kind, protocol int) answer { return k.do("socketpairof", family, kind, protocol) }
			return say("%v, %v, %v", of(unix.AF_INET, unix.SOCK_STREAM, 0), of(unix.AF_UNIX, unix.SOCK_RDM, 0), of(unix.AF_UNIX, unix.SOCK_STREAM, 7))
		}},
	{ID: "U47", Mechanism: "socketpair", Statement: "MSG_OOB is refused by SOCK_DGRAM and SOCK_SEQPACKET",
		Expect: "EOPNOTSUPP, EOPNOTSUPP", Source: "unix(7), MSG_OOB; send(2), EOPNOTSUPP", About: "invalid",
		Observe: func(k *kernel) string {
			send := func(kind int) answer { return k.do("send", k.sockets(kind).w, unix.MSG_OOB, "x") }
			return say("%v, %v", send(unix.SOCK_DGRAM), send(unix.SOCK_SEQPACKET))
		}},
	{ID: "U48", Mechanism: "socketpair", Statement: "a send wants a socket, and a descriptor that is open",
		Expect: "pipe ENOTSOCK, closed EBADF", Source: "send(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			p, s := k.pipe(0), k.sockets(unix.SOCK_STREAM)
			k.close(s.w)
			return say("pipe %v, closed %v", k.do("send", p.w, 0, "x"), k.do("send", s.w, 0, "x"))
		}},
	{ID: "U49", Mechanism: "socketpair", Statement: "SO_TYPE, SO_DOMAIN and SO_PROTOCOL are those that the socket was made with",
		Expect: "1, 1, 0; 5; 2", Source: "socket(7), SO_TYPE, SO_DOMAIN and SO_PROTOCOL", Since: "2.6.32", About: "boundaries",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			of := func(fd, option int) answer { return k.do("getsockopt", fd, option) }
			return say("%v, %v, %v; %v; %v", of(s.r, unix.SO_TYPE), of(s.r, unix.SO_DOMAIN), of(s.r, unix.SO_PROTOCOL),
				of(k.sockets(unix.SOCK_SEQPACKET).r, unix.SO_TYPE), of(k.sockets(unix.SOCK_DGRAM).r, unix.SO_TYPE))
		}},
	{ID: "U50", Mechanism: "socketpair", Statement: "a receiver that sleeps is woken by what arrives",
		Expect: "stream sleeps, ab; seqpacket sleeps, ab; dgram sleeps, ab", Source: "recv(2)", About: "empty",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				w := k.begin("recv", s.r, 9)
				state := w.asleep()
				need(k.write(s.w, "ab"))
				return say("%s, %s", state, w.answer().text())
			})
		}},
	{ID: "U51", Mechanism: "socketpair", Statement: "a sender that sleeps since its buffer is full is woken by a reader",
		Expect: "stream sleeps, 1; seqpacket sleeps, 1; dgram sleeps, 1", Source: "send(2)", About: "full",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				k.nonblock(s.w, s.r)
				need(k.do("fill", s.w, 1024))
				need(k.do("setfl", s.w, 0))
				w := k.begin("send", s.w, 0, "x")
				state := w.asleep()
				for k.read(s.r, 1<<20).N > 0 {
				}
				return say("%s, %v", state, w.answer())
			})
		}},
	{ID: "U52", Mechanism: "socketpair", Statement: "a receive to a bad address fails; a stream keeps the bytes, a datagram is lost",
		Expect: "stream EFAULT, then ab; dgram EFAULT, then EAGAIN", Source: "recv(2), EFAULT; net/unix/af_unix.c", About: "invalid",
		Observe: func(k *kernel) string {
			receive := func(kind int) string {
				s := k.sockets(kind)
				k.nonblock(s.r)
				need(k.write(s.w, "ab"))
				return say("%v, then %s", k.do("readnowhere", s.r, 2), k.read(s.r, 9).text())
			}
			return say("stream %s; dgram %s", receive(unix.SOCK_STREAM), receive(unix.SOCK_DGRAM))
		}},
	{ID: "U53", Mechanism: "socketpair", Statement: "MSG_DONTWAIT does not wait, whatever the mode of the descriptor",
		Expect: "receive EAGAIN; full EAGAIN", Source: "recv(2), MSG_DONTWAIT; send(2), MSG_DONTWAIT", About: "empty full timeout",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			none := k.do("recvwith", s.r, 9, unix.MSG_DONTWAIT)
			k.nonblock(s.w)
			need(k.do("fill", s.w, 4096))
			need(k.do("setfl", s.w, 0))
			return say("receive %v; full %v", none, k.do("send", s.w, unix.MSG_DONTWAIT, letters(4096)))
		}},
}
