package semantics

import (
	"os/exec"

	"golang.org/x/sys/unix"
)

// tourPipe is the life of a pipe.
func tourPipe(g *guide) {
	g.step("A pipe is made",
		"pipe2 gives two descriptors, the lowest that are free: what is written to the second can be read from the first. A process that has only its standard input, output and error gets 3 and 4; this one has others open.",
		"A program that counts on the numbers 3 and 4 breaks as soon as something else is open.")
	p := g.pipe(0)
	g.shows(g.write(p.w, "hello"), 5)
	g.shows(g.read(p.r, 100).text(), "hello")

	g.step("A child inherits it",
		"After fork and execve a child has the same descriptors under the same numbers, unless they are marked close-on-exec. That is how two related processes come to share a pipe. Another process can only be sent an end, over a socket.",
		"With O_CLOEXEC on the end that the child needs, it would get EBADF. Without it on any other, every program that is started gets that one too.")
	child := g.process("child")
	g.shows(g.write(p.w, "for you"), 7)
	g.shows(child.read(p.r, 100).text(), "for you")

	g.step("Each closes what it does not need",
		"The pipe goes one way here: the parent keeps the write end, the child the read end. A read takes what is there; nothing is left, so the next one sleeps until something comes.",
		"The step after next shows what a forgotten one does.")
	child.close(p.w)
	g.close(p.r)
	w := child.begin("read", p.r, 100)
	g.shows(w.asleep(), "sleeps")
	g.shows(g.write(p.w, "at last"), 7)
	g.shows(w.answer().text(), "at last")

	g.step("The end of file",
		"When the last write end closes, the reader first gets what is left, and then 0. That is not an error: it is how a reader learns that nothing more will come.",
		"A reader that takes 0 for an error, or goes on reading, spins without end.")
	g.shows(g.write(p.w, "the rest"), 8)
	g.close(p.w)
	g.shows(child.read(p.r, 100).text(), "the rest")
	g.shows(child.read(p.r, 100), 0)
	child.exit()

	g.step("A forgotten write end",
		"Two children inherit a pipe. The parent and the reader close the write end; the bystander, which has nothing to do with the pipe, does not. So the reader does not see the end of file, though no process will ever write. When the bystander closes, the reader is free.",
		"This is the commonest way in which a program with pipes hangs: look for the process that still holds a write end, in /proc/PID/fd.")
	p = g.pipe(0)
	reader, bystander := g.process("reader"), g.process("bystander")
	reader.close(p.w)
	g.close(p.r, p.w)
	w = reader.begin("read", p.r, 100)
	g.shows(w.asleep(), "sleeps")
	bystander.close(p.w)
	g.shows(w.answer(), 0)
	reader.exit()
	bystander.exit()

	g.step("No reader: SIGPIPE",
		"A write to a pipe without a reader kills the writer by SIGPIPE: so `yes | head` ends. A process that ignores the signal gets EPIPE instead.",
		"Without the signal, every program in a shell pipeline would have to check every write. With it, a server that writes to a client that has gone dies, unless it ignores SIGPIPE.")
	p = g.pipe(0)
	writer := g.process("writer")
	writer.close(p.r)
	g.close(p.r)
	need(g.do("sigaction", int(unix.SIGPIPE), sigIgnore))
	g.shows(g.write(p.w, "x"), "EPIPE")
	need(writer.do("sigaction", int(unix.SIGPIPE), sigDefault))
	writer.begin("write", p.w, "x")
	g.shows(writer.ends(), "SIGPIPE")
	g.close(p.w)

	g.step("Full: the writer sleeps",
		"A pipe holds 16 pages by default. A writer that finds it full sleeps, and wakes when a whole page has been read. With O_NONBLOCK it gets EAGAIN instead.",
		"If two processes write to each other before they read, and both pipes are full, neither write returns.")
	p = g.pipe(0)
	writer = g.process("writer")
	g.shows(g.capacity(p.w), 16*g.host.page)
	g.shows(g.write(p.w, letters(16*g.host.page)), 16*g.host.page)
	w = writer.begin("write", p.w, "x")
	g.shows(w.asleep(), "sleeps")
	need(g.read(p.r, g.host.page))
	g.shows(w.answer(), 1)
	need(g.do("setfl", p.w, unix.O_NONBLOCK))
	need(g.do("fill", p.w, g.host.page))
	g.shows(g.write(p.w, letters(g.host.page)), "EAGAIN")
	writer.exit()
	g.close(p.r, p.w)

	g.step("How much it holds can be changed",
		"F_SETPIPE_SZ rounds up to a power of two of pages. Without CAP_SYS_RESOURCE it goes up to /proc/sys/fs/pipe-max-size, and not below what is in the pipe.",
		"It is pages that count: where a page has 4096 bytes, 16 writes of 2049 fill a pipe of 65536, since no page holds two.")
	p = g.pipe(0)
	g.shows(g.do("fcntl", p.w, unix.F_SETPIPE_SZ, 20*g.host.page), 32*g.host.page)
	need(g.write(p.w, letters(2*g.host.page)))
	g.shows(g.do("fcntl", p.w, unix.F_SETPIPE_SZ, g.host.page), "EBUSY")
	g.close(p.r, p.w)

	g.step("Many writers",
		"Any number of processes can share an end. Four write 2000 records each; up to PIPE_BUF, 4096 bytes, no record is torn by another.",
		"Longer records may be torn, though not always, and not at every size: that a test went well proves nothing.")
	g.shows(g.collide(4096), 0)

	g.step("Packet mode",
		"With O_DIRECT each write is a packet of its own, and a read takes one.",
		"Without, the two would have come out as one: a byte stream keeps no boundaries. And a buffer that is too small loses the rest of the packet.")
	p = g.pipe(unix.O_DIRECT)
	need(g.write(p.w, "one"))
	need(g.write(p.w, "two"))
	g.shows(g.read(p.r, 100).text(), "one")
	g.shows(g.read(p.r, 100).text(), "two")
	g.close(p.r, p.w)

	g.step("Request and response: two pipes",
		"One pipe goes one way. A question and its answer take two, or a pair of sockets.",
		"With one pipe for both, the process that asks would read its own question.")
	there, back := g.pipe(0), g.pipe(0)
	server := g.process("server")
	server.close(there.w, back.r)
	g.close(there.r, back.w)
	need(g.write(there.w, "2+2?"))
	g.shows(server.read(there.r, 100).text(), "2+2?")
	need(server.write(back.w, "4"))
	g.shows(g.read(back.r, 100).text(), "4")
	server.exit()
	g.close(there.w, back.r)

	g.step("The shell's `ls | sort`",
		"n programs need n-1 pipes. The shell makes the pipe and starts both. dup2 puts the pipe's ends in the place of standard output and standard input. The shell closes the rest everywhere, and waits for all. Here a second pipe brings what sort writes back to this process.",
		"If the shell kept its own write end open, sort would never see the end of file.")
	ls, sort := find("ls"), find("sort")
	p, out := g.pipe(0), g.pipe(0)
	left, right := g.process("left"), g.process("right")
	need(left.do("dup2", p.w, 1))
	left.close(p.r, p.w, out.r, out.w)
	need(right.do("dup2", p.r, 0))
	need(right.do("dup2", out.w, 1))
	right.close(p.r, p.w, out.r, out.w)
	g.close(p.r, p.w, out.w)
	left.begin("execve", ls+"\x00/proc/self/ns")
	right.begin("execve", sort+"\x00-r")
	g.shows(left.ends(), "exit 0")
	g.shows(right.ends(), "exit 0")
	got := need(g.read(out.r, 4096))
	g.shows(len(got.Data) > 0, true)
}

