package semantics

import "golang.org/x/sys/unix"

// A pipe as a file, and one that carries more than it holds.
var pipeFileChecks = []Check{
	{ID: "P57", Mechanism: "pipe", Statement: "a pipe lies on pipefs, in blocks of a page",
		Expect: "type 0x50495045, blocks of {p}", Source: "statfs(2), PIPEFS_MAGIC", About: "invalid",
		Observe: func(k *kernel) string { return k.do("fstatfs", k.pipe(0).r).text() }},
	{ID: "P58", Mechanism: "pipe", Statement: "an end can be closed once, and the other end stays open",
		Expect: "0, EBADF; other end 0", Source: "close(2), EBADF", About: "invalid descriptor",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return say("%v, %v; other end %v", k.do("close", p.r), k.do("close", p.r), k.do("close", p.w))
		}},
	{ID: "P59", Mechanism: "pipe", Statement: "both ends are one inode, and another pipe is another",
		Expect: "the same; another", Source: "pipe(7); fstat(2)", About: "descriptor",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			word := func(a, b answer) string {
				if a.N == b.N {
					return "the same"
				}
				return "another"
			}
			one := need(k.do("inode", p.r))
			return say("%s; %s", word(one, need(k.do("inode", p.w))), word(one, need(k.do("inode", q.r))))
		}},
	{ID: "P60", Mechanism: "pipe", Statement: "a write of many times the capacity arrives whole and in order, as a reader makes room",
		Expect: "{50p} intact; wrote {50p}", Source: "pipe(7)", About: "boundaries full",
		Observe: func(k *kernel) string {
			p, size := k.pipe(0), 50*k.host.page
			w := k.begin("write", p.w, letters(size))
			got := k.do("readletters", p.r, size).text()
			return say("%s; wrote %v", got, w.answer())
		}},
	{ID: "P61", Mechanism: "pipe", Statement: "F_SETPIPE_SZ refuses more than 2^31 bytes, whatever the limit",
		Expect: "EINVAL; capacity unchanged", Source: "fs/pipe.c, round_pipe_size", Since: "4.15", About: "limits invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			before, a, word := k.capacity(p.r), k.do("fcntl", p.r, unix.F_SETPIPE_SZ, -1), "capacity unchanged"
			if after := k.capacity(p.r); after.N != before.N {
				word = after.String()
			}
			return say("%v; %s", a, word)
		}},
	{ID: "P62", Mechanism: "pipe", Statement: "to read the link of a descriptor in /proc, or its fdinfo, does not keep the pipe open",
		Expect: "pipe, fdinfo; closed 0", Source: "proc(5), /proc/pid/fd", About: "peer-gone descriptor",
		Observe: func(k *kernel) string {
			p, link := k.pipe(unix.O_NONBLOCK), "no pipe"
			if name := k.do("readlink", p.w).text(); len(name) > 6 && name[:6] == "pipe:[" {
				link = "pipe"
			}
			info := need(k.open(say("/proc/self/fdinfo/%d", p.w), unix.O_RDONLY)).N
			need(k.read(info, 4))
			k.close(p.w)
			return say("%s, fdinfo; closed %v", link, k.read(p.r, 1))
		}},
}

// mknod(2), of which a FIFO is one use.
var mknodChecks = []Check{
	{ID: "F22", Mechanism: "fifo", Statement: "mknod makes FIFOs, regular files, of which 0 is the type too, and sockets, under the umask",
		Expect: "type 010000 mode 0640 size 0, 0100000 0640, 0100000 0640, 0140000 0640", Source: "mknod(2)", About: "access",
		Observe: func(k *kernel) string {
			k.do("umask", 0o027)
			made := func(name string, kind int) answer {
				need(k.do("mknod", name, kind|0o666, 0))
				return k.do("fstat", need(k.open(name, unix.O_PATH)).N)
			}
			short := func(name string, kind int) string {
				a := made(name, kind)
				if a.text() == say("type %#o mode 0640 size 0", a.N) {
					return say("%#o 0640", a.N)
				}
				return a.text()
			}
			return say("%s, %s, %s, %s", made("f", unix.S_IFIFO).text(), short("r", unix.S_IFREG), short("n", 0), short("s", unix.S_IFSOCK))
		}},
	{ID: "F23", Mechanism: "fifo", Statement: "a device file needs CAP_MKNOD, a FIFO does not",
		Expect: "character EPERM, block EPERM, FIFO 0", Source: "mknod(2), EPERM", Needs: []Need{anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			dir, other := k.openDir(0o777), k.process("other user")
			need(other.do("setresuid", stranger))
			need(other.do("fchdir", dir))
			return say("character %v, block %v, FIFO %v", other.do("mknod", "c", unix.S_IFCHR|0o600, 0x103), other.do("mknod", "b", unix.S_IFBLK|0o600, 0x700), other.do("mknod", "f", unix.S_IFIFO|0o600, 0))
		}},
	{ID: "F24", Mechanism: "fifo", Statement: "mknod makes no directory and nothing of an unknown type, and wants an address",
		Expect: "directory EPERM, type EINVAL, bad address EFAULT", Source: "mknod(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			return say("directory %v, type %v, bad address %v", k.do("mknod", "d", unix.S_IFDIR|0o700, 0), k.do("mknod", "u", unix.S_IFMT|0o600, 0), k.do("bare mknodat", unix.AT_FDCWD, 1, unix.S_IFIFO|0o600, 0))
		}},
	{ID: "F25", Mechanism: "fifo", Statement: "mkfifo fails where symbolic links go round, where one has the name, and where the directory may not be written to",
		Expect: "round ELOOP, a link EEXIST, directory EACCES", Source: "mkfifo(3), ERRORS", Needs: []Need{anotherUser}, About: "access invalid",
		Observe: func(k *kernel) string {
			need(k.do("symlink", "a\x00b"))
			need(k.do("symlink", "b\x00a"))
			round, link := k.do("mkfifo", "a/f", 0o600), k.do("mkfifo", "a", 0o600)
			dir, other := k.openDir(0o755), k.process("other user")
			need(other.do("setresuid", stranger))
			return say("round %v, a link %v, directory %v", round, link, other.do("mkfifoat", dir, 0o600, "f"))
		}},
	{ID: "F26", Mechanism: "fifo", Statement: "mkfifoat makes the name in the directory of the descriptor, which must be one and be open",
		Expect: "0; pipe ENOTDIR, closed EBADF", Source: "mkfifo(3), mkfifoat()", About: "invalid",
		Observe: func(k *kernel) string {
			dir, p := k.openDir(0o700), k.pipe(0)
			made, pipe := k.do("mkfifoat", dir, 0o600, "f"), k.do("mkfifoat", p.r, 0o600, "f")
			k.close(p.r)
			return say("%v; pipe %v, closed %v", made, pipe, k.do("mkfifoat", p.r, 0o600, "f"))
		}},
}
