package runner

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/internal/apart"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// scarce is something that the kernel counts for all links together, and a way
// to leave little of it to the sessions of this process that start from now on.
type scarce struct {
	name  string
	cells []results.Cell     // that take much and little of it
	limit func(t *testing.T) // for sessions to come; nil: none
	files uint64             // descriptors that a session may have open; 0: as many as it likes
}

// rlimited sets a limit of this process, which its sessions inherit, until the
// test ends.
func rlimited(resource int, n int) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		var before unix.Rlimit
		if err := unix.Getrlimit(resource, &before); err != nil {
			t.Fatal(err)
		}
		if before.Max < uint64(n) {
			t.Skipf("the hard limit is %d, want %d", before.Max, n)
		}
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: uint64(n), Max: before.Max}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Setrlimit(resource, &before) })
	}
}

// sysctled sets a limit of this process's own IPC namespace, which its sessions
// take over, until the test ends.
func sysctled(name, value string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		if !apart.Own() || os.Geteuid() != 0 {
			t.Skip("the limit is the host's own, or not this user's to set")
		}
		before := readSysctls([]string{name})[name]
		if err := os.WriteFile(sysctlPath(name), []byte(value), 0); err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { os.WriteFile(sysctlPath(name), []byte(before), 0) })
	}
}

func linksOf(mech string, size, peers int, workloads ...string) (cells []results.Cell) {
	for _, w := range workloads {
		c := results.Cell{Workload: w, Mechanism: mech, Size: size, Place: "free"}
		if bench.WorkloadOf(c).Peers != "" {
			c.Peers = peers
		}
		cells = append(cells, c)
	}
	return cells
}

// mqBytes is what mq_open(3) counts of a queue of ten messages of 8 KiB.
const mqBytes = 10 * (8192 + 12*strconv.IntSize/8)

// Each limit is enough for the two links of a round trip, not for three more: a
// link that was made besides would show.
var scarcities = []scarce{
	{"RLIMIT_MSGQUEUE", linksOf("posixmq", 8192, 4, "PingPong", "FanOut", "Stream"), rlimited(unix.RLIMIT_MSGQUEUE, 2*mqBytes+mqBytes/2), 0},
	{"fs.mqueue.queues_max", linksOf("posixmq", 64, 4, "PingPong", "FanOut", "Stream"), sysctled("fs.mqueue.queues_max", "2"), 0},
	{"kernel.msgmni", linksOf("sysvmsg", 64, 4, "PingPong", "FanOut", "Stream"), sysctled("kernel.msgmni", "2"), 0},
	{"kernel.shmmni", linksOf("sysvshmfutex", 64, 4, "PingPong", "FanOut", "Stream"), sysctled("kernel.shmmni", "2"), 0},
	{"kernel.shmall", linksOf("sysvshmfutex", 4096, 4, "PingPong", "FanOut", "Stream"), sysctled("kernel.shmall", "40"), 0},
	{"kernel.sem", linksOf("sysvshm", 64, 4, "PingPong", "FanOut", "Stream"), sysctled("kernel.sem", "32000 1024000000 500 2"), 0},
	{"RLIMIT_NOFILE", linksOf("pipe", 64, 16, "PingPong", "FanOut", "Stream"), nil, 40},
	{"RLIMIT_NOFILE", linksOf("memfdpass", 64, 16, "PingPong", "FanOut", "Stream"), nil, 40},
	{"RLIMIT_MEMLOCK", linksOf("tcpzerocopy", 64<<10, 0, "PingPong", "Stream"), rlimited(unix.RLIMIT_MEMLOCK, 256<<10), 0},
}

