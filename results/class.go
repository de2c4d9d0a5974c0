package results

import (
	"fmt"
	"slices"
	"strings"
)

// OfClass reports whether a setting says of which class a host is: launches under other
// values are no sample of one benchmark. Memory says nothing: a kernel has another few
// KiB left after each boot.
func (s Setting) OfClass() bool { return s.Value != "" && s.Key != "memory" }

// Classes numbers the classes of hosts that records were measured on, in order of
// appearance. Hosts of one class have the same value of every Setting that is OfClass;
// what one of them does not state is no difference. A guest whose instructions were
// counted states nothing of the machine below it. The zero value is empty.
type Classes struct {
	known []map[string]string // what is known of each class
	hosts []*Host             // a host of each, with the warnings of all; nil: no record states one
	of    map[classed]int
	last  classed
	n     int // of last
}

// classed is what the class of a record depends on.
type classed struct {
	host      *Host
	text      *Configuration
	isolation string
}

// Of is the number of the record's class, from 0. Its host is one of Hosts.
func (c *Classes) Of(r *Record) int {
	key := classed{r.Host, r.text, r.Isolation}
	if c.known != nil && key == c.last {
		return c.n
	}
	n, ok := c.of[key]
	if !ok {
		n = c.add(r.settings())
		if c.of == nil {
			c.of = map[classed]int{}
		}
		c.of[key] = n
		c.show(n, r.Host)
	}
	c.last, c.n = key, n
	return n
}

// add returns the number of the class that has the settings.
func (c *Classes) add(settings []Setting) int {
	n := slices.IndexFunc(c.known, func(known map[string]string) bool {
		return !slices.ContainsFunc(settings, func(s Setting) bool {
			v, ok := known[s.Key]
			return ok && s.OfClass() && v != s.Value
		})
	})
	if n < 0 {
		n = len(c.known)
		c.known = append(c.known, map[string]string{})
	}
	for _, s := range settings {
		if s.OfClass() {
			c.known[n][s.Key] = s.Value
		}
	}
	return n
}

// show makes the host the one that stands for its class, or adds its warnings to that one.
// Warnings that differ in their numbers alone, such as the load, are one.
func (c *Classes) show(n int, h *Host) {
	for len(c.hosts) <= n {
		c.hosts = append(c.hosts, nil)
	}
	shown := c.hosts[n]
	switch {
	case h == nil:
		return
	case shown == nil:
		one := *h
		one.Warnings = slices.Clone(h.Warnings)
		c.hosts[n] = &one
		return
	}
	without := func(s string) string { return strings.Trim(s, "0123456789") }
	for _, w := range h.Warnings {
		if !slices.ContainsFunc(shown.Warnings, func(v Warning) bool {
			return slices.EqualFunc(strings.Fields(v.What), strings.Fields(w.What), func(a, b string) bool {
				return a == b || without(a) == "" && without(b) == "" || without(a) == "." && without(b) == "."
			})
		}) {
			shown.Warnings = append(shown.Warnings, w)
		}
	}
}

// Len is the number of classes.
func (c *Classes) Len() int { return len(c.known) }

// Differ lists, in order of the keys, in what the classes differ: "cpu: A and B".
func (c *Classes) Differ() (all []string) {
	values := map[string][]string{}
	var keys []string
	for _, known := range c.known {
		for k, v := range known {
			values[k], keys = AddOnce(values[k], v), AddOnce(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		if len(values[k]) > 1 {
			all = append(all, Quote(fmt.Sprintf("%s: %s", k, Some(values[k], " and "))))
		}
	}
	return all
}
