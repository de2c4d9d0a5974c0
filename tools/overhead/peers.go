package main

import (
	"cmp"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"ipcbench/results"
	"ipcbench/runner"
)

// Peer is a tool of another project, and the cell that is nearest to what it
// measures.
type Peer struct {
	Command []string
	Package string                       // Debian's, that has it
	Pattern *regexp.Regexp               // finds the number in what it prints
	PerOp   func(number float64) float64 // makes ns of it
	Cell    results.Cell
	Differs []string // what it does otherwise, line by line
}

// Against is what a peer gave beside the engine.
type Against struct {
	Command string           `json:"command"`
	Cell    results.Cell     `json:"cell"`
	Peer    results.Estimate `json:"peer_ns"`   // per operation
	Engine  results.Estimate `json:"engine_ns"` // of the cell
	Ratio   results.Estimate `json:"ratio"`     // engine to peer
	Differs []string         `json:"differs"`
	Missing string           `json:"missing,omitempty"` // the package that has it, where it is not installed
}

const (
	pipeOps       = 50000
	messagingLoop = 200
)

// peers are pinned as a whole, so that both of their processes are on one CPU:
// placement is the largest difference of all, and the only one that can be
// taken away.
var peers = []Peer{
	{
		Command: []string{"perf", "bench", "sched", "pipe", "-l", strconv.Itoa(pipeOps)}, Package: "linux-perf",
		Pattern: regexp.MustCompile(`([0-9.]+) usecs/op`), PerOp: func(usecs float64) float64 { return 1e3 * usecs },
		Cell: results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 4, Place: "same"},
		Differs: []string{
			"Both pass 4 bytes there and back through two pipes, in two processes.",
			"Its clock starts before it forks, and stops when it has waited for both processes.",
			"It checks nothing; here each message is stamped and checked.",
		},
	},
	{
		Command: []string{"perf", "bench", "sched", "messaging", "-p", "-g", "1", "-l", strconv.Itoa(messagingLoop)}, Package: "linux-perf",
		Pattern: regexp.MustCompile(`Total time: ([0-9.]+) \[sec\]`), PerOp: func(secs float64) float64 { return 1e9 * secs / (20 * 20 * messagingLoop) },
		Cell: results.Cell{Workload: "FanIn", Mechanism: "pipe", Size: 100, Place: "same", Peers: 20},
		Differs: []string{
			"Both send 100 bytes from 20 senders; each of its senders writes to 20 receivers in turn, each through a pipe of its own, so that a wake-up serves fewer messages.",
			"Its clock starts when all processes have been released and stops when they have been waited for.",
			"It checks nothing; here each message is stamped and checked.",
		},
	},
	{
		Command: []string{"stress-ng", "--pipe", "1", "--timeout", "1s", "--metrics"}, Package: "stress-ng",
		Pattern: regexp.MustCompile(`(?m)metrc: \[\d+\] pipe +\d+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +([0-9.]+) `), PerOp: func(perSec float64) float64 { return 1e9 / perSec },
		Cell: results.Cell{Workload: "Stream", Mechanism: "packetpipe", Size: 512, Place: "same"},
		Differs: []string{
			"Its pipe is O_DIRECT, and its writes are 512 bytes: strace(1) shows both, its manual mentions neither.",
			"Its writer fills each message and its reader looks at the start of each; here 8 bytes are written and compared.",
			"It divides by wall time that holds the start of its processes.",
		},
	},
	{
		Command: []string{"stress-ng", "--msg", "1", "--msg-bytes", "64", "--timeout", "1s", "--metrics"}, Package: "stress-ng",
		Pattern: regexp.MustCompile(`(?m)metrc: \[\d+\] msg +\d+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +([0-9.]+) `), PerOp: func(perSec float64) float64 { return 1e9 / perSec },
		Cell: results.Cell{Workload: "Stream", Mechanism: "sysvmsg", Size: 64, Place: "same"},
		Differs: []string{
			"Its time holds the making and removal of some thousand queues at its start, and calls of msgctl(2) now and then.",
			"It counts what its sender has sent; here the receiver's last message ends the time.",
			"It shares the machine's namespace of queues; here a private one is made.",
		},
	},
}

// against runs the peers and the engine in turn.
func (f *fidelity) against() (out []Against, err error) {
	for _, p := range peers {
		a := Against{Command: command(p.Command), Cell: p.Cell, Differs: p.Differs}
		if _, err := exec.LookPath(p.Command[0]); err != nil {
			a.Missing = p.Package
			out = append(out, a)
			continue
		}
		var theirs, ours, ratios []float64
		for i := range f.launches {
			f.progress("%s, launch %d of %d", a.Command, i+1, f.launches)
			l, err := f.coordinator.Open(p.Cell)
			if err != nil {
				return nil, err
			}
			var engine float64
			n, err := l.Calibrate(5 * f.round)
			if err == nil {
				var ns []float64
				ns, _, err = takeTurns([]program{f.rounds(l, runner.Timed)}, n)
				if err == nil {
					engine = ns[0]
				}
			}
			cpu := l.Workers[0].CPUs[0]
			_, closing := l.Close()
			if err := cmp.Or(err, closing); err != nil {
				return nil, err
			}
			peer, err := p.run(cpu)
			if err != nil {
				return nil, err
			}
			theirs, ours, ratios = append(theirs, peer), append(ours, engine), append(ratios, engine/peer)
		}
		a.Peer, a.Engine, a.Ratio = results.MedianOf(theirs), results.MedianOf(ours), results.MedianOf(ratios)
		out = append(out, a)
	}
	return out, nil
}

// run returns what an operation of the peer took on one CPU, in ns.
func (p Peer) run(cpu int) (float64, error) {
	out, err := exec.Command("taskset", append([]string{"-c", strconv.Itoa(cpu)}, p.Command...)...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", command(p.Command), err, out)
	}
	return p.parse(out)
}

// parse finds what an operation took, in ns, in what the peer printed.
func (p Peer) parse(out []byte) (float64, error) {
	found := p.Pattern.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("%s: nothing matches %v in\n%s", command(p.Command), p.Pattern, out)
	}
	number, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil || number <= 0 {
		return 0, fmt.Errorf("%s: %q is no number above 0", command(p.Command), found[1])
	}
	return p.PerOp(number), nil
}

func command(args []string) string { return strings.Join(args, " ") }
