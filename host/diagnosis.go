package host

import (
	"io/fs"
	"slices"
	"strings"

	"ipcbench/results"
)

// Use is a kind of number that a run gives, or what else it is good for. Each rule
// lists those that a warning of it spoils.
type Use string

const (
	Mechanisms    Use = "mechanisms"
	Runs          Use = "runs"
	SameCPU       Use = "same-cpu"
	DifferentCPUs Use = "different-cpus"
	Large         Use = "large-messages"
	Many          Use = "many-processes"
	Tails         Use = "percentiles"
	Others        Use = "other-hosts"
	Counters      Use = "counters"
	Isolation     Use = "isolation"
	Guests        Use = "guests"
)

// uses are all, in the order in which a diagnosis lists them, with what each is
// called in a sentence. The verdict leaves out those beside the numbers of a run.
var uses = []struct {
	Use
	title  string
	beside bool
}{
	{Mechanisms, "comparing mechanisms", false},           // of one run: launches of a block see the same machine
	{Runs, "comparing runs", false},                       // of different times, and so builds and kernels
	{SameCPU, "latencies on the same CPU", false},         // medians of short operations
	{DifferentCPUs, "latencies on different CPUs", false}, // medians of short operations
	{Large, "large messages", false},                      // which move through caches and memory
	{Many, "many processes", false},                       // FanIn, Pipeline: more than a round trip has
	{Tails, "percentiles", false},                         // p99 and beyond
	{Others, "numbers for other hosts", false},            // of the same CPU and kernel
	{Counters, "hardware counters", true},                 // cycles and cache misses
	{Isolation, "isolated runs", true},                    // in an IPC namespace, which a crash leaves empty
	{Guests, "kernels in QEMU", true},                     // `ipcbench kernels` with this program
}

// Diagnosis is what a host is good for, with the findings from which that follows.
type Diagnosis struct {
	Verdict  string       `json:"verdict"`  // a sentence: what the host is good for, for what not, and why
	Host     results.Host `json:"host"`     // its facts
	Uses     []Fitness    `json:"uses"`     // every use
	Findings []Finding    `json:"findings"` // of every rule
}

// Fitness is whether a host is good for a use.
type Fitness struct {
	Use     Use      `json:"use"`               // a word for programs: "same-cpu"
	Title   string   `json:"title"`             // what it is called in a sentence
	Good    bool     `json:"good"`              // no warning spoils it
	Because []string `json:"because,omitempty"` // the rules that spoil it
	Unknown []string `json:"unknown,omitempty"` // rules that might, and that this host gives no answer to
}

// Diagnose applies every rule to the host and the tree at root, as Check does, and
// derives what the host is good for.
func Diagnose(root fs.FS, h results.Host) Diagnosis {
	d := Diagnosis{Host: h, Findings: Check(root, h)}
	var numbers []Fitness
	for _, u := range uses {
		f := Fitness{Use: u.Use, Title: u.title}
		for _, x := range d.Findings {
			switch {
			case !slices.Contains(x.Spoils, u.Use):
			case x.State == Warned:
				f.Because = append(f.Because, x.Rule)
			case x.State == Unknown:
				f.Unknown = append(f.Unknown, x.Rule)
			}
		}
		f.Good = f.Because == nil
		d.Uses = append(d.Uses, f)
		if !u.beside {
			numbers = append(numbers, f)
		}
	}
	d.Verdict = verdict(numbers)
	return d
}

// verdict is the sentence of a diagnosis: "Good for comparing mechanisms; not for
// percentiles, because of load."
func verdict(uses []Fitness) string {
	var good, bad, because, unknown []string
	for _, f := range uses {
		for _, rule := range f.Because {
			because = results.AddOnce(because, rule)
		}
		if !f.Good {
			bad = append(bad, f.Title)
			continue
		}
		good = append(good, f.Title)
		for _, rule := range f.Unknown {
			unknown = results.AddOnce(unknown, rule)
		}
	}
	s := "Good for all comparisons, latencies and percentiles"
	switch {
	case good == nil:
		s = "Good for no comparison, latency or percentile"
	case bad != nil:
		s = "Good for " + enumerate(good)
	}
	if unknown != nil {
		s += " (not known: " + enumerate(unknown) + ")"
	}
	if good != nil && bad != nil {
		s += "; not for " + enumerate(bad)
	}
	if because != nil {
		s += ", because of " + enumerate(because)
	}
	return s + "."
}

// enumerate joins as a sentence does: "a, b and c".
func enumerate(all []string) string {
	last := len(all) - 1
	if last < 1 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:last], ", ") + " and " + all[last]
}
