package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ipcbench/results"
)

// procsKey stands for the GOMAXPROCS in the name of a cell in benchmark text, and
// lengthKey for the time that a launch measures. None is a key of the format.
const (
	procsKey  = ".procs"
	lengthKey = ".launch"
)

// named are these in words.
var named = map[string]string{procsKey: "GOMAXPROCS", lengthKey: "length of a launch"}

// sameLength: launches of different lengths have different levels, which moved by 4
// to 14 %.
var sameLength = rule{name: named[lengthKey], refuses: true, why: "the level of a cell moves by 4 to 14 % with the time that a launch measures",
	remedy: "measure both sides with one --time"}

// lengths are those of the side's launches, as far as they are known.
func (s *Side) lengths() (all []string) {
	var v values
	for _, c := range s.configs.all {
		v.add(c.values[lengthKey])
	}
	return v.sorted()
}

// configuration is what records were measured under.
type configuration struct {
	values map[string]string // by key of the benchmark format; none is ""
	ours   bool              // a cell of the suite's was
}

// without is the configuration where the key is not known.
func (c configuration) without(key string) configuration {
	c.values = maps.Clone(c.values)
	delete(c.values, key)
	return c
}

// configurations holds those of a side, each once.
type configurations struct {
	all    []configuration
	by     map[string]int32 // by content
	of     map[source]int32 // of records that share it
	latest source
	n      int32 // of latest
}

// source is what makes the configuration of a record.
type source struct {
	host      *results.Host
	text      *results.Configuration
	isolation string
	launchNs  int64
}

// add returns the number of the record's configuration. The record's host is
// one of results.Hosts.
func (c *configurations) add(r *results.Record, host *results.Host) int32 {
	src := source{host, r.Text(), r.Isolation, r.LaunchNs}
	n, ok := c.n, c.all != nil && src == c.latest
	if !ok {
		if n, ok = c.of[src]; !ok {
			n = c.intern(r)
			if c.of == nil {
				c.of = map[source]int32{}
			}
			c.of[src] = n
		}
		c.latest, c.n = src, n
	}
	if r.Cell.Other == "" {
		c.all[n].ours = true
	}
	return n
}

func (c *configurations) intern(r *results.Record) int32 {
	set := map[string]string{}
	for _, s := range r.Settings() {
		if s.OfClass() {
			set[s.Key] = s.Value
		}
	}
	if t := r.Text(); t != nil && t.Procs != "" {
		set[procsKey] = t.Procs
	}
	if r.LaunchNs > 0 {
		set[lengthKey] = time.Duration(r.LaunchNs).String()
	}
	var key strings.Builder
	for _, k := range slices.Sorted(maps.Keys(set)) {
		fmt.Fprintf(&key, "%q: %q\n", k, set[k])
	}
	if n, ok := c.by[key.String()]; ok {
		return n
	}
	n := int32(len(c.all))
	if c.by == nil {
		c.by = map[string]int32{}
	}
	c.by[key.String()] = n
	c.all = append(c.all, configuration{values: set})
	return n
}

// split is by which keys the rows of a comparison are split besides their
// cells: those that have several values within a side. Launches of two
// configurations are no sample of either. A key that a side does not have is not
// known, which is no value.
type split struct {
	keys   []string
	groups map[string]int32 // by content, from 1: 0 is the only one where there are no keys
	names  []string         // of the groups: "", "-2", " [cpu: CPU Two]"
}

func newSplit(sides ...*Side) *split {
	s := &split{groups: map[string]int32{}, names: []string{""}}
	for _, side := range sides {
		first := map[string]string{}
		for _, c := range side.configs.all {
			for k, v := range c.values {
				if k == "pkg" && !c.ours { // it is a part of the cell
					continue
				}
				if w, ok := first[k]; !ok {
					first[k] = v
				} else if v != w && !slices.Contains(s.keys, k) {
					s.keys = append(s.keys, k)
				}
			}
		}
	}
	slices.Sort(s.keys)
	return s
}

func (s *split) by(key string) bool { return slices.Contains(s.keys, key) }

// group is the number of a cell's group under a configuration.
func (s *split) group(cell results.Cell, c configuration) int32 {
	if len(s.keys) == 0 {
		return 0
	}
	var key strings.Builder
	for _, k := range s.keysOf(cell) {
		fmt.Fprintf(&key, "%q: %q\n", k, c.values[k])
	}
	n, ok := s.groups[key.String()]
	if !ok {
		n = int32(len(s.names))
		s.groups[key.String()] = n
		s.names = append(s.names, s.name(cell, c))
	}
	return n
}

// keysOf are those that tell groups of the cell apart: a benchmark that is no
// cell has its package and its GOMAXPROCS in its name.
func (s *split) keysOf(cell results.Cell) []string {
	if cell.Other == "" {
		return s.keys
	}
	return slices.DeleteFunc(slices.Clone(s.keys), func(k string) bool { return k == "pkg" || k == procsKey })
}

// name is what a group adds to the name of a cell.
func (s *split) name(cell results.Cell, c configuration) string {
	var procs string
	var parts []string
	for _, k := range s.keysOf(cell) {
		v := c.values[k]
		switch {
		case k == procsKey && v == "":
			parts = append(parts, named[k]+": not known")
		case k == procsKey && v == "1": // go test leaves it out
		case k == procsKey:
			procs = "-" + results.Quote(v)
		case v == "":
			parts = append(parts, results.Quote(inWords(k))+": not known")
		default:
			parts = append(parts, results.Quote(inWords(k)+": "+v))
		}
	}
	if len(parts) == 0 {
		return procs
	}
	return procs + " [" + strings.Join(parts, ", ") + "]"
}

// point is what is compared: a cell, in one group of its configurations.
type point struct {
	cell  results.Cell
	group int32
}

func (s *split) pointName(p point) string { return p.cell.Name() + s.names[p.group] }

// warning states why there are more rows than cells.
func (s *split) warning(sides ...*Side) (d Warning, ok bool) {
	if len(s.keys) == 0 {
		return d, false
	}
	var what []string
	for _, k := range s.keys {
		var all values
		for _, side := range sides {
			for _, c := range side.configs.all {
				all.add(c.values[k])
			}
		}
		what = append(what, fmt.Sprintf("%s is %s", results.Quote(inWords(k)), results.Some(all.list, " and ")))
	}
	return Warning{Name: "configurations", Warning: results.Warning{What: "a side has results of several configurations: " + strings.Join(what, "; "),
		Why:    "launches under different settings are no sample of one benchmark, so each configuration has rows of its own",
		Remedy: "compare files of one configuration each, or one of them with --filter, as in --filter 'cpu:\"CPU One\"'"}}, true
}

func inWords(key string) string { return cmp.Or(named[key], key) }
