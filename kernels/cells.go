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

// Operations of a launch in an instruction-counted guest: some 20 to 100 ms of its
// time. A calibration would make what is measured depend on what it is measured
// with. Half as many come first: a Go program that has just started looks after
// itself often, and ever more seldom.
//
// A round costs 70,000 to 150,000 instructions beside its operations. So PingPong/pipe
// takes 13,041 insns/op with 4,000 round trips, 13,115 with 2,000 and 13,202 with
// 1,000. The floor of a wake-up reads 0.16 % more with 16,000 than with 30,000 on 6.12,
// and 0.04 % more on 6.1. That of a call reads 350.7 with 100,000, 350.8 with 50,000 and
// 352.4 with 20,000.
const (
	countedRoundTrips = 4_000
	countedMessages   = 10_000
	countedCalm       = 12_000
	countedWakes      = 20_000
	countedCalls      = 50_000
	countedTime       = 100 * time.Millisecond // for the watchdog
	countedRest       = 10 * time.Millisecond  // a full queue is read in 3 ms of the guest's time; to sleep costs no instruction
)

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
	ops := countedMessages
	switch {
	case results.WorkloadOf(c).TwoWay:
		ops = countedRoundTrips
	case c.Mechanism == results.FloorWake:
		ops = countedWakes
	case c.Mechanism == results.FloorCall:
		ops = countedCalls
	}
	m := runner.Measurement{Time: countedTime, Ops: ops, Exact: true, Warmup: ops / 2, Plain: true, Rest: countedRest}
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
