// Package conformance holds every mechanism to the contract of package
// mechanisms, rule by rule, in one process and in real workers.
//
// The rules for real processes execute the test binary again: a test that calls Run has
//
//	func TestMain(m *testing.M) { conformance.Main(m) }
package conformance

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"ipcbench/internal/apart"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/sockets/netconn"
	"ipcbench/runner"
)

// Main is the TestMain of a test that calls Run. The tests have an IPC namespace of
// their own where the kernel permits: what the rules count are no others' objects.
func Main(m *testing.M) {
	runner.Init()
	Init()
	apart.Enter()
	if err := mechanisms.Misregistered(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// Run holds m to every rule, each in a subtest of its own. A rule that m
// breaks is reported in a sentence, one that hangs is reported by name. Where
// the kernel withholds what m needs, the test is skipped with the reason.
//
// Rules count what the process holds and set its environment: nothing else
// may run beside them in the same process.
func Run(t *testing.T, m *mechanisms.Mechanism) {
	if m.Needs != nil {
		if err := m.Needs(); err != nil {
			t.Skip(err)
		}
	}
	for _, r := range rules {
		if !r.binds(m) {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			if r.InWorkers {
				need.Time(t)
			}
			if race && r.NotUnderRace != "" {
				t.Skip("under the race detector: " + r.NotUnderRace)
			}
			err := r.verdict(m)
			if refused := (*runner.TraceError)(nil); errors.As(err, &refused) {
				t.Skip(refused)
			}
			if r.InWorkers && m.Spins && runner.Unsupported(err) {
				t.Skip(err) // its processes need a CPU each, which this machine has not
			}
			if err != nil {
				t.Errorf("%s, %s\n%v", r.Sentence, r.Man, err)
			}
		})
	}
}

// rule is one promise of the contract.
type rule struct {
	Name         string
	Sentence     string // the promise
	Man          string // the page that it rests on
	NotUnderRace string // why the race detector makes it meaningless, if it does
	InWorkers    bool   // it starts processes, which the runner watches as well
	Binds        binding
	check        func(*bed) error
}

// binding is the mechanisms that a rule binds: those that offer a contract, or
// all.
type binding int

const (
	messages binding = iota
	counts
	locks
	all
)

// binds reports whether the rule is one for m.
func (r rule) binds(m *mechanisms.Mechanism) bool {
	switch r.Binds {
	case counts:
		return m.Offers(mechanisms.Counts)
	case locks:
		return m.Offers(mechanisms.Locks)
	case all:
		return true
	}
	return m.Offers(mechanisms.Messages)
}

var rules = []rule{
	{Name: "declared", Binds: all, check: declared, Man: "errno(3)",
		Sentence: "a mechanism declares what it is, and every limit has its number, its source and what lies beyond"},
	{Name: "roundtrip", check: roundTrip, Man: "write(2)",
		Sentence: "a message of any admitted size arrives whole, and any other is refused with the number and its source"},
	{Name: "order", check: order, Man: "pipe(7)",
		Sentence: "messages arrive once and in order, however often the queue wraps, and nothing follows the last"},
	{Name: "limit", check: limit, Man: "msgop(2)",
		Sentence: "a message at the limit arrives whole, and one byte more is refused or altered as declared"},
	{Name: "queue", check: queue, Man: "fcntl(2)",
		Sentence: "a queue that is asked for is given, or refused with the number and its source"},
	{Name: "capacity", check: capacity, Man: "fcntl(2)",
		Sentence: "the ends of a link read the capacity that it was given, before and after messages"},
	{Name: "fill", check: fill, Man: "fcntl(2)",
		Sentence: "Fill counts the messages that then arrive"},
	{Name: "block", check: block, Man: "pipe(7)",
		Sentence: "Send on a full link sleeps until there is room, or waits awake as declared, and loses nothing; where loss is declared it is counted, and shows in what arrives"},
	{Name: "senders", check: senders, Man: "pipe(7)",
		Sentence: "messages of several senders do not mix, up to the limit that is declared for them"},
	{Name: "reuse", check: reuse, Man: "write(2)",
		Sentence: "the caller may write to its buffer as soon as Send returns"},
	{Name: "inplace", check: inPlace, Man: "mmap(2)",
		Sentence: "what is written in place arrives, and what is received in place stays as it is until it is returned"},
	{Name: "memory", check: inMemories, Man: "mmap(2)",
		Sentence: "a link carries messages in every memory that is declared, leaves nothing of it, or is refused with the number"},
	{Name: "opening", check: opening, Man: "fifo(7)",
		Sentence: "ends are opened in any order, the sending end once for every sender"},
	{Name: "pair", check: pair, Man: "socketpair(2)",
		Sentence: "the two directions of a pair do not mix"},
	{Name: "eof", check: endOfFile, Man: "read(2)",
		Sentence: "Recv returns io.EOF once every sender has closed, or waits, as declared"},
	{Name: "gone", check: gone, Man: "signal(7)",
		Sentence: "Send fails as declared once every receiver has closed, or waits on a full link"},
	{Name: "inplacefull", check: inPlaceFull, Man: "vmsplice(2)",
		Sentence: "as many messages as a link holds, made where they are sent from, arrive as they were made"},
	{Name: "relay", check: relay, Man: "splice(2)",
		Sentence: "what is passed on without being looked at arrives whole, once and in order, and so does the end of file"},
	{Name: "allocation", check: allocation, Man: "read(2)", NotUnderRace: "it allocates for itself",
		Sentence: "Send and Recv allocate nothing"},
	{Name: "count", Binds: counts, check: countAll, Man: "eventfd(2)",
		Sentence: "of n notifications a waiter takes n in all, or some where they are declared to coalesce, and none that was not given"},
	{Name: "sleep", Binds: counts, check: waitSleeps, Man: "futex(2)",
		Sentence: "Wait sleeps while the count is 0, and a notification wakes it"},
	{Name: "full", Binds: counts, check: countFull, Man: "semop(2)",
		Sentence: "a count takes as many notifications as declared, and refuses the next as declared"},
	{Name: "garbage", Binds: counts, check: countAllocation, Man: "read(2)", NotUnderRace: "it allocates for itself",
		Sentence: "Notify and Wait allocate nothing"},
	{Name: "exclusion", Binds: locks, check: exclusion, Man: "futex(7)",
		Sentence: "only one holds a lock at a time"},
	{Name: "turns", Binds: locks, check: turns, Man: "futex(2)",
		Sentence: "Lock sleeps while another holds the lock, and Unlock wakes it"},
	{Name: "destroy", Binds: all, check: destroy, Man: "sysvipc(7)",
		Sentence: "Destroy may come at any time, again, and from another process, and nothing is left"},
	{Name: "leak", Binds: all, check: leak, Man: "proc(5)",
		Sentence: "a link leaves no descriptor, process, mapping, System V object or file behind"},
	{Name: "waits", check: waits, Man: "poll(2)", InWorkers: true,
		Sentence: "ends that are descriptors wait by poll, by epoll or by trying again, and lose nothing"},
	{Name: "batches", check: batches, Man: "writev(2)", InWorkers: true,
		Sentence: "all messages of a batch arrive whole and in order, also where a link holds fewer"},
	{Name: "unrelated", Binds: all, check: unrelated, Man: "unix(7)", InWorkers: true,
		Sentence: "a process that inherited nothing can open an end where that is declared, and only there"},
	{Name: "calls", Binds: all, check: calls, Man: "ptrace(2)", InWorkers: true,
		Sentence: "a message takes the system calls that are declared, and no others"},
	{Name: "workload", Binds: all, check: workloads, Man: "write(2)", InWorkers: true,
		Sentence: "every workload at every size is measured and verified, or skipped with the number and its source"},
	{Name: "death", Binds: all, check: death, Man: "kill(2)", InWorkers: true,
		Sentence: "a process whose peer is killed gets an error or the end of file within a second where that is declared, and waits or goes on where it is not"},
	{Name: "killed", Binds: all, check: killed, Man: "signal(7)", InWorkers: true,
		Sentence: "a worker that is killed is named as the cause, and nothing of the launch is left"},
}
