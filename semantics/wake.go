package semantics

import "golang.org/x/sys/unix"

// eventfd makes a counter that does not wait.
func (k *kernel) eventfd(n, flags int) int {
	return need(k.do("eventfd", n, flags|unix.EFD_NONBLOCK)).N
}

// add adds to an eventfd. most and above are 2^64-2 and 2^64-1.
func (p *proc) add(fd, n int) answer { return p.do("eventwrite", fd, n) }

const (
	most  = -2
	above = -1
)

var wakeChecks = []Check{
	{ID: "V01", Mechanism: "wake", Statement: "a read of an eventfd returns the sum of its initial value and of what was written, and clears it",
		Expect: "5 and 2 and 3: 10, then EAGAIN", Source: "eventfd(2)", Since: "2.6.22", About: "boundaries",
		Observe: func(k *kernel) string {
			fd := k.eventfd(5, 0)
			need(k.add(fd, 2))
			need(k.add(fd, 3))
			return say("5 and 2 and 3: %v, then %v", k.do("eventread", fd), k.do("eventread", fd))
		}},
	{ID: "V02", Mechanism: "wake", Statement: "with EFD_SEMAPHORE each read takes one",
		Expect: "1, 1, then EAGAIN", Source: "eventfd(2), EFD_SEMAPHORE", Since: "2.6.30", About: "boundaries",
		Observe: func(k *kernel) string {
			fd := k.eventfd(2, unix.EFD_SEMAPHORE)
			return say("%v, %v, then %v", k.do("eventread", fd), k.do("eventread", fd), k.do("eventread", fd))
		}},
	{ID: "V03", Mechanism: "wake", Statement: "an eventfd holds up to 2^64-2; it is then readable alone, and one more does not fit",
		Expect: "8, POLLIN, EAGAIN; 2^64-1: EINVAL", Source: "eventfd(2)", Since: "2.6.22", About: "full ready limits",
		Observe: func(k *kernel) string {
			fd := k.eventfd(0, 0)
			n, ready := k.add(fd, most), k.ready(fd, inOut)
			return say("%v, %s, %v; 2^64-1: %v", n, ready, k.add(fd, 1), k.add(fd, above))
		}},
	{ID: "V05", Mechanism: "wake", Statement: "a write to an eventfd is of 8 bytes",
		Expect: "4: EINVAL, 16: EINVAL", Before: []Older{{"6.9", "4: EINVAL, 16: 8"}}, Source: "eventfd(2), EINVAL; fs/eventfd.c", Since: "2.6.22", About: "too-big invalid",
		Observe: func(k *kernel) string {
			fd := k.eventfd(0, 0)
			return say("4: %v, 16: %v", k.write(fd, make([]byte, 4)), k.write(fd, make([]byte, 16)))
		}},
	{ID: "V06", Mechanism: "wake", Statement: "a read of an eventfd needs room for 8 bytes, and takes no more",
		Expect: "4: EINVAL, 16: 8", Source: "eventfd(2), EINVAL", Since: "2.6.22", About: "too-big",
		Observe: func(k *kernel) string {
			fd := k.eventfd(1, 0)
			return say("4: %v, 16: %v", k.read(fd, 4), k.read(fd, 16).with(8))
		}},
	{ID: "V07", Mechanism: "wake", Statement: "a read of an eventfd of 0 sleeps, and a write wakes it",
		Expect: "sleeps, then 3", Source: "eventfd(2)", Since: "2.6.22", About: "empty",
		Observe: func(k *kernel) string {
			fd := need(k.do("eventfd", 0, 0)).N
			w := k.begin("eventread", fd)
			state := w.asleep()
			need(k.add(fd, 3))
			return say("%s, then %v", state, w.answer())
		}},
	{ID: "V08", Mechanism: "wake", Statement: "a write that would go beyond 2^64-2 sleeps, and a read wakes it",
		Expect: "sleeps, then 8; left 5", Source: "eventfd(2)", Since: "2.6.22", About: "full",
		Observe: func(k *kernel) string {
			fd := need(k.do("eventfd", 0, 0)).N
			need(k.add(fd, most))
			w := k.begin("eventwrite", fd, 5)
			state := w.asleep()
			need(k.read(fd, 8))
			return say("%s, then %v; left %v", state, w.answer(), k.do("eventread", fd))
		}},
	{ID: "V09", Mechanism: "wake", Statement: "an eventfd is readable unless it is 0",
		Expect: "0 POLLOUT, 1 POLLIN|POLLOUT, read POLLOUT", Source: "eventfd(2)", Since: "2.6.22", About: "ready",
		Observe: func(k *kernel) string {
			fd := k.eventfd(0, 0)
			zero := k.ready(fd, inOut)
			need(k.add(fd, 1))
			one := k.ready(fd, inOut)
			need(k.do("eventread", fd))
			return say("0 %s, 1 %s, read %s", zero, one, k.ready(fd, inOut))
		}},
	{ID: "V10", Mechanism: "wake", Statement: "a write of 0 to an eventfd wakes no reader",
		Expect: "8, then EAGAIN", Source: "eventfd(2)", Since: "2.6.22", About: "empty",
		Observe: func(k *kernel) string {
			fd := k.eventfd(0, 0)
			return say("%v, then %v", k.add(fd, 0), k.do("eventread", fd))
		}},
	{ID: "V11", Mechanism: "wake", Statement: "processes that inherit an eventfd share its counter",
		Expect: "8, then 7", Source: "eventfd(2)", Since: "2.6.22", About: "fork-exec",
		Observe: func(k *kernel) string {
			fd := k.eventfd(3, 0)
			return say("%v, then %v", k.process("child").add(fd, 4), k.do("eventread", fd))
		}},
	{ID: "V12", Mechanism: "wake", Statement: "eventfd refuses unknown flags",
		Expect: "EINVAL", Source: "eventfd(2), EINVAL", Since: "2.6.27", About: "invalid",
		Observe: func(k *kernel) string { return k.do("eventfd", 0, 2).String() }},
	{ID: "V13", Mechanism: "wake", Statement: "a signal ends a read of an eventfd that sleeps, unless its handler was set with SA_RESTART",
		Expect: "without: EINTR; with: sleeps on", Source: "signal(7); eventfd(2)", Since: "2.6.22", About: "interrupted",
		Observe: func(k *kernel) string {
			fd := need(k.do("eventfd", 0, 0)).N
			without, with := k.process("reader").interrupt("eventread", fd)
			return say("without: %v; with: %s on", without, with.asleep())
		}},
	{ID: "V14", Mechanism: "wake", Statement: "EPOLLET: each write to an eventfd is an event, though it was readable before",
		Expect: "1, 0, 1", Source: "epoll(7); eventfd(2)", Since: "2.6.22", About: "ready",
		Observe: func(k *kernel) string {
			fd, e := k.eventfd(1, 0), need(k.do("epoll_create")).N
			need(k.do("epoll_add", e, fd, unix.EPOLLIN|edgeTriggered))
			first, none := k.do("epoll_wait", e, 0), k.do("epoll_wait", e, 0)
			need(k.add(fd, 1))
			return say("%v, %v, %v", first, none, k.do("epoll_wait", e, 0))
		}},
}
