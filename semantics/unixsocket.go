package semantics

import (
	"crypto/rand"

	"golang.org/x/sys/unix"
)

// socket makes a socket, and gives it the name; "" leaves it without.
func (p *proc) socket(kind int, name string) int {
	fd := need(p.do("socket", kind)).N
	if name != "" {
		need(p.do("bind", fd, name))
	}
	return fd
}

// listener is a socket of the name that accepts connections.
func (p *proc) listener(kind int, name string, backlog int) int {
	fd := p.socket(kind, name)
	need(p.do("listen", fd, backlog))
	return fd
}

// dial connects a new stream socket.
func (p *proc) dial(name string) (fd int, a answer) {
	fd = p.socket(unix.SOCK_STREAM, "")
	return fd, p.do("connect", fd, name)
}

// abstract is a name that nothing else has.
func abstract() string { return "@ipcbench-" + rand.Text() }

// Names and connections of UNIX domain sockets.
var unixChecks = []Check{
	{ID: "N01", Mechanism: "unixsocket", Statement: "bind makes a file of type socket, under the umask, and only where there is none; a socket can be bound once",
		Expect: "type 0140000 mode 0750 size 0; another EADDRINUSE; again EINVAL", Source: "unix(7); bind(2)", About: "access invalid",
		Observe: func(k *kernel) string {
			k.do("umask", 0o027)
			s := k.socket(unix.SOCK_STREAM, "s")
			file := need(k.do("open", "s", unix.O_PATH, 0)).N
			return say("%s; another %v; again %v", k.do("fstat", file).text(), k.do("bind", k.socket(unix.SOCK_STREAM, ""), "s"), k.do("bind", s, "t"))
		}},
	{ID: "N02", Mechanism: "unixsocket", Statement: "close leaves the name: bind then fails, connect is refused, and open fails",
		Expect: "bind EADDRINUSE, connect ECONNREFUSED, open ENXIO; after unlink bind 0", Source: "unix(7), NOTES; bind(2); connect(2); open(2)", About: "left-behind peer-gone",
		Observe: func(k *kernel) string {
			k.close(k.listener(unix.SOCK_STREAM, "s", 1))
			s := k.socket(unix.SOCK_STREAM, "")
			bind := k.do("bind", s, "s")
			_, connect := k.dial("s")
			open := k.open("s", unix.O_RDWR)
			need(k.do("unlink", "s"))
			return say("bind %v, connect %v, open %v; after unlink bind %v", bind, connect, open, k.do("bind", s, "s"))
		}},
	{ID: "N03", Mechanism: "unixsocket", Statement: "connect fails where there is no name, no socket, or no listener",
		Expect: "ENOENT, ECONNREFUSED, ECONNREFUSED", Source: "connect(2), ERRORS", About: "peer-gone invalid",
		Observe: func(k *kernel) string {
			k.fifo("f")
			k.socket(unix.SOCK_STREAM, "s")
			_, none := k.dial("none")
			_, file := k.dial("f")
			_, bound := k.dial("s")
			return say("%v, %v, %v", none, file, bound)
		}},
	{ID: "N04", Mechanism: "unixsocket", Statement: "a socket of another type can't be connected to",
		Expect: "stream to dgram EPROTOTYPE, dgram to stream EPROTOTYPE", Source: "connect(2), EPROTOTYPE; unix(7)", About: "invalid",
		Observe: func(k *kernel) string {
			k.socket(unix.SOCK_DGRAM, "d")
			k.listener(unix.SOCK_STREAM, "s", 1)
			_, stream := k.dial("d")
			return say("stream to dgram %v, dgram to stream %v", stream, k.do("connect", k.socket(unix.SOCK_DGRAM, ""), "s"))
		}},
	{ID: "N05", Mechanism: "unixsocket", Statement: "connect does not wait for accept, and what is sent before arrives",
		Expect: "connect 0, send 2; accepted: ab", Source: "connect(2); listen(2)", About: "empty",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			c, a := k.dial("s")
			sent := k.do("send", c, 0, "ab")
			return say("connect %v, send %v; accepted: %s", a, sent, k.read(need(k.do("accept", l)).N, 9).text())
		}},
	{ID: "N06", Mechanism: "unixsocket", Statement: "the connected end has the listener's name for a peer, the accepted one a peer without a name",
		Expect: "client no name, peer s; accepted s, peer no name", Source: "unix(7); getpeername(2)", About: "access",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			c, _ := k.dial("s")
			a := need(k.do("accept", l)).N
			names := func(fd int) string {
				return say("%s, peer %s", k.do("getsockname", fd).text(), k.do("getpeername", fd).text())
			}
			return say("client %s; accepted %s", names(c), names(a))
		}},
	{ID: "N07", Mechanism: "unixsocket", Statement: "the backlog of listen counts from 0: with 0 one connection waits, and the next fails with O_NONBLOCK",
		Expect: "0, EAGAIN; after accept 0", Source: "listen(2); connect(2), EAGAIN", About: "full limits",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 0)
			_, first := k.dial("s")
			c := k.socket(unix.SOCK_STREAM, "")
			k.nonblock(c)
			second := k.do("connect", c, "s")
			need(k.do("accept", l))
			return say("%v, %v; after accept %v", first, second, k.do("connect", c, "s"))
		}},
	{ID: "N08", Mechanism: "unixsocket", Statement: "connect to a full backlog sleeps until there is room",
		Expect: "sleeps, then 0", Source: "listen(2); net/unix/af_unix.c, unix_stream_connect", About: "full",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 0)
			k.dial("s")
			w := k.begin("connect", k.socket(unix.SOCK_STREAM, ""), "s")
			state := w.asleep()
			need(k.do("accept", l))
			return say("%s, then %v", state, w.answer())
		}},
	{ID: "N09", Mechanism: "unixsocket", Statement: "accept sleeps until a connection comes, and with O_NONBLOCK fails",
		Expect: "sleeps, then accepts; EAGAIN", Source: "accept(2)", About: "empty",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			w := k.begin("accept", l)
			state, got := w.asleep(), "accepts"
			k.dial("s")
			if a := w.answer(); a.Errno != 0 || a.Late {
				got = a.String()
			}
			k.nonblock(l)
			return say("%s, then %s; %v", state, got, k.do("accept", l))
		}},
	{ID: "N10", Mechanism: "unixsocket", Statement: "a connection that waits when the listener closes is reset: an error once, then the end of file",
		Expect: "POLLIN|POLLOUT|POLLERR|POLLHUP; ECONNRESET, 0", Source: "net/unix/af_unix.c, unix_release_sock", About: "peer-gone ready",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			c, _ := k.dial("s")
			k.close(l)
			ready := k.ready(c, inOut)
			return say("%s; %v, %v", ready, k.read(c, 1), k.read(c, 1))
		}},
	{ID: "N11", Mechanism: "unixsocket", Statement: "unlinking the name leaves connections alone, and no more can come",
		Expect: "goes on: ab; connect ENOENT", Source: "unix(7); unlink(2)", About: "left-behind",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			c, _ := k.dial("s")
			need(k.do("unlink", "s"))
			a := need(k.do("accept", l)).N
			need(k.write(c, "ab"))
			_, next := k.dial("s")
			return say("goes on: %s; connect %v", k.read(a, 9).text(), next)
		}},
	{ID: "N12", Mechanism: "unixsocket", Statement: "a socket's file can be renamed: the new name connects, and getpeername still has the old one",
		Expect: "0, peer s; old ENOENT", Source: "unix(7); rename(2)", About: "left-behind",
		Observe: func(k *kernel) string {
			k.listener(unix.SOCK_STREAM, "s", 4)
			need(k.do("rename", "s\x00t"))
			c, a := k.dial("t")
			_, old := k.dial("s")
			return say("%v, peer %s; old %v", a, k.do("getpeername", c).text(), old)
		}},
	{ID: "N13", Mechanism: "unixsocket", Statement: "an abstract name makes no file, is taken as long as a socket has it, and free after the close",
		Expect: "another EADDRINUSE, connect 0; closed: connect ECONNREFUSED, bind 0", Source: "unix(7), abstract", About: "left-behind",
		Observe: func(k *kernel) string {
			name := abstract()
			l := k.listener(unix.SOCK_STREAM, name, 1)
			another := k.socket(unix.SOCK_STREAM, "")
			taken := k.do("bind", another, name)
			_, connect := k.dial(name)
			k.close(l)
			_, gone := k.dial(name)
			return say("another %v, connect %v; closed: connect %v, bind %v", taken, connect, gone, k.do("bind", another, name))
		}},
	{ID: "N14", Mechanism: "unixsocket", Statement: "bind without a name chooses an abstract one, of five hexadecimal digits",
		Expect: "@ and 5 digits", Source: "unix(7), Autobind feature", About: "access",
		Observe: func(k *kernel) string {
			s := k.socket(unix.SOCK_DGRAM, "")
			need(k.do("bind", s, ""))
			return autobound(k.do("getsockname", s).text())
		}},
	{ID: "N15", Mechanism: "unixsocket", Statement: "a datagram brings the name of its sender, where that has one",
		Expect: "ab from no name, cd from t", Source: "unix(7); recvfrom(2)", About: "access",
		Observe: func(k *kernel) string {
			r := k.socket(unix.SOCK_DGRAM, "s")
			need(k.do("sendto", k.socket(unix.SOCK_DGRAM, ""), "s\x00ab"))
			need(k.do("sendto", k.socket(unix.SOCK_DGRAM, "t"), "s\x00cd"))
			return say("%s, %s", k.do("recvfrom", r, 9).text(), k.do("recvfrom", r, 9).text())
		}},
	{ID: "N16", Mechanism: "unixsocket", Statement: "a datagram socket that is connected takes messages of its peer alone",
		Expect: "peer 1, another EPERM", Source: "net/unix/af_unix.c, unix_may_send; connect(2)", About: "access",
		Observe: func(k *kernel) string {
			r, peer := k.socket(unix.SOCK_DGRAM, "r"), k.socket(unix.SOCK_DGRAM, "p")
			need(k.do("connect", r, "p"))
			return say("peer %v, another %v", k.do("sendto", peer, "r\x00x"), k.do("sendto", k.socket(unix.SOCK_DGRAM, ""), "r\x00x"))
		}},
	{ID: "N17", Mechanism: "unixsocket", Statement: "max_dgram_qlen datagrams and one more fit into a socket's queue, whatever their size",
		Expect: "{dgram_qlen+1}, then EAGAIN", Source: "unix(7), max_dgram_qlen", About: "full limits",
		Observe: func(k *kernel) string {
			k.socket(unix.SOCK_DGRAM, "r")
			s, n, a := k.socket(unix.SOCK_DGRAM, ""), 0, answer{}
			k.nonblock(s)
			for ; n < 5000; n++ {
				if a = k.do("sendto", s, "r\x00x"); a.Errno != 0 {
					break
				}
			}
			return say("%d, then %v", n, a)
		}},
	{ID: "N18", Mechanism: "unixsocket", Statement: "where the receiver's queue is full, poll reports room to a datagram socket that is not connected, and none to one that is",
		Expect: "connected 0, not connected POLLOUT", Source: "net/unix/af_unix.c, unix_dgram_poll", About: "full ready",
		Observe: func(k *kernel) string {
			k.socket(unix.SOCK_DGRAM, "r")
			c, u := k.socket(unix.SOCK_DGRAM, ""), k.socket(unix.SOCK_DGRAM, "")
			need(k.do("connect", c, "r"))
			k.nonblock(c)
			need(k.do("fill", c, 1))
			return say("connected %s, not connected %s", k.ready(c, unix.POLLOUT), k.ready(u, unix.POLLOUT))
		}},
	{ID: "N19", Mechanism: "unixsocket", Statement: "a sender sleeps while the receiver's queue of datagrams is full, and a receive wakes it",
		Expect: "sleeps, then 1", Source: "unix(7), max_dgram_qlen", About: "full",
		Observe: func(k *kernel) string {
			r, s := k.socket(unix.SOCK_DGRAM, "r"), k.socket(unix.SOCK_DGRAM, "")
			need(k.do("connect", s, "r"))
			k.nonblock(s)
			need(k.do("fill", s, 1))
			need(k.do("setfl", s, 0))
			w := k.begin("send", s, 0, "x")
			state := w.asleep()
			need(k.read(r, 1))
			return say("%s, then %v", state, w.answer())
		}},
	{ID: "N20", Mechanism: "unixsocket", Statement: "when the receiver of a datagram socket has closed, a send is refused: by the connection, and by the name",
		Expect: "connected ECONNREFUSED, by name ECONNREFUSED; without the name ENOENT", Source: "unix(7), ECONNREFUSED; send(2)", About: "peer-gone",
		Observe: func(k *kernel) string {
			r, s := k.socket(unix.SOCK_DGRAM, "r"), k.socket(unix.SOCK_DGRAM, "")
			need(k.do("connect", s, "r"))
			k.close(r)
			connected, named := k.do("send", s, 0, "x"), k.do("sendto", k.socket(unix.SOCK_DGRAM, ""), "r\x00x")
			need(k.do("unlink", "r"))
			return say("connected %v, by name %v; without the name %v", connected, named, k.do("sendto", k.socket(unix.SOCK_DGRAM, ""), "r\x00x"))
		}},
	{ID: "N21", Mechanism: "unixsocket", Statement: "connect to AF_UNSPEC dissolves the connection of a datagram socket",
		Expect: "1, then ENOTCONN", Source: "connect(2), AF_UNSPEC", About: "invalid",
		Observe: func(k *kernel) string {
			k.socket(unix.SOCK_DGRAM, "r")
			s := k.socket(unix.SOCK_DGRAM, "")
			need(k.do("connect", s, "r"))
			sent := k.do("send", s, 0, "x")
			need(k.do("disconnect", s))
			return say("%v, then %v", sent, k.do("send", s, 0, "x"))
		}},
	{ID: "N22", Mechanism: "unixsocket", Statement: "a datagram socket can be connected anew, a stream can't",
		Expect: "dgram 0, 0; stream 0, EISCONN", Source: "connect(2), EISCONN", About: "invalid",
		Observe: func(k *kernel) string {
			k.socket(unix.SOCK_DGRAM, "a")
			k.socket(unix.SOCK_DGRAM, "b")
			k.listener(unix.SOCK_STREAM, "s", 4)
			d := k.socket(unix.SOCK_DGRAM, "")
			c, first := k.dial("s")
			return say("dgram %v, %v; stream %v, %v", k.do("connect", d, "a"), k.do("connect", d, "b"), first, k.do("connect", c, "s"))
		}},
	{ID: "N23", Mechanism: "unixsocket", Statement: "a stream that is not connected can't send or receive, nor can a listener",
		Expect: "send ENOTCONN, receive EINVAL; listener ENOTCONN, EINVAL", Source: "send(2), ENOTCONN; net/unix/af_unix.c", About: "invalid",
		Observe: func(k *kernel) string {
			both := func(fd int) (answer, answer) {
				return k.do("send", fd, unix.MSG_NOSIGNAL, "x"), k.do("recv", fd, 1)
			}
			a, b := both(k.socket(unix.SOCK_STREAM, ""))
			c, d := both(k.listener(unix.SOCK_STREAM, "s", 1))
			return say("send %v, receive %v; listener %v, %v", a, b, c, d)
		}},
	{ID: "N24", Mechanism: "unixsocket", Statement: "accept wants a listener of a type with connections",
		Expect: "no listener EINVAL, dgram EOPNOTSUPP, pipe ENOTSOCK; listen on dgram EOPNOTSUPP", Source: "accept(2), ERRORS; listen(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			accept := func(fd int) answer { return k.do("accept", fd) }
			d := k.socket(unix.SOCK_DGRAM, "d")
			return say("no listener %v, dgram %v, pipe %v; listen on dgram %v", accept(k.socket(unix.SOCK_STREAM, "s")), accept(d), accept(k.pipe(0).r), k.do("listen", d, 1))
		}},
	{ID: "N25", Mechanism: "unixsocket", Statement: "listen wants a name",
		Expect: "EINVAL; with a name 0, SO_ACCEPTCONN 1", Source: "net/unix/af_unix.c, unix_listen; socket(7), SO_ACCEPTCONN", About: "invalid",
		Observe: func(k *kernel) string {
			none, s := k.do("listen", k.socket(unix.SOCK_STREAM, ""), 1), k.socket(unix.SOCK_STREAM, "s")
			return say("%v; with a name %v, SO_ACCEPTCONN %v", none, k.do("listen", s, 1), k.do("getsockopt", s, unix.SO_ACCEPTCONN))
		}},
	{ID: "N26", Mechanism: "unixsocket", Statement: "an accepted socket does not have O_NONBLOCK of its listener",
		Expect: "listener O_NONBLOCK, accepted 0", Source: "accept(2)", About: "timeout",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			k.nonblock(l)
			k.dial("s")
			mode := func(fd int) string {
				a := k.do("getfl", fd)
				if a.Errno != 0 {
					return a.String()
				}
				return flags("oflag", a.N&unix.O_NONBLOCK)
			}
			return say("listener %s, accepted %s", mode(l), mode(need(k.do("accept", l)).N))
		}},
	{ID: "N27", Mechanism: "unixsocket", Statement: "a listener is readable when a connection waits",
		Expect: "0, POLLIN; after accept 0", Source: "accept(2); poll(2)", About: "ready",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			none := k.ready(l, unix.POLLIN)
			k.dial("s")
			one := k.ready(l, unix.POLLIN)
			need(k.do("accept", l))
			return say("%s, %s; after accept %s", none, one, k.ready(l, unix.POLLIN))
		}},
	{ID: "N28", Mechanism: "unixsocket", Statement: "shutdown of a listener wakes an accept that sleeps, with EINVAL",
		Expect: "sleeps, then EINVAL", Source: "shutdown(2); net/unix/af_unix.c", About: "peer-gone",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			w := k.begin("accept", l)
			state := w.asleep()
			need(k.do("shutdown", l, unix.SHUT_RD))
			return say("%s, then %v", state, w.answer())
		}},
	{ID: "N29", Mechanism: "unixsocket", Statement: "a signal ends an accept that sleeps, unless its handler was set with SA_RESTART",
		Expect: "without: EINTR; with: sleeps on", Source: "signal(7), Interruption of system calls", About: "interrupted",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			without, with := k.process("server").interrupt("accept", l)
			return say("without: %v; with: %s on", without, with.asleep())
		}},
	{ID: "N30", Mechanism: "unixsocket", Statement: "a signal ends a connect that sleeps at a full backlog, and the socket can be connected afterwards",
		Expect: "EINTR; after accept 0", Source: "connect(2), EINTR; signal(7)", About: "interrupted full",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 0)
			k.dial("s")
			client := k.process("client")
			need(client.do("sigaction", int(unix.SIGUSR1), sigNoRestart))
			c := need(client.do("socket", unix.SOCK_STREAM)).N
			w := client.begin("connect", c, "s")
			w.asleep()
			w.signal(unix.SIGUSR1)
			ended := w.answer()
			need(k.do("accept", l))
			return say("%v; after accept %v", ended, client.do("connect", c, "s"))
		}},
	{ID: "N31", Mechanism: "unixsocket", Statement: "SOCK_SEQPACKET has connections and keeps boundaries",
		Expect: "2, 3; read 2, 3", Source: "unix(7), SOCK_SEQPACKET", Since: "2.6.4", About: "boundaries",
		Observe: func(k *kernel) string {
			l, c := k.listener(unix.SOCK_SEQPACKET, "s", 1), k.socket(unix.SOCK_SEQPACKET, "")
			need(k.do("connect", c, "s"))
			a := need(k.do("accept", l)).N
			return say("%v, %v; read %v, %v", k.do("send", c, 0, "ab"), k.do("send", c, 0, "cde"), k.read(a, 9), k.read(a, 9))
		}},
	{ID: "N32", Mechanism: "unixsocket", Statement: "a socket that is not connected has no peer",
		Expect: "ENOTCONN, and a send ENOTCONN", Source: "getpeername(2), ENOTCONN; unix(7)", About: "invalid",
		Observe: func(k *kernel) string {
			s := k.socket(unix.SOCK_DGRAM, "")
			return say("%v, and a send %v", k.do("getpeername", s), k.do("send", s, 0, "x"))
		}},
	{ID: "N33", Mechanism: "unixsocket", Statement: "a datagram socket can send to itself by its name",
		Expect: "2, then ab from s", Source: "unix(7), SOCK_DGRAM", About: "boundaries",
		Observe: func(k *kernel) string {
			s := k.socket(unix.SOCK_DGRAM, "s")
			return say("%v, then %s", k.do("sendto", s, "s\x00ab"), k.do("recvfrom", s, 9).text())
		}},
	{ID: "N34", Mechanism: "unixsocket", Statement: "a bind fails where the directory is not there, and where any file has the name",
		Expect: "ENOENT, ENOTDIR, EADDRINUSE", Source: "bind(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			k.fifo("f")
			s := k.socket(unix.SOCK_STREAM, "")
			return say("%v, %v, %v", k.do("bind", s, "none/s"), k.do("bind", s, "f/s"), k.do("bind", s, "f"))
		}},
	{ID: "N35", Mechanism: "unixsocket", Statement: "to connect a process needs the right to write to the socket's file",
		Expect: "0700 EACCES, 0722 0", Source: "unix(7), Pathname socket ownership and permissions", Needs: []Need{anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			dir := k.openDir(0o755)
			k.listener(unix.SOCK_STREAM, "d/s", 4)
			need(k.do("chmod", "d/s", 0o700))
			other := k.process("other user")
			need(other.do("fchdir", dir))
			need(other.do("setresuid", stranger))
			_, no := other.dial("s")
			need(k.do("chmod", "d/s", 0o722))
			_, yes := other.dial("s")
			return say("0700 %v, 0722 %v", no, yes)
		}},
	{ID: "N36", Mechanism: "unixsocket", Statement: "a listener's connections outlive it",
		Expect: "ab", Source: "accept(2); close(2)", About: "peer-gone left-behind",
		Observe: func(k *kernel) string {
			l := k.listener(unix.SOCK_STREAM, "s", 1)
			c, _ := k.dial("s")
			a := need(k.do("accept", l)).N
			k.close(l)
			k.write(c, "ab")
			return k.read(a, 9).text()
		}},
}
