package conformance

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// tooth is a mechanism that breaks the contract in one way.
type tooth struct {
	rule   string // the rule that must catch it
	m      *mechanisms.Mechanism
	report func(error) bool // whether the rule's report is of the right kind
}

// A suite that has never failed is unproven: each of these mechanisms is
// broken on purpose, and one rule is meant for it.
var teeth = []tooth{
	{"declared", broken("nosource", "pipe", limiting(func(l *mechanisms.Limits) { l.Atomic.Source = "" })), text("lacks its source")},
	{"declared", broken("noman", "pipe", func(m *mechanisms.Mechanism) { m.Man = nil }), text("no manual page")},
	{"declared", broken("careless", "pipe", func(m *mechanisms.Mechanism) { m.Facts.Cautions = nil }), text("no caution")},
	{"declared", broken("traitless", "pipe", func(m *mechanisms.Mechanism) { m.Facts.Traits.Capacity.Checks = nil }), text("trait Capacity")},
	{"declared", broken("unexplained", "pipe", func(m *mechanisms.Mechanism) { m.Facts.Kernel = "It works." }), text("two to eight sentences")},

	{"roundtrip", broken("refusal", "pipe", limiting(func(l *mechanisms.Limits) { l.Message = mechanisms.Limit{N: 100} })), text("without a number and its source")},
	{"roundtrip", broken("shorter", "seqpacket", faulting("truncate", only(0))), anything},
	{"roundtrip", broken("spin", "pipe", receiving(func(r mechanisms.Receiver) mechanisms.Receiver { return spinner{r} })), is[*HungError]},

	{"order", broken("thousandth", "pipe", faulting("drop", func(i int) bool { return i%1000 == 999 })), is[*bench.CheckError]},

	{"roundtrip", broken("otherlink", "pipe", replaying), is[*bench.CheckError]},
	{"roundtrip", broken("otherlinkmsg", "sysvmsg", replaying), is[*bench.CheckError]},
	{"roundtrip", broken("otherlinkring", "shmspin", replaying), is[*bench.CheckError]},

	{"limit", broken("limithigh", "packetpipe", limiting(func(l *mechanisms.Limits) { l.Message.N = 8192 })), text("at the limit")},
	{"limit", broken("limitlow", "packetpipe", limiting(func(l *mechanisms.Limits) { l.Message.N = 100 })), text("arrived whole")},
	{"limit", broken("limiterrno", "sysvmsg", limiting(func(l *mechanisms.Limits) { l.Message.Errno = syscall.EMSGSIZE })), errno(syscall.EINVAL)},

	{"queue", broken("queueless", "pipe", unsized(func(*mechanisms.Given, int) {})), text("and no error")},
	{"queue", broken("queuelie", "pipe", unsized(func(g *mechanisms.Given, asked int) { g.Queue = max(g.Queue, asked) })), text("it holds")},

	{"capacity", broken("unread", "pipe", func(m *mechanisms.Mechanism) { m.Capacity = nil }), text("without Capacity")},
	{"capacity", broken("misread", "fifo", func(m *mechanisms.Mechanism) {
		m.Capacity = func(mechanisms.End) (mechanisms.Given, error) {
			return mechanisms.Given{Queue: 4096, Source: "F_GETPIPE_SZ"}, nil
		}
	}), text("the ends read 4096 B")},
	{"capacity", broken("onesided", "tcp", func(m *mechanisms.Mechanism) {
		both := m.Capacity
		m.Capacity = func(e mechanisms.End) (mechanisms.Given, error) {
			if !e.Sends {
				return mechanisms.Given{}, nil
			}
			return both(e)
		}
	}), text("the ends read")},

	{"fill", broken("fillmore", "pipe", sending(func(s mechanisms.Sender) mechanisms.Sender { return miscounter{s, +1} })), is[*bench.CheckError]},
	{"fill", broken("fillless", "sysvmsg", sending(func(s mechanisms.Sender) mechanisms.Sender { return miscounter{s, -1} })), is[*bench.CheckError]},

	{"block", broken("overflow", "pipe", making(unblock), sending(func(s mechanisms.Sender) mechanisms.Sender { return dropper{s} })), sentinel(errReturned)},
	{"block", broken("again", "pipe", making(unblock)), errno(syscall.EAGAIN)},

	{"block", broken("uncounted", "udp", func(m *mechanisms.Mechanism) { m.Lost = func(mechanisms.Ticket) (int, error) { return 0, nil } }), text("lost are 0")},
	{"block", broken("reticent", "udp", func(m *mechanisms.Mechanism) { m.Lost = nil }), sentinel(errReturned)},

	{"senders", broken("tear", "pipe", limiting(func(l *mechanisms.Limits) { l.Atomic = mechanisms.Limit{} })), is[*bench.CheckError]},

	{"reuse", broken("delay", "pipe", sending(func(s mechanisms.Sender) mechanisms.Sender { return &delayer{Sender: s} })), is[*bench.CheckError]},

	{"reuse", broken("hurried", "vmsplice", hurrying(0)), is[*bench.CheckError]},

	{"order", broken("untoldpages", "tcpzerocopy", untoldPages), is[*bench.CheckError]},

	{"inplace", broken("early", "shmfutex", receiving(func(r mechanisms.Receiver) mechanisms.Receiver { return early{r} })), text("changed before it was returned")},
	{"inplace", broken("notinplace", "pipe", func(m *mechanisms.Mechanism) { m.WorksInPlace = true }), text("its ends are a")},

	{"memory", broken("tape", "shmfutex", func(m *mechanisms.Mechanism) { m.Memories = []string{"tape"} }), text("none that can be asked for")},
	{"memory", broken("miser", "shmfutex", making(withhold)), text("every machine has it")},
	{"memory", broken("leakmemory", "shmfutex", making(leakFile)), leftBehind("path")},

	{"block", broken("overwriter", "shmyield", sending(func(s mechanisms.Sender) mechanisms.Sender { return &overwriter{Sender: s} })), sentinel(errReturned)},

	{"opening", broken("deadlock", "fifo", making(letGo)), is[*HungError]},

	{"pair", broken("loop", "seqpacket", func(m *mechanisms.Mechanism) {
		make := m.New
		m.NewPair = func(s mechanisms.Spec) (there, back *mechanisms.Link, err error) {
			if there, err = make(s); err != nil {
				return nil, nil, err
			}
			same := *there
			same.FDs = nil
			return there, &same, nil
		}
	}), is[*bench.CheckError]},

	{"eof", broken("noeof", "sysvmsg", func(m *mechanisms.Mechanism) { m.EOF = true }), is[*HungError]},

	{"gone", broken("unnotified", "sysvmsg", func(m *mechanisms.Mechanism) { m.Facts.Gone = "EPIPE" }), is[*HungError]},
	{"gone", broken("told", "pipe", func(m *mechanisms.Mechanism) { m.Facts.Gone = "" }), sentinel(errReturned)},
	{"gone", broken("tolderrno", "dgram", func(m *mechanisms.Mechanism) { m.Facts.Gone = "EPIPE" }), errno(syscall.ECONNREFUSED)},

	{"inplacefull", broken("noinplace", "pipe", func(m *mechanisms.Mechanism) { m.WorksInPlace = true }), text("its ends are a")},
	{"inplacefull", broken("changer", "processvm", sending(changing)), is[*bench.CheckError]},

	{"relay", broken("forgets", "tee", sending(skipping)), is[*bench.CheckError]},
	{"relay", broken("norelay", "pipe", func(m *mechanisms.Mechanism) { m.Relays = true }), text("Relays true")},

	{"allocation", broken("garbage", "pipe", sending(func(s mechanisms.Sender) mechanisms.Sender { return allocator{s} })), text("allocations")},

	{"destroy", broken("notours", "fifo", making(func(l *mechanisms.Link, _ *mechanisms.Spec) error {
		if l != nil {
			l.Objects[0].Inode++
		}
		return nil
	})), sentinel(mechanisms.ErrNotOurs)},

	{"leak", broken("leakfd", "pipe", making(leakDescriptor)), leftBehind("descriptor")},
	{"leak", broken("leakmsg", "pipe", making(leakQueue)), leftBehind("msg")},
	{"leak", broken("leakfile", "pipe", making(leakFile)), leftBehind("path")},
	{"leak", broken("leakprocess", "pipe", making(leakProcess)), leftBehind("process")},

	{"waits", broken("deaf", "sysvmsg", func(m *mechanisms.Mechanism) { m.Polls = true }), text("is no Descriptor")},
	{"waits", broken("sleepy", "pipe", making(blocking)), text("is in blocking mode")},
	{"waits", broken("hasty", "pipe", making(blocking), making(unblockAll)), errno(syscall.EAGAIN)},

	{"batches", broken("single", "packetpipe", func(m *mechanisms.Mechanism) { m.Batches = true }), text("is no Batch")},
	{"batches", broken("backward", "pipe", sending(func(s mechanisms.Sender) mechanisms.Sender { return backward{s} })), is[*bench.CheckError]},
	{"batches", broken("backslots", "shmspin", sending(func(s mechanisms.Sender) mechanisms.Sender { return backward{s} })), is[*bench.CheckError]},
	{"batches", broken("short", "socketpair", sending(func(s mechanisms.Sender) mechanisms.Sender { return shortener{s} })), is[*bench.CheckError]},

	{"unrelated", broken("stranger", "pipe", func(m *mechanisms.Mechanism) { m.Facts.Unrelated = true }), text("without a name")},
	{"unrelated", broken("nameless", "socketpair", func(m *mechanisms.Mechanism) { m.Facts.Unrelated = true }), text("without a name")},
	{"unrelated", broken("named", "unixsock", func(m *mechanisms.Mechanism) { m.Facts.Unrelated = false }), text("a socket that has a name")},
	{"unrelated", broken("relative", "fifo", func(m *mechanisms.Mechanism) { m.Facts.Unrelated = false }), text("bring no descriptor")},
	{"unrelated", broken("heir", "pipe", hiding), fault(results.FaultError)},

	{"calls", broken("othercall", "pipe", func(m *mechanisms.Mechanism) { m.Facts.Path.Send.Call = "writev" }), text("makes 1 write a message")},
	{"calls", broken("otherthread", "pipenetpoll", func(m *mechanisms.Mechanism) { m.Facts.Path.Send.Call = "writev" }), text(" write a message")},

	{"calls", broken("otherrelay", "tee", func(m *mechanisms.Mechanism) { m.Facts.Path.Relay.Call = "splice" }), text("the stage1 makes")},

	{"workload", broken("everythousandth", "sysvmsg", faulting("drop", func(i int) bool { return i%1000 == 999 })), fault(results.FaultCheck)},
	{"workload", broken("flipall", "pipe", faulting("flip", func(int) bool { return true })), fault(results.FaultCheck)},
	// The page changes that no stamp is in: only the checksum shows it.
	{"workload", broken("tail", "vmsplice", hurrying(4096)), text("CRC-32C")},
	{"workload", broken("spinning", "pipe", receiving(func(r mechanisms.Receiver) mechanisms.Receiver { return spinner{r} })), fault(results.FaultHang)},
	{"workload", broken("workload", "packetpipe", limiting(func(l *mechanisms.Limits) { l.Message.N = 5000 })), fault(results.FaultError)},

	{"workload", broken("vague", "pipe", making(func(l *mechanisms.Link, _ *mechanisms.Spec) error {
		if l != nil {
			return nil
		}
		return &mechanisms.UnsupportedError{Mechanism: "brokenvague", What: "not today"}
	})), text("without a number and its source")},
	// It carries every size: which one a workload is tried at depends on how many mechanisms there are.
	{"workload", broken("unpollable", "sysvshm", func(m *mechanisms.Mechanism) { m.Polls = true }), text("is no Descriptor")},
	{"count", broken("forgetful", "eventfd", notifying(func(n mechanisms.Notifier) mechanisms.Notifier { return &forgetter{Notifier: n} })), is[*bench.CheckError]},
	{"count", broken("doubling", "sysvsem", notifying(func(n mechanisms.Notifier) mechanisms.Notifier { return &doubler{Notifier: n} })), is[*bench.CheckError]},
	{"count", broken("coalescing", "signalfd", func(m *mechanisms.Mechanism) { m.Coalesces = false }), is[*bench.CheckError]},
	{"sleep", broken("sleepless", "eventfd", waitingOn(func(w mechanisms.Waiter) mechanisms.Waiter { return sleepless{w} })), text("does not sleep")},
	{"sleep", broken("idle", "futex", waitingOn(func(w mechanisms.Waiter) mechanisms.Waiter { return idler{w} })), text("does not sleep")},
	{"full", broken("fullless", "sysvsem", limiting(func(l *mechanisms.Limits) { l.Count.N = 100 })), text("were taken")},
	{"full", broken("fullmore", "sysvsem", limiting(func(l *mechanisms.Limits) { l.Count.N++ })), text("refused after")},
	{"full", broken("fullerrno", "sysvsem", limiting(func(l *mechanisms.Limits) { l.Count.Errno = syscall.EAGAIN })), errno(syscall.ERANGE)},
	{"garbage", broken("countgarbage", "futex", notifying(func(n mechanisms.Notifier) mechanisms.Notifier { return countingAllocator{n} })), text("allocations")},
	{"exclusion", broken("intruding", "futex", locking(func(k mechanisms.Locker) mechanisms.Locker { return &intruder{Locker: k} })), is[*bench.CheckError]},
	{"turns", broken("rude", "sysvsem", locking(func(k mechanisms.Locker) mechanisms.Locker { return rude{k} })), sentinel(errReturned)},
	{"workload", broken("rudeworkers", "futex", locking(func(k mechanisms.Locker) mechanisms.Locker { return rude{k} })), fault(results.FaultCheck)},
	{"workload", broken("doublingworkers", "eventfd", notifying(func(n mechanisms.Notifier) mechanisms.Notifier { return &doubler{Notifier: n} })), fault(results.FaultCheck)},

	{"death", broken("immortal", "sysvmsg", func(m *mechanisms.Mechanism) { m.EOF = true }), text("the sender is killed, the receiver waits: declared to be reported, and after")},
	{"death", broken("immortalreader", "shmfutex", func(m *mechanisms.Mechanism) { m.Facts.Gone = "EPIPE" }), text("the receiver is killed, the sender waits: declared to be reported, and after")},
	{"death", broken("herald", "pipe", func(m *mechanisms.Mechanism) { m.EOF = false }), text("declared not to be reported, and the survivor got: EOF")},
	{"death", broken("heraldreader", "dgram", func(m *mechanisms.Mechanism) { m.Facts.Gone = "" }), text("declared not to be reported, and the survivor got")},
	{"death", broken("heraldsignal", "sigrt", func(m *mechanisms.Mechanism) { m.Facts.Killed = false }), text("no such process")},
	// The survivor keeps a copy of its peer's end: the classic way to miss an end of file.
	{"death", broken("hoarder", "pipe", hoarding), text("the sender is killed, the receiver waits: declared to be reported, and after")},
	// It takes an error for a message that was sent.
	{"death", broken("stoic", "socketpair", sending(func(s mechanisms.Sender) mechanisms.Sender { return stoic{s} })), text("the receiver is killed, the sender waits: declared to be reported, and after")},

	{"killed", broken("leaknames", "pipe", making(leakFile)), leftBehind("path")},
}

