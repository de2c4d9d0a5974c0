package semantics

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// say words an observation.
var say = fmt.Sprintf

// What pipes are, within one process.
var pipeChecks = []Check{
	{ID: "P01", Mechanism: "pipe", Statement: "bytes come out in the order in which they were written, unchanged",
		Expect: "wrote 6, read 6: abcdef", Source: "pipe(7)", About: "boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			n := k.write(p.w, "abcdef")
			got := k.read(p.r, 10)
			return say("wrote %v, read %v: %s", n, got, got.text())
		}},
	{ID: "P02", Mechanism: "pipe", Statement: "each end goes one way: the read end can't be written to, nor the write end read",
		Expect: "write EBADF, read EBADF; modes O_RDONLY, O_WRONLY", Source: "pipe(7); fcntl(2)", About: "descriptor access",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			mode := func(fd int) string {
				return []string{"O_RDONLY", "O_WRONLY", "O_RDWR", "?"}[k.do("getfl", fd).N&unix.O_ACCMODE]
			}
			return say("write %v, read %v; modes %s, %s", k.write(p.r, "x"), k.read(p.w, 1), mode(p.r), mode(p.w))
		}},
	{ID: "P03", Mechanism: "pipe", Statement: "a pipe has no position: lseek, pread and pwrite fail",
		Expect: "ESPIPE, ESPIPE, ESPIPE", Source: "pipe(7); lseek(2)", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return say("%v, %v, %v", k.do("lseek", p.r, 0, 0), k.do("pread", p.r, 1, 0), k.do("pwrite", p.w, 0, "x"))
		}},
	{ID: "P05", Mechanism: "pipe", Statement: "a read returns what is there, not what was asked for",
		Expect: "of 10: 4, then 6", Source: "pipe(7); read(2)", About: "boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return say("of %v: %v, then %v", k.write(p.w, "0123456789"), k.read(p.r, 4), k.read(p.r, 100))
		}},
	{ID: "P06", Mechanism: "pipe", Statement: "there are no message boundaries: two writes can come out of one read",
		Expect: "3 and 4, read 7", Source: "pipe(7), a byte stream", About: "boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return say("%v and %v, read %v", k.write(p.w, "abc"), k.write(p.w, "defg"), k.read(p.r, 100))
		}},
	{ID: "P09", Mechanism: "pipe", Statement: "end of file comes after what is left has been read, and stays",
		Expect: "2, 0, 0", Source: "pipe(7)", About: "peer-gone",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			k.write(p.w, "ab")
			k.close(p.w)
			return say("%v, %v, %v", k.read(p.r, 9), k.read(p.r, 9), k.read(p.r, 9))
		}},
	{ID: "P10", Mechanism: "pipe", Statement: "end of file needs every copy of the write end closed, those of dup too",
		Expect: "EAGAIN while a copy is open, then 0", Source: "pipe(7); dup(2)", About: "peer-gone descriptor",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			copied := need(k.do("dup", p.w)).N
			k.close(p.w)
			open := k.read(p.r, 1)
			k.close(copied)
			return say("%v while a copy is open, then %v", open, k.read(p.r, 1))
		}},
	{ID: "P14", Mechanism: "pipe", Statement: "without a reader, and with SIGPIPE ignored, a write fails every time",
		Expect: "EPIPE, EPIPE", Source: "pipe(7); write(2)", About: "no-reader peer-gone",
		Observe: func(k *kernel) string {
			need(k.do("sigaction", int(unix.SIGPIPE), sigIgnore))
			p := k.pipe(0)
			k.close(p.r)
			return say("%v, %v", k.write(p.w, "x"), k.write(p.w, "x"))
		}},
	{ID: "P17", Mechanism: "pipe", Statement: "O_NONBLOCK: a read of an empty pipe fails while there is a writer, and is end of file without",
		Expect: "EAGAIN, then 0", Source: "pipe(7); read(2)", About: "empty peer-gone timeout",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			empty := k.read(p.r, 1)
			k.close(p.w)
			return say("%v, then %v", empty, k.read(p.r, 1))
		}},
	{ID: "P18", Mechanism: "pipe", Statement: "O_NONBLOCK: a write to a full pipe fails; FNDELAY and EWOULDBLOCK are other names for this",
		Expect: "EAGAIN", Source: "pipe(7), PIPE_BUF; write(2)", About: "full timeout",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			need(k.do("fill", p.w, 4096))
			return say("%v", k.write(p.w, "x"))
		}},
	{ID: "P19", Mechanism: "pipe", Statement: "O_NONBLOCK: of more than PIPE_BUF bytes a write takes what there is room for",
		Expect: "{16p}, then EAGAIN", Source: "pipe(7), PIPE_BUF", Needs: []Need{usualPipe}, About: "full timeout too-big",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			big := letters(16*k.host.page + 34464)
			return say("%v, then %v", k.write(p.w, big), k.write(p.w, big))
		}},
	{ID: "P20", Mechanism: "pipe", Statement: "O_NONBLOCK: up to PIPE_BUF bytes a write is all or nothing",
		Expect: "with 4095 bytes of room, 4096: EAGAIN, and nothing more is queued; 4095: 4095", Source: "pipe(7), PIPE_BUF", About: "full timeout boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			need(k.do("fill", p.w, 4096))
			need(k.read(p.r, k.host.page)) // a slot, of which one byte is taken again
			need(k.write(p.w, letters(k.host.page-4095)))
			before := need(k.do("fionread", p.r)).N
			all := k.write(p.w, letters(4096))
			after, queued := k.do("fionread", p.r), "and nothing more is queued"
			if after.N != before {
				queued = say("and %v bytes are queued, not %d", after, before)
			}
			return say("with 4095 bytes of room, 4096: %v, %s; 4095: %v", all, queued, k.write(p.w, letters(4095)))
		}},
	{ID: "P30", Mechanism: "pipe", Statement: "a write or read of no bytes does nothing, and does not block",
		Expect: "0, 0; queued 0", Source: "write(2); read(2)", About: "boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return say("%v, %v; queued %v", k.write(p.w, ""), k.read(p.r, 0), k.do("fionread", p.r))
		}},
	{ID: "P36", Mechanism: "pipe", Statement: "O_NONBLOCK belongs to the open file: copies of a descriptor share it, the other end does not",
		Expect: "copy: O_NONBLOCK, other end: 0", Source: "fcntl(2), F_SETFL", About: "timeout descriptor",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			copied := need(k.do("dup", p.r)).N
			need(k.do("setfl", p.r, unix.O_NONBLOCK))
			return say("copy: %s, other end: %s", k.mode(copied, unix.O_NONBLOCK), k.mode(p.w, unix.O_NONBLOCK))
		}},
	{ID: "P38", Mechanism: "pipe", Statement: "pipe2 refuses unknown flags and bad pointers, and leaves no descriptor behind",
		Expect: "EINVAL, EFAULT; next descriptor unchanged", Source: "pipe(2), ERRORS", About: "invalid",
		Observe: func(k *kernel) string {
			next := lowest(k)
			flag, pointer := k.do("pipe2", unix.O_TRUNC), k.do("badpipe2", 0)
			same := "unchanged"
			if now := lowest(k); now != next {
				same = say("%d, not %d", now, next)
			}
			return say("%v, %v; next descriptor %s", flag, pointer, same)
		}},
	{ID: "P40", Mechanism: "pipe", Statement: "reading and writing touch the times of a FIFO, and not those of an anonymous pipe",
		Expect: "pipe: unchanged, FIFO: changed", Source: "fs/pipe.c, commits f017b0a4951f and 262b2fa99cbe",
		Before: []Older{{"6.15", "pipe: changed, FIFO: changed"}}, About: "access",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.do("mkfifo", "f", 0o600))
			f := need(k.do("open", "f", unix.O_RDWR, 0)).N
			use := func(r, w int) string {
				before := need(k.do("times", r)).text()
				nextTick()
				need(k.write(w, "x"))
				need(k.read(r, 1))
				if k.do("times", r).text() == before {
					return "unchanged"
				}
				return "changed"
			}
			return say("pipe: %s, FIFO: %s", use(p.r, p.w), use(f, f))
		}},
	{ID: "P41", Mechanism: "pipe", Statement: "one way is a property of the descriptor: the read end can be opened again for writing, by its name in /proc",
		Expect: "opened; writes 1, read back: x", Source: "fs/pipe.c, fifo_open; proc(5)", About: "descriptor access",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			a := k.do("open", say("/proc/self/fd/%d", p.r), unix.O_WRONLY, 0)
			if a.Errno != 0 {
				return a.String()
			}
			return say("opened; writes %v, read back: %s", k.write(a.N, "x"), k.read(p.r, 1).text())
		}},
	{ID: "P42", Mechanism: "pipe", Statement: "close in another thread does not end a read that sleeps",
		Expect: "sleeps, sleeps; then 1", Source: "close(2), NOTES", About: "descriptor empty",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			w := k.begin("read", p.r, 1)
			before := w.asleep()
			k.close(p.r)
			after := w.asleep()
			k.write(p.w, "x")
			return say("%s, %s; then %v", before, after, w.answer())
		}},
	{ID: "P43", Mechanism: "pipe", Statement: "a write returns when the bytes are in the pipe, not when a reader has them",
		Expect: "wrote {16p}, nobody reads", Source: "pipe(7)", Needs: []Need{usualPipe}, About: "full left-behind",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			return say("wrote %v, nobody reads", k.begin("write", p.w, letters(16*k.host.page)).answer())
		}},
	{ID: "P44", Mechanism: "pipe", Statement: "a write of no bytes succeeds even without a reader",
		Expect: "0, no SIGPIPE", Source: "fs/pipe.c, \"Null write succeeds\"", About: "no-reader",
		Observe: func(k *kernel) string {
			need(k.do("sigblock", int(unix.SIGPIPE)))
			p := k.pipe(0)
			k.close(p.r)
			return say("%v, %s", k.write(p.w, ""), k.sigpipe())
		}},
}

// mode is what of a flag F_GETFL shows.
func (p *proc) mode(fd, flag int) string {
	a := p.do("getfl", fd)
	if a.Errno != 0 {
		return a.String()
	}
	return flags("oflag", a.N&flag)
}

// lowest is the descriptor that would be given next.
func lowest(p *kernel) int {
	fd := need(p.do("dup", 0)).N
	p.close(fd)
	return fd
}

// sigpipe reports whether SIGPIPE, which must be blocked, has come.
func (p *proc) sigpipe() string {
	switch a := p.do("sigtimedwait", int(unix.SIGPIPE)); {
	case a.Errno == unix.EAGAIN:
		return "no SIGPIPE"
	case a.Errno == 0 && a.N == int(unix.SIGPIPE):
		return "SIGPIPE"
	default:
		return a.String()
	}
}

// nextTick waits until the clock that stamps files has moved on.
func nextTick() {
	var began, now unix.Timespec
	unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &began)
	for now = began; now == began; {
		unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now)
	}
}

// list joins observations.
func list(all []string) string { return strings.Join(all, ", ") }
