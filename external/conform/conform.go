// Package conform tries whether an external transport does what every mechanism of
// the suite does, and what its declaration states.
package conform

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"ipcbench/bench"
	"ipcbench/external"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// Verdict is what became of a rule.
type Verdict string

const (
	Keeps   Verdict = "keeps"
	Breaks  Verdict = "breaks"
	Skipped Verdict = "skipped" // it does not apply, or this machine can't try it
)

// Finding is the answer to one rule.
type Finding struct {
	Rule     string  `json:"rule"`     // its name
	Sentence string  `json:"sentence"` // what it demands
	Verdict  Verdict `json:"verdict"`
	Reason   string  `json:"reason,omitempty"` // of all but Keeps
	Shown    string  `json:"shown,omitempty"`  // of one that it keeps: by what
}

// rule is one demand.
type rule struct {
	name     string
	sentence func(d *external.Declaration) string
	// try returns what showed that it keeps the rule; the error is a
	// *mechanisms.UnsupportedError where the rule was skipped.
	try func(b *bed) (shown string, err error)
}

// bed is what rules try a transport on.
type bed struct {
	*runner.Coordinator
	d     *external.Declaration
	tried map[string]bool // workloads that a message has passed in
	idle  *idling         // nil: not tried yet
}

// idling is what a receiver did while no message came, and when its peer was killed.
type idling struct {
	awake float64 // the share of the time in which it ran, or waited for a CPU
	saw   string  // how it answered; "": it did not
	err   error
}

// Sizes are the message lengths, in bytes, that are tried as far as a transport
// carries them: at and about the ends of stamps and pages, and large.
var Sizes = []int{1, 7, 8, 64, 4096, 4097, 65536, 65537, 1 << 20}

// operations of a round. Each launch plays three rounds, one with every byte checked.
const operations = 50

var rules = []rule{
	carries("PingPong", "a message and its answer"),
	carries("Stream", "messages one way"),
	carries("FanIn", "messages of several senders"),
	carries("Pipeline", "messages that processes in a row pass on"),
	{"sleeps", func(d *external.Declaration) string {
		if d.Spins {
			return "While no message comes, a receiver may keep its CPU busy, as spins: true declares."
		}
		return "While no message comes, a receiver sleeps."
	}, sleeps},
	{"death", func(d *external.Declaration) string {
		if d.PeerDeath == "nothing" {
			return "When the sender is killed, the receiver goes on waiting, as peer_death: nothing (the default) declares."
		}
		return "When the sender is killed, the receiver reports it within a second, as peer_death: " + d.PeerDeath + " declares."
	}, death},
	{"unrelated", func(*external.Declaration) string {
		return "A process that inherits no descriptor can open an end."
	}, func(b *bed) (string, error) {
		switch {
		case !b.d.Unrelated:
			return "", &mechanisms.UnsupportedError{What: "its declaration does not state unrelated: true"}
		case b.d.Descriptors != "":
			return "", fmt.Errorf("unrelated: true, and descriptors: %s: its parts inherit their ends", b.d.Descriptors)
		case len(b.tried) == 0:
			return "", &mechanisms.UnsupportedError{What: "no message passed"}
		}
		return "", nil
	}},
}

// Run tries every rule, in order, and calls found after each.
func Run(co *runner.Coordinator, d *external.Declaration, found func(Finding)) []Finding {
	var all []Finding
	for f := range findings(co, d) {
		found(f)
		all = append(all, f)
	}
	return all
}

// findings are the answers to the rules, in order: each rule is tried when its answer is
// asked for.
func findings(co *runner.Coordinator, d *external.Declaration) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		b := &bed{Coordinator: co, d: d, tried: map[string]bool{}}
		for _, r := range rules {
			f := Finding{Rule: r.name, Sentence: r.sentence(d), Verdict: Keeps}
			shown, err := r.try(b)
			switch {
			case err == nil:
				f.Shown = shown
			case runner.Unsupported(err):
				f.Verdict, f.Reason = Skipped, err.Error()
			default:
				f.Verdict, f.Reason = Breaks, err.Error()
			}
			if !yield(f) {
				return
			}
		}
	}
}

// carries demands that a workload's messages all arrive.
func carries(workload, what string) rule {
	return rule{strings.ToLower(workload), func(*external.Declaration) string {
		return fmt.Sprintf("%s: it carries %s, each once, whole and in order.", workload, what)
	}, func(b *bed) (string, error) { return b.carry(workload) }}
}

func (b *bed) cell(workload string, size int) results.Cell {
	c := results.Cell{Workload: workload, Mechanism: b.d.Name, Size: size, Place: "free"}
	if w := bench.LookupWorkload(workload); w.Peers != "" {
		c.Peers = max(w.MinPeers, 3)
	}
	return c
}

