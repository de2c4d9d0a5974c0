package semantics

// words makes a page that is shared with peers, and returns its attachment, and its
// file.
func (k *kernel) words() (at, fd int) {
	fd = need(k.do("memfd", k.host.page)).N
	return need(k.do("mmap", fd, k.host.page)).N, fd
}

// futex operates on a word of an attachment, see futexall.
func (p *proc) futex(at, word, op, value, limit, second, third int) answer {
	return p.do("futexall", at, word, op, value, limit, second, third)
}

// waits begins to wait on a word that is 0.
func (p *proc) waits(at, word int) *pending {
	return p.begin("futexall", at, word, futexWait, 0, 0, 0, 0)
}

var futexChecks = []Check{
	{ID: "V04", Mechanism: "futex", Statement: "FUTEX_PRIVATE_FLAG does not wake another process, even one that sleeps on the same page",
		Expect: "sleeps; private wakes 0, shared wakes 1", Source: "futex(2), FUTEX_PRIVATE_FLAG", About: "fork-exec shared-memory access",
		Observe: func(k *kernel) string {
			at, fd := k.words()
			sleeper := k.process("sleeper")
			w := sleeper.begin("futex", need(sleeper.do("mmap", fd, k.host.page)).N, futexWait, 0)
			state := w.asleep()
			private := k.do("futex", at, futexWake|futexPrivate, 1)
			return say("%s; private wakes %v, shared wakes %v", state, private, k.do("futex", at, futexWake, 1))
		}},
	{ID: "X01", Mechanism: "futex", Statement: "FUTEX_WAIT does not sleep where the word has another value",
		Expect: "EAGAIN", Source: "futex(2), FUTEX_WAIT and EAGAIN", About: "empty",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			return k.futex(at, 0, futexWait, 1, 0, 0, 0).String()
		}},
	{ID: "X02", Mechanism: "futex", Statement: "FUTEX_WAIT ends after its time",
		Expect: "ETIMEDOUT", Source: "futex(2), ETIMEDOUT", About: "timeout",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			return k.futex(at, 0, futexWait, 0, 5, 0, 0).String()
		}},
	{ID: "X03", Mechanism: "futex", Statement: "a signal ends FUTEX_WAIT, unless its handler was set with SA_RESTART",
		Expect: "without: EINTR; with: sleeps on", Source: "futex(2), EINTR; signal(7), Interruption of system calls", Since: "2.6.22", About: "interrupted",
		Observe: func(k *kernel) string {
			_, fd := k.words()
			waiter := k.process("waiter")
			at := need(waiter.do("mmap", fd, k.host.page)).N
			without, with := waiter.interrupt("futexall", at, 0, futexWait, 0, 0, 0, 0)
			return say("without: %v; with: %s on", without, with.asleep())
		}},
	{ID: "X04", Mechanism: "futex", Statement: "a word lies at a multiple of four, and in memory; the operation is a known one",
		Expect: "EINVAL, EFAULT, ENOSYS", Source: "futex(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			return say("%v, %v, %v", k.do("futexat", at, 2, futexWait, 0), k.do("futexbad", futexWait, 0), k.do("futexat", at, 0, 99, 0))
		}},
	{ID: "X05", Mechanism: "futex", Statement: "FUTEX_WAKE wakes as many as it is asked to, and returns how many slept",
		Expect: "none 0; of 3: 2, then 1; all 0", Source: "futex(2), FUTEX_WAKE", About: "empty",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			none := k.do("futex", at, futexWake, 9)
			var all []*pending
			for range 3 {
				w := k.waits(at, 0)
				w.asleep()
				all = append(all, w)
			}
			two, rest := k.do("futex", at, futexWake, 2), k.do("futex", at, futexWake, 9)
			end := all[0].answer()
			for _, w := range all[1:] {
				need(w.answer())
			}
			return say("none %v; of 3: %v, then %v; all %v", none, two, rest, end)
		}},
	{ID: "X06", Mechanism: "futex", Statement: "FUTEX_WAKE of 0 wakes one",
		Expect: "1", Source: "kernel/futex/waitwake.c, futex_wake", About: "invalid",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			w := k.waits(at, 0)
			w.asleep()
			n := k.do("futex", at, futexWake, 0)
			k.do("futex", at, futexWake, 1)
			need(w.answer())
			return n.String()
		}},
	{ID: "X07", Mechanism: "futex", Statement: "FUTEX_CMP_REQUEUE wakes some, moves others to another word, and returns the sum",
		Expect: "2; woken 0; on the other word 1", Source: "futex(2), FUTEX_CMP_REQUEUE", About: "empty",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			a, b := k.waits(at, 0), k.waits(at, 0)
			a.asleep()
			b.asleep()
			n, moved := k.futex(at, 0, futexCmpRequeue, 1, 1, 1, 0), k.do("futexat", at, 4, futexWake, 9)
			end := a.answer()
			need(b.answer())
			return say("%v; woken %v; on the other word %v", n, end, moved)
		}},
	{ID: "X08", Mechanism: "futex", Statement: "FUTEX_CMP_REQUEUE does nothing where the word has another value",
		Expect: "EAGAIN", Source: "futex(2), FUTEX_CMP_REQUEUE", About: "invalid",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			return k.futex(at, 0, futexCmpRequeue, 1, 1, 1, 7).String()
		}},
	{ID: "X09", Mechanism: "futex", Statement: "FUTEX_WAKE_BITSET wakes those whose bits meet its own, and no bits are refused",
		Expect: "bit 2: 1, bit 1: 1; wait EINVAL, wake EINVAL", Source: "futex(2), FUTEX_WAIT_BITSET", Since: "2.6.25", About: "boundaries",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			wait := func(bits int) *pending {
				w := k.begin("futexall", at, 0, futexWaitBitset, 0, 0, 0, bits)
				w.asleep()
				return w
			}
			const wakeBitset = 10
			one, two := wait(1), wait(2)
			second := k.futex(at, 0, wakeBitset, 9, 0, 0, 2)
			need(two.answer())
			first := k.futex(at, 0, wakeBitset, 9, 0, 0, 1)
			need(one.answer())
			return say("bit 2: %v, bit 1: %v; wait %v, wake %v", second, first, k.futex(at, 0, futexWaitBitset, 0, 0, 0, 0), k.futex(at, 0, wakeBitset, 1, 0, 0, 0))
		}},
	{ID: "X10", Mechanism: "futex", Statement: "a word is the page's, not the address's: two mappings of one file are the same futex",
		Expect: "sleeps; another mapping wakes 1", Source: "futex(2); futex(7)", About: "shared-memory",
		Observe: func(k *kernel) string {
			at, fd := k.words()
			again := need(k.do("mmap", fd, k.host.page)).N
			w := k.waits(at, 0)
			state, n := w.asleep(), k.do("futex", again, futexWake, 1)
			need(w.answer())
			return say("%s; another mapping wakes %v", state, n)
		}},
	{ID: "X11", Mechanism: "futex", Statement: "FUTEX_PRIVATE_FLAG wakes threads of the same process",
		Expect: "sleeps; 1", Source: "futex(2), FUTEX_PRIVATE_FLAG", Since: "2.6.22", About: "fork-exec",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			w := k.begin("futex", at, futexWait|futexPrivate, 0)
			state, n := w.asleep(), k.do("futex", at, futexWake|futexPrivate, 1)
			need(w.answer())
			return say("%s; %v", state, n)
		}},
	{ID: "X12", Mechanism: "futex", Statement: "FUTEX_WAKE_OP stores to a second word, and wakes on it where its old value compares as asked",
		Expect: "2, word 1", Source: "futex(2), FUTEX_WAKE_OP", Since: "2.6.14", About: "shared-memory",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			a, b := k.waits(at, 0), k.waits(at, 1)
			a.asleep()
			b.asleep()
			const setOneIfZero = 0<<28 | 0<<24 | 1<<12 // FUTEX_OP_SET 1, FUTEX_OP_CMP_EQ 0
			n := k.futex(at, 0, futexWakeOp, 1, 1, 1, setOneIfZero)
			need(a.answer())
			need(b.answer())
			return say("%v, word %v", n, k.do("word", at, 1))
		}},
	{ID: "X13", Mechanism: "futex", Statement: "SIGKILL of the owner of a robust futex sets FUTEX_OWNER_DIED in its word, and wakes a waiter",
		Expect: "sleeps; SIGKILL; woken 0, FUTEX_OWNER_DIED", Source: "get_robust_list(2); futex(2), FUTEX_OWNER_DIED", Since: "2.6.17", About: "peer-gone left-behind",
		Observe: func(k *kernel) string {
			at, fd := k.words()
			owner := k.process("owner")
			need(owner.do("robust", need(owner.do("mmap", fd, k.host.page)).N, 0))
			need(k.do("setword", at, 0, owner.pid|futexWaiters))
			w := k.begin("futexall", at, 0, futexWait, owner.pid|futexWaiters, 0, 0, 0)
			state, end := w.asleep(), owner.kill()
			woken, word := w.answer(), k.do("word", at, 0)
			if word.Errno == 0 && word.N&futexOwnerDied != 0 && word.N&(futexOwnerDied-1) == 0 {
				return say("%s; %s; woken %v, FUTEX_OWNER_DIED", state, end, woken)
			}
			return say("%s; %s; woken %v, %v", state, end, woken, word)
		}},
	{ID: "X14", Mechanism: "futex", Statement: "without a robust list nothing happens to a word when its owner is killed: a waiter sleeps on",
		Expect: "SIGKILL; sleeps", Source: "futex(2); get_robust_list(2)", About: "peer-gone left-behind",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			owner := k.process("owner")
			need(k.do("setword", at, 0, owner.pid))
			w := k.begin("futexall", at, 0, futexWait, owner.pid, 0, 0, 0)
			end, state := owner.kill(), w.asleep()
			need(k.do("futex", at, futexWake, 1))
			need(w.answer())
			return say("%s; %s", end, state)
		}},
	{ID: "X15", Mechanism: "futex", Statement: "FUTEX_LOCK_PI puts the thread's number into the word; to lock again is a deadlock",
		Expect: "0, the thread's; again EDEADLK; unlock 0, word 0", Source: "futex(2), FUTEX_LOCK_PI and EDEADLK", Since: "2.6.18", Needs: []Need{futexPI}, About: "invalid",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			lock := k.futex(at, 0, futexLockPI, 0, 0, 0, 0)
			owner, me := k.do("word", at, 0), need(k.do("gettid"))
			whose := "the thread's"
			if owner.N != me.N {
				whose = owner.String()
			}
			again := k.futex(at, 0, futexLockPI, 0, 0, 0, 0)
			return say("%v, %s; again %v; unlock %v, word %v", lock, whose, again, k.futex(at, 0, futexUnlockPI, 0, 0, 0, 0), k.do("word", at, 0))
		}},
	{ID: "X16", Mechanism: "futex", Statement: "another thread can't take or give a PI futex that is locked, and waits for its end with a time limit",
		Expect: "try EAGAIN, unlock EPERM, lock ETIMEDOUT", Source: "futex(2), FUTEX_TRYLOCK_PI, EPERM and ETIMEDOUT", Since: "2.6.18", Needs: []Need{futexPI}, About: "timeout access",
		Observe: func(k *kernel) string {
			at, fd := k.words()
			other := k.process("other")
			theirs := need(other.do("mmap", fd, k.host.page)).N
			need(k.futex(at, 0, futexLockPI, 0, 0, 0, 0))
			const past = 1 // an absolute time: ms since 1970
			return say("try %v, unlock %v, lock %v", other.futex(theirs, 0, futexTrylockPI, 0, 0, 0, 0), other.futex(theirs, 0, futexUnlockPI, 0, 0, 0, 0),
				other.futex(theirs, 0, futexLockPI, 0, past, 0, 0))
		}},
	{ID: "X17", Mechanism: "futex", Statement: "FUTEX_LOCK_PI of a word whose thread is not there fails with ESRCH",
		Expect: "ESRCH", Source: "futex(2), ESRCH", Since: "2.6.18", Needs: []Need{futexPI}, About: "peer-gone",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			need(k.do("setword", at, 0, noProcess))
			return k.futex(at, 0, futexLockPI, 0, 0, 0, 0).String()
		}},
}
