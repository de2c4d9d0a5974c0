// Package words defines each word that has a meaning of its own here, once:
// `ipcbench help words` prints the table, docs/words.md is generated from it, and
// a report's page shows a definition where the pointer rests on its word.
package words

// Word is a name with its meaning, a phrase in which `…` is code.
type Word struct{ Name, Meaning string }

// Topics are all words, by what they are about.
var Topics = []struct {
	Name  string
	Words []Word
}{
	{"What is measured", []Word{
		{"mechanism", "one way in which Linux moves messages between processes: `pipe`, `fifo`, `sysvmsg`"},
		{"workload", "what each process does and which processes exchange messages: `PingPong`, `Stream`"},
		{"floor", "the cost of one step, measured in the same run: a null system call, a wake-up, a copy"},
		{"axis", "a dimension that a plan varies: mechanism, message size, capacity, place, peers, and options"},
		{"core mechanisms", "the eight mechanisms of the preset `quick`; `default` measures six more"},
		{"peers", "the number that a workload of several processes varies: its senders, stages, receivers, pairs or contenders"},
		{"option", "an axis that most cells leave at its usual value, and then do not name. `ipcbench list axes` lists them"},
		{"cell", "one point of a plan: a workload and one value of each axis"},
		{"place", "the CPUs on which the processes of a cell run"},
		{"core", "a processor core. A core with SMT has several hardware threads, and Linux calls each a CPU"},
		{"same CPU", "all processes on one CPU: `--place same`, and `place=same` in cell names"},
		{"different CPUs", "processes on different cores: `--place cross`, and `place=cross` in cell names"},
		{"pinned", "bound to one CPU; unpinned processes run where the scheduler puts them: `place=free`"},
		{"capacity", "the bytes that a link holds. `--queue`, the column queue and `queue=` in cell names have the capacity asked for. The record also has what the kernel gave"},
		{"framing", "how a message ends: `packet` (the kernel keeps its boundaries), `stream` (bytes; the reader must know the length), `slot` (one slot of shared memory a message), `count` (no payload)"},
		{"in place", "both sides work in the link's own memory, without a copy: `--copy 0`, and `copy=0` in cell names"},
	}},
	{"How it is measured", []Word{
		{"plan", "the cells of a run, with the number of launches and their time"},
		{"preset", "a plan with a name: `quick`, `default`, `wide`, `full`"},
		{"seed", "the number from which a run shuffles its launches; for kernels, that from which QEMU draws the randomness of a boot"},
		{"run", "a plan that was carried out, and the directory with its records. ID is its name. RUN on a command line is its path, its ID, its label, `@latest` or `@N`"},
		{"label", "a word that the user gave a run, with `run --label`"},
		{"pass", "one launch of every cell, block by block in shuffled order"},
		{"block", "the cells of a pass that differ in their mechanism alone, launched right after each other in shuffled order"},
		{"launch", "one measurement of a cell, in fresh processes. It is the statistical sample; a round or a message is not"},
		{"attempt", "one try of a launch. An untrusted launch has up to five"},
		{"round", "a number of operations in a launch, between a common start and the last receiver's last message"},
		{"stamp", "the first bytes of a message: its sender and its sequence, which the receiver checks"},
		{"operation", "what `time/op` counts: a round trip for `PingPong`, a message for `Stream`"},
		{"record", "the result of one attempt at a launch: its outcome, its rounds and the host"},
		{"outcome", "how an attempt, or the cell with all its launches, ended: `ok`, `skipped`, `failed` or `untrusted`. Each but `ok` has a reason"},
		{"disturbance", "something outside the cell that takes its time: other processes, steal, a stall, a stopped process"},
		{"stall", "10 ms or more in which no process of a cell moved a message"},
		{"steal", "the time for which a hypervisor kept a CPU from the virtual machine"},
		{"untrusted", "measured, but disturbed beyond a bound. The launch gives no number, and is tried again"},
		{"warning", "something about the host or a launch that may spoil numbers, with its remedy"},
	}},
	{"Results", []Word{
		{"time/op", "the time of one operation. Benchmark text calls it `ns/op`, a record `ns_per_op`"},
		{"confidence interval", "a range made so that it contains the true median 95 times in 100"},
		{"±", "how far the interval reaches from the number, at most: with `100µs ±11%` its farther end is 11 % away"},
		{"round trip", "a message to the other process and back: the operation of `PingPong`, which `choose` calls the pattern rpc"},
		{"throughput", "the payload delivered per second"},
		{"queued messages", "how many messages fit into a link before the sender blocks"},
		{"wake-up", "one process wakes another that sleeps: the floor `wake`"},
		{"vs floor", "the cost relative to a floor: \"2.1 wake-ups\" is 2.1 times the time of a wake-up. A round trip needs two"},
		{"report", "what `ipcbench report` writes: the page (`index.html`), `report.md`, `summary.csv` and pictures"},
		{"overhead", "what the suite (ipcbench) itself adds to a number. Its engine is the part that moves messages. docs/fidelity.md has the overhead"},
		{"C twin", "a program in C, written by hand, that makes the same system calls as a core mechanism. docs/fidelity.md compares both"},
		{"met, not met, undecided", "whether a target of docs/fidelity.md holds: the whole interval lies within it, beyond it, or on both sides"},
		{"statement", "a sentence of the manual pages, or of the kernel's source, that `semantics` checks. docs/usage.md has its verdicts"},
	}},
	{"Comparing", []Word{
		{"baseline", "the old side of a comparison"},
		{"side A, side B", "the two commands that `ab` measures interleaved"},
		{"kernel", "one of the kernels that `kernels` compares, with its boot options"},
		{"threshold", "a change below it is not called slower or faster: 5 %, for kernels 2 %"},
		{"slower, faster", "the change exceeds the threshold, and chance would hardly produce it"},
		{"same", "the interval lies within the threshold"},
		{"can't tell", "neither a difference nor equality is shown"},
		{"fastest", "all others are shown to be slower"},
		{"no other is more than 5 % faster", "the fastest is not known, and nothing beats this one by more than 5 %"},
		{"broken", "the cell was ok in the old side, and is failed or skipped in the new one. The check of a statement is broken if it failed itself"},
		{"regression", "a cell that is slower"},
		{"gate", "the test of all cells together that decides the exit status"},
		{"control", "a loop of known length that `kernels` measures in each boot. If its count is off by more than 1 %, the boot gives no numbers"},
	}},
	{"In the code", []Word{
		{"contract", "what a mechanism offers and a workload plays on: messages, messages by type, notifications, or a lock"},
		{"link", "a path in one direction made from a mechanism. It carries messages of one size"},
		{"end", "the side of a link that a process has open: a sender or a receiver"},
		{"ticket", "what another process needs to open one end of a link: inherited descriptors and a small attribute"},
		{"limits", "what the running kernel lets a link carry, as numbers with their source"},
		{"topology", "a workload's parts and wires: each part becomes a worker, each wire a link"},
		{"coordinator", "the process that plans, times and writes records"},
		{"session", "the process that makes links, and starts, watches and ends workers"},
		{"worker", "a process that plays one part of a workload"},
		{"slot", "the place of one message in a ring. A ring is a row of slots in shared memory"},
		{"mark", "the number of the message, behind it in its slot, which shows that the slot is filled"},
		{"slot access", "how a sender or receiver acquires a slot and publishes it"},
		{"cursor", "the number of the slot that an end uses next"},
		{"consumed", "the count of slots that the receiver has emptied, which the sender reads"},
		{"wait state", "the word by which a waiter announces that it sleeps"},
		{"parker", "the way to sleep and to wake: a futex, an eventfd, a semaphore"},
	}},
}

// Meaning is that of the word, "" where the table lacks it.
func Meaning(name string) string {
	for _, t := range Topics {
		for _, w := range t.Words {
			if w.Name == name {
				return w.Meaning
			}
		}
	}
	return ""
}
