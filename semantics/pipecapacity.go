package semantics

import "golang.org/x/sys/unix"

// How much a pipe holds.
var pipeCapacityChecks = []Check{
	{ID: "P08", Mechanism: "pipe", Statement: "fullness is counted in pages, not bytes: a full pipe has room again when a whole page has been read",
		Expect: "after {p-1} bytes: 0, EAGAIN; after {p}: POLLOUT", Source: "fs/pipe.c, pipe_full; fcntl(2), F_SETPIPE_SZ", About: "full",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			need(k.do("fill", p.w, k.host.page))
			need(k.read(p.r, k.host.page-1))
			room, write := k.ready(p.w, unix.POLLOUT), k.write(p.w, "x")
			need(k.read(p.r, 1))
			return say("after %d bytes: %s, %v; after %d: %s", k.host.page-1, room, write, k.host.page, k.ready(p.w, unix.POLLOUT))
		}},
	{ID: "P21", Mechanism: "pipe", Statement: "a pipe holds 16 pages by default: 64 KiB where a page has 4 KiB",
		Expect: "F_GETPIPE_SZ {16p}, takes {16p}", Source: "pipe(7), Pipe capacity", Needs: []Need{usualPipe}, About: "limits full",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			return say("F_GETPIPE_SZ %v, takes %v", k.capacity(p.w), k.do("fill", p.w, k.host.page))
		}},
	{ID: "P22", Mechanism: "pipe", Statement: "how many bytes fit depends on the size of the writes: bytes and writes until EAGAIN, by size",
		Source: "fcntl(2), F_SETPIPE_SZ; fs/pipe.c, pipe_write", Needs: []Need{usualPipe}, About: "limits full",
		Observe: func(k *kernel) string {
			var all []string
			for _, size := range []int{1, 64, 1365, 2048, 2049, 3000, 4095, 4096, 4097, 6000, 8192} {
				p := k.pipe(unix.O_NONBLOCK)
				all = append(all, say("%d: %s", size, k.do("fill", p.w, size).text()))
				k.close(p.r, p.w)
			}
			return list(all)
		}},
	{ID: "P23", Mechanism: "pipe", Statement: "F_SETPIPE_SZ rounds up to a power of two of pages, returns that, and works on either end",
		Expect: "{p}, {p}; {2p}, {2p}; {32p}, {32p}", Source: "fcntl(2), F_SETPIPE_SZ", Since: "2.6.35", Needs: []Need{usualPipe}, About: "limits",
		Observe: func(k *kernel) string {
			p, size := k.pipe(0), k.host.page
			set := func(fd, n int) answer { return k.do("fcntl", fd, unix.F_SETPIPE_SZ, n) }
			return say("%v, %v; %v, %v; %v, %v", set(p.w, 0), set(p.r, 1), set(p.w, size+1), set(p.r, size+1000), set(p.w, 16*size+1), set(p.r, 24*size))
		}},
	{ID: "P25", Mechanism: "pipe", Statement: "without CAP_SYS_RESOURCE a pipe can have pipe-max-size bytes, and not one more",
		Expect: "{pipe_max}, then EPERM", Source: "pipe(7), /proc/sys/fs/pipe-max-size; fcntl(2)", Since: "2.6.35", Needs: []Need{usualPipe}, About: "limits access",
		Observe: func(k *kernel) string {
			need(k.do("dropcap", unix.CAP_SYS_RESOURCE))
			p, most := k.pipe(0), k.number("fs/pipe-max-size")
			return say("%v, then %v", k.do("fcntl", p.w, unix.F_SETPIPE_SZ, most), k.do("fcntl", p.w, unix.F_SETPIPE_SZ, most+1))
		}},
	{ID: "P26", Mechanism: "pipe", Statement: "a pipe can't be made smaller than what is in it",
		Expect: "EBUSY, once read {p}", Source: "fcntl(2), F_SETPIPE_SZ", Since: "2.6.35", About: "limits full",
		Observe: func(k *kernel) string {
			p, size := k.pipe(0), k.host.page
			need(k.write(p.w, letters(2*size)))
			busy := k.do("fcntl", p.w, unix.F_SETPIPE_SZ, size)
			need(k.read(p.r, 2*size))
			return say("%v, once read %v", busy, k.do("fcntl", p.w, unix.F_SETPIPE_SZ, size))
		}},
	{ID: "P28", Mechanism: "pipe", Statement: "a user above pipe-user-pages-soft still gets pipes, but small ones, of one page before 5.14 but for its stable updates, and can't enlarge any",
		Expect: "{2p}; enlarging: EPERM", Before: []Older{{"5.14", ""}},
		Source: "pipe(7), /proc/sys/fs/pipe-user-pages-soft (whose page says one page); commit 46c4c9d1beb7", Since: "4.5", Needs: []Need{anotherUser}, About: "limits",
		Observe: func(k *kernel) string {
			soft, most := k.number("fs/pipe-user-pages-soft"), k.number("fs/pipe-max-size")
			if soft == 0 || soft*k.host.page > 128*most {
				panic(skipped(say("/proc/sys/fs/pipe-user-pages-soft is %d: none, or too many to use up", soft)))
			}
			user := k.process("user")
			need(user.do("setresuid", stranger))
			for range 200 {
				p := user.pipe(unix.O_CLOEXEC)
				if size := user.capacity(p.w); size.N < 16*k.host.page {
					return say("%v; enlarging: %v", size, user.do("fcntl", p.w, unix.F_SETPIPE_SZ, 16*k.host.page))
				}
				user.do("fcntl", p.w, unix.F_SETPIPE_SZ, most)
			}
			return "every pipe has 16 pages"
		}},
	{ID: "P31", Mechanism: "pipe", Statement: "records of PIPE_BUF bytes from several writers never tear",
		Expect: "torn 0 of 8000", Source: "pipe(7), PIPE_BUF", About: "boundaries",
		Observe: func(k *kernel) string { return say("torn %v of 8000", k.collide(4096)) }},
	{ID: "P32", Mechanism: "pipe", Statement: "longer records may tear: whether any of 8000 with 4097 bytes did",
		Source: "pipe(7), PIPE_BUF", About: "boundaries too-big",
		Observe: func(k *kernel) string { // how many depends on the moment, and is in the story
			if torn := k.collide(4097); torn.Errno != 0 || torn.N == 0 {
				return say("%v", torn)
			}
			return "some"
		}},
}

func (p *proc) capacity(fd int) answer { return p.do("fcntl", fd, unix.F_GETPIPE_SZ, 0) }

// collide has four processes write 2000 records each into one pipe, and counts
// those that come out mixed.
func (k *kernel) collide(size int) answer {
	p := k.pipe(0)
	const each = 2000
	var writers []*pending
	for _, name := range []string{"a", "b", "c", "d"} {
		w := k.process("writer " + name)
		writers = append(writers, w.begin("records", p.w, size, each, name))
	}
	reading := k.begin("torn", p.r, size, each*len(writers))
	for _, w := range writers {
		need(w.answer())
	}
	torn := reading.answer()
	k.close(p.r, p.w)
	return torn
}
