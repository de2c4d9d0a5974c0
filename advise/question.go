// Package advise recommends a mechanism: it ranks those that fit by what was
// measured, and lists what that does not show. What a mechanism can do is
// declared in package mechanisms; everything else comes from records.
package advise

import (
	"slices"

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
