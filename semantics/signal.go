package semantics

import "golang.org/x/sys/unix"

// Signals that queue, above those that C libraries use.
const (
	realtime = 40
	lower    = 38
)

func (p *proc) raise(to *proc, sig int) answer { return p.do("tgkill", to.pid, to.pid, sig) }

// queue queues a real-time signal with a value for the process's main thread.
func (p *proc) sigqueue(to *proc, sig, value int) answer { return p.do("sigqueue", to.pid, sig, value) }

// asyncPipe is a pipe whose read end sends SIGIO to the check, which blocks it.
func (k *kernel) asyncPipe() pipe {
	need(k.do("sigblock", int(unix.SIGIO)))
	p := k.pipe(unix.O_NONBLOCK)
	need(k.do("ownthread", p.r, need(k.do("gettid")).N))
	need(k.do("fcntl", p.r, unix.F_SETSIG, int(unix.SIGIO)))
	need(k.do("setfl", p.r, unix.O_NONBLOCK|unix.O_ASYNC))
	return p
}

var signalChecks = []Check{
	{ID: "A01", Mechanism: "signal", Statement: "a signal that is pending is not sent again, a real-time signal queues each time: signalfd reads them in order",
		Expect: "SIGUSR1 0, signal 40 1, signal 40 2, signal 40 3", Source: "signalfd(2); signal(7), Real-time signals", Since: "2.6.22", About: "boundaries",
		Observe: func(k *kernel) string {
			fd := need(k.do("signalfd", int(unix.SIGUSR1), realtime)).N
			for i := range 3 {
				need(k.raise(k.proc, int(unix.SIGUSR1)))
				need(k.sigqueue(k.proc, realtime, i+1))
			}
			return k.do("signalread", fd, 9).text()
		}},
	{ID: "A02", Mechanism: "signal", Statement: "of real-time signals the lowest number comes first",
		Expect: "signal 38 2, signal 40 1", Source: "signal(7), Real-time signals", About: "boundaries",
		Observe: func(k *kernel) string {
			fd := need(k.do("signalfd", lower, realtime)).N
			need(k.sigqueue(k.proc, realtime, 1))
			need(k.sigqueue(k.proc, lower, 2))
			return k.do("signalread", fd, 9).text()
		}},
	{ID: "A03", Mechanism: "signal", Statement: "a read of a signalfd needs room for a record, and fails where no signal is pending",
		Expect: "EINVAL; EAGAIN", Source: "signalfd(2), EINVAL and EAGAIN", Since: "2.6.22", About: "empty too-big",
		Observe: func(k *kernel) string {
			fd := need(k.do("signalfd", int(unix.SIGUSR1), int(unix.SIGUSR2))).N
			return say("%v; %v", k.read(fd, 100), k.do("signalread", fd, 1))
		}},
	{ID: "A04", Mechanism: "signal", Statement: "a signalfd is readable while a signal of its set is pending",
		Expect: "0, POLLIN, read 0", Source: "signalfd(2)", Since: "2.6.22", About: "ready",
		Observe: func(k *kernel) string {
			fd := need(k.do("signalfd", int(unix.SIGUSR1), int(unix.SIGUSR2))).N
			none := k.ready(fd, inOut)
			need(k.raise(k.proc, int(unix.SIGUSR1)))
			one := k.ready(fd, inOut)
			need(k.do("signalread", fd, 1))
			return say("%s, %s, read %s", none, one, k.ready(fd, inOut))
		}},
	{ID: "A05", Mechanism: "signal", Statement: "a signalfd reads the signals of the process that reads, not of the one that made it",
		Expect: "child EAGAIN, then SIGUSR1 0; maker SIGUSR2 0", Source: "signalfd(2), fork(2) semantics", Since: "2.6.22", About: "fork-exec",
		Observe: func(k *kernel) string {
			fd := need(k.do("signalfd", int(unix.SIGUSR1), int(unix.SIGUSR2))).N
			child := k.process("child")
			need(child.do("sigblock", int(unix.SIGUSR1)))
			need(k.raise(k.proc, int(unix.SIGUSR2)))
			none := child.do("signalread", fd, 1)
			need(k.raise(child, int(unix.SIGUSR1)))
			return say("child %v, then %s; maker %s", none, child.do("signalread", fd, 9).text(), k.do("signalread", fd, 9).text())
		}},
	{ID: "A06", Mechanism: "signal", Statement: "a queued signal brings its value and its sender",
		Expect: "signal 40 SI_QUEUE, the sender, value 7", Source: "rt_sigqueueinfo(2); sigqueue(3)", About: "access",
		Observe: func(k *kernel) string {
			need(k.do("sigblock", realtime))
			need(k.sigqueue(k.proc, realtime, 7))
			got := k.do("siginfo", realtime).text()
			if got == say("signal 40 SI_QUEUE pid %d value 7", k.pid) {
				return "signal 40 SI_QUEUE, the sender, value 7"
			}
			return got
		}},
	{ID: "A07", Mechanism: "signal", Statement: "RLIMIT_SIGPENDING limits the signals that a user has queued; those that do not queue still come",
		Expect: "0: EAGAIN; SIGUSR1 0, pending", Source: "getrlimit(2), RLIMIT_SIGPENDING; sigqueue(3), EAGAIN", About: "limits full",
		Observe: func(k *kernel) string {
			need(k.do("sigblock", realtime))
			need(k.do("sigblock", int(unix.SIGUSR1)))
			need(k.do("rlimit", unix.RLIMIT_SIGPENDING, 0))
			queued, sent, state := k.sigqueue(k.proc, realtime, 1), k.raise(k.proc, int(unix.SIGUSR1)), "pending"
			if a := k.do("sigtimedwait", int(unix.SIGUSR1)); a.Errno != 0 {
				state = a.String()
			}
			return say("0: %v; SIGUSR1 %v, %s", queued, sent, state)
		}},
	{ID: "A08", Mechanism: "signal", Statement: "signal 0 tests whether a process is there; an unknown signal is refused",
		Expect: "0; none ESRCH; 65: EINVAL", Source: "kill(2)", About: "peer-gone invalid",
		Observe: func(k *kernel) string {
			child := k.process("child")
			there := k.do("kill", child.pid, 0)
			child.kill()
			return say("%v; none %v; 65: %v", there, k.do("kill", child.pid, 0), k.do("kill", k.pid, 65))
		}},
	{ID: "A09", Mechanism: "signal", Statement: "a process of another user can't be sent a signal",
		Expect: "EPERM", Source: "kill(2), EPERM", Needs: []Need{anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			return other.do("kill", k.pid, 0).String()
		}},
	{ID: "A10", Mechanism: "signal", Statement: "pending signals stay with their process: a program that it starts has none",
		Expect: "child EAGAIN; own SIGUSR1", Source: "signal(7), Signal mask and pending signals", About: "fork-exec left-behind",
		Observe: func(k *kernel) string {
			need(k.do("sigblock", int(unix.SIGUSR1)))
			need(k.raise(k.proc, int(unix.SIGUSR1)))
			child := k.process("child")
			need(child.do("sigblock", int(unix.SIGUSR1)))
			own := "SIGUSR1"
			theirs := child.do("sigtimedwait", int(unix.SIGUSR1))
			if a := k.do("sigtimedwait", int(unix.SIGUSR1)); a.Errno != 0 {
				own = a.String()
			}
			return say("child %v; own %s", theirs, own)
		}},
	{ID: "A11", Mechanism: "signal", Statement: "O_ASYNC: each write to a pipe sends a signal to the owner of the read end, and so does the writer's close",
		Expect: "POLL_IN POLLIN; again POLL_IN POLLIN; closed POLL_IN POLLIN; none EAGAIN", Source: "fcntl(2), F_SETSIG; open(2), O_ASYNC", About: "ready peer-gone",
		Observe: func(k *kernel) string {
			p := k.asyncPipe()
			got := func() string { return k.do("iosignal", int(unix.SIGIO)).text() }
			need(k.write(p.w, "x"))
			first := got()
			need(k.write(p.w, "x"))
			second := got()
			k.close(p.w)
			return say("%s; again %s; closed %s; none %s", first, second, got(), got())
		}},
	{ID: "A12", Mechanism: "signal", Statement: "with F_SETSIG the signal names the descriptor",
		Expect: "the read end", Source: "fcntl(2), F_SETSIG", About: "ready",
		Observe: func(k *kernel) string {
			p := k.asyncPipe()
			need(k.write(p.w, "x"))
			if a := k.do("iosignal", int(unix.SIGIO)); a.Errno != 0 || a.N != p.r {
				return a.String()
			}
			return "the read end"
		}},
	{ID: "A13", Mechanism: "signal", Statement: "without O_ASYNC no signal comes, and O_ASYNC can be taken back",
		Expect: "EAGAIN", Source: "fcntl(2), F_SETFL", About: "ready",
		Observe: func(k *kernel) string {
			p := k.asyncPipe()
			need(k.do("setfl", p.r, unix.O_NONBLOCK))
			need(k.write(p.w, "x"))
			return k.do("iosignal", int(unix.SIGIO)).String()
		}},
}

