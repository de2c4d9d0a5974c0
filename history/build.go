// Package history keeps what runs measured of one build after another, and finds
// the builds at which a cell became slower or faster.
//
// A history is a directory with a directory for each series, and in that a file for
// each build. The file is named by its content, so that two jobs, or two branches of
// a git repository, never write one file with different contents. There is no index.
package history

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"ipcbench/results"
)

// Schema is the version of the form of a build's file.
const Schema = 1

// Extension is how the name of a build's file ends: JSON lines, compressed.
const Extension = ".jsonl.gz"

// Header is the first line of a build's file: which build it is, and what its numbers
// were measured with.
type Header struct {
	Schema  int       `json:"history"`         // version of the form of the file
	Series  string    `json:"series"`          // to which it belongs
	Build   string    `json:"build"`           // what it is called: a version, a commit, a date
	Kind    Kind      `json:"kind"`            // of that name, which gives the build its place
	Date    time.Time `json:"date,omitzero"`   // of the commit, or the date
	After   string    `json:"after,omitempty"` // ID of the build right behind which it stands, whatever its name
	Run     string    `json:"run"`             // ID of the run
	Label   string    `json:"label,omitempty"` // of the run, or of the kernel
	Started time.Time `json:"started,omitzero"`
	Program string    `json:"program,omitempty"` // version of ipcbench that measured
	Plan    string    `json:"plan"`              // fingerprint: 12 hexadecimal digits
	Class   string    `json:"class"`             // of the host: see ClassOf
	Counted bool      `json:"counted,omitempty"` // the numbers are instructions of a guest, and launches are seeds
	System  string    `json:"system,omitempty"`  // the kernel that was measured: "Linux 6.12.1"
	Image   string    `json:"image,omitempty"`   // path of a guest's kernel, as it was typed
	Options string    `json:"options,omitempty"` // that kernel's boot options, as they were typed
	Sum     string    `json:"sum,omitempty"`     // SHA-256 of that kernel
	Cells   int       `json:"cells"`             // lines that follow

	ID string `json:"-"` // 16 hexadecimal digits, from the content; its file's name
}

// Name is what the build is called in tables: 12 digits of a commit, else Build.
func (h *Header) Name() string {
	if h.Kind == Commit {
		return h.Build[:12]
	}
	return h.Build
}

// Cell is a line of a build's file: what the launches of a cell gave.
type Cell struct {
	Name    string              `json:"cell"`
	Outcome results.Outcome     `json:"outcome"`
	Reason  string              `json:"reason,omitempty"`
	Values  map[string]Launches `json:"values,omitempty"` // by unit of the benchmark format; of a cell that is ok alone
}

// Launches are the values of a cell's launches in their order, those of a guest by its
// seed. NaN, which is null in the file, is no value: an untrusted launch has none.
type Launches []float64

// MarshalJSON writes the values.
func (l Launches) MarshalJSON() ([]byte, error) {
	out := []byte{'['}
	for i, v := range l {
		if i > 0 {
			out = append(out, ',')
		}
		if math.IsNaN(v) {
			out = append(out, "null"...)
		} else {
			out = strconv.AppendFloat(out, v, 'g', -1, 64)
		}
	}
	return append(out, ']'), nil
}

// UnmarshalJSON reads the values, and refuses one that nothing measures.
func (l *Launches) UnmarshalJSON(raw []byte) error {
	var all []*float64
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	if len(all) > maxLaunches {
		return fmt.Errorf("%d launches: want at most %d", len(all), maxLaunches)
	}
	*l = make(Launches, len(all))
	for i, v := range all {
		switch {
		case v == nil:
			(*l)[i] = math.NaN()
		case !(*v > 0 && *v < maxValue):
			return fmt.Errorf("value %v: want more than 0, and less than %g", *v, float64(maxValue))
		default:
			(*l)[i] = *v
		}
	}
	return nil
}

// timed and counted are the units that a build has of its cells.
var (
	timed   = []string{"ns/op", "p99-ns", "cpu-ns/op"}
	counted = []string{"insns/op", "path-insns/op"}
)

// digits is how precise a time is written: launches differ by more.
const digits = 5

// A Build is a build of a series.
type Build struct {
	Header
	Of []Cell // by results.CompareCells
}

