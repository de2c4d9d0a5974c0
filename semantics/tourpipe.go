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
		"It is pages that count: 16 writes of 2049 bytes fill a pipe of 65536 bytes, for two of them do not fit into one page of 4096.")
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
