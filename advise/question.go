// Package advise recommends a mechanism: it ranks those that fit by what was
// measured, and lists what that does not show. What a mechanism can do is
// declared in package mechanisms; everything else comes from records.
package advise

import (
	"fmt"
	"slices"
	"strings"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Pattern is how processes talk to each other, in a reader's word.
type Pattern struct {
	Name     string // "rpc"
	Workload string // that measures it: "PingPong"
	Op       string // what its time is of: "round trip"
}

// Patterns are all that a Question may ask for.
var Patterns = []Pattern{
	{"rpc", "PingPong", "round trip"},
	{"stream", "Stream", "message"},
	{"fanin", "FanIn", "message"},
	{"pipeline", "Pipeline", "message"},
}

// LookupPattern returns the pattern of that name, and false where there is
// none.
func LookupPattern(name string) (Pattern, bool) {
	i := slices.IndexFunc(Patterns, func(p Pattern) bool { return p.Name == name })
	if i < 0 {
		return Pattern{}, false
	}
	return Patterns[i], true
}

// Question is what Advise answers: a pattern, a size and a place.
type Question struct {
	Pattern    string `json:"pattern"`         // the name of one of Patterns
	Size       int    `json:"size"`            // bytes in a message, at least 1
	Place      string `json:"place"`           // where the processes run
	Peers      int    `json:"peers,omitempty"` // senders of fanin, stages of pipeline; 0 for the others
	Unrelated  bool   `json:"unrelated"`       // the processes inherit nothing from each other
	Boundaries bool   `json:"boundaries"`      // the receiver must get each message as a unit
}

// Everywhere returns q for each place and number of peers with which its
// pattern was measured, in the order of Summarize.
func Everywhere(summaries []results.Summary, q Question) (all []Question) {
	p, _ := LookupPattern(q.Pattern)
	seen := map[Question]bool{}
	for _, s := range summaries {
		q.Place, q.Peers = s.Cell.Place, s.Cell.Peers
		if s.Cell.Workload == p.Workload && s.Cell.Queue == 0 && s.Cell.Options == (results.Options{}) && !seen[q] {
			seen[q] = true
			all = append(all, q)
		}
	}
	return all
}

// asked returns the summaries that a question is about, of all sizes: those
// with the kernel's own queue and all options at their usual value.
func asked(summaries []results.Summary, q Question) (out []results.Summary) {
	p, _ := LookupPattern(q.Pattern)
	for _, s := range summaries {
		c := s.Cell
		if c.Workload == p.Workload && c.Place == q.Place && c.Peers == q.Peers && c.Queue == 0 && c.Options == (results.Options{}) {
			out = append(out, s)
		}
	}
	return out
}

// sizes returns those at which anything was tried, ascending.
func sizes(summaries []results.Summary) (all []int) {
	for _, s := range summaries {
		all = append(all, s.Cell.Size)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Fact is what is declared of a mechanism, to be shown beside advice.
type Fact struct {
	Mechanism  string   `json:"mechanism"`
	Summary    string   `json:"summary"`
	Man        []string `json:"man"`
	Boundaries bool     `json:"boundaries"` // it keeps message boundaries
	mechanisms.Facts
}

// Facts returns what is declared of the mechanisms of these names, in their
// order. One that this program does not know is left out.
func Facts(names []string) (all []Fact) {
	for _, name := range names {
		if m := mechanisms.Lookup(name); m != nil {
			all = append(all, Fact{m.Name, m.Summary, m.Man, m.Framing.Boundaries(), m.Facts})
		}
	}
	return all
}

// Machine lists, in sentences, what the records of these hosts do not show
// about another machine.
func Machine(hosts []*results.Host) (cantTell []string) {
	if len(hosts) > 1 {
		cantTell = append(cantTell, fmt.Sprintf("What holds on which machine: these are records of %d different hosts.", len(hosts)))
	}
	for _, h := range hosts {
		if h.Virt != "" && h.Virt != "none" && !strings.HasPrefix(h.Virt, "container:") {
			cantTell = append(cantTell, fmt.Sprintf("How it is on hardware: this was measured in a virtual machine (%s), where to wake a process on another CPU costs an exit to the hypervisor.", results.Quote(h.Virt)))
		}
		if n := len(h.Warnings); n > 0 {
			cantTell = append(cantTell, fmt.Sprintf("What a quieter machine would give: things about this one that spoil numbers: %d (`ipcbench doctor`).", n))
		}
	}
	return cantTell
}