// Encode returns the bytes of the build's file, and sets its ID. Equal builds give
// equal names. The ID is of the text, which no compressor changes.
func (b *Build) Encode() ([]byte, error) {
	b.Schema, b.Cells = Schema, len(b.Of)
	if err := b.check(); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(b.Header); err != nil {
		return nil, err
	}
	for i := range b.Of {
		if err := enc.Encode(&b.Of[i]); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256(text.Bytes())
	b.ID = idOf(sum[:])
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err = z.Write(text.Bytes()); err == nil {
		err = z.Close()
	}
	return out.Bytes(), err
}

// idOf is an ID from a SHA-256.
func idOf(sum []byte) string { return hex.EncodeToString(sum[:8]) }

// check refuses what a reader would.
func (h *Header) check() error {
	if h.Schema != Schema {
		return fmt.Errorf("schema %d: want %d", h.Schema, Schema)
	}
	if err := CheckSeries(h.Series); err != nil {
		return err
	}
	if _, ok := kinds[h.Kind]; !ok {
		return fmt.Errorf("kind %s: want version, commit or date", results.Quote(string(h.Kind)))
	}
	if h.Kind == Commit && !isCommit().MatchString(h.Build) {
		return fmt.Errorf("commit %s: want 40 to 64 hexadecimal digits", results.Quote(h.Build))
	}
	if h.Kind != Version && h.Date.IsZero() {
		return errors.New("it has no date, which gives it its place")
	}
	if y := h.Date.Year(); !h.Date.IsZero() && (y < 1970 || y > 9999) {
		return fmt.Errorf("year %d: want 1970 to 9999", y)
	}
	for what, s := range map[string]string{"build": h.Build, "run": h.Run, "plan": h.Plan, "class": h.Class} {
		if s == "" {
			return fmt.Errorf("%s is empty", what)
		}
	}
	for what, s := range map[string]string{"build": h.Build, "run": h.Run, "label": h.Label, "after": h.After, "program": h.Program, "plan": h.Plan,
		"class": h.Class, "system": h.System, "image": h.Image, "options": h.Options, "sum": h.Sum} {
		if len(s) > maxText {
			return fmt.Errorf("%s has %d bytes: want at most %d", what, len(s), maxText)
		}
	}
	if h.Cells < 0 || h.Cells > maxCells {
		return fmt.Errorf("%d cells: want at most %d", h.Cells, maxCells)
	}
	return nil
}

// check refuses a line that no build has, and returns its cell.
func (c *Cell) check(units []string) (results.Cell, error) {
	cell, err := results.ParseCell(c.Name)
	if err != nil {
		return cell, err
	}
	if cell.Name() != c.Name {
		return cell, fmt.Errorf("%s is written %s", results.Quote(c.Name), cell.Name())
	}
	if !slices.Contains([]results.Outcome{results.OK, results.Skipped, results.Failed, results.Untrusted}, c.Outcome) {
		return cell, fmt.Errorf("%s: outcome %s: want ok, skipped, failed or untrusted", c.Name, results.Quote(string(c.Outcome)))
	}
	if c.Outcome != results.OK && c.Values != nil {
		return cell, fmt.Errorf("%s is %s and has values", c.Name, c.Outcome)
	}
	if len(c.Reason) > maxText {
		return cell, fmt.Errorf("%s: a reason of %d bytes: want at most %d", c.Name, len(c.Reason), maxText)
	}
	for unit := range c.Values {
		if !slices.Contains(units, unit) {
			return cell, fmt.Errorf("%s: unit %s: want one of %s", c.Name, results.Quote(unit), strings.Join(units, ", "))
		}
	}
	return cell, nil
}

// units that a build's cells have.
func (h *Header) units() []string {
	if h.Counted {
		return counted
	}
	return timed
}

// FromRun makes the build of a run. Its name and its series are the caller's.
func FromRun(in *results.Input) (*Build, error) {
	values := map[string]map[string]Launches{} // by cell and unit
	var classes []string
	launchNs := int64(0)
	b := &Build{}
	set, err := in.Digest(func(r *results.Record) {
		if r.Cell.Other != "" {
			return
		}
		if r.Host != nil {
			b.take(r.Host)
			b.Counted = b.Counted || r.Host.Guest != nil && r.Host.Guest.Accel == icount
			classes = results.AddOnce(classes, ClassOf(r.Host, r.LaunchNs))
		}
		launchNs = cmp.Or(launchNs, r.LaunchNs)
		name := r.Cell.Name()
		if values[name] == nil {
			values[name] = map[string]Launches{}
		}
		for _, unit := range slices.Concat(timed, counted) {
			values[name][unit] = values[name][unit].with(r, unit)
		}
	})
	if err != nil {
		return nil, err
	}
	where := results.Quote(in.Path)
	if b.Run = set.Run(); b.Run == "" {
		return nil, fmt.Errorf("%s has no run ID, by which a history knows it: name the directory of a run", where)
	}
	if nothing := set.Nothing(); nothing != "" {
		return nil, errors.New(nothing)
	}
	switch len(classes) {
	case 0:
		return nil, fmt.Errorf("%s states no host: nothing was measured", where)
	case 1:
		b.Class = classes[0]
	default:
		return nil, fmt.Errorf("%s has launches of %d classes of hosts, as %s; and %s: a build has one: add a run of each", where, len(classes), results.Quote(classes[0]), results.Quote(classes[1]))
	}
	var planned []string
	if h := set.Header; h != nil {
		b.Label, b.Started, b.Program = cmp.Or(b.Label, h.Label), h.Started.UTC(), cmp.Or(h.Program, b.Program)
		for _, c := range h.Asked().Cells {
			planned = append(planned, c.Asked().Name())
		}
	}
	for _, s := range set.Summaries() {
		c := Cell{Name: s.Cell.Name(), Outcome: s.Outcome, Values: map[string]Launches{}}
		if planned == nil || set.Header == nil {
			planned = append(planned, s.Cell.Asked().Name())
		}
		if c.Outcome == results.OK {
			for _, unit := range b.units() {
				if v := values[c.Name][unit]; v.count() > 0 {
					c.Values[unit] = v
				}
			}
		} else {
			c.Reason = shortened(strings.Join(s.Reasons, "; "))
		}
		if len(c.Values) == 0 {
			c.Values = nil
		}
		b.Of = append(b.Of, c)
	}
	b.Plan = fingerprint(b.Counted, launchNs, planned)
	return b, nil
}

// take notes the facts of the host that a build is about.
func (b *Build) take(h *results.Host) {
	b.Program, b.System = cmp.Or(b.Program, h.Program), cmp.Or(b.System, h.Kernel)
	if h.Guest != nil {
		b.Label, b.Sum = h.Guest.Label, h.Guest.Image
	}
}

// with is the launches with what a record measured. Of several attempts at a launch the
// last one counts.
func (l Launches) with(r *results.Record, unit string) Launches {
	v, ok := r.Measured(unit)
	if r.Outcome != results.OK || !ok || !(v > 0 && v < maxValue) {
		v = math.NaN()
	} else if slices.Contains(timed, unit) {
		v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	}
	if r.Launch < 1 || r.Launch > maxLaunches || math.IsNaN(v) && r.Launch > len(l) {
		return l
	}
	for len(l) < r.Launch {
		l = append(l, math.NaN())
	}
	l[r.Launch-1] = v
	return l
}

// measured are the values that there are.
func (l Launches) measured() []float64 {
	return slices.DeleteFunc(slices.Clone([]float64(l)), math.IsNaN)
}

func (l Launches) count() int { return len(l.measured()) }

// shortened is a reason of which a history keeps the beginning.
func shortened(s string) string {
	if len(s) > maxReason {
		return strings.ToValidUTF8(s[:maxReason], "") + "…"
	}
	return s
}

// fingerprint is equal for plans of the same cells, measured in the same way.
func fingerprint(counted bool, launchNs int64, cells []string) string {
	cells = slices.Clone(cells)
	slices.Sort(cells)
	h := sha256.New()
	fmt.Fprintln(h, counted, launchNs)
	for _, c := range slices.Compact(cells) {
		fmt.Fprintln(h, c)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

const icount = "icount" // results.Guest.Accel where instructions are counted

// ClassOf is what hosts have in common whose numbers compare, in words. The kernel is
// not part of it: a series is there to compare kernels. Counted instructions depend on
// QEMU, its processor and what starts the kernel alone.
func ClassOf(h *results.Host, launchNs int64) string {
	of := map[string]string{}
	for _, s := range h.Settings() {
		of[s.Key] = s.Value
	}
	if h.Guest != nil && h.Guest.Accel == icount {
		return joined(h.Arch, "instructions counted", "QEMU "+h.Guest.QEMU, h.Guest.Processor, h.Guest.Start)
	}
	cpus := ""
	if h.CPUs > 0 {
		cpus = results.Plural(h.CPUs, "CPU")
	}
	parts := []string{h.Arch, h.CPU, cpus}
	for _, key := range slices.Sorted(maps.Keys(of)) {
		if slices.Contains([]string{"virt", "governor", "turbo", "smt", "cgroup", "scheduling", "accel", "qemu", "guest-cpu", "idle"}, key) {
			parts = append(parts, key+" "+of[key])
		}
	}
	if launchNs > 0 {
		parts = append(parts, "launches of "+time.Duration(launchNs).String())
	}
	return shortened(joined(parts...))
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}
