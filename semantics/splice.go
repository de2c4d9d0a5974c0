package semantics

import "golang.org/x/sys/unix"

var spliceChecks = []Check{
	{ID: "Z01", Mechanism: "splice", Statement: "splice wants a pipe on one side, not the same on both, and no offset for it",
		Expect: "no pipe EINVAL, the same EINVAL, offset ESPIPE", Source: "splice(2), ERRORS", Since: "2.6.31", About: "invalid",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			a, b := need(k.do("memfd", 4096)).N, need(k.do("memfd", 4096)).N
			need(k.write(p.w, "abc"))
			return say("no pipe %v, the same %v, offset %v", k.do("splice", a, b, 9, 0), k.do("splice", p.r, p.w, 9, 0), k.do("spliceoff", p.r, q.w, 9))
		}},
	{ID: "Z02", Mechanism: "splice", Statement: "tee copies from pipe to pipe and consumes nothing",
		Expect: "3; abc, abc", Source: "tee(2)", About: "boundaries",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			need(k.write(p.w, "abc"))
			return say("%v; %s, %s", k.do("tee", p.r, q.w, 9, 0), k.read(p.r, 9).text(), k.read(q.r, 9).text())
		}},
	{ID: "Z03", Mechanism: "splice", Statement: "vmsplice passes the page itself: what is stored before the read comes out",
		Expect: "3; stored afterwards: new", Source: "vmsplice(2)", About: "shared-memory",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.do("memory", "old"))
			n := k.do("vmsplice", p.w, 3, 0)
			need(k.do("memory", "new"))
			return say("%v; stored afterwards: %s", n, k.read(p.r, 9).text())
		}},
	{ID: "Z05", Mechanism: "splice", Statement: "splice moves what is there, as a read does",
		Expect: "of 100: 10", Source: "splice(2), RETURN VALUE", About: "boundaries",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			need(k.write(p.w, "0123456789"))
			return say("of 100: %v", k.do("splice", p.r, q.w, 100, 0))
		}},
	{ID: "Z06", Mechanism: "splice", Statement: "splice from a file passes its page: what is written to the file before the read comes out",
		Expect: "3; written afterwards: new", Source: "splice(2), NOTES", About: "shared-memory",
		Observe: func(k *kernel) string {
			p, f := k.pipe(0), need(k.do("memfd", 4096)).N
			need(k.do("pwrite", f, 0, "old"))
			n := k.do("splice", f, p.w, 3, 0)
			need(k.do("pwrite", f, 0, "new"))
			return say("%v; written afterwards: %s", n, k.read(p.r, 9).text())
		}},
	{ID: "Z07", Mechanism: "splice", Statement: "splice from an empty pipe: end of file without a writer; with one it sleeps, and with SPLICE_F_NONBLOCK fails",
		Expect: "without 0; with: EAGAIN; sleeps, then 1", Source: "splice(2), EAGAIN and RETURN VALUE", About: "empty peer-gone",
		Observe: func(k *kernel) string {
			p, q, r := k.pipe(0), k.pipe(0), k.pipe(0)
			k.close(r.w)
			end, fails := k.do("splice", r.r, q.w, 9, 0), k.do("splice", p.r, q.w, 9, unix.SPLICE_F_NONBLOCK)
			w := k.begin("splice", p.r, q.w, 9, 0)
			state := w.asleep()
			need(k.write(p.w, "x"))
			return say("without %v; with: %v; %s, then %v", end, fails, state, w.answer())
		}},
	{ID: "Z08", Mechanism: "splice", Statement: "splice from a file into a full pipe sleeps, and with SPLICE_F_NONBLOCK fails",
		Expect: "EAGAIN; sleeps, then 3", Source: "splice(2), SPLICE_F_NONBLOCK", About: "full", Needs: []Need{usualPipe},
		Observe: func(k *kernel) string {
			p, f := k.pipe(0), need(k.do("memfd", 3)).N
			need(k.write(p.w, letters(16*k.host.page)))
			fails := k.do("splice", f, p.w, 9, unix.SPLICE_F_NONBLOCK)
			w := k.begin("splice", f, p.w, 9, 0)
			state := w.asleep()
			need(k.read(p.r, k.host.page))
			return say("%v; %s, then %v", fails, state, w.answer())
		}},
	{ID: "Z09", Mechanism: "splice", Statement: "splice, tee and vmsplice into a pipe without a reader: the error and SIGPIPE",
		Expect: "EPIPE, SIGPIPE; EPIPE, SIGPIPE; EPIPE, SIGPIPE", Source: "splice(2); fs/splice.c", About: "no-reader",
		Observe: func(k *kernel) string {
			need(k.do("sigblock", int(unix.SIGPIPE)))
			need(k.do("memory", "abc"))
			p, q := k.pipe(0), k.pipe(0)
			need(k.write(p.w, "abc"))
			k.close(q.r)
			a, one := k.do("splice", p.r, q.w, 9, 0), k.sigpipe()
			b, two := k.do("tee", p.r, q.w, 9, 0), k.sigpipe()
			return say("%v, %s; %v, %s; %v, %s", a, one, b, two, k.do("vmsplice", q.w, 3, 0), k.sigpipe())
		}},
	{ID: "Z10", Mechanism: "splice", Statement: "splice to a file with O_APPEND, and to an eventfd, is refused",
		Expect: "O_APPEND EINVAL, eventfd EINVAL", Source: "splice(2), EINVAL", About: "invalid",
		Observe: func(k *kernel) string {
			p, f := k.pipe(0), need(k.do("memfd", 0)).N
			need(k.do("setfl", f, unix.O_APPEND))
			need(k.write(p.w, "12345678"))
			return say("O_APPEND %v, eventfd %v", k.do("splice", p.r, f, 8, 0), k.do("splice", p.r, k.eventfd(0, 0), 8, 0))
		}},
	{ID: "Z11", Mechanism: "splice", Statement: "of 16 pages splice moves as many as the destination holds",
		Expect: "{p}, left {15p}", Source: "splice(2), RETURN VALUE", Since: "2.6.35", About: "full boundaries", Needs: []Need{usualPipe},
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			need(k.do("fcntl", q.w, unix.F_SETPIPE_SZ, k.host.page))
			need(k.write(p.w, letters(16*k.host.page)))
			n := k.do("splice", p.r, q.w, 16*k.host.page, 0)
			return say("%v, left %v", n, k.do("fionread", p.r))
		}},
	{ID: "Z12", Mechanism: "splice", Statement: "vmsplice into a full pipe fails with SPLICE_F_NONBLOCK, and takes what there is room for",
		Expect: "of {2p}: {p}, then EAGAIN", Source: "vmsplice(2), SPLICE_F_NONBLOCK", About: "full limits", Needs: []Need{usualPipe},
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.write(p.w, letters(15*k.host.page)))
			gift := func() answer { return k.do("vmsplice", p.w, 2*k.host.page, unix.SPLICE_F_NONBLOCK) }
			return say("of %d: %v, then %v", 2*k.host.page, gift(), gift())
		}},
	{ID: "Z13", Mechanism: "splice", Statement: "vmsplice from the read end copies into memory, as a read",
		Expect: "3: abc, left 0", Source: "vmsplice(2)", About: "shared-memory",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.write(p.w, "abc"))
			got := k.do("vmspliceout", p.r, 3)
			return say("%v: %s, left %v", got, got.text(), k.do("fionread", p.r))
		}},
	{ID: "Z14", Mechanism: "splice", Statement: "vmsplice wants a pipe",
		Expect: "EBADF", Source: "vmsplice(2), EBADF", About: "invalid",
		Observe: func(k *kernel) string { return k.do("vmsplice", k.sockets(unix.SOCK_STREAM).w, 3, 0).String() }},
	{ID: "Z15", Mechanism: "splice", Statement: "tee wants two different pipes; from an empty pipe without a writer it returns 0, with one SPLICE_F_NONBLOCK fails",
		Expect: "the same EINVAL, socket EINVAL; 0; EAGAIN", Source: "tee(2), ERRORS", About: "invalid empty",
		Observe: func(k *kernel) string {
			p, q, r := k.pipe(0), k.pipe(0), k.pipe(0)
			k.close(r.w)
			return say("the same %v, socket %v; %v; %v", k.do("tee", p.r, p.w, 9, 0), k.do("tee", k.sockets(unix.SOCK_STREAM).r, q.w, 9, 0),
				k.do("tee", r.r, q.w, 9, 0), k.do("tee", p.r, q.w, 9, unix.SPLICE_F_NONBLOCK))
		}},
	{ID: "Z16", Mechanism: "splice", Statement: "tee into a full pipe fails with SPLICE_F_NONBLOCK",
		Expect: "EAGAIN", Source: "tee(2), EAGAIN", About: "full", Needs: []Need{usualPipe},
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			need(k.write(p.w, "abc"))
			need(k.write(q.w, letters(16*k.host.page)))
			return k.do("tee", p.r, q.w, 9, unix.SPLICE_F_NONBLOCK).String()
		}},
	{ID: "Z17", Mechanism: "splice", Statement: "splice takes from the end of a pipe that is open for reading, and puts into one that is open for writing",
		Expect: "EBADF, EBADF; no bytes 0", Source: "splice(2), EBADF", About: "invalid",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			need(k.write(p.w, "abc"))
			return say("%v, %v; no bytes %v", k.do("splice", p.w, q.w, 9, 0), k.do("splice", p.r, q.r, 9, 0), k.do("splice", p.r, q.w, 0, 0))
		}},
	{ID: "Z18", Mechanism: "splice", Statement: "splice moves between a pipe and a socket, both ways",
		Expect: "3, abc; 3, def", Source: "splice(2)", Since: "4.2", About: "boundaries",
		Observe: func(k *kernel) string {
			p, s := k.pipe(0), k.sockets(unix.SOCK_STREAM)
			need(k.write(p.w, "abc"))
			out := k.do("splice", p.r, s.w, 9, 0)
			there := k.read(s.r, 9).text()
			need(k.write(s.w, "def"))
			return say("%v, %s; %v, %s", out, there, k.do("splice", s.r, p.w, 9, 0), k.read(p.r, 9).text())
		}},
	{ID: "Z19", Mechanism: "splice", Statement: "splice from a file moves its position, and is 0 at its end",
		Expect: "3, position 3, then 0", Source: "splice(2)", About: "boundaries",
		Observe: func(k *kernel) string {
			p, f := k.pipe(0), need(k.do("memfd", 3)).N
			n := k.do("splice", f, p.w, 9, 0)
			return say("%v, position %v, then %v", n, k.do("lseek", f, 0, unix.SEEK_CUR), k.do("splice", f, p.w, 9, 0))
		}},
	{ID: "Z20", Mechanism: "splice", Statement: "a signal ends a splice that sleeps, unless its handler was set with SA_RESTART",
		Expect: "without: EINTR; with: sleeps on", Source: "signal(7); fs/splice.c", About: "interrupted",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			without, with := k.process("mover").interrupt("splice", p.r, q.w, 9, 0)
			return say("without: %v; with: %s on", without, with.asleep())
		}},
	{ID: "Z21", Mechanism: "splice", Statement: "splice refuses unknown flags",
		Expect: "splice EINVAL, tee EINVAL", Source: "splice(2), EINVAL; fs/splice.c", About: "invalid", Since: "4.11",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			need(k.write(p.w, "abc"))
			return say("splice %v, tee %v", k.do("splice", p.r, q.w, 9, 64), k.do("tee", p.r, q.w, 9, 64))
		}},
}
