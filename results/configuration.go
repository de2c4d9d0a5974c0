package results

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// Configuration is what benchmark text says a launch was measured under.
// Launches of one file that were measured under the same have the same pointer.
type Configuration struct {
	Settings []Setting // its configuration lines, by key
	Package  string    // of them, the Go package; "" where it is not known
	Procs    string    // GOMAXPROCS by the name of a cell of the suite's: "1", "2"; "" of others, whose cells keep it in their name
}

// Text returns what the benchmark text that r was read from says it was measured
// under; nil for a record from anywhere else.
func (r *Record) Text() *Configuration { return r.text }

// Settings returns all that r was measured under, by key: the configuration
// lines of the text it was read from, or what its host and its isolation would
// be in one.
func (r *Record) Settings() []Setting {
	all := slices.Clone(r.settings())
	slices.SortFunc(all, func(a, b Setting) int { return cmp.Compare(a.Key, b.Key) })
	return all
}

// configured is one configuration of a text.
type configured struct {
	host    *Host // nil where the text says nothing of it
	byProcs map[string]*Configuration
	text    []Setting
	pkg     string
}

// with is the configuration at a GOMAXPROCS.
func (c *configured) with(procs string) *Configuration {
	if c.byProcs[procs] == nil {
		c.byProcs[procs] = &Configuration{c.text, c.pkg, procs}
	}
	return c.byProcs[procs]
}

// configure notes what the text says above a result. It changes seldom, and
// parsing it costs as much as the line.
func (t *benchText) configure(res *benchfmt.Result) {
	same := slices.EqualFunc(t.config, res.Config, func(a, b benchfmt.Config) bool {
		return a.Key == b.Key && bytes.Equal(a.Value, b.Value)
	})
	program := t.about["program"]
	if same && t.under != nil && (t.under.host == nil || t.under.host.Program == program) {
		return
	}
	t.config = res.Clone().Config
	said := res.Clone().Config
	var text []Setting
	for i := range said {
		c := &said[i]
		c.Value = bytes.TrimSpace(c.Value) // go test prints the blanks that a CPU's name ends with
		text = append(text, Setting{c.Key, string(c.Value)})
	}
	slices.SortFunc(text, func(a, b Setting) int { return cmp.Compare(a.Key, b.Key) })
	var key strings.Builder
	for _, s := range append(text[:len(text):len(text)], Setting{"", program}) {
		key.WriteString(s.Key + ": " + s.Value + "\n")
	}
	if t.known == nil {
		t.known = map[string]*configured{}
	}
	if t.under = t.known[key.String()]; t.under == nil {
		t.under = &configured{host: t.set.hosts.Add(parseHost(said, program)), byProcs: map[string]*Configuration{}, text: text, pkg: res.GetConfig("pkg")}
		t.known[key.String()] = t.under
	}
}

func parseHost(config []benchfmt.Config, program string) *Host {
	var h Host
	known := false
	for _, c := range config {
		known = h.set(c.Key, string(c.Value)) || known
	}
	if !known {
		return nil
	}
	h.Program = program
	return &h
}
