package results

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// setup is what many records of a file have in common. It stands in a line of
// its own before the first of them, and they refer to it by its name. A run has
// one, and one more each time that it goes on under another host.
type setup struct {
	name      string
	Time      time.Time           `json:"time"` // of its first record, from which the times of all count
	Run       string              `json:"run"`
	Seed      uint64              `json:"seed"`
	Isolation string              `json:"isolation,omitempty"`
	Columns   map[string][]string `json:"columns"`
	Host      *Host               `json:"host,omitempty"`
}

// setupOf is the setup of a record and others of its session. The name is 32
// bits of what it says: files can be joined.
func setupOf(r *Record) (*setup, error) {
	s := &setup{Time: r.Time.UTC().Truncate(time.Millisecond), Run: r.Run, Seed: r.Seed, Isolation: r.Isolation, Columns: allColumns.names(), Host: r.Host}
	raw, err := json.Marshal(s)
	sum := sha256.Sum256(raw)
	s.name = fmt.Sprintf("%x", sum[:4])
	return s, err
}

// of reports whether the record has what the setup says.
func (s *setup) of(r *Record) bool {
	return s.Run == r.Run && s.Seed == r.Seed && s.Isolation == r.Isolation && reflect.DeepEqual(s.Host, r.Host)
}

// maxSetups bounds, in bytes, what a file of nothing but hosts and setups makes
// of a reader. One takes some 3 KB, and a run has one for each time that it was
// begun or resumed.
const maxSetups = 64 << 20

// setups are those of a file, by name.
type setups map[string]*known

// known is a setup that was read.
type known struct {
	setup
	layout layout
	sum    [sha256.Size]byte // of its line
	n      int               // number of the line
	twice  bool              // another line gives the name to another setup
}

// add takes the line of a setup. A name that stands for two setups stands for
// none: records would be taken for those of another host.
func (s setups) add(line []byte, n int, name string, new *setup) error {
	sum := sha256.Sum256(line)
	if before := s[name]; before != nil {
		if before.sum == sum {
			return nil
		}
		before.twice = true
		return fmt.Errorf("setup %s is another one on line %d: no record from here on can refer to it", Quote(name), before.n)
	}
	layout, err := newLayout(new.Columns)
	if err != nil {
		return err
	}
	s[name] = &known{setup: *new, layout: layout, sum: sum, n: n}
	return nil
}

// get returns the setup that a record refers to.
func (s setups) get(name string) (*known, error) {
	switch k := s[name]; {
	case k == nil:
		return nil, fmt.Errorf("setup %s is on no line before", Quote(name))
	case k.twice:
		return nil, fmt.Errorf("setup %s stands for two", Quote(name))
	default:
		return k, nil
	}
}