// Kinds of report.

func anything(error) bool { return true }

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func sentinel(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func errno(e syscall.Errno) func(error) bool { return sentinel(e) }

func text(part string) func(error) bool {
	return func(err error) bool { return strings.Contains(err.Error(), part) }
}

// leftBehind is a report of something of that kind, whatever else is late to go.
func leftBehind(kind string) func(error) bool {
	return func(err error) bool {
		_, kinds, ok := strings.Cut(err.Error(), "left behind: ")
		return ok && strings.Contains(kinds, kind+" ")
	}
}

func fault(want results.Fault) func(error) bool {
	return func(err error) bool {
		var e *notOK
		return errors.As(err, &e) && e.Outcome == results.Failed && e.Fault == want
	}
}

// mayHang reports whether a hang is a report that the tooth is content with.
func (x tooth) mayHang() bool {
	return x.report(&HungError{}) || x.report(&notOK{results.Record{Outcome: results.Failed, Fault: results.FaultHang}})
}

// waitsInVain reports whether the tooth's report is that something never came about.
// Else the machine may be so busy that it comes late, and is waited for as usual.
func (x tooth) waitsInVain() bool {
	return slices.ContainsFunc([]string{
		"thread 1 does not sleep", "left behind: descriptor 5", "left behind: msg 0", "left behind: path /x", "left behind: process 1",
	}, func(vain string) bool { return x.report(errors.New(vain)) })
}

func TestTeeth(t *testing.T) {
	for _, tooth := range teeth {
		t.Run(tooth.rule+"/"+tooth.m.Name, func(t *testing.T) {
			tooth.bite(t)
		})
	}
}

// bite holds a broken mechanism to the rule that must catch it.
func (x tooth) bite(t *testing.T) {
	t.Helper()
	i := slices.IndexFunc(rules, func(r rule) bool { return r.Name == x.rule })
	if i < 0 {
		t.Fatalf("no rule %q", x.rule)
	}
	m := x.m
	if rules[i].InWorkers || x.mayHang() {
		need.Time(t)
	}
	if m.Needs != nil {
		if err := m.Needs(); err != nil {
			t.Skip(err)
		}
	}
	if race && rules[i].NotUnderRace != "" {
		t.Skip("under the race detector: " + rules[i].NotUnderRace)
	}
	defer func(step, look time.Duration) { patience, settled, heard = step, look, 10*promised }(patience, settled)
	heard = promised // of what is never reported
	if x.waitsInVain() {
		settled = time.Second
	}
	if x.mayHang() {
		patience = 2 * time.Second
		if !rules[i].InWorkers {
			patience = time.Second // such a rule takes milliseconds
		}
	}
	defer stopSpinning()
	err := rules[i].verdict(m)
	if refused := (*runner.TraceError)(nil); errors.As(err, &refused) {
		t.Skip(refused)
	}
	for _, remove := range left {
		if err := remove(); err != nil {
			t.Error(err)
		}
	}
	left = nil
	if err == nil {
		t.Fatalf("%s passes the rule %q", m.Name, x.rule)
	}
	if !x.report(err) {
		t.Errorf("%s is caught, but not for what it does: %v", m.Name, err)
	}
}

func TestEveryRuleHasATooth(t *testing.T) {
	for _, r := range rules {
		if !slices.ContainsFunc(teeth, func(x tooth) bool { return x.rule == r.Name }) {
			t.Errorf("nothing shows that the rule %q can fail", r.Name)
		}
	}
}