// carry plays the workload at every size, until one goes wrong, and returns which it
// played.
func (b *bed) carry(workload string) (sizes string, err error) {
	var skipped error
	var carried []string
	for _, size := range Sizes {
		if b.d.Sizes.Least > size || b.d.Sizes.Most > 0 && b.d.Sizes.Most < size {
			continue
		}
		rec, _ := b.Measure(b.cell(workload, size), runner.Measurement{Ops: operations, Exact: true, Time: expected, Verify: true})
		switch rec.Outcome {
		case results.Failed:
			return "", fmt.Errorf("message size %s: %s", results.FormatBytes(size), rec.Reason)
		case results.Skipped:
			skipped = &mechanisms.UnsupportedError{What: rec.Reason} // the largest message's stands for all
		default: // a launch that something else disturbed has carried its messages too
			b.tried[workload] = true
			carried = append(carried, results.FormatBytes(size))
		}
	}
	if carried == nil {
		return "", cmp.Or(skipped, errors.New("its declaration leaves no message size to try"))
	}
	return fmt.Sprintf("messages of %s, in rounds of %d operations", strings.Join(carried, ", "), operations), nil
}

// expected is what a round may take: its deadline is 20 times as far, for a kit that
// makes each word of a large message in an interpreter. Tests shorten it.
var expected = time.Second

// waiting is how long a receiver waits before its sender is killed.
const waiting = 300 * time.Millisecond

// wait has a receiver wait for a message, and then for one whose sender was killed.
func (b *bed) wait() *idling {
	if b.idle != nil {
		return b.idle
	}
	b.idle = &idling{}
	workload, originates := "Stream", "sender"
	if !b.tried[workload] {
		workload, originates = "PingPong", "ping"
	}
	if !b.tried[workload] {
		b.idle.err = &mechanisms.UnsupportedError{What: "no message passed in Stream or PingPong"}
		return b.idle
	}
	size := max(64, b.d.Sizes.Least)
	if b.d.Sizes.Most > 0 {
		size = min(size, b.d.Sizes.Most)
	}
	launches := waits
	if b.d.Spins {
		launches = 1
	}
	b.idle = look(launches, func() *idling { return b.waitOnce(workload, originates, size) })
	return b.idle
}

// look is what a receiver did in the first of n launches in which it slept, or in the last.
func look(n int, launch func() *idling) (idle *idling) {
	for range n {
		if idle = launch(); idle.err != nil || idle.awake <= mostAwake {
			break
		}
	}
	return idle
}

// waits is how often a receiver is looked at that does not sleep. One that waits for a
// CPU before it can sleep looks the same: a Python program did in one launch, for 75 %
// of the time, beside 34 runnable processes on 2 CPUs.
const waits = 3

// mostAwake is the largest share of its wait in which a receiver that sleeps is awake.
const mostAwake = 0.5

func (b *bed) waitOnce(workload, originates string, size int) *idling {
	l, err := b.Open(b.cell(workload, size))
	if err != nil {
		return &idling{err: err}
	}
	defer l.Close() // which fails: a part has died
	sender := slices.IndexFunc(l.Workers, func(w results.Worker) bool { return w.Role == originates })
	seen, err := l.Dying(sender, operations, waiting)
	if err != nil {
		return &idling{err: err}
	}
	s := seen[1-sender]
	return &idling{saw: s.Answer, awake: s.Awake}
}

func sleeps(b *bed) (string, error) {
	w := b.wait()
	if w.err != nil || b.d.Spins {
		return "", w.err
	}
	if w.awake > mostAwake {
		return "", fmt.Errorf("its receiver did not sleep for %s of the time in which it waited for a message: declare spins: true, or have it sleep", results.Percent(w.awake))
	}
	return "", nil
}

func death(b *bed) (string, error) {
	w := b.wait()
	switch {
	case w.err != nil:
		return "", w.err
	case b.d.PeerDeath == "nothing" && w.saw != "":
		return "", fmt.Errorf("its receiver answered: %s: declare peer_death: eof or error", w.saw)
	case b.d.PeerDeath != "nothing" && w.saw == "":
		return "", errors.New("its receiver still waited a second later: declare peer_death: nothing, or have it report the end")
	case w.saw != "":
		// A fault of the receiver that its sender's end brings out looks the same: the
		// author sees it here.
		return "it reported: " + w.saw, nil
	}
	return "", nil
}

// Whole reports whether no rule is broken.
func Whole(all []Finding) bool {
	return !slices.ContainsFunc(all, func(f Finding) bool { return f.Verdict == Breaks })
}
