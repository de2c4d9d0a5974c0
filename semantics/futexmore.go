package semantics

// futexSetOp is what FUTEX_WAKE_OP does with its second word: an operation with an
// operand, and a comparison, by equality, with the word's old value.
func futexSetOp(op, operand, old int) int { return op<<28 | operand<<12 | old }

const futexRealtime = 256

// Times, addresses and operations of futex(2), and its newer call.
var futexMoreChecks = []Check{
	{ID: "X18", Mechanism: "futex", Statement: "FUTEX_WAIT with a time of 0 ends at once, and refuses a time that is none, or at no address",
		Expect: "0: ETIMEDOUT; 10^9 ns EINVAL, -1 s EINVAL, address EFAULT", Source: "futex(2), ERRORS", About: "timeout invalid",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			wait := func(seconds, ns int) answer { return k.do("futexns", at, futexWait, 0, seconds, ns) }
			return say("0: %v; 10^9 ns %v, -1 s %v, address %v", wait(0, 0), wait(0, 1_000_000_000), wait(-1, 0), k.do("bare futex", need(k.do("address", at)).N, futexWait, 0, 1, 0, 0))
		}},
	{ID: "X19", Mechanism: "futex", Statement: "the time of FUTEX_WAIT_BITSET is a point of CLOCK_MONOTONIC, or with FUTEX_CLOCK_REALTIME of that clock: one in the past ends at once",
		Expect: "monotonic ETIMEDOUT, real time ETIMEDOUT; negative EINVAL", Source: "futex(2), FUTEX_WAIT_BITSET", Since: "2.6.28", About: "timeout",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			wait := func(op, seconds int) answer { return k.do("futexns", at, op, 0, seconds, 0) }
			return say("monotonic %v, real time %v; negative %v", wait(futexWaitBitset, 1), wait(futexWaitBitset|futexRealtime, 1), wait(futexWaitBitset, -1))
		}},
	{ID: "X20", Mechanism: "futex", Statement: "FUTEX_WAKE_OP can set, add, or, and-not and xor the second word, and wakes on it only where the old value compares",
		Expect: "set 5: 5, add 3: 9, or 1: 7, and-not 2: 4, xor 3: 5; compares 1, does not 0", Source: "futex(2), FUTEX_WAKE_OP", Since: "2.6.14", About: "shared-memory",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			do := func(op, operand, old int) answer {
				need(k.do("setword", at, 1, 6))
				a := k.futex(at, 0, futexWakeOp, 1, 1, 1, futexSetOp(op, operand, old))
				if a.Errno != 0 {
					return a
				}
				return k.do("word", at, 1)
			}
			all := say("set 5: %v, add 3: %v, or 1: %v, and-not 2: %v, xor 3: %v", do(0, 5, 0), do(1, 3, 0), do(2, 1, 0), do(3, 2, 0), do(4, 3, 0))
			need(k.do("setword", at, 1, 6))
			w := k.begin("futexall", at, 1, futexWait, 6, 0, 0, 0)
			w.asleep()
			none := k.futex(at, 0, futexWakeOp, 1, 1, 1, futexSetOp(0, 6, 9))
			one := k.futex(at, 0, futexWakeOp, 1, 1, 1, futexSetOp(0, 6, 6))
			need(w.answer())
			return say("%s; compares %v, does not %v", all, one, none)
		}},
	{ID: "X21", Mechanism: "futex", Statement: "FUTEX_WAKE of what is not mapped, can't be read, or lies beyond its file fails, and with FUTEX_PRIVATE_FLAG wakes none",
		Expect: "not mapped EFAULT, PROT_NONE EFAULT, beyond EFAULT; private 0", Source: "futex(2), EFAULT; kernel/futex/core.c, get_futex_key", Since: "2.6.22", About: "invalid",
		Observe: func(k *kernel) string {
			at := need(k.do("mmap", need(k.do("memfd", k.host.page)).N, 2*k.host.page)).N
			return say("not mapped %v, PROT_NONE %v, beyond %v; private %v", k.do("futexbad", futexWake, 1), k.do("futexhole", futexWake, 1), k.do("futexat", at, k.host.page, futexWake, 1), k.do("futexhole", futexWake|futexPrivate, 1))
		}},
	{ID: "X22", Mechanism: "futex", Statement: "FUTEX_CMP_REQUEUE refuses negative numbers, and words that are not mapped",
		Expect: "wake EINVAL, move EINVAL; from EFAULT, to EFAULT", Source: "futex(2), EINVAL; commit fbe0e839d1e2", Since: "4.15", About: "invalid",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			address := need(k.do("address", at)).N
			return say("wake %v, move %v; from %v, to %v", k.futex(at, 0, futexCmpRequeue, -1, 1, 1, 0), k.futex(at, 0, futexCmpRequeue, 1, -1, 1, 0),
				k.do("bare futex", 4096, futexCmpRequeue, 1, 1, address, 0), k.do("bare futex", address, futexCmpRequeue, 1, 1, 4096, 0))
		}},
	{ID: "X23", Mechanism: "futex", Statement: "FUTEX_UNLOCK_PI hands a lock with a waiter over: the waiter wakes, and its number is in the word",
		Expect: "sleeps, FUTEX_WAITERS set; unlock 0; woken 0, the waiter's", Source: "futex(2), FUTEX_UNLOCK_PI", Since: "2.6.18", Needs: []Need{futexPI}, About: "full",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			need(k.futex(at, 0, futexLockPI, 0, 0, 0, 0))
			w := k.begin("futexall", at, 0, futexLockPI, 0, 0, 0, 0)
			state, bit := w.asleep(), "FUTEX_WAITERS set"
			if word := need(k.do("word", at, 0)); word.N>>31&1 == 0 {
				bit = word.String()
			}
			unlock, woken, owner := k.futex(at, 0, futexUnlockPI, 0, 0, 0, 0), w.answer(), "the waiter's"
			if word := need(k.do("word", at, 0)); word.N&(1<<29-1) != w.tid {
				owner = word.String()
			}
			return say("%s, %s; unlock %v; woken %v, %s", state, bit, unlock, woken, owner)
		}},
	{ID: "X24", Mechanism: "futex", Statement: "set_robust_list refuses another size, and get_robust_list reports that of a process that is there",
		Expect: "EINVAL; the size, none ESRCH", Source: "get_robust_list(2)", Since: "2.6.17", About: "invalid",
		Observe: func(k *kernel) string {
			size, word := k.do("robustsize", 0), "the size"
			if want := robustSize; size.N != want {
				word = size.String()
			}
			return say("%v; %s, none %v", k.do("bare set_robust_list", 0, 1), word, k.do("robustsize", noProcess))
		}},
	{ID: "X25", Mechanism: "futex", Statement: "futex_waitv sleeps on several words, and returns the index of the one that woke it",
		Expect: "sleeps, 1; other value EAGAIN; time ETIMEDOUT", Source: "futex_waitv(2); Documentation/userspace-api/futex2.rst", Since: "5.16", About: "ready timeout",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			w := k.begin("futex_waitv", at, 0, 0, 60000)
			state := w.asleep()
			need(k.futex(at, 1, futexWake, 1, 0, 0, 0))
			return say("%s, %v; other value %v; time %v", state, w.answer(), k.do("futex_waitv", at, 0, 9, 60000), k.do("futex_waitv", at, 0, 0, 2))
		}},
	{ID: "X26", Mechanism: "futex", Statement: "futex_waitv refuses flags, no words, more than 128, and an address that is not there",
		Expect: "flags EINVAL, none EINVAL, 129 EINVAL, address EFAULT", Source: "futex_waitv(2); Documentation/userspace-api/futex2.rst", Since: "5.16", About: "invalid limits",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			address := need(k.do("address", at)).N
			return say("flags %v, none %v, 129 %v, address %v", k.do("bare futex_waitv", address, 1, 1, 0, 0), k.do("bare futex_waitv", address, 0, 0, 0, 0), k.do("bare futex_waitv", address, 129, 0, 0, 0), k.do("bare futex_waitv", 4096, 1, 0, 0, 0))
		}},
}
