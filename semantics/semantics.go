// Package semantics checks on the running kernel what the manual promises of
// each mechanism: what happens when a pipe is full, the peer dies, two writers
// collide, a packet is too long.
//
// A [Check] is data: a statement, what a kernel that keeps it answers, the page
// that states it, what it needs, and a function that observes. Each runs in a
// process of its own, which this program becomes by executing itself, with
// peers where the statement is about several processes. All system calls of a
// check go through one function, which notes them. The notes are the check's
// story; a test replaces answers to show that every check can fail.
//
// The engine (engine.go) starts the process of a check (check.go), which starts
// its peers (peer.go, proc.go), and a keeper (keeper.go), which removes what the
// checks leave when all of these have gone. The statements are in a file for each
// family.
//
// A program that calls [Run] must call [Init] first in main.
package semantics

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// Check is one statement about a mechanism, and how to see whether it holds.
type Check struct {
	ID        string // "P16": the family's letter and a number, unique
	Mechanism string // the family: one of Families
	Statement string // one sentence, or the beginning of one
	// Expect is what Observe returns on a kernel that keeps the statement. {p}
	// stands for the size of a page, {16p} for 16 of them, {msgmax} and the
	// like for a number of this kernel (see expand). "": the answer is a fact
	// of the machine: it is recorded, not judged.
	Expect  string
	Before  []Older // what older kernels answer, the oldest first; "" where their stable updates differ
	Source  string  // the page and section, the kernel's file, or the commit: "pipe(7), PIPE_BUF"
	Since   string  // the first Linux with it: "2.6.35"; "" is any
	Needs   []Need  // without them it is skipped
	About   string  // names of Questions, divided by spaces
	Observe func(*kernel) string
}

// Older is what kernels before a release answer.
type Older struct {
	Release string // "5.14"
	Expect  string
}

// Verdict is how a check ended.
type Verdict string

const (
	Holds    Verdict = "holds"    // the kernel does what is stated
	Differs  Verdict = "differs"  // it does something else
	Skipped  Verdict = "skipped"  // it can't be tried here, for the reason given
	Recorded Verdict = "recorded" // a fact of the machine, which no page promises
	Broken   Verdict = "broken"   // the check itself failed, and shows nothing of the kernel
)

// Verdicts are all of them, the gravest first.
var Verdicts = []Verdict{Differs, Broken, Skipped, Recorded, Holds}

// Family is a mechanism, or what several have in common.
type Family struct {
	Name   string // "pipe"
	Title  string // "Pipes"
	Checks []Check
}

// Families are all statements in the order in which they are read.
var Families = []Family{
	{"pipe", "Pipes", slices.Concat(pipeChecks, pipeCapacityChecks, pipePeerChecks, pipeErrorChecks, pipeFileChecks)},
	{"packetpipe", "Pipes in packet mode", packetChecks},
	{"fd", "Descriptors", fdChecks},
	{"poll", "Waiting with poll, select and epoll", slices.Concat(pollChecks, epollChecks, selectChecks)},
	{"fifo", "FIFOs", slices.Concat(fifoChecks, mknodChecks)},
	{"socketpair", "Socket pairs", slices.Concat(socketChecks, socketPeerChecks, socketReadChecks, socketOptionChecks)},
	{"unixsocket", "UNIX domain sockets with names", slices.Concat(unixChecks, unixAddressChecks)},
	{"passing", "Descriptors and credentials over sockets", slices.Concat(passingChecks, passingMoreChecks)},
	{"sysvshm", "System V shared memory", slices.Concat(shmChecks, shmMoreChecks, shmStateChecks)},
	{"sysvsem", "System V semaphores", slices.Concat(semChecks, semMoreChecks, semStateChecks)},
	{"sysvmsg", "System V message queues", slices.Concat(msgChecks, msgMoreChecks, msgStateChecks)},
	{"splice", "splice, tee, vmsplice", slices.Concat(spliceChecks, spliceMoreChecks)},
	{"posixmq", "POSIX message queues", slices.Concat(mqChecks, mqMoreChecks, mqAccessChecks)},
	{"wake", "eventfd", slices.Concat(wakeChecks, wakeMoreChecks)},
	{"futex", "Futexes", slices.Concat(futexChecks, futexMoreChecks)},
	{"signal", "Signals and signalfd", slices.Concat(signalChecks, signalfdChecks)},
	{"memfd", "Memory files and seals", slices.Concat(memfdChecks, memfdMoreChecks)},
	{"processvm", "Reading another process's memory", slices.Concat(processVMChecks, processVMMoreChecks)},
	{"iouring", "io_uring", slices.Concat(ringChecks, ringMoreChecks)},
}

// Checks returns the checks of all families.
func Checks() (all []*Check) {
	for f := range Families {
		for i := range Families[f].Checks {
			all = append(all, &Families[f].Checks[i])
		}
	}
	return all
}

// Lookup returns the check of that ID, or nil.
func Lookup(id string) *Check {
	for _, c := range Checks() {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// WriteStatements lists what is checked, as Markdown: what of it is the same on
// every machine.
func WriteStatements(w io.Writer) error {
	for i, f := range Families {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if _, err := fmt.Fprintf(w, "## %s (`%s`)\n\n", f.Title, f.Name); err != nil {
			return err
		}
		text.Head(w, "l", "", "statement", "what the kernel answers", "source", "since Linux")
		for _, c := range f.Checks {
			expect := results.EscapeMarkdown(c.Expect)
			if c.Expect == "" {
				expect = "*recorded*"
			}
			for _, o := range c.Before {
				expect += fmt.Sprintf("; before %s: %s", o.Release, cmp.Or(results.EscapeMarkdown(o.Expect), "*recorded*"))
			}
			text.Row(w, c.ID, results.EscapeMarkdown(c.Statement), expect, results.EscapeMarkdown(c.Source), c.Since)
		}
	}
	return nil
}
