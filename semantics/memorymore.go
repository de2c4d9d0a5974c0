package semantics

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// robustSize is that of struct robust_list_head, in bytes.
const robustSize = int(unsafe.Sizeof(robust{}))

// sealExec is F_SEAL_EXEC of fcntl(2).
const sealExec = 32

var memfdMoreChecks = []Check{
	{ID: "B20", Mechanism: "memfd", Statement: "a memory file can be opened by its name in /proc: with a position of its own, for reading alone, and by another process",
		Expect: "reads ab from 0; write EBADF; another process ab", Source: "memfd_create(2); proc(5), /proc/pid/fd", Since: "3.17", About: "descriptor access",
		Observe: func(k *kernel) string {
			fd := k.file("ab")
			need(k.do("lseek", fd, 2, unix.SEEK_SET))
			again := need(k.open(say("/proc/self/fd/%d", fd), unix.O_RDONLY)).N
			read, write := k.read(again, 9).text(), k.write(again, "x")
			other := k.process("other")
			theirs := other.open(say("/proc/%d/fd/%d", k.pid, fd), unix.O_RDONLY)
			if theirs.Errno == unix.EACCES {
				panic(skipped("another process's descriptors can't be opened here: EACCES, ptrace(2)"))
			}
			return say("reads %s from 0; write %v; another process %s", read, write, other.read(need(theirs).N, 9).text())
		}},
	{ID: "B21", Mechanism: "memfd", Statement: "copies of a descriptor share the file and its position",
		Expect: "copy reads cd", Source: "dup(2); memfd_create(2)", Since: "3.17", About: "descriptor",
		Observe: func(k *kernel) string {
			fd := k.file("abcd")
			second := need(k.do("dup", fd)).N
			need(k.read(fd, 2))
			return "copy reads " + k.read(second, 9).text()
		}},
	{ID: "B22", Mechanism: "memfd", Statement: "F_SEAL_GROW: a write across the end of the file, within its last page, writes nothing",
		Expect: "EPERM", Source: "fcntl(2), F_SEAL_GROW; mm/shmem.c, shmem_write_begin", Since: "3.17", About: "too-big",
		Observe: func(k *kernel) string {
			part := k.sealable(k.host.page / 2)
			need(k.seal(part, sealGrow))
			return k.do("pwrite", part, 0, letters(k.host.page)).String()
		}},
	{ID: "B23", Mechanism: "memfd", Statement: "a memory file that is open for reading alone can't be mapped shared for writing, and can privately",
		Expect: "shared EACCES, private maps", Source: "mmap(2), EACCES", Since: "3.17", About: "access shared-memory",
		Observe: func(k *kernel) string {
			ro := need(k.open(say("/proc/self/fd/%d", k.file("ab")), unix.O_RDONLY)).N
			private := "maps"
			if a := k.do("map", ro, 4096, readWrite, unix.MAP_PRIVATE); a.Errno != 0 {
				private = a.String()
			}
			return say("shared %v, private %s", k.shared(ro, readWrite), private)
		}},
	{ID: "B24", Mechanism: "memfd", Statement: "F_SEAL_EXEC keeps the execute bits as they are",
		Expect: "0; add execute EPERM, take read 0", Source: "fcntl(2), F_SEAL_EXEC", Since: "6.3", About: "access",
		Observe: func(k *kernel) string {
			fd := k.sealable(0)
			need(k.do("fchmod", fd, 0o600))
			return say("%v; add execute %v, take read %v", k.seal(fd, sealExec), k.do("fchmod", fd, 0o700), k.do("fchmod", fd, 0o200))
		}},
}

var processVMMoreChecks = []Check{
	{ID: "Y08", Mechanism: "processvm", Statement: "several buffers are filled one after the other from one address",
		Expect: "5: ab, cde", Source: "process_vm_readv(2)", Since: "3.2", About: "boundaries",
		Observe: func(k *kernel) string {
			other, at, address := k.elsewhere(k.host.page)
			need(other.do("poke", at, 0, "abcde"))
			return k.do("vmreadtwo", other.pid, address, 2, 3).text()
		}},
	{ID: "Y09", Mechanism: "processvm", Statement: "a process can read and write itself",
		Expect: "2, ab; 2, cd", Source: "process_vm_readv(2)", Since: "3.2", About: "shared-memory",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			need(k.do("poke", at, 0, "ab"))
			address := need(k.do("address", at)).N
			read := k.do("vmread", k.pid, address, 2, 0)
			wrote := k.do("vmwrite", k.pid, address, "cd")
			return say("%v, %s; %v, %s", read, read.text(), wrote, k.do("peek", at, 0, 2).text())
		}},
	{ID: "Y10", Mechanism: "processvm", Statement: "a process that has ended, and was not waited for, has no memory left",
		Expect: "ESRCH, ESRCH", Source: "process_vm_readv(2), ESRCH; mm/process_vm_access.c", Since: "3.2", About: "peer-gone",
		Observe: func(k *kernel) string {
			other, _, address := k.elsewhere(k.host.page)
			other.child.Kill()
			look := time.NewTicker(time.Millisecond)
			defer look.Stop()
			for begun := time.Now(); threadState(other.pid) != "Z" && time.Since(begun) < patience; <-look.C {
			}
			return say("%v, %v", k.do("vmread", other.pid, address, 1, 0), k.do("vmwrite", other.pid, address, "x"))
		}},
	{ID: "Y11", Mechanism: "processvm", Statement: "vectors lie at an address, and their number is not negative; with none on this side nothing is read",
		Expect: "read EFAULT, EINVAL, 0; write EFAULT, EINVAL, 0", Source: "process_vm_readv(2), ERRORS", Since: "3.2", About: "invalid",
		Observe: func(k *kernel) string {
			each := func(call string) string {
				return say("%v, %v, %v", k.do(call, k.pid, 1, 1, 1, 1, 0), k.do(call, k.pid, 1, -1, 1, 1, 0), k.do(call, k.pid, 0, 0, 0, 0, 0))
			}
			return say("read %s; write %s", each("bare process_vm_readv"), each("bare process_vm_writev"))
		}},
}

var ringMoreChecks = []Check{
	{ID: "I04", Mechanism: "iouring", Statement: "io_uring too refuses the end of a pipe that goes the other way, and a negative descriptor",
		Expect: "read from the write end EBADF, write to the read end EBADF, negative EBADF", Source: "io_uring_enter(2); read(2), EBADF", Since: "5.6", Needs: []Need{ioUring}, About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			read, write := k.do("ringread", p.w, 9), k.do("ringwrite", p.r, "x")
			return say("read from the write end %v, write to the read end %v, negative %v", read, write, k.do("ringread", -1, 9))
		}},
	{ID: "I05", Mechanism: "iouring", Statement: "io_uring_setup refuses a ring for no entries, unknown flags, and a bad address",
		Expect: "EINVAL, EINVAL, EFAULT", Source: "io_uring_setup(2), ERRORS", Since: "5.6", Needs: []Need{ioUring}, About: "invalid",
		Observe: func(k *kernel) string {
			return say("%v, %v, %v", k.do("ringof", 0, 0), k.do("ringof", 1, 1<<30), k.do("bare io_uring_setup", 1, 1))
		}},
}