// find is the path of a program.
func find(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		panic(skipped("there is no " + name + " here"))
	}
	return path
}

// tourFIFO is a pipe with a name.
func tourFIFO(g *guide) {
	g.step("A FIFO is made",
		"mkfifo makes a name in a directory, and nothing else: no pipe is there until a process opens it. Its mode limits which users may.",
		"In a directory that others can write to, another user may put another file under the name: use one of mode 0700.")
	f := g.fifo("fifo")
	g.shows(g.do("mkfifo", f, 0o600), "EEXIST")

	g.step("Opening waits for the other side",
		"Two unrelated processes find each other by the name. The first to open sleeps until the other end is opened.",
		"With two FIFOs, one for each direction, both processes must open them in the same order, or neither open returns.")
	reader := g.process("reader")
	w := reader.begin("open", f, unix.O_RDONLY, 0)
	g.shows(w.asleep(), "sleeps")
	mine := need(g.open(f, unix.O_WRONLY)).N
	theirs := need(w.answer()).N
	need(g.write(mine, "hello"))
	g.shows(reader.read(theirs, 100).text(), "hello")

	g.step("The end of file is not the end",
		"When the last writer closes, the reader gets 0. When another writer opens the FIFO, the same descriptor gives data again.",
		"A server that closes at the first end of file serves one client only. One that opens the FIFO for writing as well never sees it.")
	g.close(mine)
	g.shows(reader.read(theirs, 100), 0)
	mine = need(g.open(f, unix.O_WRONLY)).N
	need(g.write(mine, "again"))
	g.shows(reader.read(theirs, 100).text(), "again")

	g.step("No reader: EPIPE",
		"A FIFO that has lost its readers treats a writer as a pipe does: EPIPE, and SIGPIPE unless it ignores the signal. With a new reader, writes succeed again.",
		"A writer that counts on a reader dies with it.")
	need(g.do("sigaction", int(unix.SIGPIPE), sigIgnore))
	reader.close(theirs)
	g.shows(g.write(mine, "x"), "EPIPE")
	theirs = need(reader.do("open", f, unix.O_RDONLY, 0)).N
	g.shows(g.write(mine, "x"), 1)
	g.shows(reader.read(theirs, 1).text(), "x")

	g.step("Nothing is kept on disk",
		"What is in a FIFO is in memory, and goes with the last close. The file has no size.",
		"A process that leaves a message in a FIFO and exits has lost it.")
	need(g.write(mine, "lost"))
	g.shows(g.do("size", mine).text(), "size 0")
	g.close(mine)
	reader.close(theirs)
	both := need(g.open(f, unix.O_RDWR|unix.O_NONBLOCK)).N
	g.shows(g.read(both, 100), "EAGAIN")
	g.close(both)

	g.step("Without waiting: ENXIO",
		"With O_NONBLOCK a reader gets in at once; a writer without a reader gets ENXIO, and so learns that no process listens.",
		"A read of a FIFO without a writer returns 0, not EAGAIN: it looks like the end of file before the beginning.")
	g.shows(g.open(f, unix.O_WRONLY|unix.O_NONBLOCK), "ENXIO")
	early := need(g.open(f, unix.O_RDONLY|unix.O_NONBLOCK)).N
	g.shows(g.read(early, 1), 0)
	g.close(early)

	g.step("The name stays until it is unlinked",
		"Processes come and go, the name does not. Processes that have it open keep it after it is unlinked.",
		"The next run finds the name of the last one.")
	g.shows(g.do("unlink", f), 0)
	g.shows(g.open(f, unix.O_RDONLY), "ENOENT")
}

