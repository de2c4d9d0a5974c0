package semantics

import "golang.org/x/sys/unix"

var wakeChecks = []Check{
	{ID: "V01", Mechanism: "wake", Statement: "a read of an eventfd returns the sum of what was written, and clears it",
		Expect: "5, then EAGAIN", Source: "eventfd(2)", Since: "2.6.22",
		Observe: func(k *kernel) string {
			fd := need(k.do("eventfd", 5, unix.EFD_NONBLOCK)).N
			return say("%v, then %v", k.do("eventread", fd), k.do("eventread", fd))
		}},
	{ID: "V02", Mechanism: "wake", Statement: "with EFD_SEMAPHORE each read takes one",
		Expect: "1, 1, then EAGAIN", Source: "eventfd(2), EFD_SEMAPHORE", Since: "2.6.30",
		Observe: func(k *kernel) string {
			fd := need(k.do("eventfd", 2, unix.EFD_SEMAPHORE|unix.EFD_NONBLOCK)).N
			return say("%v, %v, then %v", k.do("eventread", fd), k.do("eventread", fd), k.do("eventread", fd))
		}},
	{ID: "V04", Mechanism: "wake", Statement: "FUTEX_PRIVATE_FLAG does not wake another process, even one that sleeps on the same page",
		Expect: "sleeps; private wakes 0, shared wakes 1", Source: "futex(2), FUTEX_PRIVATE_FLAG",
		Observe: func(k *kernel) string {
			fd := need(k.do("memfd", k.host.page)).N
			sleeper := k.process("sleeper")
			at := need(k.do("mmap", fd, k.host.page)).N
			w := sleeper.begin("futex", need(sleeper.do("mmap", fd, k.host.page)).N, futexWait, 0)
			state := w.asleep()
			private := k.do("futex", at, futexWake|futexPrivate, 1)
			return say("%s; private wakes %v, shared wakes %v", state, private, k.do("futex", at, futexWake, 1))
		}},
}
