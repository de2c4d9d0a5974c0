package semantics

import "golang.org/x/sys/unix"

// Addresses, state and rights of segments.
var shmMoreChecks = []Check{
	{ID: "S18", Mechanism: "sysvshm", Statement: "shmat over memory that is mapped is refused, unless SHM_REMAP is set",
		Expect: "EINVAL; SHM_REMAP 0, holds new", Source: "shmop(2), SHM_REMAP", Needs: []Need{sysv}, About: "shared-memory invalid",
		Observe: func(k *kernel) string {
			a, b := k.shm(100), k.shm(100)
			at, other := need(k.do("shmat", a, 0)).N, need(k.do("shmat", b, 0)).N
			need(k.do("poke", other, 0, "new"))
			no := k.do("shmatat", b, at, 0, 0)
			return say("%v; SHM_REMAP %v, holds %s", no, k.do("shmatat", b, at, 0, shmRemap), k.do("peek", at, 0, 3).text())
		}},
	{ID: "S19", Mechanism: "sysvshm", Statement: "an address that is not that of a page is refused, unless SHM_RND rounds it down",
		Expect: "EINVAL; SHM_RND 0", Source: "shmop(2), SHM_RND", Needs: []Need{sysv}, About: "invalid",
		Observe: func(k *kernel) string {
			a, b := k.shm(100), k.shm(100)
			at := need(k.do("shmat", a, 0)).N
			return say("%v; SHM_RND %v", k.do("shmatat", b, at, 1, shmRemap), k.do("shmatat", b, at, 1, shmRnd|shmRemap))
		}},
	{ID: "S20", Mechanism: "sysvshm", Statement: "to detach a second time fails",
		Expect: "0, EINVAL", Source: "shmop(2), EINVAL", Needs: []Need{sysv}, About: "invalid",
		Observe: func(k *kernel) string {
			at := need(k.do("shmat", k.shm(100), 0)).N
			return say("%v, %v", k.do("shmdt", at), k.do("shmdt", at))
		}},
	{ID: "S21", Mechanism: "sysvshm", Statement: "mprotect can't make a segment writable that is attached with SHM_RDONLY",
		Expect: "EACCES", Source: "mprotect(2), EACCES; shmop(2), SHM_RDONLY", Needs: []Need{sysv}, About: "access",
		Observe: func(k *kernel) string {
			return k.do("mprotect", need(k.do("shmat", k.shm(100), unix.SHM_RDONLY)).N, readWrite).String()
		}},
	{ID: "S22", Mechanism: "sysvshm", Statement: "munmap of a part in the middle makes two attachments, and one shmdt detaches both",
		Expect: "1, 2, 0; nattch 0", Source: "ipc/shm.c, ksys_shmdt", Needs: []Need{sysv}, About: "shared-memory left-behind",
		Observe: func(k *kernel) string {
			id, p := k.shm(3*k.host.page), k.host.page
			at := need(k.do("shmat", id, 0)).N
			one := k.do("nattch", id)
			need(k.do("munmap", at, p, p))
			two := k.do("nattch", id)
			return say("%v, %v, %v; nattch %v", one, two, k.do("shmdt", at), k.do("nattch", id))
		}},
	{ID: "S23", Mechanism: "sysvshm", Statement: "IPC_STAT has the maker, the last process that attached or detached, and when; at first there is none",
		Expect: "new: maker, 0, 0, 0; attached: the child, set, 0; detached: set", Source: "shmctl(2), struct shmid_ds", Needs: []Need{sysv}, About: "access",
		Observe: func(k *kernel) string {
			id, child := k.shm(100), k.process("child")
			state := func(lpid int, a, d string, n int) string {
				want := say("mode 0600 cpid %d lpid %d atime %s dtime %s nattch %d", k.pid, lpid, a, d, n)
				if got := k.do("shmstory", id).text(); got != want {
					return got + " not " + want
				}
				return ""
			}
			if s := state(0, "0", "0", 0); s != "" {
				return s
			}
			at := need(child.do("shmat", id, 0)).N
			if s := state(child.pid, "set", "0", 1); s != "" {
				return s
			}
			need(child.do("shmdt", at))
			if s := state(child.pid, "set", "set", 0); s != "" {
				return s
			}
			return "new: maker, 0, 0, 0; attached: the child, set, 0; detached: set"
		}},
	{ID: "S24", Mechanism: "sysvshm", Statement: "a process can attach a segment twice: both addresses are the same memory",
		Expect: "nattch 2; ab", Source: "shmop(2)", Needs: []Need{sysv}, About: "shared-memory",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			a, b := need(k.do("shmat", id, 0)).N, need(k.do("shmat", id, 0)).N
			need(k.do("poke", a, 0, "ab"))
			return say("nattch %v; %s", k.do("nattch", id), k.do("peek", b, 0, 2).text())
		}},
	{ID: "S25", Mechanism: "sysvshm", Statement: "what a process stores, another that has the segment attached sees at once",
		Expect: "ab", Source: "shmop(2)", Needs: []Need{sysv}, About: "shared-memory",
		Observe: func(k *kernel) string {
			id, other := k.shm(100), k.process("other")
			theirs, mine := need(other.do("shmat", id, 0)).N, need(k.do("shmat", id, 0)).N
			need(other.do("poke", theirs, 0, "ab"))
			return k.do("peek", mine, 0, 2).text()
		}},
	{ID: "S26", Mechanism: "sysvshm", Statement: "the right to read lets another user attach with SHM_RDONLY alone",
		Expect: "SHM_RDONLY attaches, for writing EACCES, IPC_SET EPERM", Source: "shmop(2), EACCES; shmctl(2), EPERM", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			need(k.do("shmset", id, 0o644))
			other, read := k.process("other user"), "attaches"
			need(other.do("setresuid", stranger))
			if a := other.do("shmat", id, unix.SHM_RDONLY); a.Errno != 0 {
				read = a.String()
			}
			return say("SHM_RDONLY %s, for writing %v, IPC_SET %v", read, other.do("shmat", id, 0), other.do("shmset", id, 0o666))
		}},
	{ID: "S27", Mechanism: "sysvshm", Statement: "shmctl of an unknown command, and of no segment, fails",
		Expect: "EINVAL, EINVAL; shmat EINVAL", Source: "shmctl(2), EINVAL; shmop(2), EINVAL", Needs: []Need{sysv}, About: "invalid",
		Observe: func(k *kernel) string {
			id := k.shm(1)
			return say("%v, %v; shmat %v", k.do("shmctl", id, 99), k.do("shmctl", -1, unix.IPC_STAT), k.do("shmat", -1, 0))
		}},
	{ID: "S28", Mechanism: "sysvshm", Statement: "a store to where a segment was attached raises SIGSEGV",
		Expect: "SIGSEGV", Source: "shmop(2), shmdt", Needs: []Need{sysv}, About: "shared-memory",
		Observe: func(k *kernel) string {
			id, other := k.shm(100), k.process("other")
			at := need(other.do("shmat", id, 0)).N
			need(other.do("nodump"))
			need(other.do("sigaction", int(unix.SIGSEGV), sigDefault))
			need(other.do("shmdt", at))
			other.begin("poke", at, 0, "x")
			return other.ends()
		}},
	{ID: "S29", Mechanism: "sysvshm", Statement: "IPC_SET changes the mode, and not the rights of those that are attached",
		Expect: "0; store ab", Source: "shmctl(2), IPC_SET", Needs: []Need{sysv}, About: "access",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			at := need(k.do("shmat", id, 0)).N
			set := k.do("shmset", id, 0o400)
			need(k.do("poke", at, 0, "ab"))
			return say("%v; store %s", set, k.do("peek", at, 0, 2).text())
		}},
	{ID: "S30", Mechanism: "sysvshm", Statement: "a segment whose key was given away by IPC_RMID can't be found, and the key makes a new one",
		Expect: "ENOENT; another", Source: "shmctl(2), IPC_RMID; ipc/shm.c", Needs: []Need{sysv}, About: "left-behind",
		Observe: func(k *kernel) string {
			n := key()
			id := k.own("shmrm", k.do("shmget", n, 1, unix.IPC_CREAT|unix.IPC_EXCL|0o600))
			need(k.do("shmat", id, 0))
			need(k.do("shmrm", id))
			gone, made := k.do("shmget", n, 0, 0), "another"
			if k.own("shmrm", k.do("shmget", n, 1, unix.IPC_CREAT|0o600)) == id {
				made = "the same"
			}
			return say("%v; %s", gone, made)
		}},
}
