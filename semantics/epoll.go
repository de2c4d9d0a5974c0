package semantics

import "golang.org/x/sys/unix"

// Epoll as it concerns IPC, and poll's odd ends.
var epollChecks = []Check{
	{ID: "L13", Mechanism: "poll", Statement: "EPOLLONESHOT reports once, until EPOLL_CTL_MOD",
		Expect: "1, 0; rearmed 1", Source: "epoll_ctl(2), EPOLLONESHOT", Since: "2.6.2", About: "ready",
		Observe: func(k *kernel) string {
			p, e := k.pipe(0), need(k.do("epoll_create")).N
			need(k.do("epoll_add", e, p.r, unix.EPOLLIN|unix.EPOLLONESHOT))
			need(k.write(p.w, "x"))
			first, none := k.do("epoll_wait", e, 0), k.do("epoll_wait", e, 0)
			need(k.do("epoll_mod", e, p.r, unix.EPOLLIN|unix.EPOLLONESHOT))
			return say("%v, %v; rearmed %v", first, none, k.do("epoll_wait", e, 0))
		}},
	{ID: "L14", Mechanism: "poll", Statement: "epoll reports a descriptor that was closed as long as a copy of it is open, and it can't be removed by its number then",
		Expect: "1; remove EBADF; copy closed 0", Source: "epoll(7), Questions and answers", About: "ready descriptor",
		Observe: func(k *kernel) string {
			p, e := k.pipe(0), need(k.do("epoll_create")).N
			second := need(k.do("dup", p.r)).N
			need(k.do("epoll_add", e, p.r, unix.EPOLLIN))
			need(k.write(p.w, "x"))
			k.close(p.r)
			n, remove := k.do("epoll_wait", e, 0), k.do("epoll_del", e, p.r)
			k.close(second)
			return say("%v; remove %v; copy closed %v", n, remove, k.do("epoll_wait", e, 0))
		}},
	{ID: "L15", Mechanism: "poll", Statement: "epoll_ctl refuses to add twice, to remove what is not there, itself, and a memory file",
		Expect: "EEXIST, ENOENT, EINVAL, EPERM", Source: "epoll_ctl(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			p, e := k.pipe(0), need(k.do("epoll_create")).N
			need(k.do("epoll_add", e, p.r, unix.EPOLLIN))
			return say("%v, %v, %v, %v", k.do("epoll_add", e, p.r, unix.EPOLLIN), k.do("epoll_del", e, p.w), k.do("epoll_add", e, e, unix.EPOLLIN),
				k.do("epoll_add", e, need(k.do("memfd", 0)).N, unix.EPOLLIN))
		}},
	{ID: "L16", Mechanism: "poll", Statement: "EPOLLET gives no event after a read that leaves something: read until EAGAIN",
		Expect: "1, half read, 0", Source: "epoll(7), EPOLLET", About: "ready",
		Observe: func(k *kernel) string {
			p, e := k.pipe(0), need(k.do("epoll_create")).N
			need(k.do("epoll_add", e, p.r, unix.EPOLLIN|edgeTriggered))
			need(k.write(p.w, "abcd"))
			n := k.do("epoll_wait", e, 0)
			need(k.read(p.r, 2))
			return say("%v, half read, %v", n, k.do("epoll_wait", e, 0))
		}},
	{ID: "L17", Mechanism: "poll", Statement: "without EPOLLET epoll reports as long as something is there",
		Expect: "1, 1, read 0", Source: "epoll(7), level-triggered", About: "ready",
		Observe: func(k *kernel) string {
			p, e := k.pipe(0), need(k.do("epoll_create")).N
			need(k.do("epoll_add", e, p.r, unix.EPOLLIN))
			need(k.write(p.w, "x"))
			a, b := k.do("epoll_wait", e, 0), k.do("epoll_wait", e, 0)
			need(k.read(p.r, 1))
			return say("%v, %v, read %v", a, b, k.do("epoll_wait", e, 0))
		}},
	{ID: "L18", Mechanism: "poll", Statement: "an epoll set is readable, for poll and in another set, when one of its own is ready",
		Expect: "0, 0; POLLIN, 1", Source: "epoll(7), Questions and answers", About: "ready",
		Observe: func(k *kernel) string {
			p, inner, outer := k.pipe(0), need(k.do("epoll_create")).N, need(k.do("epoll_create")).N
			need(k.do("epoll_add", inner, p.r, unix.EPOLLIN))
			need(k.do("epoll_add", outer, inner, unix.EPOLLIN))
			none := say("%s, %v", k.ready(inner, inOut), k.do("epoll_wait", outer, 0))
			need(k.write(p.w, "x"))
			return say("%s; %s, %v", none, k.ready(inner, inOut), k.do("epoll_wait", outer, 0))
		}},
	{ID: "L19", Mechanism: "poll", Statement: "epoll sets can't watch each other in a circle",
		Expect: "0, ELOOP", Source: "epoll_ctl(2), ELOOP", About: "invalid",
		Observe: func(k *kernel) string {
			a, b := need(k.do("epoll_create")).N, need(k.do("epoll_create")).N
			return say("%v, %v", k.do("epoll_add", a, b, unix.EPOLLIN), k.do("epoll_add", b, a, unix.EPOLLIN))
		}},
	{ID: "L20", Mechanism: "poll", Statement: "poll ignores a negative descriptor, and reports POLLNVAL for one that is not open",
		Expect: "0, 0x20", Source: "poll(2), POLLNVAL", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			k.close(p.r)
			return say("%s, %s", k.ready(-1, inOut), k.ready(p.r, inOut))
		}},
	{ID: "L21", Mechanism: "poll", Statement: "epoll reports EPOLLHUP and EPOLLERR unasked",
		Expect: "POLLHUP, POLLERR", Source: "epoll_ctl(2), EPOLLHUP and EPOLLERR", About: "peer-gone ready",
		Observe: func(k *kernel) string {
			watch := func(fd, other int) string {
				e := need(k.do("epoll_create")).N
				need(k.do("epoll_add", e, fd, 0))
				k.close(other)
				return k.do("epoll_events", e).text()
			}
			p, q := k.pipe(0), k.pipe(0)
			return say("%s, %s", watch(p.r, p.w), watch(q.w, q.r))
		}},
	{ID: "L22", Mechanism: "poll", Statement: "a descriptor that is ready, and is added to a set, wakes an epoll_wait that sleeps on the set",
		Expect: "sleeps, then 1", Source: "epoll_ctl(2); epoll_wait(2), NOTES", About: "ready",
		Observe: func(k *kernel) string {
			p, e := k.pipe(0), need(k.do("epoll_create")).N
			need(k.write(p.w, "x"))
			w := k.begin("epoll_wait", e, -1)
			state := w.asleep()
			need(k.do("epoll_add", e, p.r, unix.EPOLLIN))
			return say("%s, then %v", state, w.answer())
		}},
	{ID: "L23", Mechanism: "poll", Statement: "epoll_wait on a descriptor of another kind, and of no epoll set, fails",
		Expect: "pipe EINVAL, closed EBADF", Source: "epoll_wait(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			p, e := k.pipe(0), need(k.do("epoll_create")).N
			k.close(e)
			return say("pipe %v, closed %v", k.do("epoll_wait", p.r, 0), k.do("epoll_wait", e, 0))
		}},
	{ID: "L24", Mechanism: "poll", Statement: "an epoll set that a child inherits is the same set: what the child adds, the parent sees",
		Expect: "1", Source: "epoll(7); fork(2)", About: "fork-exec",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			s := k.sockets(unix.SOCK_STREAM)
			need(k.handOver(s.w, need(k.do("epoll_create")).N, 1, "x"))
			e := need(k.receive(s.r, 1, 1)).N // not close-on-exec
			child := k.process("child")
			need(child.do("epoll_add", e, p.r, unix.EPOLLIN))
			need(k.write(p.w, "x"))
			need(k.write(q.w, "x"))
			return k.do("epoll_wait", e, 0).String()
		}},
}
