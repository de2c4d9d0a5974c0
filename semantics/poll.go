package semantics

import "golang.org/x/sys/unix"

// ready is what poll(2) reports now, with POLLERR and POLLHUP unasked.
func (p *proc) ready(fd, want int) string {
	a := p.do("poll", fd, want)
	if a.Errno != 0 {
		return a.String()
	}
	return flags("events", a.N)
}

const inOut = unix.POLLIN | unix.POLLOUT

var pollChecks = []Check{
	{ID: "L01", Mechanism: "poll", Statement: "a fresh pipe can be written to, and not read",
		Expect: "read end 0, write end POLLOUT", Source: "poll(2)", About: "ready",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return say("read end %s, write end %s", k.ready(p.r, inOut), k.ready(p.w, inOut))
		}},
	{ID: "L02", Mechanism: "poll", Statement: "with something in the pipe the read end is readable",
		Expect: "POLLIN", Source: "poll(2)", About: "ready",
		Observe: func(k *kernel) string { p := k.pipe(0); need(k.write(p.w, "x")); return k.ready(p.r, inOut) }},
	{ID: "L03", Mechanism: "poll", Statement: "writer gone and nothing left: POLLHUP alone, without POLLIN",
		Expect: "POLLHUP", Source: "poll(2), POLLHUP", About: "ready peer-gone",
		Observe: func(k *kernel) string { p := k.pipe(0); k.close(p.w); return k.ready(p.r, inOut) }},
	{ID: "L04", Mechanism: "poll", Statement: "writer gone and something left: both",
		Expect: "POLLIN|POLLHUP", Source: "fs/pipe.c, pipe_poll", About: "ready peer-gone",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.write(p.w, "x"))
			k.close(p.w)
			return k.ready(p.r, inOut)
		}},
	{ID: "L05", Mechanism: "poll", Statement: "reader gone: POLLERR, with POLLOUT as long as there is room",
		Expect: "room POLLOUT|POLLERR, full POLLERR", Source: "poll(2), POLLERR; fs/pipe.c, pipe_poll", About: "ready no-reader",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(unix.O_NONBLOCK)
			need(k.do("fill", q.w, k.host.page))
			k.close(p.r, q.r)
			return say("room %s, full %s", k.ready(p.w, inOut), k.ready(q.w, inOut))
		}},
	{ID: "L06", Mechanism: "poll", Statement: "POLLOUT promises one page, not what you are about to write",
		Expect: "POLLOUT, and a write of {2p} sleeps", Source: "fs/pipe.c, pipe_poll", Needs: []Need{usualPipe}, About: "ready full",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			writer := k.process("writer")
			need(k.write(p.w, letters(15*k.host.page)))
			ready := k.ready(p.w, unix.POLLOUT)
			return say("%s, and a write of %d %s", ready, 2*k.host.page, writer.begin("write", p.w, letters(2*k.host.page)).asleep())
		}},
	{ID: "L07", Mechanism: "poll", Statement: "a FIFO that never had a writer shows nothing, one whose writer has gone POLLHUP",
		Expect: "never 0, a read 0; gone POLLHUP", Source: "fs/pipe.c, pipe_poll", About: "ready peer-gone",
		Observe: func(k *kernel) string {
			need(k.do("mkfifo", "f", 0o600))
			r := need(k.do("open", "f", unix.O_RDONLY|unix.O_NONBLOCK, 0)).N
			never, read := k.ready(r, unix.POLLIN), k.read(r, 1)
			k.close(need(k.do("open", "f", unix.O_WRONLY|unix.O_NONBLOCK, 0)).N)
			return say("never %s, a read %v; gone %s", never, read, k.ready(r, unix.POLLIN))
		}},
	{ID: "L10", Mechanism: "poll", Statement: "EPOLLET: a second write to a pipe that is not empty, and was not read, is an event again",
		Expect: "1, 0, 1", Source: "epoll(7); fs/pipe.c, commits 3a34b13a88ca and 3b844826b6c6", About: "ready",
		Observe: func(k *kernel) string {
			p, e := k.pipe(0), need(k.do("epoll_create")).N
			need(k.do("epoll_add", e, p.r, unix.EPOLLIN|edgeTriggered))
			need(k.write(p.w, "x"))
			first, none := k.do("epoll_wait", e, 0), k.do("epoll_wait", e, 0)
			need(k.write(p.w, "x"))
			return say("%v, %v, %v", first, none, k.do("epoll_wait", e, 0))
		}},
	{ID: "L11", Mechanism: "poll", Statement: "a signal ends poll and epoll_wait, SA_RESTART or not",
		Expect: "poll EINTR, EINTR; epoll_wait EINTR, EINTR", Source: "signal(7), Interruption of system calls", About: "interrupted ready",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			waiter := k.process("waiter")
			e := need(waiter.do("epoll_create")).N
			need(waiter.do("epoll_add", e, p.r, unix.EPOLLIN))
			without, with := waiter.interrupt("pollwait", p.r, unix.POLLIN)
			poll := say("poll %v, %v", without, with.answer())
			without, with = waiter.interrupt("epoll_wait", e, -1)
			return say("%s; epoll_wait %v, %v", poll, without, with.answer())
		}},
	{ID: "L12", Mechanism: "poll", Statement: "poll on a pair of sockets distinguishes a peer that has closed from one that has only shut down writing",
		Expect: "closed POLLIN|POLLOUT|POLLHUP|POLLRDHUP, shut POLLIN|POLLOUT|POLLRDHUP", Source: "poll(2); shutdown(2)", About: "ready peer-gone",
		Observe: func(k *kernel) string {
			closed, shut := pair(need(k.do("socketpair", unix.SOCK_STREAM))), pair(need(k.do("socketpair", unix.SOCK_STREAM)))
			k.close(closed.w)
			need(k.do("shutdown", shut.w, unix.SHUT_WR))
			return say("closed %s, shut %s", k.ready(closed.r, inOut|unix.POLLRDHUP), k.ready(shut.r, inOut|unix.POLLRDHUP))
		}},
}

// edgeTriggered is EPOLLET, the sign bit where an int has 32 bits.
const edgeTriggered = -1 << 31

// POLLRDNORM and POLLWRNORM, from asm-generic/poll.h.
const (
	readNormal  = 0x40
	writeNormal = 0x100
)
