package semantics

import (
	"time"

	"golang.org/x/sys/unix"
)

// epollSet is a new epoll set that watches a descriptor for these events.
func (k *kernel) epollSet(fd, events int) int {
	e := need(k.do("epoll_create")).N
	need(k.do("epoll_add", e, fd, events))
	return e
}

// exclusive is EPOLLEXCLUSIVE.
const exclusive = 1 << 28

// Times, masks, sets and sleepers of poll, select and epoll_wait.
var selectChecks = []Check{
	{ID: "L25", Mechanism: "poll", Statement: "poll, select and epoll_wait end after their time, and at once where that is 0",
		Expect: "at once 0, 0, 0; 5 ms 0, 0, 0", Source: "poll(2); select(2); epoll_wait(2)", About: "timeout ready",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			e := k.epollSet(p.r, unix.EPOLLIN)
			each := func(ms int) string {
				return say("%v, %v, %v", k.do("pollfor", p.r, unix.POLLIN, ms, 0), k.do("select", p.r+1, p.r, -1, ms, 0), k.do("epoll_wait", e, ms))
			}
			return say("at once %s; 5 ms %s", each(0), each(5))
		}},
	{ID: "L26", Mechanism: "poll", Statement: "a poll that sleeps on a pipe is woken by what is written, by room, and by the writer's close",
		Expect: "reader sleeps, POLLIN|POLLRDNORM; writer sleeps, POLLOUT|POLLWRNORM; closed sleeps, POLLHUP", Source: "poll(2)", About: "ready empty full peer-gone",
		Observe: func(k *kernel) string {
			p, full, q := k.pipe(0), k.pipe(unix.O_NONBLOCK), k.pipe(0)
			need(k.do("fill", full.w, k.host.page))
			wake := func(fd, events int, do func()) string {
				w := k.begin("pollfor", fd, events, -1, 0)
				state := w.asleep()
				do()
				return say("%s, %s", state, shownEvents(w.answer()))
			}
			return say("reader %s; writer %s; closed %s", wake(p.r, unix.POLLIN|readNormal, func() { need(k.write(p.w, "x")) }),
				wake(full.w, unix.POLLOUT|writeNormal, func() { need(k.read(full.r, k.host.page)) }), wake(q.r, unix.POLLIN, func() { k.close(q.w) }))
		}},
	{ID: "L27", Mechanism: "poll", Statement: "POLLRDNORM and POLLWRNORM mean POLLIN and POLLOUT: each is reported where it was asked for",
		Expect: "POLLRDNORM; POLLIN|POLLRDNORM; POLLWRNORM; POLLOUT|POLLWRNORM", Source: "poll(2), POLLRDNORM and POLLWRNORM", About: "ready",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.write(p.w, "x"))
			return say("%s; %s; %s; %s", k.ready(p.r, readNormal), k.ready(p.r, unix.POLLIN|readNormal),
				k.ready(p.w, writeNormal), k.ready(p.w, unix.POLLOUT|writeNormal))
		}},
	{ID: "L28", Mechanism: "poll", Statement: "poll overwrites revents, and leaves events alone; a memory file is always ready",
		Expect: "events POLLIN, revents 0; memory file POLLIN|POLLOUT", Source: "poll(2)", About: "ready",
		Observe: func(k *kernel) string {
			return say("%s; memory file %s", k.do("pollevents", k.pipe(0).r, unix.POLLIN).text(), k.ready(need(k.do("memfd", 0)).N, inOut))
		}},
	{ID: "L29", Mechanism: "poll", Statement: "poll refuses more entries than RLIMIT_NOFILE, and a bad address; without entries it needs none",
		Expect: "EINVAL, EFAULT, 0", Source: "poll(2), ERRORS", About: "invalid limits",
		Observe: func(k *kernel) string {
			now := need(k.do("mmap", need(k.do("memfd", k.host.page)).N, k.host.page)).N // a time of 0
			at := need(k.do("address", now)).N
			n := lowest(k)
			need(k.do("rlimit", unix.RLIMIT_NOFILE, n))
			return say("%v, %v, %v", k.do("bare ppoll", 0, n+1, at, 0, 0), k.do("bare ppoll", 1, 1, at, 0, 0), k.do("bare ppoll", 0, 0, at, 0, 0))
		}},
	{ID: "L30", Mechanism: "poll", Statement: "a signal that is pending and blocked ends ppoll, pselect and epoll_pwait only where the mask of the call lets it through",
		Expect: "blocked 0, 0, 0; let through EINTR, EINTR, EINTR", Source: "poll(2), ppoll(); select(2), pselect(); epoll_wait(2), epoll_pwait()", About: "interrupted",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			e := k.epollSet(p.r, unix.EPOLLIN)
			need(k.do("sigblock", int(unix.SIGUSR1)))
			each := func(ms, mask int) string {
				all := make([]answer, 3)
				for i, call := range [][]any{{"pollfor", p.r, unix.POLLIN, ms, mask}, {"select", p.r + 1, p.r, -1, ms, mask}, {"epoll_pwait", e, ms, mask}} {
					need(k.raise(k.proc, int(unix.SIGUSR1)))
					all[i] = k.do(call[0].(string), call[1:]...)
				}
				return say("%v, %v, %v", all[0], all[1], all[2])
			}
			return say("blocked %s; let through %s", each(2, 0), each(1000, 1))
		}},
	{ID: "L31", Mechanism: "poll", Statement: "ppoll and pselect refuse a time that is none",
		Expect: "ppoll EINVAL, EINVAL; pselect EINVAL, EINVAL", Source: "poll(2), EINVAL; select(2), EINVAL", About: "invalid timeout",
		Observe: func(k *kernel) string {
			each := func(call string) string { return say("%v, %v", k.do(call, -1, 0), k.do(call, 0, 1_000_000_000)) }
			return say("ppoll %s; pselect %s", each("pollns"), each("selectns"))
		}},
	{ID: "L32", Mechanism: "poll", Statement: "epoll_pwait2 takes its time in nanoseconds, and refuses one that is none",
		Expect: "1 ns 0; 10^9 ns EINVAL, -1 s EINVAL", Source: "epoll_wait(2), epoll_pwait2()", Since: "5.11", About: "timeout invalid",
		Observe: func(k *kernel) string {
			e := k.epollSet(k.pipe(0).r, unix.EPOLLIN)
			return say("1 ns %v; 10^9 ns %v, -1 s %v", k.do("epoll_pwait2", e, 0, 1), k.do("epoll_pwait2", e, 0, 1_000_000_000), k.do("epoll_pwait2", e, -1, 0))
		}},
	{ID: "L33", Mechanism: "poll", Statement: "select leaves those in its sets that are ready, and clears the others",
		Expect: "fresh 1 write; one byte 2 read write; full 1 read", Source: "select(2)", About: "ready",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			look := func() string { return k.do("select", max(p.r, p.w)+1, p.r, p.w, 0, 0).text() }
			fresh := look()
			need(k.write(p.w, "x"))
			one := look()
			need(k.do("fill", p.w, k.host.page))
			return say("fresh %s; one byte %s; full %s", fresh, one, look())
		}},
	{ID: "L34", Mechanism: "poll", Statement: "select without a time sleeps until something comes; the end of file is something",
		Expect: "sleeps, 1 read; closed sleeps, 1 read", Source: "select(2)", About: "ready empty peer-gone",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			wake := func(do func()) string {
				w := k.begin("select", p.r+1, p.r, -1, -1, 0)
				state := w.asleep()
				do()
				return say("%s, %s", state, w.answer().text())
			}
			first := wake(func() { need(k.write(p.w, "x")) })
			need(k.read(p.r, 1))
			return say("%s; closed %s", first, wake(func() { k.close(p.w) }))
		}},
	{ID: "L35", Mechanism: "poll", Statement: "select refuses a negative number, a descriptor that is not open, and a bad address",
		Expect: "EINVAL, EBADF, EFAULT", Source: "select(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			k.close(p.r)
			return say("%v, %v, %v", k.do("select", -1, -1, -1, 0, 0), k.do("select", p.r+1, p.r, -1, 0, 0), k.do("bare pselect6", 8, 1, 0, 0, 0, 0))
		}},
	{ID: "L36", Mechanism: "poll", Statement: "select looks only at descriptors below its first argument",
		Expect: "beyond 0; within 1 read", Source: "select(2), nfds", About: "ready invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.write(p.w, "x"))
			return say("beyond %s; within %s", k.do("select", p.r, -1, -1, 0, 0).text(), k.do("select", p.r+1, p.r, -1, 0, 0).text())
		}},
	{ID: "L37", Mechanism: "poll", Statement: "a signal ends select, SA_RESTART or not",
		Expect: "EINTR, EINTR", Source: "signal(7), Interruption of system calls", About: "interrupted",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			without, with := k.process("waiter").interrupt("select", p.r+1, p.r, -1, -1, 0)
			return say("%v, %v", without, with.answer())
		}},
	{ID: "L38", Mechanism: "poll", Statement: "epoll_wait wants room for at least one event, at an address that is there",
		Expect: "0: EINVAL, -1: EINVAL, bad address EFAULT", Source: "epoll_wait(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			e := k.epollSet(p.w, unix.EPOLLOUT)
			return say("0: %v, -1: %v, bad address %v", k.do("bare epoll_pwait", e, 1, 0, 0, 0, 0), k.do("bare epoll_pwait", e, 1, -1, 0, 0, 0), k.do("bare epoll_pwait", e, 1, 1, 0, 0, 0))
		}},
	{ID: "L39", Mechanism: "poll", Statement: "epoll_wait with room for one event goes round among those that are ready",
		Expect: "3 of 3, then the first again", Source: "epoll_wait(2), NOTES", About: "ready",
		Observe: func(k *kernel) string {
			e, seen, first := need(k.do("epoll_create")).N, map[int]bool{}, 0
			for range 3 {
				need(k.do("epoll_add", e, k.pipe(0).w, unix.EPOLLOUT))
			}
			for i := range 3 {
				fd := k.do("epoll_first", e).N
				if seen[fd] = true; i == 0 {
					first = fd
				}
			}
			again := "the first again"
			if a := k.do("epoll_first", e); a.N != first {
				again = "another"
			}
			return say("%d of 3, then %s", len(seen), again)
		}},
	{ID: "L40", Mechanism: "poll", Statement: "an event wakes the sleepers of all sets that watch a pipe, and of those with EPOLLEXCLUSIVE at least one, here one",
		Expect: "all 1, 1; exclusive 1, the other sleeps", Source: "epoll_ctl(2), EPOLLEXCLUSIVE", Since: "4.5", About: "ready",
		Observe: func(k *kernel) string {
			both := func(flag int) (p pipe, a, b *pending) {
				p = k.pipe(0)
				a, b = k.begin("epoll_wait", k.epollSet(p.r, unix.EPOLLIN|flag), -1), k.begin("epoll_wait", k.epollSet(p.r, unix.EPOLLIN|flag), -1)
				a.asleep()
				b.asleep()
				need(k.write(p.w, "x"))
				return p, a, b
			}
			_, a, b := both(0)
			all := say("%v, %v", a.answer(), b.answer())
			p, a, b := both(exclusive)
			first, second := firstOf(a, b)
			one, state := first.answer(), second.asleep()
			need(k.write(p.w, "x")) // the one that sleeps
			second.answer()
			return say("all %s; exclusive %v, the other %s", all, one, state)
		}},
	{ID: "L41", Mechanism: "poll", Statement: "EPOLLRDHUP reports that a stream's peer has shut down writing, only where it is asked for",
		Expect: "asked POLLIN|POLLRDHUP; not asked POLLIN", Source: "epoll_ctl(2), EPOLLRDHUP", Since: "2.6.17", About: "ready peer-gone",
		Observe: func(k *kernel) string {
			s := k.sockets(unix.SOCK_STREAM)
			need(k.do("shutdown", s.w, unix.SHUT_WR))
			look := func(events int) string { return k.do("epoll_events", k.epollSet(s.r, events)).text() }
			return say("asked %s; not asked %s", look(unix.EPOLLIN|unix.POLLRDHUP), look(unix.EPOLLIN))
		}},
	{ID: "L42", Mechanism: "poll", Statement: "epoll_ctl refuses an unknown operation, a bad address, descriptors that are not open, and to change what was not added",
		Expect: "EINVAL, EFAULT, EBADF, EBADF, ENOENT; EPOLLEXCLUSIVE changed EINVAL", Source: "epoll_ctl(2), ERRORS", Since: "4.5", About: "invalid",
		Observe: func(k *kernel) string {
			p, e := k.pipe(0), need(k.do("epoll_create")).N
			at := need(k.do("mmap", need(k.do("memfd", 4096)).N, 4096)).N
			unknown := k.do("bare epoll_ctl", e, 9, p.r, need(k.do("address", at)).N)
			bad, missing := k.do("bare epoll_ctl", e, unix.EPOLL_CTL_ADD, p.r, 1), k.do("epoll_mod", e, p.w, unix.EPOLLIN)
			need(k.do("epoll_add", e, p.r, unix.EPOLLIN|exclusive))
			change := k.do("epoll_mod", e, p.r, unix.EPOLLIN)
			k.close(p.w)
			closed := k.do("epoll_add", e, p.w, unix.EPOLLIN)
			k.close(e)
			return say("%v, %v, %v, %v, %v; EPOLLEXCLUSIVE changed %v", unknown, bad, closed, k.do("epoll_add", e, p.r, unix.EPOLLIN), missing, change)
		}},
	{ID: "L43", Mechanism: "poll", Statement: "epoll_create1 knows EPOLL_CLOEXEC, and no other flag",
		Expect: "0, with the flag 1; another EINVAL", Source: "epoll_create(2)", Since: "2.6.27", About: "fork-exec invalid",
		Observe: func(k *kernel) string {
			mark := func(flag int) answer {
				return k.do("fcntl", need(k.do("bare epoll_create1", flag)).N, unix.F_GETFD, 0)
			}
			return say("%v, with the flag %v; another %v", mark(0), mark(unix.EPOLL_CLOEXEC), k.do("bare epoll_create1", 1))
		}},
	{ID: "L44", Mechanism: "poll", Statement: "epoll sets watch one another up to five deep, and the outermost is ready with the innermost",
		Expect: "4 added, then ELOOP; outermost 1", Before: []Older{{"6.1", ""}}, Source: "epoll_ctl(2), ELOOP; fs/eventpoll.c, EP_MAX_NESTS", About: "limits ready",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			set := k.epollSet(p.r, unix.EPOLLIN)
			n, a := 0, answer{}
			for ; n < 9; n++ {
				outer := need(k.do("epoll_create")).N
				if a = k.do("epoll_add", outer, set, unix.EPOLLIN); a.Errno != 0 {
					break
				}
				set = outer
			}
			need(k.write(p.w, "x"))
			return say("%d added, then %v; outermost %v", n, a, k.do("epoll_wait", set, 0))
		}},
	{ID: "L45", Mechanism: "poll", Statement: "EPOLLET with EPOLLONESHOT reports once, and after EPOLL_CTL_MOD once more what is still there",
		Expect: "1, then 0, 0; rearmed 1, 0", Source: "epoll_ctl(2), EPOLLONESHOT; epoll(7), EPOLLET", About: "ready",
		Observe: func(k *kernel) string {
			const events = unix.EPOLLIN | edgeTriggered | unix.EPOLLONESHOT
			p := k.pipe(0)
			e := k.epollSet(p.r, events)
			wait := func() answer { return k.do("epoll_wait", e, 0) }
			need(k.write(p.w, "x"))
			first, none := wait(), wait()
			need(k.write(p.w, "x"))
			again := wait()
			need(k.do("epoll_mod", e, p.r, events))
			return say("%v, then %v, %v; rearmed %v, %v", first, none, again, wait(), wait())
		}},
	{ID: "L46", Mechanism: "poll", Statement: "closing the other end of a pipe wakes an epoll_wait that sleeps: EPOLLHUP for a reader, EPOLLERR for the writer of a full pipe",
		Expect: "reader sleeps, 1 POLLHUP; writer sleeps, 1 POLLERR", Source: "epoll_ctl(2), EPOLLHUP and EPOLLERR", About: "peer-gone no-reader ready",
		Observe: func(k *kernel) string {
			wake := func(fd, events, other int) string {
				w := k.begin("epoll_eventsfor", k.epollSet(fd, events), -1)
				state := w.asleep()
				k.close(other)
				return say("%s, %s", state, w.answer().text())
			}
			p, q := k.pipe(0), k.pipe(unix.O_NONBLOCK)
			need(k.do("fill", q.w, k.host.page))
			return say("reader %s; writer %s", wake(p.r, unix.EPOLLIN, p.w), wake(q.w, unix.EPOLLOUT, q.r))
		}},
	{ID: "L47", Mechanism: "poll", Statement: "EPOLLET for writing: a pipe that is full gives an event when a page is read, and one only",
		Expect: "fresh 1; full 0; a page read 1, 0", Source: "epoll(7), EPOLLET", About: "ready full",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			e := k.epollSet(p.w, unix.EPOLLOUT|edgeTriggered)
			wait := func() answer { return k.do("epoll_wait", e, 0) }
			fresh := wait()
			need(k.do("fill", p.w, k.host.page))
			full := wait()
			need(k.read(p.r, k.host.page))
			return say("fresh %v; full %v; a page read %v, %v", fresh, full, wait(), wait())
		}},
	{ID: "L48", Mechanism: "poll", Statement: "EPOLLET: each send to a stream or a datagram socket is an event, though it was readable before",
		Expect: "stream 1, 0, 1; seqpacket 1, 0, 1; dgram 1, 0, 1", Source: "epoll(7), EPOLLET", About: "ready",
		Observe: func(k *kernel) string {
			return k.kinds(func(s pipe) string {
				e := k.epollSet(s.r, unix.EPOLLIN|edgeTriggered)
				wait := func() answer { return k.do("epoll_wait", e, 0) }
				need(k.write(s.w, "x"))
				first, none := wait(), wait()
				need(k.write(s.w, "x"))
				return say("%v, %v, %v", first, none, wait())
			})
		}},
	{ID: "L49", Mechanism: "poll", Statement: "epoll watches sockets, eventfds and epoll sets, and no directory, no file of a disk or of memory; a descriptor of O_PATH is none",
		Expect: "socket 0, eventfd 0, set 0; directory EPERM, file EPERM, memory file EPERM, O_PATH EBADF", Source: "epoll_ctl(2), EPERM; open(2), O_PATH", Since: "2.6.39", About: "invalid ready",
		Observe: func(k *kernel) string {
			e := need(k.do("epoll_create")).N
			add := func(fd int) answer { return k.do("epoll_add", e, fd, unix.EPOLLIN) }
			file := need(k.do("open", "plain", unix.O_CREAT|unix.O_RDWR, 0o600)).N
			return say("socket %v, eventfd %v, set %v; directory %v, file %v, memory file %v, O_PATH %v", add(k.sockets(unix.SOCK_STREAM).r), add(k.eventfd(0, 0)), add(need(k.do("epoll_create")).N),
				add(k.openDir(0o700)), add(file), add(need(k.do("memfd", 0)).N), add(need(k.open("plain", unix.O_PATH)).N))
		}},
}

// shownEvents are the events of poll's answer, or the name of its error.
func shownEvents(a answer) string {
	if a.Errno != 0 || a.Late {
		return a.String()
	}
	return flags("events", a.N)
}

// firstOf is the call that returns first, and the other one. Where neither does for
// long, it is a.
func firstOf(a, b *pending) (first, second *pending) {
	select {
	case got := <-a.done:
		a.got = &got
	case got := <-b.done:
		b.got = &got
		return b, a
	case <-time.After(patience):
	}
	return a, b
}
