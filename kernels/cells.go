package kernels

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// maxCounted is the largest message whose instructions mean anything, in
// bytes: beyond, the loop that the kernel picked to copy it is most of them.
const maxCounted = 4 << 10

// countedRules decide whether a cell has a number in an instruction-counted guest, in
// addition to those of the guest itself.
var countedRules = []mechanisms.Rule[bench.Asked]{
	{Name: "one CPU", Remedy: "--place same, or --accel kvm", Refuse: func(q bench.Asked) error {
		return uncounted(q.Place != "same", "place=%s: an instruction-counted guest has one CPU", q.Place)
	}},
	{Name: "large messages", Remedy: "a smaller --size, or --accel kvm", Refuse: func(q bench.Asked) error {
		return uncounted(q.Size > maxCounted, "message size %d > %d: instructions of a copy show which loop copied, not what it costs", q.Size, maxCounted)
	}},
	{Name: "spinning", Remedy: "a mechanism that sleeps, or --accel kvm", Refuse: func(q bench.Asked) error {
		return uncounted(q.Workload.Spins || q.Mechanism != nil && q.Mechanism.Spins, "its processes wait without sleeping: on one CPU they count their own waiting")
	}},
	{Name: "copies", Remedy: "--accel kvm", Refuse: func(q bench.Asked) error {
		f := q.Workload.Floor
		return uncounted(f == results.FloorCopy || f == results.FloorCopies, "instructions of a copy show which loop copied, not what it costs")
	}},
}

func uncounted(without bool, format string, args ...any) error {
	if without {
		return &mechanisms.UnsupportedError{What: fmt.Sprintf(format, args...)}
	}
	return nil
}

// admit reports whether a cell has a number in this mode: nil, or the reason.
func (a Accel) admit(c results.Cell) error {
	asked, known := bench.AskFor(c)
	if a == KVM || !known {
		return nil
	}
	return mechanisms.Ask(countedRules, asked)
}

// Operations of a launch in an instruction-counted guest. A calibration would make what
// is measured depend on what it is measured with. Others come first: on 6.1 a round trip
// through a message queue took 15 % fewer instructions in the first 12 million of them.
//
// A round costs some 100,000 instructions beside its operations, from 77,000 to 196,000
// on 6.12. So round trips and floors are counted by their pace within a round, see
// bench.Ends.Steady. Through a pipe, rounds of 1,000 then differ by 0.06 % (standard
// deviation): nearly all of that is a tick of the clock more or less. Calls of nothing
// leave no marks: they read 350.7 with 100,000, 350.8 with 50,000 and 352.4 with 20,000.
// A stream has no pace, since its queue fills and empties. With half of the calm
// messages, the kernel's own work made the path of a pipe on 6.12 longer by 1.3 to 2.5 %.
const (
	countedRoundTrips = 2_000
	countedMessages   = 6_000 // for how often a stream switches: its path is counted in calm rounds
	warmupMessages    = 5_000 // 11 million instructions through a pipe
	countedCalm       = 12_000
	countedWakes      = 4_000
	countedCalls      = 50_000
	countedMarks      = 20                    // of the clock in a round: one of 50 round trips' 300 takes 0.05 % of them
	countedRest       = 10 * time.Millisecond // a full queue is read in 3 ms of the guest's time; to sleep costs no instruction
)

// usual is how many operations a cell has, and how many come first.
func usual(c results.Cell) (ops, warmup int) {
	switch {
	case isExternal(c): // its rounds are timed as a whole
		return 2 * countedRoundTrips, countedRoundTrips
	case results.WorkloadOf(c).TwoWay:
		return countedRoundTrips, countedRoundTrips * 2 / 3
	case c.Mechanism == results.FloorWake:
		return countedWakes, countedWakes
	case c.Mechanism == results.FloorCall:
		return countedCalls, countedCalls / 2
	}
	return countedMessages, warmupMessages
}

// mayPreempt reports whether a process of the cell may preempt one that wakes it, or
// may wait until that one sleeps: then the scheduler decides how often processes
// switch. A round trip leaves it no choice.
func mayPreempt(c results.Cell) bool {
	w := bench.WorkloadOf(c)
	return w != nil && w.Floor == "" && !w.TwoWay && !w.Makes && !w.Paced && len(w.Topology(c.Peers).Parts) > 1
}

// measurement is how a cell is measured.
func (a Accel) measurement(c results.Cell, measured time.Duration) runner.Measurement {
	if a == KVM {
		return runner.Measurement{Time: measured}
	}
	ops, warmup := usual(c)
	m := runner.Measurement{Time: 2 * countedMarks * bench.Stretch, Ops: ops, Exact: true, Warmup: warmup, Plain: true, Rest: countedRest}
	m.Steady = !mayPreempt(c)
	if mayPreempt(c) && !isExternal(c) { // of which the suite does not set the policy
		m.Calm = countedCalm
	}
	return m
}

// counted makes a record of instructions of one of a guest's time, in which
// each took 1 ns, and leaves out every other time: no tool may take one for
// the other.
func counted(r results.Record) results.Record {
	r.InsnsPerOp, r.NsPerOp = r.NsPerOp, 0
	r.ElapsedNs, r.BytesPerSec, r.CPUNsPerOp, r.WallNs = 0, 0, results.Amount{}, 0
	r.Latency, r.Overhead, r.Noise = nil, nil, nil
	for i := range r.Rounds {
		round := &r.Rounds[i]
		round.Insns, round.ElapsedNs, round.StalledNs = round.ElapsedNs, 0, results.Count{}
	}
	r.SplitSwitches()
	for i := range r.Workers {
		w := &r.Workers[i]
		w.UserNs, w.SystemNs, w.WaitNs = results.Count{}, results.Count{}, results.Count{}
	}
	return r
}

// suite is programs that a guest runs in the place of cells: what they print
// goes to the console.
type suite struct {
	Modules  []string   `json:"modules,omitempty"` // of the kernel, loaded in this order
	Commands [][]string `json:"commands"`
}

// run loads the modules and runs each program to its end, up to the first that fails.
func (s *suite) run() error {
	for _, m := range s.Modules {
		if err := loadModule(m); err != nil {
			return err
		}
	}
	for _, command := range s.Commands {
		c := exec.Command(command[0], command[1:]...)
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		if err := c.Run(); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(command, " "), err)
		}
	}
	return nil
}

func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil {
		return fmt.Errorf("%s: %w", path, os.NewSyscallError("finit_module", err))
	}
	return nil
}

// raiseLoopback makes 127.0.0.1 answer: a kernel begins with its device down,
// netdevice(7). One without networks has none, and is content.
func raiseLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return nil
	}
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("lo: %w", os.NewSyscallError("ioctl", err))
	}
	return nil
}