var processVMChecks = []Check{
	{ID: "Y01", Mechanism: "processvm", Statement: "process_vm_readv copies from another process, and process_vm_writev into it, whatever that does",
		Expect: "reads ab; writes 2: cd", Source: "process_vm_readv(2)", Since: "3.2", About: "shared-memory",
		Observe: func(k *kernel) string {
			other, at, address := k.elsewhere(k.host.page)
			need(other.do("poke", at, 0, "ab"))
			w := other.begin("pollwait", k.pipe(0).r, unix.POLLIN)
			w.asleep()
			read, n := k.do("vmread", other.pid, address, 2, 0).text(), k.do("vmwrite", other.pid, address, "cd")
			return say("reads %s; writes %v: %s", read, n, k.do("vmread", other.pid, address, 2, 0).text())
		}},
	{ID: "Y02", Mechanism: "processvm", Statement: "a read across the end of what is mapped returns what is there",
		Expect: "of {2p}: {p}", Source: "process_vm_readv(2), RETURN VALUE", Since: "3.2", About: "too-big",
		Observe: func(k *kernel) string {
			other, at, address := k.elsewhere(2 * k.host.page)
			need(other.do("munmap", at, k.host.page, k.host.page))
			return say("of %d: %v", 2*k.host.page, k.do("vmread", other.pid, address, 2*k.host.page, 0))
		}},
	{ID: "Y03", Mechanism: "processvm", Statement: "a read of what is not mapped fails",
		Expect: "EFAULT", Source: "process_vm_readv(2), EFAULT", Since: "3.2", About: "invalid",
		Observe: func(k *kernel) string {
			other, at, address := k.elsewhere(k.host.page)
			need(other.do("munmap", at, 0, k.host.page))
			return k.do("vmread", other.pid, address, 1, 0).String()
		}},
	{ID: "Y04", Mechanism: "processvm", Statement: "flags must be 0, and there must be such a process",
		Expect: "EINVAL, ESRCH", Source: "process_vm_readv(2), ERRORS", Since: "3.2", About: "invalid peer-gone",
		Observe: func(k *kernel) string {
			other, _, address := k.elsewhere(k.host.page)
			flags := k.do("vmread", other.pid, address, 1, 1)
			other.kill()
			return say("%v, %v", flags, k.do("vmread", other.pid, address, 1, 0))
		}},
	{ID: "Y05", Mechanism: "processvm", Statement: "a process of another user can't be read or written",
		Expect: "EPERM, EPERM", Source: "process_vm_readv(2), EPERM; ptrace(2), access mode checking", Since: "3.2", Needs: []Need{anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			at, _ := k.words()
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			address := need(k.do("address", at)).N
			return say("%v, %v", other.do("vmread", k.pid, address, 1, 0), other.do("vmwrite", k.pid, address, "x"))
		}},
	{ID: "Y06", Mechanism: "processvm", Statement: "at most IOV_MAX vectors are taken, and none at all is no error",
		Expect: "1025: EINVAL, 1024 empty ones 0", Source: "process_vm_readv(2), EINVAL", Since: "3.2", About: "limits",
		Observe: func(k *kernel) string {
			return say("1025: %v, 1024 empty ones %v", k.do("vmreadmany", k.pid, 1025), k.do("vmreadmany", k.pid, 1024))
		}},
	{ID: "Y07", Mechanism: "processvm", Statement: "a write to memory that is mapped for reading alone fails, and a read works",
		Expect: "write EFAULT, read 1", Source: "process_vm_writev(2), EFAULT", Since: "3.2", About: "access",
		Observe: func(k *kernel) string {
			other, at, address := k.elsewhere(k.host.page)
			need(other.do("mprotect", at, unix.PROT_READ))
			return say("write %v, read %v", k.do("vmwrite", other.pid, address, "x"), k.do("vmread", other.pid, address, 1, 0))
		}},
}

