package semantics

import "golang.org/x/sys/unix"

// fifo makes a FIFO of this name in the check's directory.
func (k *kernel) fifo(name string) string {
	need(k.do("mkfifo", name, 0o600))
	return name
}

func (p *proc) open(path string, flag int) answer { return p.do("open", path, flag, 0) }

var fifoChecks = []Check{
	{ID: "F01", Mechanism: "fifo", Statement: "mkfifo makes a name of type FIFO and size 0, under the umask, and only where there is none",
		Expect: "type 010000 mode 0640 size 0; again EEXIST; ENOENT; ENOTDIR", Source: "mkfifo(3)", About: "access invalid",
		Observe: func(k *kernel) string {
			k.do("umask", 0o027)
			need(k.do("mkfifo", "f", 0o666))
			fd := need(k.open("f", unix.O_RDWR)).N
			return say("%s; again %v; %v; %v", k.do("fstat", fd).text(), k.do("mkfifo", "f", 0o600),
				k.do("mkfifo", "none/f", 0o600), k.do("mkfifo", "f/f", 0o600))
		}},
	{ID: "F02", Mechanism: "fifo", Statement: "opening for reading waits for a writer, and opening for writing for a reader",
		Expect: "reader sleeps, both open; writer sleeps, both open", Source: "fifo(7)", About: "empty peer-gone",
		Observe: func(k *kernel) string {
			f := k.fifo("f")
			other := k.process("other")
			wait := func(theirs, mine int) string {
				w := other.begin("open", f, theirs, 0)
				state := w.asleep()
				a := k.open(f, mine)
				b := w.answer()
				both := "both open"
				if a.Errno != 0 || b.Errno != 0 || b.Late {
					both = say("%v and %v", a, b)
				} else {
					k.close(a.N)
					other.close(b.N)
				}
				return say("%s, %s", state, both)
			}
			return say("reader %s; writer %s", wait(unix.O_RDONLY, unix.O_WRONLY), wait(unix.O_WRONLY, unix.O_RDONLY))
		}},
	{ID: "F03", Mechanism: "fifo", Statement: "O_NONBLOCK opens for reading at once, and a read is end of file while there is no writer",
		Expect: "opens, reads 0", Source: "fifo(7)", About: "empty timeout",
		Observe: func(k *kernel) string {
			a := k.open(k.fifo("f"), unix.O_RDONLY|unix.O_NONBLOCK)
			if a.Errno != 0 {
				return a.String()
			}
			return say("opens, reads %v", k.read(a.N, 1))
		}},
	{ID: "F04", Mechanism: "fifo", Statement: "O_NONBLOCK does not open for writing while there is no reader",
		Expect: "ENXIO; with a reader it opens", Source: "fifo(7); open(2), ENXIO", About: "no-reader timeout",
		Observe: func(k *kernel) string {
			f := k.fifo("f")
			none := k.open(f, unix.O_WRONLY|unix.O_NONBLOCK)
			need(k.open(f, unix.O_RDONLY|unix.O_NONBLOCK))
			if a := k.open(f, unix.O_WRONLY|unix.O_NONBLOCK); a.Errno != 0 {
				return say("%v; with a reader %v", none, a)
			}
			return say("%v; with a reader it opens", none)
		}},
	{ID: "F05", Mechanism: "fifo", Statement: "opening for both never waits, and such a process never sees the end of file (Linux only)",
		Expect: "opens, reads back x, then EAGAIN", Source: "fifo(7)", About: "peer-gone",
		Observe: func(k *kernel) string {
			a := k.open(k.fifo("f"), unix.O_RDWR|unix.O_NONBLOCK)
			if a.Errno != 0 {
				return a.String()
			}
			k.write(a.N, "x")
			return say("opens, reads back %s, then %v", k.read(a.N, 9).text(), k.read(a.N, 9))
		}},
	{ID: "F06", Mechanism: "fifo", Statement: "a signal ends an open that waits",
		Expect: "EINTR", Source: "signal(7); open(2), EINTR", About: "interrupted",
		Observe: func(k *kernel) string {
			f := k.fifo("f")
			reader := k.process("reader")
			need(reader.do("sigaction", int(unix.SIGUSR1), sigNoRestart))
			w := reader.begin("open", f, unix.O_RDONLY, 0)
			w.asleep()
			w.signal(unix.SIGUSR1)
			return w.answer().String()
		}},
	{ID: "F07", Mechanism: "fifo", Statement: "what is in a FIFO goes with the last close: nothing is kept on disk",
		Expect: "5 queued, size 0; after reopening 0 queued", Source: "fifo(7); fs/pipe.c, put_pipe_info", About: "left-behind",
		Observe: func(k *kernel) string {
			f := k.fifo("f")
			fd := need(k.open(f, unix.O_RDWR)).N
			need(k.write(fd, "hello"))
			queued, size := k.do("fionread", fd), k.do("size", fd).text()
			k.close(fd)
			return say("%v queued, %s; after reopening %v queued", queued, size, k.do("fionread", need(k.open(f, unix.O_RDWR)).N))
		}},
	{ID: "F08", Mechanism: "fifo", Statement: "unlinking leaves the open ends alone, and the same name is then another FIFO",
		Expect: "goes on: x; the new one: ENXIO", Source: "unlink(2)", About: "left-behind",
		Observe: func(k *kernel) string {
			f := k.fifo("f")
			fd := need(k.open(f, unix.O_RDWR)).N
			need(k.do("unlink", f))
			k.write(fd, "x")
			on := k.read(fd, 1).text()
			k.fifo("f")
			return say("goes on: %s; the new one: %v", on, k.open(f, unix.O_WRONLY|unix.O_NONBLOCK))
		}},
	{ID: "F09", Mechanism: "fifo", Statement: "end of file is not final: another writer may come",
		Expect: "1, 0, 1", Source: "fifo(7)", About: "peer-gone",
		Observe: func(k *kernel) string {
			f := k.fifo("f")
			r := need(k.open(f, unix.O_RDONLY|unix.O_NONBLOCK)).N
			writes := func() {
				w := need(k.open(f, unix.O_WRONLY)).N
				need(k.write(w, "x"))
				k.close(w)
			}
			writes()
			first, end := k.read(r, 9), k.read(r, 9)
			writes()
			return say("%v, %v, %v", first, end, k.read(r, 9))
		}},
	{ID: "F10", Mechanism: "fifo", Statement: "F_SETPIPE_SZ lasts as long as the FIFO is open",
		Expect: "{32p}, then {16p}", Source: "fcntl(2), F_SETPIPE_SZ; fs/pipe.c, fifo_open", Since: "2.6.35", Needs: []Need{usualPipe}, About: "limits left-behind",
		Observe: func(k *kernel) string {
			f := k.fifo("f")
			fd := need(k.open(f, unix.O_RDWR)).N
			set := k.do("fcntl", fd, unix.F_SETPIPE_SZ, 32*k.host.page)
			k.close(fd)
			return say("%v, then %v", set, k.capacity(need(k.open(f, unix.O_RDWR)).N))
		}},
	{ID: "F12", Mechanism: "fifo", Statement: "mode bits guard the opening: another user can't open a FIFO of mode 0600",
		Expect: "EACCES, and with 0666 it opens", Source: "open(2), EACCES; path_resolution(7)", Needs: []Need{anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			dir := k.openDir(0o755)
			need(k.do("mkfifoat", dir, "f", 0o600))
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			no := other.do("openat", dir, "f", unix.O_RDONLY|unix.O_NONBLOCK)
			need(k.do("chmod", "d/f", 0o666))
			if a := other.do("openat", dir, "f", unix.O_RDONLY|unix.O_NONBLOCK); a.Errno != 0 {
				return say("%v, and with 0666 %v", no, a)
			}
			return say("%v, and with 0666 it opens", no)
		}},
	{ID: "F13", Mechanism: "fifo", Statement: "EPIPE is not final either: another reader may come",
		Expect: "EPIPE, then 1", Source: "fifo(7)", About: "no-reader peer-gone",
		Observe: func(k *kernel) string {
			need(k.do("sigaction", int(unix.SIGPIPE), sigIgnore))
			f := k.fifo("f")
			r := need(k.open(f, unix.O_RDONLY|unix.O_NONBLOCK)).N
			w := need(k.open(f, unix.O_WRONLY)).N
			k.close(r)
			no := k.write(w, "x")
			need(k.open(f, unix.O_RDONLY|unix.O_NONBLOCK))
			return say("%v, then %v", no, k.write(w, "x"))
		}},
	{ID: "F14", Mechanism: "fifo", Statement: "where fs.protected_fifos is set, O_CREAT does not open another user's FIFO in a sticky directory that all may write to",
		Expect: "EACCES", Source: "proc(5), /proc/sys/fs/protected_fifos", Since: "4.19", Needs: []Need{anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			if k.number("fs/protected_fifos") == 0 {
				panic(skipped("/proc/sys/fs/protected_fifos is 0: the kernel does not protect FIFOs here"))
			}
			dir := k.openDir(0o1777)
			owner, other := k.process("owner"), k.process("other user")
			need(owner.do("setresuid", stranger+1))
			need(owner.do("mkfifoat", dir, "f", 0o666))
			need(k.do("chmod", "d/f", 0o666))
			need(other.do("setresuid", stranger))
			return other.do("openat", dir, "f", unix.O_RDWR|unix.O_CREAT).String()
		}},
	{ID: "F15", Mechanism: "fifo", Statement: "ftruncate of a FIFO fails, and O_TRUNC is ignored: what is queued stays",
		Expect: "EINVAL; opens, queued 2", Source: "ftruncate(2), EINVAL; open(2), O_TRUNC", About: "invalid left-behind",
		Observe: func(k *kernel) string {
			fd := need(k.open(k.fifo("f"), unix.O_RDWR)).N
			need(k.write(fd, "ab"))
			no, opens := k.do("ftruncate", fd, 0), "opens"
			if a := k.open("f", unix.O_WRONLY|unix.O_TRUNC); a.Errno != 0 {
				opens = a.String()
			}
			return say("%v; %s, queued %v", no, opens, k.do("fionread", fd))
		}},
	{ID: "F16", Mechanism: "fifo", Statement: "a FIFO that was renamed is the same FIFO",
		Expect: "read ab", Source: "rename(2); fifo(7)", About: "left-behind",
		Observe: func(k *kernel) string {
			r := need(k.open(k.fifo("f"), unix.O_RDONLY|unix.O_NONBLOCK)).N
			need(k.do("rename", "f\x00g"))
			need(k.write(need(k.open("g", unix.O_WRONLY)).N, "ab"))
			return say("read %s", k.read(r, 9).text())
		}},
	{ID: "F17", Mechanism: "fifo", Statement: "O_CREAT with O_EXCL does not open a FIFO that is there, and O_DIRECTORY none at all",
		Expect: "EEXIST, ENOTDIR", Source: "open(2), EEXIST and ENOTDIR", About: "invalid",
		Observe: func(k *kernel) string {
			f := k.fifo("f")
			return say("%v, %v", k.open(f, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL), k.open(f, unix.O_RDONLY|unix.O_DIRECTORY))
		}},
	{ID: "F18", Mechanism: "fifo", Statement: "a name of more than 255 bytes, and an empty one, are refused",
		Expect: "255: 0, 256: ENAMETOOLONG, empty ENOENT", Source: "mknod(2), ERRORS", About: "too-big invalid",
		Observe: func(k *kernel) string {
			make := func(n int) answer { return k.do("mkfifo", string(letters(n)), 0o600) }
			return say("255: %v, 256: %v, empty %v", make(255), make(256), make(0))
		}},
	{ID: "F19", Mechanism: "fifo", Statement: "one writer that opens wakes all readers that wait for it",
		Expect: "sleeps, sleeps; both open", Source: "fifo(7); fs/pipe.c, fifo_open", About: "empty",
		Observe: func(k *kernel) string {
			f := k.fifo("f")
			a, b := k.begin("open", f, unix.O_RDONLY, 0), k.begin("open", f, unix.O_RDONLY, 0)
			one, two := a.asleep(), b.asleep()
			need(k.open(f, unix.O_WRONLY))
			both := "both open"
			if x, y := a.answer(), b.answer(); x.Errno != 0 || x.Late || y.Errno != 0 || y.Late {
				both = say("%v and %v", x, y)
			}
			return say("%s, %s; %s", one, two, both)
		}},
	{ID: "F20", Mechanism: "fifo", Statement: "a reader that waits sleeps on when the name is unlinked, and a new FIFO of the name does not wake it",
		Expect: "sleeps; sleeps", Source: "fifo(7); unlink(2)", About: "left-behind",
		Observe: func(k *kernel) string {
			f := k.fifo("f")
			w := k.process("reader").begin("open", f, unix.O_RDONLY, 0)
			first := w.asleep()
			need(k.do("unlink", f))
			need(k.open(k.fifo("f"), unix.O_RDWR))
			return say("%s; %s", first, w.asleep())
		}},
	{ID: "F21", Mechanism: "fifo", Statement: "ends that are open keep their rights when the mode changes",
		Expect: "2", Source: "open(2); chmod(2)", About: "access",
		Observe: func(k *kernel) string {
			fd := need(k.open(k.fifo("f"), unix.O_RDWR)).N
			need(k.do("chmod", "f", 0))
			return k.write(fd, "ab").String()
		}},
}

// openDir makes a directory for other users: they can't walk to it, since what
// it is in is private, but inherit its descriptor.
func (k *kernel) openDir(mode int) int {
	need(k.do("mkdir", "d", 0o700))
	need(k.do("chmod", "d", mode))
	return need(k.do("open", "d", unix.O_RDONLY|unix.O_DIRECTORY, 0)).N
}
