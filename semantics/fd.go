package semantics

import (
	"strings"

	"golang.org/x/sys/unix"
)

var fdChecks = []Check{
	{ID: "D01", Mechanism: "fd", Statement: "a pipe takes the two lowest free numbers, the read end first",
		Expect: "the two lowest, in order", Source: "pipe(2); open(2)", About: "descriptor",
		Observe: func(k *kernel) string {
			a := lowest(k)
			need(k.do("dup", 0)) // takes a
			b := lowest(k)
			k.close(a)
			if p := k.pipe(0); p.r != a || p.w != b {
				return say("%d and %d, the lowest are %d and %d", p.r, p.w, a, b)
			}
			return "the two lowest, in order"
		}},
	{ID: "D02", Mechanism: "fd", Statement: "pipe fails with EMFILE where only one descriptor is left, and leaves that and the array alone",
		Expect: "EMFILE [-7 -7]; the descriptor is still free", Source: "pipe(2), RETURN VALUE and ERRORS", About: "limits descriptor",
		Observe: func(k *kernel) string {
			fd := lowest(k)
			need(k.do("rlimit", unix.RLIMIT_NOFILE, fd+1))
			failed := k.do("pipe2array", 0).text()
			free := "still free"
			if a := k.do("dup", 0); a.N != fd {
				free = "gone: " + a.String()
			}
			return say("%s; the descriptor is %s", failed, free)
		}},
	{ID: "D03", Mechanism: "fd", Statement: "O_CLOEXEC of pipe2 marks both ends, and without it none is",
		Expect: "with 1, 1; without 0, 0", Source: "pipe(2), O_CLOEXEC", Since: "2.6.27", About: "descriptor fork-exec",
		Observe: func(k *kernel) string {
			mark := func(fd int) answer { return k.do("fcntl", fd, unix.F_GETFD, 0) }
			p, q := k.pipe(unix.O_CLOEXEC), k.pipe(0)
			return say("with %v, %v; without %v, %v", mark(p.r), mark(p.w), mark(q.r), mark(q.w))
		}},
	{ID: "D04", Mechanism: "fd", Statement: "after execve the ends with O_CLOEXEC are gone, and the others are there under the same numbers",
		Expect: "with EBADF, EBADF; without 0, 0", Source: "execve(2); open(2), O_CLOEXEC", About: "descriptor fork-exec",
		Observe: func(k *kernel) string {
			p, q := k.pipe(unix.O_CLOEXEC), k.pipe(0)
			child := k.process("child")
			mark := func(fd int) answer { return child.do("fcntl", fd, unix.F_GETFD, 0) }
			return say("with %v, %v; without %v, %v", mark(p.r), mark(p.w), mark(q.r), mark(q.w))
		}},
	{ID: "D05", Mechanism: "fd", Statement: "dup clears close-on-exec, F_DUPFD_CLOEXEC sets it",
		Expect: "0, 1", Source: "dup(2); fcntl(2), F_DUPFD_CLOEXEC", Since: "2.6.24", About: "descriptor fork-exec",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_CLOEXEC)
			mark := func(a answer) answer { return k.do("fcntl", need(a).N, unix.F_GETFD, 0) }
			return say("%v, %v", mark(k.do("dup", p.r)), mark(k.do("fcntl", p.r, unix.F_DUPFD_CLOEXEC, 0)))
		}},
	{ID: "D06", Mechanism: "fd", Statement: "a process that is started between pipe and F_SETFD inherits the descriptor; O_CLOEXEC of pipe2 prevents this",
		Expect: "set later: inherited; pipe2: EBADF", Source: "open(2), O_CLOEXEC; fcntl(2), F_SETFD", About: "descriptor fork-exec",
		Observe: func(k *kernel) string {
			late, early := k.pipe(0), k.pipe(unix.O_CLOEXEC)
			child := k.process("child") // as another thread may start one
			need(k.do("fcntl", late.w, unix.F_SETFD, unix.FD_CLOEXEC))
			inherited := "inherited"
			if a := child.do("fcntl", late.w, unix.F_GETFD, 0); a.Errno != 0 {
				inherited = a.String()
			}
			return say("set later: %s; pipe2: %v", inherited, child.do("fcntl", early.w, unix.F_GETFD, 0))
		}},
	{ID: "D07", Mechanism: "fd", Statement: "a descriptor in flight over SCM_RIGHTS keeps the pipe open",
		Expect: "EAGAIN while in flight, then 0", Source: "unix(7), SCM_RIGHTS", About: "descriptor left-behind",
		Observe: func(k *kernel) string {
			p, s := k.pipe(unix.O_NONBLOCK), pair(need(k.do("socketpair", unix.SOCK_STREAM)))
			need(k.do("sendfds", s.w, p.w, 1, "x"))
			k.close(p.w)
			flight := k.read(p.r, 1)
			k.close(s.r, s.w)
			need(k.do("setfl", p.r, 0)) // the kernel may let go of it later: wait
			return say("%v while in flight, then %v", flight, k.begin("read", p.r, 1).answer())
		}},
	{ID: "D08", Mechanism: "fd", Statement: "a process that inherited nothing can be sent an end of a pipe over a socket",
		Expect: "inherited: EBADF; sent: reads hello", Source: "unix(7), SCM_RIGHTS", About: "descriptor access",
		Observe: func(k *kernel) string {
			s, p := pair(need(k.do("socketpair", unix.SOCK_STREAM))), k.pipe(unix.O_CLOEXEC)
			other := k.process("stranger")
			none := other.read(p.r, 1)
			need(k.do("sendfds", s.w, p.r, 1, "x"))
			got := need(other.do("recvfds", s.r, 1, 1, 0)).N
			need(k.write(p.w, "hello"))
			return say("inherited: %v; sent: reads %s", none, other.read(got, 9).text())
		}},
	{ID: "D09", Mechanism: "fd", Statement: "pipe fails with ENFILE at fs.file-max, which is the whole machine's: never provoked here",
		Source: "pipe(2), ERRORS; proc(5), /proc/sys/fs/file-max", About: "limits",
		Observe: func(k *kernel) string {
			a := need(k.do("sysctlget", "fs/file-nr"))
			f := strings.Fields(a.text())
			if len(f) != 3 {
				panic(broken("/proc/sys/fs/file-nr: " + a.text()))
			}
			return say("limit %s", f[2])
		}},
	{ID: "G01", Mechanism: "fd", Statement: "Go's io.Pipe opens no descriptor: it is no pipe of the kernel's; os.Pipe opens two",
		Expect: "io.Pipe 0; os.Pipe 2, O_NONBLOCK, O_CLOEXEC", Source: "go doc io.Pipe, os.Pipe", About: "descriptor",
		Observe: func(k *kernel) string { return say("io.Pipe %v; os.Pipe %s", k.do("iopipe"), k.do("ospipe").text()) }},
}
