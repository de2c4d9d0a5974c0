// Package choose recommends a mechanism: it ranks those that fit by what was
// measured, and lists what that does not show. What a mechanism can do is
// declared in package mechanisms; everything else comes from records, of a plan
// or of a race.
package choose

import (
	"errors"
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
	{"notify", "Notify", "round trip"},
	{"fanout", "FanOut", "message"},
}

// notifies reports whether there are no messages.
func (p Pattern) notifies() bool { return p.Name == "notify" }

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

	SurvivesCrash bool    `json:"survives_crash,omitempty"` // a process must learn within a second that its peer was killed
	PassesFDs     bool    `json:"fd_passing,omitempty"`     // descriptors must be passed
	Spin          bool    `json:"spin,omitempty"`           // a mechanism may keep a CPU busy while it waits
	Within        float64 `json:"within,omitempty"`         // share by which another may be faster; 0: that of the race, or results.Within
}

// Need is a filter of a Question: what a mechanism must do besides carrying messages.
type Need struct {
	Key  string `json:"key"`  // in JSON and, with hyphens, the flag
	Text string `json:"text"` // a few words for a form
	of   func(*Question) *bool
}

// Needs are all that a Question may have.
var Needs = []Need{
	{"unrelated", "unrelated processes", func(q *Question) *bool { return &q.Unrelated }},
	{"boundaries", "message boundaries", func(q *Question) *bool { return &q.Boundaries }},
	{"survives_crash", "a killed peer is reported", func(q *Question) *bool { return &q.SurvivesCrash }},
	{"fd_passing", "descriptors are passed", func(q *Question) *bool { return &q.PassesFDs }},
}

// Has reports whether q has the need.
func (n Need) Has(q Question) bool { return *n.of(&q) }

// Filtered reports whether q has any need.
func (q Question) Filtered() bool {
	return slices.ContainsFunc(Needs, func(n Need) bool { return n.Has(q) })
}

// Unfit is why a mechanism does not do what is asked, on any machine: "" where it
// does.
func (q Question) Unfit(m *mechanisms.Mechanism) string {
	p, _ := LookupPattern(q.Pattern)
	var refused *mechanisms.UnsupportedError
	if errors.As(mechanisms.Ask(mechanisms.FactRules, mechanisms.Wanted{Mechanism: m, Notifies: p.notifies(), Unrelated: q.Unrelated,
		Boundaries: q.Boundaries, Crash: q.SurvivesCrash, PassFD: q.PassesFDs}), &refused) {
		return refused.Reason()
	}
	return ""
}

// Ranking is how the mechanisms that fit are ranked. One that keeps a CPU busy
// while it waits costs that CPU, so that it never leads unless that is asked for.
func (q Question) Ranking() results.Ranking {
	r := results.Ranking{Within: q.Within}
	if !q.Spin {
		r.Aside = spins
	}
	return r
}

func spins(mech string) bool {
	m := mechanisms.Lookup(mech)
	return m != nil && m.BusyWaits()
}

// Command is the command that races for the answer.
func (q Question) Command(budget string) string {
	p, _ := LookupPattern(q.Pattern)
	c := "ipcbench choose " + q.Pattern
	if !p.notifies() {
		c += " " + results.FormatBytes(q.Size)
	}
	add := func(set bool, flag string) {
		if set {
			c += flag
		}
	}
	add(q.Place != "", " --place "+results.Quote(q.Place))
	add(q.Peers > 0, fmt.Sprintf(" --peers %d", q.Peers))
	for _, n := range Needs {
		add(n.Has(q), " --"+strings.ReplaceAll(n.Key, "_", "-"))
	}
	add(q.Spin, " --spin")
	add(q.Within > 0, fmt.Sprintf(" --within %.3g%%", 100*q.Within))
	add(budget != "", " --budget "+budget)
	return c
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

// Fact is what a mechanism declares that is shown beside advice.
type Fact struct {
	Mechanism string               `json:"mechanism"`
	Cautions  []mechanisms.Caution `json:"cautions"`
}

// Facts returns what is declared of the mechanisms of these names, in their
// order. One that this program does not know is left out.
func Facts(names []string) (all []Fact) {
	for _, name := range names {
		if m := mechanisms.Lookup(name); m != nil {
			all = append(all, Fact{m.Name, m.Facts.Cautions})
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