// tourSysV is System V IPC: what has identifiers, and outlives its processes.
func tourSysV(g *guide) {
	if why := sysv.Lacks(g.host); why != "" {
		g.step("System V IPC", "Shared memory, semaphores and message queues.", "")
		panic(skipped(why))
	}
	g.step("Shared memory",
		"shmget makes a segment that any process can attach by its identifier, if its mode lets it. Nothing is copied, and the kernel does not see what is stored: neither process knows when the other is done.",
		"Without a semaphore, or something like it, the reader may read half a message.")
	seg := g.shm(100)
	at := need(g.do("shmat", seg, 0)).N
	other := g.process("other")
	theirs := need(other.do("shmat", seg, 0)).N
	need(g.do("poke", at, 0, "hello"))
	g.shows(other.do("peek", theirs, 0, 5).text(), "hello")

	g.step("A segment outlives its processes",
		"Detaching does not delete it, nor does exit. IPC_RMID does, as soon as no process is attached: call it when all are attached, and nothing is left if one is killed.",
		"A segment that no process removes stays until the next boot. ipcs shows it, ipcrm removes it.")
	need(g.do("shmdt", at))
	g.shows(other.exit(), "exit 0")
	g.shows(g.do("shmstat", seg).text(), "nattch 0, segsz 100")
	at = need(g.do("shmat", seg, 0)).N
	need(g.do("shmrm", seg))
	g.shows(g.do("peek", at, 0, 5).text(), "hello")
	need(g.do("shmdt", at))
	g.shows(g.do("shmstat", seg), "EINVAL")

	g.step("A semaphore: take and give",
		"A semaphore is a number that can't go below 0. To take one from 0 sleeps; to give one wakes a process that sleeps.",
		"A semaphore has no owner: any process can give what it has not taken.")
	id := g.sem(2)
	taker := g.process("taker")
	w := taker.begin("semop", id, 0, -1, 0)
	g.shows(w.asleep(), "sleeps")
	g.shows(g.do("semop", id, 0, 1, 0), 0)
	g.shows(w.answer(), 0)

	g.step("Several at once, or none",
		"The operations of one semop are done together or not at all: two semaphores can be taken without the danger that two processes hold one each.",
		"One after the other, two processes that take them in different orders deadlock.")
	g.setval(id, 1)
	g.shows(g.do("semop2", id, 0, -1, unix.IPC_NOWAIT, 1, -1, unix.IPC_NOWAIT), "EAGAIN")
	g.shows(g.getval(id), 1)

	g.step("SEM_UNDO: a holder dies",
		"A process that took with SEM_UNDO gives back when it ends, whatever ends it.",
		"Without SEM_UNDO the semaphore stays 0, and no other process can take it.")
	need(taker.do("semop", id, 0, -1, semUndo))
	g.shows(g.getval(id), 0)
	g.shows(taker.kill(), "SIGKILL")
	g.shows(g.getval(id), 1)

	g.step("Messages with a type",
		"A message has a type, and a receiver can choose: any, one of a type, or the lowest up to a bound, which makes an order by priority.",
		"In a pipe every reader takes what comes first.")
	q := g.msg()
	g.sendMsg(q, 5, "later")
	g.sendMsg(q, 2, "sooner")
	g.shows(g.do("msgrcvtyped", q, -9).text(), "2: sooner")
	g.shows(g.do("msgrcvtyped", q, 5).text(), "5: later")
	g.shows(g.do("msgrcv", q, 100, 0, unix.IPC_NOWAIT), "ENOMSG")

	g.step("IPC_RMID wakes the processes that sleep",
		"A queue or a set of semaphores is gone at once when it is removed, with what is on it; a process that sleeps on it gets EIDRM.",
		"Nothing else reports to a receiver that its sender has gone: there is no end of file.")
	receiver := g.process("receiver")
	w = receiver.begin("msgrcv", q, 100, 0, 0)
	g.shows(w.asleep(), "sleeps")
	g.shows(g.do("msgrm", q), 0)
	g.shows(w.answer(), "EIDRM")
	g.shows(g.do("semrm", id), 0)
}
