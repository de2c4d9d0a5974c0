package semantics

import "golang.org/x/sys/unix"

// Errors of pipes, and what stays in them.
var pipeErrorChecks = []Check{
	{ID: "P45", Mechanism: "pipe", Statement: "a write of which a part is not mapped writes what is",
		Expect: "of {2p}: {p}, queued {p}", Source: "write(2), EFAULT; fs/pipe.c, pipe_write", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return say("of %d: %v, queued %v", 2*k.host.page, k.do("writehole", p.w, 2*k.host.page), k.do("fionread", p.r))
		}},
	{ID: "P46", Mechanism: "pipe", Statement: "a write from a bad address fails, and queues nothing",
		Expect: "EFAULT, queued 0", Source: "write(2), EFAULT", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return say("%v, queued %v", k.do("writenowhere", p.w, 10), k.do("fionread", p.r))
		}},
	{ID: "P47", Mechanism: "pipe", Statement: "a read to a bad address fails, and what was queued stays",
		Expect: "EFAULT, queued 2", Source: "read(2), EFAULT; fs/pipe.c, pipe_read", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.write(p.w, "ab"))
			return say("%v, queued %v", k.do("readnowhere", p.r, 2), k.do("fionread", p.r))
		}},
	{ID: "P48", Mechanism: "pipe", Statement: "FIONREAD is what is queued, at either end",
		Expect: "3, 3; read 1: 2", Source: "pipe(7); fs/pipe.c, pipe_ioctl", About: "boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.write(p.w, "abc"))
			r, w := k.do("fionread", p.r), k.do("fionread", p.w)
			need(k.read(p.r, 1))
			return say("%v, %v; read 1: %v", r, w, k.do("fionread", p.r))
		}},
	{ID: "P49", Mechanism: "pipe", Statement: "O_NONBLOCK of pipe2 is set on both ends",
		Expect: "O_NONBLOCK, O_NONBLOCK; without 0, 0", Source: "pipe(2), O_NONBLOCK", Since: "2.6.27", About: "timeout",
		Observe: func(k *kernel) string {
			mode := func(p pipe) string {
				of := func(fd int) string { return flags("oflag", need(k.do("getfl", fd)).N&unix.O_NONBLOCK) }
				return say("%s, %s", of(p.r), of(p.w))
			}
			return say("%s; without %s", mode(k.pipe(unix.O_NONBLOCK)), mode(k.pipe(0)))
		}},
	{ID: "P50", Mechanism: "pipe", Statement: "a pipe is no file on a disk: ftruncate and mmap fail",
		Expect: "EINVAL, ENODEV", Source: "ftruncate(2), EINVAL; mmap(2), ENODEV", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return say("%v, %v", k.do("ftruncate", p.w, 0), k.do("map", p.r, 4096, unix.PROT_READ, unix.MAP_PRIVATE))
		}},
	{ID: "P51", Mechanism: "pipe", Statement: "a pipe is of type FIFO, with mode 0600 and size 0",
		Expect: "type 010000 mode 0600 size 0", Source: "fstat(2); pipe(7)", About: "access",
		Observe: func(k *kernel) string { return k.do("fstat", k.pipe(0).r).text() }},
	{ID: "P52", Mechanism: "pipe", Statement: "F_GETPIPE_SZ and F_SETPIPE_SZ want a pipe",
		Expect: "socket EBADF, memfd EBADF", Source: "fcntl(2), F_SETPIPE_SZ; fs/pipe.c, pipe_fcntl", Since: "2.6.35", About: "invalid",
		Observe: func(k *kernel) string {
			return say("socket %v, memfd %v", k.capacity(k.sockets(unix.SOCK_STREAM).r), k.do("fcntl", need(k.do("memfd", 0)).N, unix.F_SETPIPE_SZ, 4096))
		}},
	{ID: "P53", Mechanism: "pipe", Statement: "what is in a pipe stays, in order, when its capacity changes",
		Expect: "{32p}, {p}: abcdef", Source: "fcntl(2), F_SETPIPE_SZ", Since: "2.6.35", Needs: []Need{usualPipe}, About: "limits boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.write(p.w, "abc"))
			more := k.do("fcntl", p.w, unix.F_SETPIPE_SZ, 32*k.host.page)
			need(k.write(p.w, "def"))
			return say("%v, %v: %s", more, k.do("fcntl", p.w, unix.F_SETPIPE_SZ, k.host.page), k.read(p.r, 9).text())
		}},
	{ID: "P54", Mechanism: "pipe", Statement: "a writer that sleeps at a full pipe is woken by F_SETPIPE_SZ",
		Expect: "sleeps, {32p}, then 1", Source: "fs/pipe.c, pipe_resize_ring", Since: "5.8", Needs: []Need{usualPipe}, About: "full limits",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.write(p.w, letters(16*k.host.page)))
			w := k.begin("write", p.w, "x")
			state, size := w.asleep(), k.do("fcntl", p.w, unix.F_SETPIPE_SZ, 32*k.host.page)
			return say("%s, %v, then %v", state, size, w.answer())
		}},
	{ID: "P55", Mechanism: "pipe", Statement: "each byte goes to one reader: two that sleep share what comes",
		Expect: "one wakes with 1, the other sleeps on, then 1", Source: "pipe(7)", About: "boundaries empty",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			a, b := k.begin("read", p.r, 1), k.begin("read", p.r, 1)
			a.asleep()
			b.asleep()
			need(k.write(p.w, "x"))
			first, second := firstOf(a, b)
			one, state := first.answer(), second.asleep()
			need(k.write(p.w, "y"))
			return say("one wakes with %v, the other %s on, then %v", one, state, second.answer())
		}},
	{ID: "P56", Mechanism: "pipe", Statement: "O_APPEND can be set, and changes nothing; a copy of a descriptor by F_DUPFD has at least the number asked for",
		Expect: "abc; at least 100", Source: "fcntl(2), F_SETFL and F_DUPFD", About: "descriptor",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.do("setfl", p.w, unix.O_APPEND))
			need(k.write(p.w, "abc"))
			many := "at least 100"
			if a := k.do("fcntl", p.r, unix.F_DUPFD, 100); a.Errno != 0 || a.N < 100 {
				many = a.String()
			}
			return say("%s; %s", k.read(p.r, 9).text(), many)
		}},
}
