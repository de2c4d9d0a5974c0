package semantics

import "golang.org/x/sys/unix"

// eventfd as a descriptor.
var wakeMoreChecks = []Check{
	{ID: "V15", Mechanism: "wake", Statement: "an eventfd has no position: pread and pwrite fail, and lseek does nothing",
		Expect: "0; ESPIPE, ESPIPE", Before: []Older{{"6.0", "ESPIPE; ESPIPE, ESPIPE"}}, Source: "pread(2); fs/eventfd.c, noop_llseek; commit 868941b14441", About: "invalid",
		Observe: func(k *kernel) string {
			fd := k.eventfd(1, 0)
			return say("%v; %v, %v", k.do("lseek", fd, 0, 0), k.do("pread", fd, 8, 0), k.do("pwrite", fd, 0, "12345678"))
		}},
	{ID: "V16", Mechanism: "wake", Statement: "EFD_NONBLOCK and EFD_CLOEXEC mark the descriptor, and without them neither is set",
		Expect: "O_RDWR 0; with flags O_RDWR|O_NONBLOCK 1", Source: "eventfd(2)", Since: "2.6.27", About: "fork-exec timeout",
		Observe: func(k *kernel) string {
			made := func(flag int) string { return k.marked(need(k.do("eventfd", 0, flag)).N) }
			return say("%s; with flags %s", made(0), made(unix.EFD_NONBLOCK|unix.EFD_CLOEXEC))
		}},
	{ID: "V17", Mechanism: "wake", Statement: "select reports an eventfd as poll does: readable unless it is 0, writable unless it is at its largest",
		Expect: "0 1 write; 1 2 read write; 2^64-2 1 read", Source: "eventfd(2); select(2)", About: "ready",
		Observe: func(k *kernel) string {
			fd := k.eventfd(0, 0)
			look := func() string { return k.do("select", fd+1, fd, fd, 0, 0).text() }
			none := look()
			need(k.add(fd, 1))
			one := look()
			need(k.add(fd, -3)) // 2^64-3
			return say("0 %s; 1 %s; 2^64-2 %s", none, one, look())
		}},
	{ID: "V18", Mechanism: "wake", Statement: "a write to an eventfd wakes a poll, and a read one that waits for room",
		Expect: "sleeps, POLLIN; sleeps, POLLOUT", Source: "eventfd(2); poll(2)", About: "ready empty full",
		Observe: func(k *kernel) string {
			fd := k.eventfd(0, 0)
			wake := func(events int, do func()) string {
				w := k.begin("pollfor", fd, events, -1, 0)
				state := w.asleep()
				do()
				return say("%s, %s", state, shownEvents(w.answer()))
			}
			in := wake(unix.POLLIN, func() { need(k.add(fd, 1)) })
			need(k.add(fd, -3))
			return say("%s; %s", in, wake(unix.POLLOUT, func() { need(k.do("eventread", fd)) }))
		}},
}

// marked are the flags of a descriptor that a call can set: those of the open file,
// and whether it is close-on-exec.
func (k *kernel) marked(fd int) string {
	return say("%s %v", flags("oflag", need(k.do("getfl", fd)).N&(unix.O_ACCMODE|unix.O_NONBLOCK)), k.do("fcntl", fd, unix.F_GETFD, 0))
}

