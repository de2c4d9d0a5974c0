package semantics

import (
	"math/rand/v2"

	"golang.org/x/sys/unix"
)

// key is one that hardly any other process uses.
func key() int { return 1 + rand.IntN(1<<30) }

var shmChecks = []Check{
	{ID: "S01", Mechanism: "sysvshm", Statement: "IPC_PRIVATE makes a new segment each time",
		Expect: "two", Source: "shmget(2)", Needs: []Need{sysv}, About: "access",
		Observe: func(k *kernel) string {
			a, b := k.shm(1), k.shm(1)
			if a == b {
				return "one"
			}
			return "two"
		}},
	{ID: "S02", Mechanism: "sysvshm", Statement: "IPC_CREAT|IPC_EXCL makes no second of a key, a lookup finds the first, and nothing after IPC_RMID",
		Expect: "EEXIST, the same, ENOENT", Source: "shmget(2), ERRORS", Needs: []Need{sysv}, About: "invalid left-behind",
		Observe: func(k *kernel) string {
			n := key()
			id := need(k.do("shmget", n, 1, unix.IPC_CREAT|unix.IPC_EXCL|0o600)).N
			again, found, same := k.do("shmget", n, 1, unix.IPC_CREAT|unix.IPC_EXCL|0o600), k.do("shmget", n, 0, 0), "the same"
			if found.N != id {
				same = "another: " + found.String()
			}
			k.do("shmrm", id)
			return say("%v, %s, %v", again, same, k.do("shmget", n, 1, 0))
		}},
	{ID: "S03", Mechanism: "sysvshm", Statement: "a segment of no bytes can't be made, and a segment smaller than asked for can't be opened",
		Expect: "0: EINVAL; more: EINVAL; less: found", Source: "shmget(2), EINVAL", Needs: []Need{sysv}, About: "invalid too-big",
		Observe: func(k *kernel) string {
			n := key()
			id := k.own("shmrm", k.do("shmget", n, 100, unix.IPC_CREAT|unix.IPC_EXCL|0o600))
			less := "found"
			none, more := k.do("shmget", unix.IPC_PRIVATE, 0, 0o600), k.do("shmget", n, 101, 0)
			if a := k.do("shmget", n, 99, 0); a.N != id {
				less = a.String()
			}
			return say("0: %v; more: %v; less: %s", none, more, less)
		}},
	{ID: "S04", Mechanism: "sysvshm", Statement: "a segment is filled with zeros and rounded up to pages, and remembers what was asked for",
		Expect: "nattch 1, segsz 5000; last byte of page two 0, stored 1", Source: "shmget(2)", Needs: []Need{sysv}, About: "limits shared-memory",
		Observe: func(k *kernel) string {
			id := k.shm(5000)
			at := need(k.do("shmat", id, 0)).N
			last := (5000+k.host.page-1)/k.host.page*k.host.page - 1
			zero := k.do("beyond", at, last)
			return say("%s; last byte of page two %v, stored %v", k.do("shmstat", id).text(), zero, k.do("storebeyond", at, last, 1))
		}},
	{ID: "S05", Mechanism: "sysvshm", Statement: "a segment and its content outlive the process that made it: a leak until it is removed",
		Expect: "SIGKILL; nattch 0, segsz 100; kept: hello", Source: "sysvipc(7); shmget(2)", Needs: []Need{sysv}, About: "left-behind peer-gone",
		Observe: func(k *kernel) string {
			maker := k.process("maker")
			id := k.own("shmrm", maker.do("shmget", unix.IPC_PRIVATE, 100, 0o600))
			at := need(maker.do("shmat", id, 0)).N
			need(maker.do("poke", at, 0, "hello"))
			end, stat := maker.kill(), k.do("shmstat", id).text()
			return say("%s; %s; kept: %s", end, stat, k.do("peek", need(k.do("shmat", id, 0)).N, 0, 5).text())
		}},
	{ID: "S06", Mechanism: "sysvshm", Statement: "IPC_RMID while attached: it can be used, and attached by its identifier, until the last detach (Linux only)",
		Expect: "nattch 1, segsz 100, SHM_DEST, key 0; kept: x, attached again; after the last detach EINVAL", Source: "shmctl(2), IPC_RMID", Needs: []Need{sysv}, About: "left-behind",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			at := need(k.do("shmat", id, 0)).N
			need(k.do("shmrm", id))
			stat := k.do("shmstat", id).text()
			need(k.do("poke", at, 0, "x"))
			kept, again := k.do("peek", at, 0, 1).text(), k.do("shmat", id, 0)
			attached := "attached again"
			if again.Errno != 0 {
				attached = again.String()
			} else {
				need(k.do("shmdt", again.N))
			}
			need(k.do("shmdt", at))
			return say("%s; kept: %s, %s; after the last detach %v", stat, kept, attached, k.do("shmstat", id))
		}},
	{ID: "S07", Mechanism: "sysvshm", Statement: "attached, and removed at once: nothing is left when SIGKILL ends the process",
		Expect: "SIGKILL; EINVAL", Source: "shmctl(2), IPC_RMID", Needs: []Need{sysv}, About: "left-behind peer-gone",
		Observe: func(k *kernel) string {
			maker := k.process("maker")
			id := need(maker.do("shmget", unix.IPC_PRIVATE, 100, 0o600)).N
			need(maker.do("shmat", id, 0))
			need(maker.do("shmrm", id))
			return say("%s; %v", maker.kill(), k.do("shmstat", id))
		}},
	{ID: "S08", Mechanism: "sysvshm", Statement: "a child of fork is attached too; exit and execve detach",
		Expect: "1, fork 2, exit 1; another 2, execve 1", Source: "shmop(2)", Needs: []Need{sysv}, About: "fork-exec",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			need(k.do("shmat", id, 0))
			attached := func() int { return need(k.do("nattch", id)).N }
			before, p := attached(), k.pipe(unix.O_CLOEXEC)
			child := need(k.do("forkuntil", p.r, p.w)).N
			forked := attached()
			k.close(p.w)
			need(k.do("waitpid", child))
			exited := attached()
			other := k.process("other")
			need(other.do("shmat", id, 0))
			two := attached()
			need(other.do("reexec"))
			return say("%d, fork %d, exit %d; another %d, execve %d", before, forked, exited, two, attached())
		}},
	{ID: "S09", Mechanism: "sysvshm", Statement: "a store to a segment that is attached with SHM_RDONLY kills the process",
		Expect: "SIGSEGV", Source: "shmop(2), SHM_RDONLY", Needs: []Need{sysv}, About: "access shared-memory",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			reader := k.process("reader")
			at := need(reader.do("shmat", id, unix.SHM_RDONLY)).N
			need(reader.do("nodump"))
			need(reader.do("sigaction", int(unix.SIGSEGV), sigDefault))
			reader.begin("poke", at, 0, "x")
			return reader.ends()
		}},
	{ID: "S10", Mechanism: "sysvshm", Statement: "detaching does not delete a segment: only IPC_RMID does",
		Expect: "after shmdt nattch 0, segsz 100; after IPC_RMID EINVAL", Source: "shmop(2); shmctl(2)", Needs: []Need{sysv}, About: "left-behind",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			need(k.do("shmdt", need(k.do("shmat", id, 0)).N))
			stat := k.do("shmstat", id).text()
			k.do("shmrm", id)
			return say("after shmdt %s; after IPC_RMID %v", stat, k.do("shmstat", id))
		}},
	{ID: "S11", Mechanism: "sysvshm", Statement: "mode 0600 keeps other users from attaching, and only the owner may remove",
		Expect: "shmat EACCES, IPC_RMID EPERM", Source: "shmop(2), EACCES; shmctl(2), EPERM", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			return say("shmat %v, IPC_RMID %v", other.do("shmat", id, 0), other.do("shmrm", id))
		}},
	{ID: "S13", Mechanism: "sysvshm", Statement: "shmmni limits segments, shmall their pages, shmmax the size of one",
		Expect: "ENOSPC, ENOSPC, EINVAL", Source: "shmget(2), ENOSPC and EINVAL", Needs: []Need{sysv, namespace}, About: "limits",
		Observe: func(k *kernel) string {
			limit := func(name string, n, size int) answer {
				was := k.number("kernel/" + name)
				if a := k.do("sysctl", name, n); a.Errno != 0 {
					panic(skipped(say("/proc/sys/kernel/%s can't be set in a private namespace: %v", name, a)))
				}
				a := k.do("shmget", unix.IPC_PRIVATE, size, 0o600)
				need(k.do("sysctl", name, was))
				return a
			}
			k.shm(1)
			return say("%v, %v, %v", limit("shmmni", 1, 1), limit("shmall", 2, 2*k.host.page), limit("shmmax", 4096, 4097))
		}},
	{ID: "S14", Mechanism: "sysvshm", Statement: "a segment that is made in one IPC namespace can't be seen in another",
		Expect: "inside found, outside ENOENT", Source: "ipc_namespaces(7)", Needs: []Need{sysv, namespace}, About: "namespaces access",
		Observe: func(k *kernel) string {
			n, inside := key(), k.process("inside")
			if a := inside.do("unshareipc"); a.Errno != 0 {
				panic(skipped("another IPC namespace is refused: " + a.String()))
			}
			need(inside.do("shmget", n, 1, unix.IPC_CREAT|unix.IPC_EXCL|0o600))
			found := "found"
			if a := inside.do("shmget", n, 0, 0); a.Errno != 0 {
				found = a.String()
			}
			return say("inside %s, outside %v", found, k.do("shmget", n, 0, 0))
		}},
	{ID: "S15", Mechanism: "sysvshm", Statement: "with kernel.shm_rmid_forced a segment goes with its last detach",
		Expect: "EINVAL", Source: "proc(5), /proc/sys/kernel/shm_rmid_forced", Since: "3.1", Needs: []Need{sysv, namespace}, About: "left-behind",
		Observe: func(k *kernel) string {
			if a := k.do("sysctl", "shm_rmid_forced", 1); a.Errno != 0 {
				panic(skipped("/proc/sys/kernel/shm_rmid_forced can't be set in a private namespace: " + a.String()))
			}
			id := k.shm(1)
			need(k.do("shmdt", need(k.do("shmat", id, 0)).N))
			return k.do("shmstat", id).String()
		}},
	{ID: "S17", Mechanism: "sysvshm", Statement: "nothing keeps two processes apart: atomic adds are exact, plain ones may be lost",
		Expect: "atomic 200000, plain at most 200000", Source: "shmop(2)", Needs: []Need{sysv}, About: "shared-memory",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			a, b := k.process("a"), k.process("b")
			ina, inb := need(a.do("shmat", id, 0)).N, need(b.do("shmat", id, 0)).N
			for _, op := range []string{"addatomic", "addplain"} {
				w := a.begin(op, ina, 100000)
				need(b.do(op, inb, 100000))
				need(w.answer())
			}
			at, plain := need(k.do("shmat", id, 0)).N, "at most 200000"
			if n := k.do("word", at, 1); n.N > 200000 || n.N <= 0 {
				plain = n.String()
			}
			return say("atomic %v, plain %s", k.do("word", at, 0), plain)
		}},
}
