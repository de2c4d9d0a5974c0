package results

import (
	"cmp"
	"strings"
)

// Options are the axes that most cells leave at their usual value, which is
// the zero value. A cell's name, its records and tables show only others.
type Options struct {
	Wait    string `json:"wait,omitempty"`    // how ends that are descriptors wait: poll, epoll, spin; "": in the call itself
	Batch   int    `json:"batch,omitempty"`   // messages that one call hands over, at least 2; 0: one
	Touch   string `json:"touch,omitempty"`   // what the receiver does with every byte: read, write; "": it looks at the stamp
	InPlace bool   `json:"lend,omitempty"`    // both sides work in the link's own memory, and nothing is copied
	Memory  string `json:"memory,omitempty"`  // what backs shared memory: memfd, shm, file, huge; "": the mechanism's own choice
	Given   string `json:"given,omitempty"`   // the capacity of the links, as GivenTo has it, where it is not what such links usually have; no plan asks for it
	Rate    int    `json:"rate,omitempty"`    // messages a second that are due; 0: as fast as it goes
	Further string `json:"further,omitempty"` // axes without a field here, as names have them: "nice=5/stack=small"
}

// Value is the option of that key as names have it, and "" at its usual value.
func (o Options) Value(key string) string {
	if a := LookupAxis(key); a != nil && !a.Always {
		return a.Of(&Cell{Options: o})
	}
	return ""
}

// Parts are the options that are not at their usual value, as names have them:
// "wait=epoll", "copy=0".
func (o Options) Parts() (parts []string) {
	c := Cell{Options: o}
	for i := range Axes {
		if a := &Axes[i]; !a.Always {
			if v := a.Of(&c); v != "" {
				parts = append(parts, a.Key+"="+v)
			}
		}
	}
	return parts
}

// String is all of Parts for people: "wait=epoll batch=16", "" at the usual
// values.
func (o Options) String() string { return strings.Join(o.Parts(), " ") }

// Without returns o with the option of that key at its usual value.
func (o Options) Without(key string) Options {
	c := Cell{Options: o}
	if a := LookupAxis(key); a != nil {
		a.Clear(&c)
	}
	return c.Options
}

func compareOptions(a, b Options) int {
	if a == b {
		return 0
	}
	x, y := Cell{Options: a}, Cell{Options: b}
	for i := range Axes {
		if Axes[i].Always {
			continue
		}
		v, w := Axes[i].Of(&x), Axes[i].Of(&y)
		if c := cmp.Or(cmp.Compare(len(v), len(w)), cmp.Compare(v, w)); c != 0 { // numbers by their value
			return c
		}
	}
	return 0
}