// elsewhere is a peer with memory of its own: its attachment, and its address.
func (k *kernel) elsewhere(size int) (other *proc, at, address int) {
	other = k.process("other")
	at = need(other.do("mmap", need(other.do("memfd", size)).N, size)).N
	return other, at, need(other.do("address", at)).N
}

var ringChecks = []Check{
	{ID: "I01", Mechanism: "iouring", Statement: "a read over io_uring waits for a pipe, as read does",
		Expect: "sleeps, then ab", Source: "io_uring_enter(2), IORING_OP_READ", Since: "5.6", Needs: []Need{ioUring}, About: "empty",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			w := k.begin("ringread", p.r, 9)
			state := w.asleep()
			need(k.write(p.w, "ab"))
			return say("%s, then %s", state, w.answer().text())
		}},
	{ID: "I02", Mechanism: "iouring", Statement: "over io_uring too, no writer is end of file, and no reader EPIPE",
		Expect: "0; EPIPE", Source: "io_uring_enter(2); pipe(7)", Since: "5.6", Needs: []Need{ioUring}, About: "peer-gone no-reader",
		Observe: func(k *kernel) string {
			need(k.do("sigaction", int(unix.SIGPIPE), sigIgnore))
			p, q := k.pipe(0), k.pipe(0)
			k.close(p.w, q.r)
			return say("%v; %v", k.do("ringread", p.r, 9), k.do("ringwrite", q.w, "x"))
		}},
	{ID: "I03", Mechanism: "iouring", Statement: "a read over io_uring returns what is there, not what was asked for",
		Expect: "of 9: 2", Source: "io_uring_enter(2), IORING_OP_READ; pipe(7)", Since: "5.6", Needs: []Need{ioUring}, About: "boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.write(p.w, "ab"))
			return say("of 9: %v", k.do("ringread", p.r, 9))
		}},
}