// A cell is measured, or skipped, whatever cells came before it, in a session or
// in a run that goes on in another.
func TestOutcomeDoesNotDependOnTheOrder(t *testing.T) {
	need.Time(t)
	for _, scarcity := range scarcities {
		t.Run(scarcity.name+"/"+scarcity.cells[0].Mechanism, func(t *testing.T) {
			if m := mechanisms.Lookup(scarcity.cells[0].Mechanism); m.Needs != nil && m.Needs() != nil {
				t.Skip(m.Needs())
			}
			if scarcity.limit != nil {
				scarcity.limit(t)
			}
			backward := slices.Clone(scarcity.cells)
			slices.Reverse(backward)
			first := outcomes(t, scarcity.cells, scarcity.files)
			for name, order := range map[string][]results.Cell{"backward": backward, "the last alone": backward[:1], "the first alone": scarcity.cells[:1]} {
				for cell, got := range outcomes(t, order, scarcity.files) {
					if got != first[cell] {
						t.Errorf("%s: %s: %s\nand before %s", name, cell.Name(), got, first[cell])
					}
				}
			}
			for cell, outcome := range first {
				t.Log(cell.Workload, outcome)
			}
		})
	}
}

// outcomes runs cells in this order in a session of its own, each preparing the
// next, and reports how each ended and why.
func outcomes(t *testing.T, cells []results.Cell, files uint64) map[results.Cell]string {
	t.Helper()
	s, err := Start(Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Skip(err) // with so little of it there is none
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if len(s.Limits) > 0 && strings.Contains(t.Name(), "kernel") {
		t.Skip(s.Limits)
	}
	var limit unix.Rlimit
	if err := unix.Prlimit(s.child.PID, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur = min(limit.Cur, files); files > 0 { // that of the session alone: Go raises its own to the hard limit
		if err := unix.Prlimit(s.child.PID, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
			t.Fatal(err)
		}
	}
	ended := map[results.Cell]string{}
	for i, c := range cells {
		m := Measurement{Time: 2 * time.Millisecond, Ops: 5, Exact: true, Plain: true}
		if i+1 < len(cells) {
			m.Next = &cells[i+1]
		}
		rec, _ := s.Measure(c, m)
		outcome := string(rec.Outcome)
		switch rec.Outcome {
		case results.OK, results.Untrusted:
			outcome = "measured"
		case results.Skipped:
			outcome += " " + rec.Reason
		case results.Failed: // which of the processes was the first is a matter of speed
			if outcome += " for another reason than descriptors: " + rec.Reason; strings.Contains(rec.Reason, unix.EMFILE.Error()) {
				outcome = "failed for descriptors"
			}
		}
		ended[c] = outcome
	}
	return ended
}

// A limit of 0 admits nothing, and is named before anything is tried.
func TestLimitOfNone(t *testing.T) {
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ mech, sysctl, value string }{
		{"sysvmsg", "kernel.msgmni", "0"},
		{"sysvshmfutex", "kernel.shmmni", "0"},
		{"sysvshmfutex", "kernel.shmall", "0"},
		{"sysvshm", "kernel.sem", "32000 1024000000 500 0"},
	} {
		t.Run(c.sysctl, func(t *testing.T) {
			if err := mechanisms.Lookup(c.mech).Available(); err != nil {
				t.Skip(err)
			}
			sysctled(c.sysctl, c.value)(t)
			err := Admit(results.Cell{Workload: "PingPong", Mechanism: c.mech, Size: 64, Place: "free"}, cpus)
			if want := "> 0 (" + sysctlPath(c.sysctl) + "): ENOSPC"; !Unsupported(err) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}

// The reason names what the cell needs and what there is.
func TestReasonNamesTheNeed(t *testing.T) {
	rlimited(unix.RLIMIT_MSGQUEUE, 2*mqBytes+mqBytes/2)(t)
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		t.Fatal(err)
	}
	if m := mechanisms.Lookup("posixmq"); m.Needs() != nil {
		t.Skip(m.Needs())
	}
	s := startSession(t, Options{})
	for peers, want := range map[int]string{2: "", 3: fmt.Sprintf("%d > %d (RLIMIT_MSGQUEUE)", 3*mqBytes, 2*mqBytes+mqBytes/2)} {
		c := results.Cell{Workload: "FanOut", Mechanism: "posixmq", Size: 8192, Place: "free", Peers: peers}
		admitted := Admit(c, cpus)
		rec, _ := s.Measure(c, Measurement{Time: 2 * time.Millisecond, Ops: 5, Exact: true, Plain: true})
		if want == "" {
			if admitted != nil || rec.Outcome == results.Skipped || rec.Outcome == results.Failed {
				t.Errorf("%d queues: %v, %s %s", peers, admitted, rec.Outcome, rec.Reason)
			}
			continue
		}
		if !Unsupported(admitted) || !strings.Contains(admitted.Error(), want) || rec.Outcome != results.Skipped || rec.Reason != admitted.Error() {
			t.Errorf("%d queues: %v, %s %s; want %s", peers, admitted, rec.Outcome, rec.Reason, want)
		}
	}
}

// What other processes hold is not the cell's need: the reason says so.
func TestOthersHoldTheRest(t *testing.T) {
	m := mechanisms.Lookup("posixmq")
	if m.Needs() != nil {
		t.Skip(m.Needs())
	}
	rlimited(unix.RLIMIT_MSGQUEUE, 2*mqBytes)(t)
	spec := mechanisms.Spec{Size: 8192, Senders: 1, Receivers: 1}
	var held []*mechanisms.Link
	defer func() {
		for _, l := range held {
			if err := l.Destroy(); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 2 {
		l, err := m.New(spec)
		if err != nil {
			t.Skip("other processes of this user have queues: ", err)
		}
		held = append(held, l)
	}
	_, err := m.New(spec)
	got := m.Exhausted(spec, err)
	if want := fmt.Sprintf("a link takes %d of %d bytes in the POSIX message queues of this user (RLIMIT_MSGQUEUE), and other processes hold the rest", mqBytes, 2*mqBytes); !Unsupported(got) || !strings.Contains(got.Error(), want) {
		t.Errorf("%v, want %s", got, want)
	}
	if other := errors.New("another error"); m.Exhausted(spec, other) != other {
		t.Error("another error was changed")
	}
}

// Whatever a plan asks for, a refusal is that of a rule, which names what to ask
// for instead.
func TestEveryRefusalHasARule(t *testing.T) {
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, r := range Rules {
		if r.Name == "" || r.Remedy == "" || known[r.Name] {
			t.Errorf("rule %q: remedy %q", r.Name, r.Remedy)
		}
		known[r.Name] = true
	}
	var workloads []string
	for _, w := range bench.Workloads {
		workloads = append(workloads, w.Name)
	}
	cells := bench.Axes{
		Workloads: workloads, Mechanisms: bench.Values(results.LookupAxis("mech")), Sizes: []int{1, 64, 1 << 20}, Queues: []int{0, 1 << 20},
		Places: results.LookupAxis("place").Names(), Peers: []int{2}, Floors: []string{results.FloorBounce},
		Options: []results.Options{{}, {Wait: "epoll"}, {Batch: 2}, {InPlace: true}, {Memory: "shm"}, {Batch: 2, InPlace: true}},
	}.Cells()
	seen := map[string]int{}
	for _, c := range cells {
		var refused *mechanisms.UnsupportedError
		switch err := Admit(c, cpus); {
		case err == nil:
			seen["admitted"]++
		case !errors.As(err, &refused):
			t.Errorf("%s: no refusal but %v", c.Name(), err)
		case refused.Rule == "" || refused.Remedy == "":
			t.Errorf("%s: %v: by rule %q, remedy %q", c.Name(), err, refused.Rule, refused.Remedy)
		default:
			seen[refused.Rule]++
		}
	}
	for _, rule := range []string{"admitted", "selection", "polls", "wait", "batch", "in place", "memory", "batch in place", "floor's place", "message size", "receivers"} {
		if seen[rule] == 0 {
			t.Errorf("no cell is refused by %q: %v", rule, seen)
		}
	}
}
