package results

import (
	"encoding/json"
	"reflect"
	"strconv"
)

// Hosts holds different hosts, in order of appearance. It finds an equal one
// by a key, not by looking at all of them: 2,300 hosts in 2.3 MB of records took
// 31 s. The zero value is empty.
type Hosts struct {
	all   []*Host
	known map[string]*Host // by content
	last  *Host            // in a whole run every record has the same
}

// Add returns the host that is equal to h and was there first, or h. It returns
// nil for nil.
func (s *Hosts) Add(h *Host) *Host {
	if h == nil || h == s.last {
		return h
	}
	if s.last != nil && reflect.DeepEqual(h, s.last) {
		return s.last
	}
	key := h.key()
	if s.known == nil {
		s.known = map[string]*Host{}
	}
	if s.known[key] == nil {
		s.known[key] = h
		s.all = append(s.all, h)
	}
	s.last = s.known[key]
	return s.last
}

// All returns the hosts. The caller must not change them.
func (s *Hosts) All() []*Host { return s.all }

// key is equal for equal hosts.
func (h *Host) key() string {
	raw, err := json.Marshal(h) // sorts the sysctls
	if err != nil {
		panic("results: a host is not JSON: " + strconv.Quote(err.Error())) // strings and numbers always are
	}
	return string(raw)
}