// signalfd as a descriptor, and what it can't do.
var signalfdChecks = []Check{
	{ID: "A14", Mechanism: "signal", Statement: "SFD_NONBLOCK and SFD_CLOEXEC mark the descriptor, and without them neither is set",
		Expect: "O_RDWR 0; with flags O_RDWR|O_NONBLOCK 1", Source: "signalfd(2)", Since: "2.6.27", About: "fork-exec timeout",
		Observe: func(k *kernel) string {
			made := func(flag int) string { return k.marked(need(k.do("signalfd4", -1, int(unix.SIGUSR1), flag)).N) }
			return say("%s; with flags %s", made(0), made(unix.SFD_NONBLOCK|unix.SFD_CLOEXEC))
		}},
	{ID: "A15", Mechanism: "signal", Statement: "signalfd of a signalfd changes its set: what is pending is read when the set has it again",
		Expect: "the same; EAGAIN; SIGUSR1 0", Source: "signalfd(2), fd", Since: "2.6.22", About: "boundaries",
		Observe: func(k *kernel) string {
			fd := need(k.do("signalfd4", -1, int(unix.SIGUSR1), unix.SFD_NONBLOCK)).N
			need(k.raise(k.proc, int(unix.SIGUSR1)))
			word := "the same"
			if a := k.do("signalfd4", fd, int(unix.SIGUSR2), 0); a.N != fd {
				word = a.String()
			}
			none := k.do("signalread", fd, 1)
			need(k.do("signalfd4", fd, int(unix.SIGUSR1), 0))
			return say("%s; %v; %s", word, none, k.do("signalread", fd, 9).text())
		}},
	{ID: "A16", Mechanism: "signal", Statement: "a read, and a poll, of a signalfd that sleeps is woken by a signal of the set",
		Expect: "read sleeps, SIGUSR1 0; poll sleeps, POLLIN", Source: "signalfd(2)", Since: "2.6.22", About: "empty ready",
		Observe: func(k *kernel) string {
			reader := k.process("reader")
			fd := need(reader.do("signalfd4", -1, int(unix.SIGUSR1), 0)).N
			wake := func(w *pending) (string, answer) {
				state := w.asleep()
				w.signal(unix.SIGUSR1)
				return state, w.answer()
			}
			read, text := wake(reader.begin("signalread", fd, 1))
			poll, events := wake(reader.begin("pollfor", fd, unix.POLLIN, -1, 0))
			return say("read %s, %s; poll %s, %s", read, text.text(), poll, shownEvents(events))
		}},
	{ID: "A17", Mechanism: "signal", Statement: "signalfd refuses unknown flags, a set of another size, a bad address, and a descriptor that is none of its own",
		Expect: "flags EINVAL, size EINVAL, address EFAULT; pipe EINVAL, closed EBADF", Source: "signalfd(2), ERRORS", Since: "2.6.27", About: "invalid",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			at := need(k.do("address", need(k.do("mmap", need(k.do("memfd", 4096)).N, 4096)).N)).N
			unknown, size, bad := k.do("bare signalfd4", -1, at, setSize, 1), k.do("bare signalfd4", -1, at, 4, 0), k.do("bare signalfd4", -1, 1, setSize, 0)
			pipe := k.do("bare signalfd4", p.r, at, setSize, 0)
			k.close(p.r)
			return say("flags %v, size %v, address %v; pipe %v, closed %v", unknown, size, bad, pipe, k.do("bare signalfd4", p.r, at, setSize, 0))
		}},
	{ID: "A18", Mechanism: "signal", Statement: "SIGKILL in the set of a signalfd is ignored: it still kills",
		Expect: "SIGKILL", Source: "signalfd(2)", Since: "2.6.22", About: "invalid",
		Observe: func(k *kernel) string {
			victim := k.process("victim")
			need(victim.do("signalfd4", -1, int(unix.SIGKILL), 0))
			need(k.do("kill", victim.pid, int(unix.SIGKILL)))
			return victim.ends()
		}},
	{ID: "A19", Mechanism: "signal", Statement: "a signalfd reads signals of its set alone, and those for this thread or the process, not those for another thread",
		Expect: "other signal EAGAIN, for the thread SIGUSR1 0, for the process SIGUSR1 0", Source: "signalfd(2)", Since: "2.6.22", About: "boundaries",
		Observe: func(k *kernel) string {
			fd := need(k.do("signalfd4", -1, int(unix.SIGUSR1), unix.SFD_NONBLOCK)).N
			need(k.do("sigblock", int(unix.SIGUSR2)))
			need(k.raise(k.proc, int(unix.SIGUSR2)))
			other := k.do("signalread", fd, 1)
			need(k.raise(k.proc, int(unix.SIGUSR1)))
			thread, sender := k.do("signalread", fd, 9).text(), k.process("sender")
			need(sender.do("kill", k.pid, 0))
			need(k.sigqueue(k.proc, int(unix.SIGUSR1), 0))
			return say("other signal %v, for the thread %s, for the process %s", other, thread, k.do("signalread", fd, 9).text())
		}},
}
