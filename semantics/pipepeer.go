package semantics

import "golang.org/x/sys/unix"

// What pipes do to several processes.
var pipePeerChecks = []Check{
	{ID: "P04", Mechanism: "pipe", Statement: "a read of an empty pipe sleeps while there is a writer, and returns what arrives",
		Expect: "sleeps, then 1: x", Source: "pipe(7), I/O on pipes and FIFOs", About: "empty",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			reader := k.process("reader")
			reader.close(p.w)
			w := reader.begin("read", p.r, 10)
			state := w.asleep()
			need(k.write(p.w, "x"))
			got := w.answer()
			return say("%s, then %v: %s", state, got, got.text())
		}},
	{ID: "P07", Mechanism: "pipe", Statement: "a write to a full pipe sleeps, and a reader that makes room wakes it",
		Expect: "takes {16p}, sleeps, then 1", Source: "pipe(7), I/O on pipes and FIFOs", Needs: []Need{usualPipe}, About: "full",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			writer := k.process("writer")
			writer.close(p.r)
			full := writer.write(p.w, letters(16*k.host.page))
			w := writer.begin("write", p.w, "x")
			state := w.asleep()
			need(k.read(p.r, k.host.page))
			return say("takes %v, %s, then %v", full, state, w.answer())
		}},
	{ID: "P11", Mechanism: "pipe", Statement: "end of file needs every copy of the write end closed, those that other processes inherited too",
		Expect: "EAGAIN while another process has it, then 0", Source: "pipe(7); fork(2)", About: "peer-gone fork-exec",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_NONBLOCK)
			child := k.process("child")
			k.close(p.w)
			open := k.read(p.r, 1)
			child.kill()
			return say("%v while another process has it, then %v", open, k.read(p.r, 1))
		}},
	{ID: "P12", Mechanism: "pipe", Statement: "the last writer's close wakes every reader that sleeps, not only one",
		Expect: "10 of 10 sleep, 10 get 0", Source: "pipe(7); fs/pipe.c, commit 6551d5c56eb0", About: "peer-gone",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			var readers []*pending
			asleep, ended := 0, 0
			for range 10 {
				readers = append(readers, k.begin("read", p.r, 1))
			}
			for _, w := range readers {
				if w.asleep() == "sleeps" {
					asleep++
				}
			}
			k.close(p.w)
			for _, w := range readers {
				if a := w.answer(); a.String() == "0" {
					ended++
				}
			}
			return say("%d of 10 sleep, %d get 0", asleep, ended)
		}},
	{ID: "P13", Mechanism: "pipe", Statement: "a write to a pipe without readers kills the process, unless it ignores, blocks or handles SIGPIPE",
		Expect: "dies by SIGPIPE", Source: "pipe(7); signal(7)", About: "no-reader peer-gone",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			writer := k.process("writer")
			writer.close(p.r)
			k.close(p.r)
			need(writer.do("sigaction", int(unix.SIGPIPE), sigDefault))
			writer.begin("write", p.w, "x")
			return say("dies by %s", writer.ends())
		}},
	{ID: "P15", Mechanism: "pipe", Statement: "a writer that sleeps when the last reader closes gets the error and the signal",
		Expect: "sleeps, then EPIPE and SIGPIPE, which comes once", Source: "pipe(7); fs/pipe.c, pipe_write", Needs: []Need{usualPipe}, About: "no-reader full peer-gone",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			writer := k.process("writer")
			writer.close(p.r)
			need(writer.do("sigblock", int(unix.SIGPIPE)))
			need(writer.write(p.w, letters(16*k.host.page)))
			w := writer.begin("write", p.w, "x")
			state := w.asleep()
			k.close(p.r)
			a, signal, once := w.answer(), writer.sigpipe(), "which comes once"
			if again := writer.sigpipe(); again != "no SIGPIPE" {
				once = "and again " + again
			}
			return say("%s, then %v and %s, %s", state, a, signal, once)
		}},
	{ID: "P16", Mechanism: "pipe", Statement: "if the last reader closes during a write, the write returns what it wrote, and raises SIGPIPE",
		Expect: "sleeps, then {16p} and SIGPIPE; next EPIPE", Source: "fs/pipe.c, pipe_write, send_sig", Needs: []Need{usualPipe}, About: "no-reader full peer-gone",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			writer := k.process("writer")
			writer.close(p.r)
			need(writer.do("sigblock", int(unix.SIGPIPE)))
			w := writer.begin("write", p.w, letters(17*k.host.page))
			state := w.asleep()
			k.close(p.r)
			a, signal := w.answer(), writer.sigpipe()
			return say("%s, then %v and %s; next %v", state, a, signal, writer.write(p.w, "x"))
		}},
	{ID: "P33", Mechanism: "pipe", Statement: "a signal ends a read that sleeps, unless its handler was set with SA_RESTART",
		Expect: "without: EINTR; with: sleeps on, then 1", Source: "signal(7), Interruption of system calls", About: "interrupted",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			reader := k.process("reader")
			without, with := reader.interrupt("read", p.r, 1)
			state := with.asleep()
			need(k.write(p.w, "x"))
			return say("without: %v; with: %s on, then %v", without, state, with.answer())
		}},
	{ID: "P34", Mechanism: "pipe", Statement: "a write that a signal interrupts after a part returns the short count, even with SA_RESTART",
		Expect: "{16p}", Source: "signal(7); write(2)", Needs: []Need{usualPipe}, About: "interrupted full",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			writer := k.process("writer")
			need(writer.do("sigaction", int(unix.SIGUSR1), sigRestart))
			w := writer.begin("write", p.w, letters(17*k.host.page))
			w.asleep()
			w.signal(unix.SIGUSR1)
			return say("%v", w.answer())
		}},
	{ID: "P35", Mechanism: "pipe", Statement: "what a writer has written stays in the pipe when SIGKILL ends the writer",
		Expect: "SIGKILL; {16p} bytes are left, then 0", Source: "pipe(7)", Needs: []Need{usualPipe}, About: "peer-gone left-behind",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			writer := k.process("writer")
			writer.begin("write", p.w, letters(17*k.host.page)).asleep()
			k.close(p.w)
			return say("%s; %v bytes are left, then %v", writer.kill(), k.read(p.r, 17*k.host.page), k.read(p.r, 1))
		}},
}

// interrupt signals a call that sleeps: once with a handler without SA_RESTART,
// for its answer, and once with, for the call.
func (p *proc) interrupt(op string, args ...any) (without answer, with *pending) {
	need(p.do("sigaction", int(unix.SIGUSR1), sigNoRestart))
	w := p.begin(op, args...)
	w.asleep()
	w.signal(unix.SIGUSR1)
	without = w.answer()
	need(p.do("sigaction", int(unix.SIGUSR1), sigRestart))
	with = p.begin(op, args...)
	with.asleep()
	with.signal(unix.SIGUSR1)
	return without, with
}
