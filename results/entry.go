package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

// entry is a line of schema 2: that of a record, which has a cell, or that of a
// setup, which has columns.
type entry struct {
	mark
	record
	setup
}

// mark is what every line begins with.
type mark struct {
	Schema int    `json:"schema"`
	Setup  string `json:"setup"` // its own name, or of the one that the record refers to
}

// record is what a record has in a line of its own. See Record for what the
// keys mean, and row.go for the rows.
type record struct {
	AtMs        int64    `json:"at_ms"`             // when it began, since the time of its setup
	Cell        string   `json:"cell,omitempty"`    // its name
	Launch      int      `json:"launch,omitempty"`  // from 1
	Attempt     int      `json:"attempt,omitempty"` // from 2: the first has none
	Outcome     Outcome  `json:"outcome,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Fault       Fault    `json:"fault,omitempty"`
	Unavailable bool     `json:"unavailable,omitempty"`
	Warnings    []string `json:"warnings,omitempty"`
	Cached      bool     `json:"cached,omitempty"`

	Op          string  `json:"op,omitempty"`
	NsPerOp     float64 `json:"ns_per_op,omitempty"` // six digits of it where Payloads stands
	InsnsPerOp  float64 `json:"insns_per_op,omitempty"`
	PathInsns   float64 `json:"path_insns_per_op,omitempty"`
	SwitchInsns float64 `json:"insns_per_switch,omitempty"`
	Payloads    Count   `json:"payloads,omitzero"` // that an operation delivers; where it stands, all of ns_per_op and the totals follow from it, the rounds and the workers
	totals

	Latency  json.RawMessage `json:"latency,omitempty"`
	Rounds   json.RawMessage `json:"rounds,omitempty"`
	Workers  json.RawMessage `json:"workers,omitempty"`
	EndedOn  [][]int         `json:"ended_on,omitempty"`
	Given    json.RawMessage `json:"given,omitempty"` // where it is not what the first link has
	Links    json.RawMessage `json:"links,omitempty"`
	Verified Count           `json:"verified,omitzero"`
	Overhead json.RawMessage `json:"overhead,omitempty"`
	WallNs   int64           `json:"wall_ns,omitempty"`
	Noise    json.RawMessage `json:"noise,omitempty"`

	Transport string `json:"transport,omitempty"`
	BuiltOn   string `json:"built_on,omitempty"`
}

// totals are the numbers that PerOp computes.
type totals struct {
	Ops         int64   `json:"ops,omitempty"`
	ElapsedNs   int64   `json:"elapsed_ns,omitempty"`
	BytesPerSec float64 `json:"bytes_per_sec,omitempty"`
	CPUNsPerOp  Amount  `json:"cpu_ns_per_op,omitzero"`
	Voluntary   Amount  `json:"voluntary_per_op,omitzero"`
	Involuntary Amount  `json:"involuntary_per_op,omitzero"`
	EINTR       Count   `json:"eintr,omitzero"`
}

func totalsOf(r *Record) totals {
	return totals{r.Ops, r.ElapsedNs, r.BytesPerSec, r.CPUNsPerOp, r.Voluntary, r.Involuntary, r.EINTR}
}

// PerOp computes the numbers per operation from Ops, ElapsedNs, the payload of
// an operation in bytes, and what the workers used.
func (r *Record) PerOp(bytes int64) {
	var all Worker
	all.Unused()
	for _, w := range r.Workers {
		all.Use(w)
	}
	ops := float64(r.Ops)
	perOp := func(c Count) Amount {
		if n, ok := c.Get(); ok {
			return Known(float64(n) / ops)
		}
		return Amount{}
	}
	r.NsPerOp = float64(r.ElapsedNs) / ops
	r.BytesPerSec = float64(bytes) / r.NsPerOp * 1e9
	r.CPUNsPerOp = perOp(all.UserNs.Plus(all.SystemNs))
	r.Voluntary, r.Involuntary, r.EINTR = perOp(all.Voluntary), perOp(all.Involuntary), all.EINTR
}

// follow computes the totals of a launch that played rounds: those that are
// timed as a whole or, at a rate, the one whose operations are.
func (r *Record) follow(bytes int64) {
	for _, kind := range []string{"timed", "latency"} {
		for _, round := range r.Rounds {
			if round.Kind == kind {
				r.Ops += round.Ops
				r.ElapsedNs += round.ElapsedNs
			}
		}
		if r.Ops > 0 {
			r.PerOp(bytes)
			return
		}
	}
}

// firstLink is what Given says of a launch whose links are known.
func firstLink(links []Link) *Given {
	if len(links) == 0 {
		return nil
	}
	return &Given{links[0].Queue, links[0].Source, links[0].InFlight}
}

// appendLine appends the line of a record of that setup.
func (r *Record) appendLine(to []byte, under *setup) ([]byte, error) {
	l := record{
		AtMs: r.Time.UnixMilli() - under.Time.UnixMilli(), Cell: r.Cell.Name(), Launch: r.Launch, Outcome: r.Outcome, Reason: r.Reason, Fault: r.Fault, Unavailable: r.Unavailable, Warnings: r.Warnings, Cached: r.Cached,
		Op: r.Op, NsPerOp: r.NsPerOp, InsnsPerOp: r.InsnsPerOp, PathInsns: r.PathInsns, SwitchInsns: r.SwitchInsns, totals: totalsOf(r), EndedOn: r.EndedOn, Verified: r.Verified, WallNs: r.WallNs, Transport: r.Transport, BuiltOn: r.BuiltOn,
	}
	if r.Attempt > 1 {
		l.Attempt = r.Attempt
	}
	again := Record{Rounds: r.Rounds, Workers: r.Workers}
	payloads := int64(math.Round(r.BytesPerSec * r.NsPerOp / 1e9 / float64(r.Cell.Size)))
	if again.follow(payloads * int64(r.Cell.Size)); again.NsPerOp == r.NsPerOp && totalsOf(&again) == l.totals && again.Ops > 0 {
		l.Payloads, l.totals, l.NsPerOp = Known(payloads), totals{}, sixDigits(r.NsPerOp)
	}
	var err error
	l.Rounds = appendRows("rounds", r.Rounds, &err)
	l.Workers = appendRows("workers", r.Workers, &err)
	l.Links = appendRows("links", r.Links, &err)
	l.Latency = appendRow("latency", r.Latency, &err)
	l.Overhead = appendRow("overhead", r.Overhead, &err)
	l.Noise = appendRow("noise", r.Noise, &err)
	switch first := firstLink(r.Links); {
	case r.Given == nil && first != nil:
		l.Given = json.RawMessage("null")
	case first == nil || *first != *r.Given:
		l.Given = appendRow("given", r.Given, &err)
	}
	if err != nil {
		return nil, err
	}
	return appendJSON(to, struct {
		mark
		record
	}{mark{Schema, under.name}, l})
}

// appendLine appends the line of the setup.
func (s *setup) appendLine(to []byte) ([]byte, error) {
	return appendJSON(to, struct {
		mark
		*setup
	}{mark{Schema, s.name}, s})
}

func sixDigits(v float64) float64 {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64) // a number is one
	return short
}

// appendJSON appends a line.
func appendJSON(to []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(to)
	enc := json.NewEncoder(buf) // ends the line
	enc.SetEscapeHTML(false)    // "65536 > 4096" is for people, and grep
	err := enc.Encode(v)
	return buf.Bytes(), err
}

// record turns the line back into the record that it was made of, under its
// setup.
func (l *record) record(c Cell, under *known) (r Record, err error) {
	r = Record{
		Schema: Schema, Cell: c, Run: under.Run, Time: time.UnixMilli(under.Time.UnixMilli() + l.AtMs).UTC(), Launch: l.Launch, Attempt: max(l.Attempt, 1), Outcome: l.Outcome, Reason: l.Reason, Fault: l.Fault, Unavailable: l.Unavailable, Warnings: l.Warnings, Cached: l.Cached,
		Op: l.Op, NsPerOp: l.NsPerOp, InsnsPerOp: l.InsnsPerOp, PathInsns: l.PathInsns, SwitchInsns: l.SwitchInsns, EndedOn: l.EndedOn, Verified: l.Verified, WallNs: l.WallNs, Transport: l.Transport, BuiltOn: l.BuiltOn,
		Seed: under.Seed, Race: under.Race, LaunchNs: under.LaunchNs, Isolation: under.Isolation, Host: under.Host,
	}
	r.Rounds = readRows[Round]("rounds", l.Rounds, under.layout, &err)
	r.Workers = readRows[Worker]("workers", l.Workers, under.layout, &err)
	r.Links = readRows[Link]("links", l.Links, under.layout, &err)
	r.Latency = readRow[Latency]("latency", l.Latency, under.layout, &err)
	r.Overhead = readRow[Cost]("overhead", l.Overhead, under.layout, &err)
	r.Noise = readRow[Noise]("noise", l.Noise, under.layout, &err)
	if r.Given = firstLink(r.Links); l.Given != nil {
		r.Given = readRow[Given]("given", l.Given, under.layout, &err)
	}
	if payloads, follow := l.Payloads.Get(); follow {
		if l.totals != (totals{}) {
			return r, errors.New("payloads, and totals that follow from them: want one of both")
		}
		if r.follow(payloads * int64(c.Size)); sixDigits(r.NsPerOp) != l.NsPerOp {
			return r, fmt.Errorf("ns_per_op is %v, and %v by the rounds", l.NsPerOp, r.NsPerOp)
		}
	} else {
		r.Ops, r.ElapsedNs, r.BytesPerSec = l.Ops, l.ElapsedNs, l.BytesPerSec
		r.CPUNsPerOp, r.Voluntary, r.Involuntary, r.EINTR = l.CPUNsPerOp, l.Voluntary, l.Involuntary, l.EINTR
	}
	if y := r.Time.Year(); y < 1 || y > 9999 {
		err = fmt.Errorf("at_ms is %d: that is in the year %d", l.AtMs, y)
	}
	return r, err
}

// setup is what many records of a file have in common. It stands in a line of
// its own before the first of them, and they refer to it by its name. A segment of a
// run has one, and one more each time that the run goes on under another host.
type setup struct {
	name      string
	Time      time.Time           `json:"time"` // of its first record, from which the times of all count
	Run       string              `json:"run"`
	Seed      uint64              `json:"seed"`
	LaunchNs  int64               `json:"launch_ns,omitempty"`
	Race      float64             `json:"race,omitempty"`
	Isolation string              `json:"isolation,omitempty"`
	Columns   map[string][]string `json:"columns"`
	Host      *Host               `json:"host,omitempty"`
}

// setupOf is the setup of a record and others of its session. The name is 32
// bits of what it says: files can be joined.
func setupOf(r *Record) (*setup, error) {
	s := &setup{Time: r.Time.UTC().Truncate(time.Millisecond), Run: r.Run, Seed: r.Seed, Race: r.Race, LaunchNs: r.LaunchNs, Isolation: r.Isolation, Columns: allColumns.names(), Host: r.Host}
	raw, err := json.Marshal(s)
	sum := sha256.Sum256(raw)
	s.name = fmt.Sprintf("%x", sum[:4])
	return s, err
}

// of reports whether the record has what the setup says.
func (s *setup) of(r *Record) bool {
	return s.Run == r.Run && s.Seed == r.Seed && s.Race == r.Race && s.LaunchNs == r.LaunchNs && s.Isolation == r.Isolation && reflect.DeepEqual(s.Host, r.Host)
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
	n      int               // number of the line, of those of all files
	twice  bool              // another line gives the name to another setup
}

// add takes the line of a setup. A name that stands for two setups stands for
// none: records would be taken for those of another host.
func (s setups) add(line []byte, n int, name string, new *setup, at func(line int) string) error {
	sum := sha256.Sum256(line)
	if before := s[name]; before != nil {
		if before.sum == sum {
			return nil
		}
		before.twice = true
		return fmt.Errorf("setup %s is another one %s: no record from here on can refer to it", Quote(name), at(before.n))
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
