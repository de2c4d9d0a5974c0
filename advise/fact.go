package advise

import "ipcbench/mechanisms"

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
