package semantics

import "golang.org/x/sys/unix"

// file is a memory file with this text, at its beginning.
func (k *kernel) file(text string) int {
	fd := need(k.do("memfd", 0)).N
	need(k.do("pwrite", fd, 0, text))
	return fd
}

// Offsets, parts and devices of splice, and what refuses it.
var spliceMoreChecks = []Check{
	{ID: "Z22", Mechanism: "splice", Statement: "with an offset splice reads or writes a file there, moves the offset, and leaves the file's own position",
		Expect: "read 2, offset 3, bc; position 0; write 2, offset 3; position 0, file xbcx", Source: "splice(2), off_in and off_out", About: "boundaries",
		Observe: func(k *kernel) string {
			p, f, g := k.pipe(0), k.file("abcd"), k.file("xxxx")
			read := k.do("spliceat", f, 1, p.w, -1, 2).text()
			position := func(fd int) answer { return k.do("lseek", fd, 0, unix.SEEK_CUR) }
			first := say("read %s, %s; position %v", read, k.read(p.r, 9).text(), position(f))
			need(k.write(p.w, "bc"))
			write := k.do("spliceat", p.r, -1, g, 1, 2).text()
			return say("%s; write %s; position %v, file %s", first, write, position(g), k.do("pread", g, 9, 0).text())
		}},
	{ID: "Z23", Mechanism: "splice", Statement: "splice refuses a negative offset, a bad address for one, and descriptors that are not open",
		Expect: "offset EINVAL, address EFAULT; EBADF, EBADF", Source: "splice(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			p, q, f := k.pipe(0), k.pipe(0), k.file("abcd")
			at := need(k.do("mmap", need(k.do("memfd", 4096)).N, 4096)).N
			for word := range 2 {
				need(k.do("setword", at, word, -1))
			}
			negative, bad := k.do("bare splice", f, need(k.do("address", at)).N, p.w, 0, 2, 0), k.do("bare splice", f, 1, p.w, 0, 2, 0)
			need(k.write(q.w, "x"))
			k.close(p.r, p.w)
			return say("offset %v, address %v; %v, %v", negative, bad, k.do("splice", p.r, q.w, 9, 0), k.do("splice", q.r, p.w, 9, 0))
		}},
	{ID: "Z24", Mechanism: "splice", Statement: "splice and tee move as many bytes as they are asked to, and leave the rest",
		Expect: "splice 2: ab, left cdef; tee 2: cd, left cdef", Source: "splice(2); tee(2)", About: "boundaries",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			need(k.write(p.w, "abcdef"))
			spliced := say("splice %v: %s, left", k.do("splice", p.r, q.w, 2, 0), k.read(q.r, 9).text())
			teed := say("tee %v: %s, left", k.do("tee", p.r, q.w, 2, 0), k.read(q.r, 9).text())
			left := k.read(p.r, 9).text()
			return say("%s %s; %s %s", spliced, left, teed, left)
		}},
	{ID: "Z25", Mechanism: "splice", Statement: "splice to a file beyond RLIMIT_FSIZE fails, and raises SIGXFSZ",
		Expect: "EFBIG, SIGXFSZ", Source: "getrlimit(2), RLIMIT_FSIZE; fs/splice.c", About: "limits too-big",
		Observe: func(k *kernel) string {
			p, f := k.pipe(0), k.file("abcd")
			need(k.write(p.w, "x"))
			need(k.do("sigblock", int(unix.SIGXFSZ)))
			need(k.do("rlimit", unix.RLIMIT_FSIZE, 4))
			a, signal := k.do("spliceat", p.r, -1, f, 4, 1), "SIGXFSZ"
			if got := k.do("sigtimedwait", int(unix.SIGXFSZ)); got.Errno != 0 {
				signal = got.String()
			}
			return say("%v, %s", a, signal)
		}},
	{ID: "Z26", Mechanism: "splice", Statement: "/dev/null takes what is spliced into it, and /dev/zero gives bytes of 0",
		Expect: "null 3, left 0; zero 3, read 3", Before: []Older{{"5.10", "null 3, left 0; zero 3, read 3"}, {"6.7", "null 3, left 0; zero EINVAL, read EAGAIN"}},
		Source: "splice(2); null(4); commits 36e2c7421f02 and 1b057bd800c3", Needs: []Need{devices}, About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			need(k.write(p.w, "abc"))
			null, left := k.do("splice", p.r, need(k.open("/dev/null", unix.O_WRONLY)).N, 9, 0), k.do("fionread", p.r)
			zero := k.do("splice", need(k.open("/dev/zero", unix.O_RDONLY)).N, p.w, 3, 0)
			return say("null %v, left %v; zero %v, read %v", null, left, zero, k.read(p.r, 9))
		}},
	{ID: "Z27", Mechanism: "splice", Statement: "vmsplice takes several buffers, up to IOV_MAX, and wants an address",
		Expect: "of 3 and 2: 5, read 5; 1025 EINVAL, bad address EFAULT", Source: "vmsplice(2), ERRORS", About: "limits invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			n := k.do("vmsplicetwo", p.w, 3, 2)
			return say("of 3 and 2: %v, read %v; 1025 %v, bad address %v", n, k.read(p.r, 9), k.do("bare vmsplice", p.w, 1, 1025, 0), k.do("bare vmsplice", p.w, 1, 1, 0))
		}},
	{ID: "Z28", Mechanism: "splice", Statement: "what is spliced into a pipe wakes a reader that sleeps on it, as a write does",
		Expect: "splice sleeps, abc; tee sleeps, abc; vmsplice sleeps, abc", Source: "splice(2)", About: "empty",
		Observe: func(k *kernel) string {
			from := k.pipe(0)
			need(k.do("memory", "abc"))
			need(k.write(from.w, "abc"))
			wake := func(do func(w int) answer) string {
				p := k.pipe(0)
				r := k.begin("read", p.r, 3)
				state := r.asleep()
				need(do(p.w))
				return say("%s, %s", state, r.answer().text())
			}
			teed := wake(func(w int) answer { return k.do("tee", from.r, w, 3, 0) })
			spliced := wake(func(w int) answer { return k.do("splice", from.r, w, 3, 0) })
			return say("splice %s; tee %s; vmsplice %s", spliced, teed, wake(func(w int) answer { return k.do("vmsplice", w, 3, 0) }))
		}},
	{ID: "Z29", Mechanism: "splice", Statement: "a splice of several pages from a file brings them whole and in order",
		Expect: "{5p}; {5p} intact", Source: "splice(2)", Needs: []Need{usualPipe}, About: "boundaries",
		Observe: func(k *kernel) string {
			p, size := k.pipe(0), 5*k.host.page
			f := k.file(string(letters(size)))
			n := k.do("splice", f, p.w, size, 0)
			return say("%v; %s", n, k.do("readletters", p.r, size).text())
		}},
	{ID: "Z30", Mechanism: "splice", Statement: "splice empties a pipe into another one that is drained, over and over, and keeps the order",
		Expect: "{20p} intact; moved {20p}", Source: "splice(2)", Needs: []Need{usualPipe}, About: "boundaries full",
		Observe: func(k *kernel) string {
			p, q, size := k.pipe(0), k.pipe(0), 20*k.host.page
			need(k.do("splice", p.r, q.w, 0, 0)) // where it is refused, nothing would end the reads
			w, move := k.begin("write", p.w, letters(size)), k.begin("splice all", p.r, q.w, size)
			got := k.do("readletters", q.r, size).text()
			need(w.answer())
			return say("%s; moved %v", got, move.answer())
		}},
	{ID: "Z31", Mechanism: "splice", Statement: "splice reads a file below /proc/sys",
		Expect: "Linux\n", Source: "splice(2); fs/proc/proc_sysctl.c", Since: "5.11", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.do("splice", need(k.open("/proc/sys/kernel/ostype", unix.O_RDONLY)).N, p.w, 9, 0))
			return k.read(p.r, 9).text()
		}},
	{ID: "Z32", Mechanism: "splice", Statement: "a splice that sleeps at an empty or a full pipe is ended by the close of the other end",
		Expect: "empty sleeps, 0; full sleeps, EPIPE", Source: "splice(2), RETURN VALUE; fs/splice.c", Needs: []Need{usualPipe}, About: "peer-gone no-reader",
		Observe: func(k *kernel) string {
			need(k.do("sigaction", int(unix.SIGPIPE), sigIgnore))
			p, q, full := k.pipe(0), k.pipe(0), k.pipe(0)
			r := k.begin("splice", p.r, q.w, 9, 0)
			empty := r.asleep()
			k.close(p.w)
			end := r.answer()
			need(k.write(full.w, letters(16*k.host.page)))
			w := k.begin("splice", k.file("abc"), full.w, 9, 0)
			state := w.asleep()
			k.close(full.r)
			return say("empty %s, %v; full %s, %v", empty, end, state, w.answer())
		}},
}

// devices is for checks of /dev/null and /dev/zero, which a container may lack.
var devices = Need{"/dev/null and /dev/zero", func(*host) string {
	for _, path := range []string{"/dev/null", "/dev/zero"} {
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR {
			return "there is no device " + path
		}
	}
	return ""
}}
