package semantics

import (
	"fmt"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

func (p *proc) setval(id, n int)     { need(p.do("semctl", id, 0, sys.SemSetVal, n)) }
func (p *proc) getval(id int) answer { return p.do("semval", id, 0) }

var semChecks = []Check{
	{ID: "E01", Mechanism: "sysvsem", Statement: "a new semaphore is 0, and sem_otime is 0 until the first semop, which shows others that it is not ready",
		Expect: "value 0, sem_otime 0, after semop not 0", Source: "semget(2), NOTES; semctl(2)", Needs: []Need{sysv}, About: "empty",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			value, never, after := k.getval(id), k.do("semotime", id), "not 0"
			need(k.do("semop", id, 0, 1, 0))
			if a := k.do("semotime", id); a.Errno != 0 || a.N == 0 {
				after = a.String()
			}
			return say("value %v, sem_otime %v, after semop %s", value, never, after)
		}},
	{ID: "E02", Mechanism: "sysvsem", Statement: "to take from 0 sleeps, and to give wakes it",
		Expect: "sleeps, GETNCNT 1; woken 0, value 0", Source: "semop(2)", Needs: []Need{sysv}, About: "empty",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			w := k.process("taker").begin("semop", id, 0, -1, 0)
			state, waiting := w.asleep(), k.do("semcount", id, 0, sys.SemGetNcnt)
			need(k.do("semop", id, 0, 1, 0))
			return say("%s, GETNCNT %v; woken %v, value %v", state, waiting, w.answer(), k.getval(id))
		}},
	{ID: "E03", Mechanism: "sysvsem", Statement: "IPC_NOWAIT does not wait, and semtimedop not for long",
		Expect: "EAGAIN, EAGAIN", Source: "semop(2), EAGAIN", Needs: []Need{sysv}, About: "timeout empty",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			return say("%v, %v", k.do("semop", id, 0, -1, unix.IPC_NOWAIT), k.do("semtimedop", id, 0, -1, 10))
		}},
	{ID: "E04", Mechanism: "sysvsem", Statement: "an operation of 0 waits until the value is 0",
		Expect: "sleeps, GETZCNT 1; woken 0", Source: "semop(2)", Needs: []Need{sysv}, About: "full",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			k.setval(id, 1)
			w := k.process("waiter").begin("semop", id, 0, 0, 0)
			state, waiting := w.asleep(), k.do("semcount", id, 0, sys.SemGetZcnt)
			need(k.do("semop", id, 0, -1, 0))
			return say("%s, GETZCNT %v; woken %v", state, waiting, w.answer())
		}},
	{ID: "E05", Mechanism: "sysvsem", Statement: "several operations are done together or not at all",
		Expect: "EAGAIN, values 0, 0", Source: "semop(2), atomically", Needs: []Need{sysv}, About: "boundaries",
		Observe: func(k *kernel) string {
			id := k.sem(2)
			a := k.do("semop2", id, 0, 1, unix.IPC_NOWAIT, 1, -1, unix.IPC_NOWAIT)
			return say("%v, values %v, %v", a, k.getval(id), k.do("semval", id, 1))
		}},
	{ID: "E06", Mechanism: "sysvsem", Statement: "what a killed process had taken comes back with SEM_UNDO, and never without",
		Expect: "with 1, without 0: a survivor sleeps", Source: "semop(2), SEM_UNDO", Needs: []Need{sysv}, About: "peer-gone left-behind",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			after := func(flag int) answer {
				k.setval(id, 1)
				holder := k.process("holder")
				need(holder.do("semop", id, 0, -1, flag))
				holder.kill()
				return k.getval(id)
			}
			with, without := after(semUndo), after(0)
			return say("with %v, without %v: a survivor %s", with, without, k.process("survivor").begin("semop", id, 0, -1, 0).asleep())
		}},
	{ID: "E07", Mechanism: "sysvsem", Statement: "a child of fork undoes nothing of its parent's, and SETVAL clears what would be undone",
		Expect: "after the child's exit 0; after SETVAL and SIGKILL 3", Source: "semop(2), NOTES; semctl(2), SETVAL", Needs: []Need{sysv}, About: "fork-exec left-behind",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			k.setval(id, 1)
			need(k.do("semop", id, 0, -1, semUndo))
			p := k.pipe(unix.O_CLOEXEC)
			child := need(k.do("forkuntil", p.r, p.w)).N
			k.close(p.w)
			need(k.do("waitpid", child))
			forked, holder := k.getval(id), k.process("holder")
			k.setval(id, 1)
			need(holder.do("semop", id, 0, -1, semUndo))
			k.setval(id, 3)
			holder.kill()
			return say("after the child's exit %v; after SETVAL and SIGKILL %v", forked, k.getval(id))
		}},
	{ID: "E08", Mechanism: "sysvsem", Statement: "a semaphore counts to 32767, SEMVMX",
		Expect: "32767: 0; 32768: ERANGE; one more: ERANGE", Source: "semctl(2), ERANGE; semop(2), ERANGE", Needs: []Need{sysv}, About: "limits too-big",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			most, more := k.do("semctl", id, 0, sys.SemSetVal, 32767), k.do("semctl", id, 0, sys.SemSetVal, 32768)
			return say("32767: %v; 32768: %v; one more: %v", most, more, k.do("semop", id, 0, 1, 0))
		}},
	{ID: "E09", Mechanism: "sysvsem", Statement: "semop refuses more operations than SEMOPM, a semaphore that is not there, and no operation",
		Expect: "E2BIG, EFBIG, EINVAL", Source: "semop(2), ERRORS", Needs: []Need{sysv}, About: "limits invalid",
		Observe: func(k *kernel) string {
			text := need(k.do("sysctlget", "kernel/sem")).text()
			var semmsl, semmns, semopm int
			if _, err := fmt.Sscan(text, &semmsl, &semmns, &semopm); err != nil {
				panic(broken("/proc/sys/kernel/sem: " + text))
			}
			id := k.sem(1)
			return say("%v, %v, %v", k.do("semopmany", id, semopm+1), k.do("semop", id, 1, 1, 0), k.do("semopmany", id, 0))
		}},
	{ID: "E13", Mechanism: "sysvsem", Statement: "it is not fair: a process that takes one overtakes a process that sleeps for two",
		Expect: "sleeps; one: 0", Source: "semop(2); ipc/sem.c", Needs: []Need{sysv}, About: "boundaries",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			k.setval(id, 1)
			state := k.process("wants two").begin("semop", id, 0, -2, 0).asleep()
			return say("%s; one: %v", state, k.do("semop", id, 0, -1, unix.IPC_NOWAIT))
		}},
	{ID: "E14", Mechanism: "sysvsem", Statement: "a semaphore of value 1 keeps processes apart: no increment between two of its operations is lost",
		Expect: "2000 of 2000", Source: "semop(2)", Needs: []Need{sysv}, About: "shared-memory",
		Observe: func(k *kernel) string {
			id, mem := k.sem(1), k.shm(100)
			k.setval(id, 1)
			a, b := k.process("a"), k.process("b")
			w := a.begin("increments", id, need(a.do("shmat", mem, 0)).N, 1000)
			need(b.do("increments", id, need(b.do("shmat", mem, 0)).N, 1000))
			need(w.answer())
			return say("%v of 2000", k.do("word", need(k.do("shmat", mem, 0)).N, 0))
		}},
	{ID: "E15", Mechanism: "sysvsem", Statement: "mode 0600 keeps other users out, and only the owner may remove",
		Expect: "semop EACCES, IPC_RMID EPERM", Source: "semop(2), EACCES; semctl(2), EPERM", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			return say("semop %v, IPC_RMID %v", other.do("semop", id, 0, 1, 0), other.do("semrm", id))
		}},
	{ID: "E16", Mechanism: "sysvsem", Statement: "a semaphore is no lock: it has no owner, and a process that has not taken it can give it",
		Expect: "another gives: 0, value 2", Source: "semop(2)", Needs: []Need{sysv}, About: "access",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			k.setval(id, 1)
			gave := k.process("another").do("semop", id, 0, 1, 0)
			return say("another gives: %v, value %v", gave, k.getval(id))
		}},
}
