package results

import (
	"cmp"
	"fmt"
	"strings"
)

// Name is the cell as a Go benchmark names it, without the "Benchmark" prefix:
// "PingPong/mech=pipe/size=64/queue=default/place=same".
func (c Cell) Name() string {
	switch {
	case c.Package != "":
		return c.Package + "." + c.Other
	case c.Other != "":
		return c.Other
	}
	var b strings.Builder
	b.WriteString(c.Workload)
	for i := range Axes[1:] {
		a := &Axes[1+i]
		if v := a.Of(&c); v != "" || a.Always {
			b.WriteString("/" + a.Key + "=" + v)
		}
	}
	return b.String()
}

// Short is a name that begins with the cell's without what most names have in common,
// for tables and sentences: "PingPong/pipe/size=64/place=same".
func (c Cell) Short(name string) string {
	rest, ok := strings.CutPrefix(name, c.Name())
	if !ok || c.Other != "" {
		return name
	}
	return strings.NewReplacer("/mech=", "/", "/queue=default", "").Replace(c.Name()) + rest
}

// ParseCell reads a cell's name: the inverse of Cell.Name. It takes no
// "Benchmark" prefix and no "-GOMAXPROCS" suffix. Whatever it accepts is
// letters, digits, "=", "+" and "/", so it is safe to print anywhere.
func ParseCell(name string) (Cell, error) {
	c, err := parseCell(name)
	if err != nil {
		return Cell{}, fmt.Errorf("%s is not a cell: %w", Quote(name), err)
	}
	return c, nil
}

// AskedCell reads a cell as people type it: "pingpong/pipe", or
// "Stream/socketpair/size=4KiB". The workload's case does not matter, keys may come
// in any order, and what is left out is usual: 64 bytes, the default capacity, one
// CPU.
func AskedCell(text string) (Cell, error) {
	parts := strings.Split(text, "/")
	for name := range workloads {
		if strings.EqualFold(name, parts[0]) {
			parts[0] = name
		}
	}
	values := map[string]string{"size": "64", "queue": "default", "place": "same"}
	for i, part := range parts[1:] {
		key, value, keyed := strings.Cut(part, "=")
		switch {
		case !keyed && i == 0:
			key, value = "mech", part
		case LookupAxis(key) == nil || !keyed:
			return Cell{}, fmt.Errorf("%s is not a cell: %s is no KEY=VALUE of an axis: want WORKLOAD/MECHANISM, as in PingPong/pipe, or with /size=4KiB and the like", Quote(text), Quote(part))
		}
		values[key] = value
	}
	name := parts[0]
	for _, a := range Axes[1:] {
		if value, has := values[a.Key]; has {
			name += "/" + a.Key + "=" + value
		}
	}
	c, err := parseCell(name)
	if err != nil {
		return Cell{}, fmt.Errorf("%s is not a cell: %w: want WORKLOAD/MECHANISM, as in PingPong/pipe", Quote(text), err)
	}
	return c, nil
}

// parseCell reads the axes in their order: those that every cell has, and of
// the others each at most once.
func parseCell(name string) (c Cell, err error) {
	c.Workload, name, _ = strings.Cut(name, "/")
	if !validWorkload.MatchString(c.Workload) {
		return c, fmt.Errorf("the workload must match %v", validWorkload)
	}
	for i := range Axes[1:] {
		a := &Axes[1+i]
		part, rest, _ := strings.Cut(name, "/")
		value, ok := strings.CutPrefix(part, a.Key+"=")
		switch {
		case !ok && a.Always:
			return c, fmt.Errorf("want %s=… where it has %s", a.Key, Quote(part))
		case !ok:
			continue
		}
		if err := a.read(&c, value); err != nil {
			return c, err
		}
		name = rest
	}
	if name != "" {
		return c, fmt.Errorf("want peers=…, an option or the end where it has %s", Quote(name))
	}
	return c, nil
}

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
	Class   string `json:"class,omitempty"`   // the class of its host, "2", "3" …, in a merged run whose hosts are of several: see Classes; "": the first. No plan asks for it
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
