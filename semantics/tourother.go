package semantics

import "golang.org/x/sys/unix"

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
