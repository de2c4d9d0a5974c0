package results

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// hostFields ties the fields of Host to the keys of the benchmark format, in
// the order they are written. goarch and cpu are the keys that `go test`
// itself writes. Program is not among them: see about.
var hostFields = []struct {
	key   string
	field func(*Host) any // *string, *int or *int64
}{
	{"kernel", func(h *Host) any { return &h.Kernel }},
	{"kernel-build", func(h *Host) any { return &h.Build }},
	{"goarch", func(h *Host) any { return &h.Arch }},
	{"cpu", func(h *Host) any { return &h.CPU }},
	{"cpus", func(h *Host) any { return &h.CPUs }},
	{"topology", func(h *Host) any { return &h.Topology }},
	{"memory", func(h *Host) any { return &h.Memory }},
	{"page-size", func(h *Host) any { return &h.PageSize }},
	{"virt", func(h *Host) any { return &h.Virt }},
	{"mitigations", func(h *Host) any { return &h.Mitigations }},
	{"governor", func(h *Host) any { return &h.Governor }},
	{"turbo", func(h *Host) any { return &h.Turbo }},
	{"smt", func(h *Host) any { return &h.SMT }},
	{"clocksource", func(h *Host) any { return &h.Clocksource }},
	{"cgroup", func(h *Host) any { return &h.Cgroup }},
	{"scheduling", func(h *Host) any { return &h.Scheduling }},
	{"go", func(h *Host) any { return &h.Go }},
	{"gomaxprocs", func(h *Host) any { return &h.GOMAXPROCS }},
}

// guestFields does the same for a guest.
var guestFields = []struct {
	key   string
	field func(*Guest) *string
}{
	{"label", func(g *Guest) *string { return &g.Label }},
	{"accel", func(g *Guest) *string { return &g.Accel }},
	{"qemu", func(g *Guest) *string { return &g.QEMU }},
	{"guest-cpu", func(g *Guest) *string { return &g.Processor }},
	{"cmdline", func(g *Guest) *string { return &g.CommandLine }},
	{"kernel-image", func(g *Guest) *string { return &g.Image }},
	{"kernel-config", func(g *Guest) *string { return &g.Config }},
	{"idle", func(g *Guest) *string { return &g.Idle }},
	{"guest-host", func(g *Guest) *string { return &g.Host }},
	{"guest-start", func(g *Guest) *string { return &g.Start }},
}

const (
	sysctlPrefix = "sysctl-"
	isolationKey = "isolation"
)

var validKey = newForm(`^[a-z][a-z0-9._-]*$`)

// Setting is one configuration line of the benchmark format.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// about holds the keys that identify which run a result is of, and where the text of
// a side that took turns has it, which launch and when. They are comments.
var about = []string{"run", "seed", "program", "launch", "time"}

// configKeys are the keys of a host that are configuration lines, as in what `go
// test` prints. All others are comments: benchstat puts results whose configuration
// differs into separate tables, and the very runs that it is to compare differ in
// their kernel, or in a few KiB of memory. guestKeys are lines in addition in the
// text of a guest: kernels are compared by them.
var (
	configKeys = []string{"goarch", "cpu"}
	guestKeys  = []string{"kernel", "label", "accel", "qemu"}
)

// factKeys are those that comments may have, as in "# kernel: Linux 6.18".
var factKeys = func() map[string]bool {
	all := map[string]bool{isolationKey: true}
	for _, f := range hostFields {
		all[f.key] = !slices.Contains(configKeys, f.key)
	}
	for _, f := range guestFields {
		all[f.key] = true
	}
	return all
}()

func isFact(key string) bool { return factKeys[key] || strings.HasPrefix(key, sysctlPrefix) }

// facts splits settings into those that are comments and configuration lines.
func facts(all []Setting) (comments, lines []Setting) {
	guest := slices.ContainsFunc(all, func(s Setting) bool { return s.Key == "accel" && s.Value != "" })
	for _, s := range all {
		if slices.Contains(about, s.Key) || isFact(s.Key) && !(guest && slices.Contains(guestKeys, s.Key)) {
			comments = append(comments, s)
		} else {
			lines = append(lines, s)
		}
	}
	return comments, lines
}

func (s Setting) line() string { return s.Key + ": " + Quote(s.Value) + "\n" }

// WriteConfig writes what `go test -bench` prints before its first result: h
// and extra as comments and configuration lines, and the units as Unit lines. A key
// is lower-case letters, digits and . _ -; a setting without a value is left out.
func WriteConfig(w io.Writer, h Host, extra ...Setting) error {
	all := slices.DeleteFunc(slices.Concat(h.Settings(), extra, []Setting{{"program", h.Program}}), func(s Setting) bool { return s.Value == "" })
	for _, s := range all {
		if !validKey.MatchString(s.Key) {
			return fmt.Errorf("configuration key %q does not match %v", Quote(s.Key), validKey)
		}
	}
	var b strings.Builder
	comments, lines := facts(all)
	for _, s := range comments {
		b.WriteString("# " + s.line())
	}
	for _, s := range lines {
		b.WriteString(s.line())
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	return writeUnits(w)
}

// Settings returns what is known of h, without the program.
func (h *Host) Settings() []Setting {
	var out []Setting
	for _, f := range hostFields {
		value := ""
		switch p := f.field(h).(type) {
		case *string:
			value = *p
		case *int:
			value = strconv.Itoa(*p)
		case *int64:
			value = strconv.FormatInt(*p, 10)
		}
		if value != "" && value != "0" {
			out = append(out, Setting{f.key, value})
		}
	}
	if h.Guest != nil {
		for _, f := range guestFields {
			if v := *f.field(h.Guest); v != "" {
				out = append(out, Setting{f.key, v})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h.Sysctls)) {
		if key := sysctlPrefix + name; validKey.MatchString(key) && h.Sysctls[name] != "" {
			value := strings.Join(strings.Fields(h.Sysctls[name]), " ") // the kernel puts tabs into kernel.sem
			out = append(out, Setting{key, value})
		}
	}
	return out
}

// set puts one configuration line into h, and reports whether h has a field for
// it.
func (h *Host) set(key, value string) bool {
	if name, ok := strings.CutPrefix(key, sysctlPrefix); ok {
		if h.Sysctls == nil {
			h.Sysctls = map[string]string{}
		}
		h.Sysctls[name] = value
		return true
	}
	for _, f := range guestFields {
		if f.key == key {
			if h.Guest == nil {
				h.Guest = &Guest{}
			}
			*f.field(h.Guest) = value
			return true
		}
	}
	for _, f := range hostFields {
		if f.key != key {
			continue
		}
		switch p := f.field(h).(type) {
		case *string:
			*p = value
		case *int:
			*p, _ = strconv.Atoi(value) // not a number: not known
		case *int64:
			*p, _ = strconv.ParseInt(value, 10, 64)
		}
		return true
	}
	return false
}

// config renders settings for benchfmt.
func config(settings []Setting) []benchfmt.Config {
	var out []benchfmt.Config
	for _, s := range settings {
		if s.Value != "" {
			out = append(out, benchfmt.Config{Key: s.Key, Value: []byte(Quote(s.Value)), File: true})
		}
	}
	return out
}

// settings are what the text says that r was read from, or what its host and its
// isolation would be in one.
func (r *Record) settings() []Setting {
	if r.text != nil {
		return r.text.Settings
	}
	var all []Setting
	if r.Host != nil {
		all = r.Host.Settings()
	}
	return append(all, Setting{isolationKey, r.Isolation})
}
