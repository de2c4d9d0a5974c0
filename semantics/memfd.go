package semantics

import "golang.org/x/sys/unix"

// sealable makes a memfd of a size that takes seals.
func (k *kernel) sealable(size int) int {
	fd := need(k.do("memfd_create", allowSealing, "ipcbench")).N
	need(k.do("ftruncate", fd, size))
	return fd
}

func (p *proc) seal(fd, seals int) answer { return p.do("fcntl", fd, addSeals, seals) }
func (p *proc) seals(fd int) answer       { return p.do("fcntl", fd, getSeals, 0) }

// shared maps a page of the file for reading, or for writing too.
func (p *proc) shared(fd, prot int) answer { return p.do("map", fd, 4096, prot, unix.MAP_SHARED) }

const readWrite = unix.PROT_READ | unix.PROT_WRITE

var memfdChecks = []Check{
	{ID: "B01", Mechanism: "memfd", Statement: "the name is only for /proc: two files may have the same, and share nothing",
		Expect: "/memfd:ipcbench (deleted), /memfd:ipcbench (deleted); size 9, size 0", Source: "memfd_create(2)", Since: "3.17", About: "shared-memory",
		Observe: func(k *kernel) string {
			a, b := k.sealable(0), k.sealable(0)
			need(k.do("ftruncate", a, 9))
			return say("%s, %s; %s, %s", k.do("readlink", a).text(), k.do("readlink", b).text(), k.do("size", a).text(), k.do("size", b).text())
		}},
	{ID: "B02", Mechanism: "memfd", Statement: "sealing is off unless MFD_ALLOW_SEALING is set: F_SEAL_SEAL is on",
		Expect: "off 1, EPERM; on 0, 0", Source: "memfd_create(2), MFD_ALLOW_SEALING; fcntl(2), File Sealing", Since: "3.17", About: "access",
		Observe: func(k *kernel) string {
			off, on := need(k.do("memfd_create", 0, "ipcbench")).N, k.sealable(0)
			return say("off %v, %v; on %v, %v", k.seals(off), k.seal(off, sealWrite), k.seals(on), k.seal(on, sealWrite))
		}},
	{ID: "B03", Mechanism: "memfd", Statement: "seals add up, and none can be removed",
		Expect: "2, 6, 6", Source: "fcntl(2), F_ADD_SEALS", Since: "3.17", About: "access",
		Observe: func(k *kernel) string {
			fd := k.sealable(0)
			add := func(seals int) answer { need(k.seal(fd, seals)); return k.seals(fd) }
			return say("%v, %v, %v", add(sealShrink), add(sealGrow), add(0))
		}},
	{ID: "B04", Mechanism: "memfd", Statement: "after F_SEAL_SEAL no seal can be added",
		Expect: "0, EPERM, 1", Source: "fcntl(2), F_SEAL_SEAL", Since: "3.17", About: "access",
		Observe: func(k *kernel) string {
			fd := k.sealable(0)
			return say("%v, %v, %v", k.seal(fd, sealSeal), k.seal(fd, sealGrow), k.seals(fd))
		}},
	{ID: "B05", Mechanism: "memfd", Statement: "F_SEAL_WRITE fails while a shared mapping can be written to, and then no seal of the call is set",
		Expect: "EBUSY, seals 0; unmapped 0, seals 10", Source: "fcntl(2), F_SEAL_WRITE and EBUSY", Since: "3.17", About: "shared-memory",
		Observe: func(k *kernel) string {
			fd := k.sealable(4096)
			at := need(k.shared(fd, readWrite)).N
			busy, seals := k.seal(fd, sealWrite|sealShrink), k.seals(fd)
			need(k.do("munmap", at, 0, 4096))
			return say("%v, seals %v; unmapped %v, seals %v", busy, seals, k.seal(fd, sealWrite|sealShrink), k.seals(fd))
		}},
	{ID: "B06", Mechanism: "memfd", Statement: "F_SEAL_WRITE: write, a hole and a shared mapping for writing fail, a private one does not",
		Expect: "write EPERM, hole EPERM, shared EPERM, private maps", Source: "fcntl(2), F_SEAL_WRITE", Since: "3.17", About: "access shared-memory",
		Observe: func(k *kernel) string {
			fd := k.sealable(4096)
			need(k.seal(fd, sealWrite))
			private := "maps"
			if a := k.do("map", fd, 4096, readWrite, unix.MAP_PRIVATE); a.Errno != 0 {
				private = a.String()
			}
			return say("write %v, hole %v, shared %v, private %s", k.write(fd, "x"), k.do("punch", fd, 4096), k.shared(fd, readWrite), private)
		}},
	{ID: "B07", Mechanism: "memfd", Statement: "F_SEAL_WRITE: a shared mapping for reading alone works, and can't become one for writing; before 6.7 and in 6.12 and 6.13 it was EPERM, but for their stable updates",
		Expect: "maps, for writing EACCES", Before: []Older{{"6.14", ""}}, Source: "fcntl(2), F_SEAL_WRITE; commits 158978945f31 and 8ec396d05d1b", Since: "3.17", About: "access shared-memory",
		Observe: func(k *kernel) string {
			fd := k.sealable(4096)
			need(k.seal(fd, sealWrite))
			a := k.shared(fd, unix.PROT_READ)
			if a.Errno != 0 {
				return a.String()
			}
			return say("maps, for writing %v", k.do("mprotect", a.N, readWrite))
		}},
	{ID: "B08", Mechanism: "memfd", Statement: "F_SEAL_SHRINK and F_SEAL_GROW each forbid one direction of ftruncate",
		Expect: "shrink EPERM, 0; grow 0, EPERM", Source: "fcntl(2), F_SEAL_SHRINK and F_SEAL_GROW", Since: "3.17", About: "access",
		Observe: func(k *kernel) string {
			both := func(seal int) string {
				fd := k.sealable(4096)
				need(k.seal(fd, seal))
				return say("%v, %v", k.do("ftruncate", fd, 100), k.do("ftruncate", fd, 8192))
			}
			return say("shrink %s; grow %s", both(sealShrink), both(sealGrow))
		}},
	{ID: "B09", Mechanism: "memfd", Statement: "F_SEAL_GROW forbids a write beyond the end, and allows one within",
		Expect: "within 1, beyond EPERM", Source: "fcntl(2), F_SEAL_GROW", Since: "3.17", About: "access",
		Observe: func(k *kernel) string {
			fd := k.sealable(4096)
			need(k.seal(fd, sealGrow))
			return say("within %v, beyond %v", k.do("pwrite", fd, 0, "x"), k.do("pwrite", fd, 8192, "x"))
		}},
	{ID: "B10", Mechanism: "memfd", Statement: "F_SEAL_FUTURE_WRITE leaves mappings that there are: they can still be written to, new ones and write can't",
		Expect: "0; store ab; new EPERM, write EPERM", Source: "fcntl(2), F_SEAL_FUTURE_WRITE", Since: "5.1", About: "shared-memory access",
		Observe: func(k *kernel) string {
			fd := k.sealable(4096)
			at := need(k.shared(fd, readWrite)).N
			seal := k.seal(fd, sealFutureWrite)
			need(k.do("poke", at, 0, "ab"))
			return say("%v; store %s; new %v, write %v", seal, k.do("pread", fd, 2, 0).text(), k.shared(fd, readWrite), k.write(fd, "x"))
		}},
	{ID: "B11", Mechanism: "memfd", Statement: "seals are the file's: another descriptor of it, and another process, have them too",
		Expect: "2, 2; write-sealed by the other: EPERM", Source: "fcntl(2), File Sealing", Since: "3.17", About: "descriptor fork-exec",
		Observe: func(k *kernel) string {
			fd := k.sealable(4096)
			other := k.process("other")
			need(k.seal(fd, sealShrink))
			copied, theirs := k.seals(need(k.do("dup", fd)).N), other.seals(fd)
			need(other.seal(fd, sealWrite))
			return say("%v, %v; write-sealed by the other: %v", copied, theirs, k.write(fd, "x"))
		}},
	{ID: "B12", Mechanism: "memfd", Statement: "a descriptor that is open for reading alone can't add seals, and shows them",
		Expect: "EPERM, 0", Source: "fcntl(2), F_ADD_SEALS, EPERM", Since: "3.17", About: "access descriptor",
		Observe: func(k *kernel) string {
			r := need(k.do("open", say("/proc/self/fd/%d", k.sealable(0)), unix.O_RDONLY, 0)).N
			return say("%v, %v", k.seal(r, sealWrite), k.seals(r))
		}},
	{ID: "B13", Mechanism: "memfd", Statement: "other files have no seals",
		Expect: "pipe EINVAL, socket EINVAL", Source: "fcntl(2), F_GET_SEALS, EINVAL", Since: "3.17", About: "invalid",
		Observe: func(k *kernel) string {
			return say("pipe %v, socket %v", k.seals(k.pipe(0).r), k.seals(k.sockets(unix.SOCK_STREAM).r))
		}},
	{ID: "B14", Mechanism: "memfd", Statement: "memfd_create refuses unknown flags, and a name of more than 249 bytes",
		Expect: "flags EINVAL; 249 a file, 250 EINVAL", Source: "memfd_create(2), ERRORS", Since: "3.17", About: "invalid too-big",
		Observe: func(k *kernel) string {
			create := func(n int) string {
				if a := k.do("memfd_create", 0, string(letters(n))); a.Errno != 0 {
					return a.String()
				}
				return "a file"
			}
			return say("flags %v; 249 %s, 250 %s", k.do("memfd_create", 1<<20, "ipcbench"), create(249), create(250))
		}},
	{ID: "B15", Mechanism: "memfd", Statement: "the file is open for reading and writing, and close-on-exec only with MFD_CLOEXEC",
		Expect: "O_RDWR; 0, with the flag 1", Source: "memfd_create(2), MFD_CLOEXEC", Since: "3.17", About: "fork-exec",
		Observe: func(k *kernel) string {
			a, b := need(k.do("memfd_create", 0, "a")).N, need(k.do("memfd_create", unix.MFD_CLOEXEC, "b")).N
			mark := func(fd int) answer { return k.do("fcntl", fd, unix.F_GETFD, 0) }
			return say("%s; %v, with the flag %v", flags("oflag", need(k.do("getfl", a)).N&unix.O_ACCMODE), mark(a), mark(b))
		}},
	{ID: "B16", Mechanism: "memfd", Statement: "a store behind the end of the file raises SIGBUS",
		Expect: "SIGBUS", Source: "mmap(2), SIGBUS", Since: "3.17", About: "shared-memory",
		Observe: func(k *kernel) string {
			fd := k.sealable(0)
			other := k.process("other")
			at := need(other.shared(fd, readWrite)).N
			need(other.do("nodump"))
			need(other.do("sigaction", int(unix.SIGBUS), sigDefault))
			other.begin("poke", at, 0, "x")
			return other.ends()
		}},
	{ID: "B17", Mechanism: "memfd", Statement: "what one process stores in a shared mapping, another sees in its own, and read returns it; a private mapping keeps its stores",
		Expect: "shared ab, read ab; private: file ab", Source: "mmap(2), MAP_SHARED and MAP_PRIVATE", Since: "3.17", About: "shared-memory",
		Observe: func(k *kernel) string {
			fd := k.sealable(4096)
			other := k.process("other")
			theirs, mine := need(other.shared(fd, readWrite)).N, need(k.shared(fd, readWrite)).N
			need(other.do("poke", theirs, 0, "ab"))
			shared, read := k.do("peek", mine, 0, 2).text(), k.do("pread", fd, 2, 0).text()
			private := need(k.do("map", fd, 4096, readWrite, unix.MAP_PRIVATE)).N
			need(k.do("poke", private, 0, "zz"))
			return say("shared %s, read %s; private: file %s", shared, read, k.do("pread", fd, 2, 0).text())
		}},
	{ID: "B18", Mechanism: "memfd", Statement: "a mapping outlives the descriptor, and the process that made the file",
		Expect: "SIGKILL; ab", Source: "memfd_create(2); mmap(2)", Since: "3.17", About: "left-behind shared-memory",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			maker := k.process("maker")
			fd := need(maker.do("memfd", 4096)).N
			need(maker.do("pwrite", fd, 0, "ab"))
			need(maker.handOver(s.w, fd, 1, "x"))
			got := need(k.receive(s.r, 1, 1)).N
			at := need(k.shared(got, unix.PROT_READ)).N
			k.close(got)
			return say("%s; %s", maker.kill(), k.do("peek", at, 0, 2).text())
		}},
	{ID: "B19", Mechanism: "memfd", Statement: "MFD_NOEXEC_SEAL makes a file that can't be executed, and lets it be sealed",
		Expect: "type 0100000 mode 0666 size 0; seals 32", Source: "memfd_create(2), MFD_NOEXEC_SEAL", Since: "6.3", About: "access",
		Observe: func(k *kernel) string {
			fd := need(k.do("memfd_create", 8, "ipcbench")).N
			return say("%s; seals %v", k.do("fstat", fd).text(), k.seals(fd))
		}},
}
