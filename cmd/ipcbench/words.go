package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/internal/text"
)

// vocabulary is every word that has a meaning of its own here: `ipcbench help
// words` prints it, and docs/words.md is generated from it.
var vocabulary = []struct {
	topic string
	words []struct{ name, meaning string }
}{
	{"What is measured", []struct{ name, meaning string }{
		{"mechanism", "one way in which Linux moves messages between processes: `pipe`, `fifo`, `sysvmsg`"},
		{"workload", "what each process does and which processes exchange messages: `PingPong`, `Stream`"},
		{"floor", "a lower bound, measured in the same run: a null system call, a wake-up, a copy. No mechanism is cheaper than its floor"},
		{"axis", "a dimension that a plan varies: mechanism, message size, capacity, place, peers, and options"},
		{"option", "an axis that most cells leave at its usual value, and then do not name: wait, batch, touch, copy, memory, rate"},
		{"cell", "one point of a plan: a workload and one value of each axis"},
		{"place", "the CPUs on which the processes of a cell run"},
		{"same CPU", "all processes on one CPU: `place=same` in cell names"},
		{"different CPUs", "processes on different cores: `place=cross` in cell names"},
		{"pinned", "bound to one CPU; unpinned processes run where the scheduler puts them: `place=free`"},
		{"capacity", "the bytes that a link holds: `--queue` asks for it, and the record has what the kernel gave"},
		{"in place", "both sides work in the link's own memory, without a copy: `--copy 0`, and `copy=0` in cell names"},
	}},
	{"How it is measured", []struct{ name, meaning string }{
		{"plan", "the cells of a run, with the number of launches and their time"},
		{"run", "one execution of a plan, and the directory with its records"},
		{"pass", "one launch of every cell, in shuffled order"},
		{"launch", "one run of a cell in fresh processes. It is the statistical sample; a round or a message is not"},
		{"round", "a number of operations in a launch, between a common start and the last receiver's last message"},
		{"operation", "what ns/op counts: a round trip for `PingPong`, a message for `Stream`"},
		{"record", "the result of one launch: its outcome, its rounds and the host"},
		{"outcome", "`ok`, `skipped`, `failed` or `untrusted`. All but ok have a reason"},
		{"untrusted", "measured, but disturbed beyond a bound. The number does not count"},
		{"warning", "something about the host or a launch that may spoil numbers, with its remedy"},
	}},
	{"Results", []struct{ name, meaning string }{
		{"confidence interval", "the range that contains the true median 95 times in 100: `±11%` behind a number"},
		{"round trip", "the time of a message to the other process and back"},
		{"throughput", "the payload delivered per second"},
		{"queued messages", "how many messages fit into a link before the sender blocks"},
		{"vs floor", "the cost relative to the floor: \"2.1 wake-ups\" is 2.1 times the time of a wake-up"},
		{"overhead", "what the suite itself adds to a number. docs/fidelity.md has it"},
		{"met, not met, undecided", "whether a bound of docs/fidelity.md holds: the whole interval lies within it, beyond it, or across it"},
		{"statement", "a sentence that the manual promises and `semantics` checks. It holds, differs, is skipped, is recorded, or its check is broken"},
	}},
	{"Comparing", []struct{ name, meaning string }{
		{"baseline", "the old side of a comparison"},
		{"side A, side B", "the two commands that `ab` measures interleaved"},
		{"kernel", "one of the kernels that `kernels` compares, with its boot options"},
		{"threshold", "the change up to which nothing matters: 5 %, for kernels 2 %"},
		{"slower, faster", "the change exceeds the threshold, and chance would hardly produce it"},
		{"same", "the interval lies within the threshold"},
		{"can't tell", "neither a difference nor equality is shown"},
		{"fastest", "all others are shown to be slower"},
		{"no other is more than 5 % faster", "the fastest is not known, and nothing beats this one by more than 5 %"},
		{"regression", "a cell that is slower"},
		{"gate", "the test of all cells together that decides the exit status"},
	}},
	{"In the code", []struct{ name, meaning string }{
		{"contract", "what a mechanism offers and a workload plays on: messages, messages by type, notifications, or a lock"},
		{"link", "a path in one direction made from a mechanism. It carries messages of one size"},
		{"end", "the side of a link that a process has open: a sender or a receiver"},
		{"ticket", "what another process needs to open one end of a link: inherited descriptors and a small attribute"},
		{"limits", "what the running kernel lets a link carry, as numbers with their source"},
		{"wire, part", "a link and a process in a workload's topology"},
		{"coordinator", "the process that plans, times and writes records"},
		{"session", "the process that makes links, and starts, watches and ends workers"},
		{"worker", "a process that plays one part"},
		{"slot", "the place of one message in a ring. A ring is a row of slots in shared memory"},
		{"slot access", "how a sender or receiver acquires a slot and publishes it"},
		{"cursor", "the number of the slot that an end uses next"},
		{"consumed", "the count of slots that the receiver has emptied, which the sender reads"},
		{"wait state", "the word by which a waiter announces that it sleeps"},
		{"parker", "the way to sleep and to wake: a futex, an eventfd, a semaphore"},
	}},
}

// newWords is a help topic: it has nothing to run.
func newWords() *cobra.Command {
	var b strings.Builder
	for _, t := range vocabulary {
		fmt.Fprintf(&b, "%s\n\n", t.topic)
		for _, w := range t.words {
			text.Wrap(&b, "  "+w.name+": ", "      ", strings.ReplaceAll(w.meaning, "`", ""))
		}
		b.WriteByte('\n')
	}
	return &cobra.Command{Use: "words", Short: "What the words mean", Long: b.String()}
}

// writeWords writes the vocabulary as Markdown.
func writeWords(w io.Writer) error {
	var b strings.Builder
	for i, t := range vocabulary {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "## %s\n\n| word | meaning |\n|---|---|\n", t.topic)
		for _, w := range t.words {
			fmt.Fprintf(&b, "| %s | %s |\n", w.name, w.meaning)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
