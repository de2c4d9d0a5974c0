package results

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"golang.org/x/perf/benchfmt"
)

// Set is what Read found in one place.
type Set struct {
	Path    string   // as given to Read
	Header  *Header  // nil where the input is not a run's directory
	Records []Record // in the order of the file

	Problems    []Problem // lines that were left out, by reason, the first 100
	LeftOut     int       // lines that were left out, all
	OtherSchema int       // of these, records of another schema
	Warnings    []string  // about the whole: a torn last line, records of two hosts
	Failures    []Failure // packages that failed, by what go test printed; the first 100

	keep   func(*Record) // is handed each record; nil: it goes to Records
	digest bool          // a tally of those that would go to Records is kept as well
	tally  *Tally
	units  benchfmt.UnitMetadataMap
	hosts  Hosts

	classes Classes // of a merged run

	file   string // that was read
	json   bool   // it has records, not text
	lines  int    // of it
	kept   int    // records
	others int    // of someone else's benchmarks, which a digest does not keep
	hidden prefixed
}

// Problem is one line that was left out.
type Problem struct {
	File   string
	Line   int // from 1; 0: the file as a whole
	Reason string
	Text   string // how the line begins
	More   int    // lines that follow and have the same reason
}

func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d: %s", Quote(p.File), p.Line, p.Reason)
	if p.Line == 0 {
		s = fmt.Sprintf("%s: %s", Quote(p.File), p.Reason)
	}
	if p.Text != "" {
		s += ": " + p.Text
	}
	if p.More > 0 {
		s += fmt.Sprintf(" (and %s like it)", Plural(p.More, "line"))
	}
	return s
}

// Odd is all that there is to warn of: the Warnings, and what Left gives.
func (s *Set) Odd() []string { return slices.Concat(s.Warnings, s.Left()) }

// Left names the lines that were left out.
func (s *Set) Left() (all []string) {
	more := s.LeftOut
	for _, p := range s.Problems {
		all = append(all, p.String())
		more -= 1 + p.More
	}
	if more > 0 {
		all = append(all, fmt.Sprintf("%s: %s left out besides", Quote(s.Path), Plural(more, "line")))
	}
	return all
}

// maxProblems bounds what a file of nothing but bad lines can make of a Set.
const maxProblems = 100

// Read reads the records of a run's directory, of a records.jsonl, of a
// bench.txt or of what `go test -bench` printed; it distinguishes them by
// content. A line that cannot be used is left out and named in the Set. An
// error means that the input as a whole could not be read: it is missing, is
// benchmark text of more than 256 MiB, is not what it seems, or fails while it is
// read.
func Read(path string) (*Set, error) {
	return Scan(path, nil)
}

// Scan reads as Read does but holds no record: it hands each one to keep, in
// the order of the file, and reuses it thereafter. Benchmarks of someone
// else's, whose names are not those of cells, it hands on too: see Cell.
func Scan(path string, keep func(*Record)) (*Set, error) {
	in, err := OpenInput(context.Background(), path)
	if err != nil {
		return nil, err
	}
	return in.Scan(keep)
}

// Digest reads as Read does but holds no record: see Input.Digest.
func Digest(path string, also func(*Record)) (*Set, error) {
	in, err := OpenInput(context.Background(), path)
	if err != nil {
		return nil, err
	}
	return in.Digest(also)
}

// times are units of a time alone.
var times = []string{"ns", "us", "µs", "ms", "s", "sec"}

// Better reports which way a unit is better, "lower" or "higher", as the suite
// or a Unit line of the text has it; "" is not known.
func (s *Set) Better(unit string) string {
	if b := Better(unit); b != "" {
		return b
	}
	if slices.Contains(times, unit) {
		return "lower"
	}
	return map[int]string{-1: "lower", 1: "higher"}[s.units.GetBetter(unit)]
}

// add hands a record on.
func (s *Set) add(r *Record) {
	r.Host = s.hosts.Add(r.Host) // one copy is enough
	if s.Header != nil && s.Header.Merged != nil {
		if n := s.classes.Of(r); n > 0 {
			r.Cell.Class = strconv.Itoa(n + 1) // so that nothing takes it for a cell of another class
		}
	}
	if s.Header != nil && r.LaunchNs == 0 && r.InsnsPerOp == 0 {
		r.LaunchNs = s.Header.LaunchNs // of earlier versions
	}
	if s.keep != nil {
		s.keep(r)
	}
	if s.digest && r.Cell.Other != "" {
		s.others++
		return
	}
	s.kept++
	switch {
	case s.digest:
		s.tally.Add(r)
	case s.keep == nil:
		s.Records = append(s.Records, *r.plain())
	}
}

func (s *Set) read(file string, r io.Reader) error {
	return s.readLines(file, newLines(r), newJSONReader(s))
}

func (s *Set) readLines(file string, in *lines, j *jsonReader) error {
	s.file = file
	head := in.head()
	if err := refuse(head); err != nil {
		return err
	}
	read := s.readBench
	if s.json = bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")); s.json {
		read = j.readAll
	}
	if err := read(file, in); err != nil {
		return err
	}
	s.lines += in.n
	s.conclude()
	return nil
}

// conclude adds what can be said only of all records together.
func (s *Set) conclude() {
	if s.kept+s.others == 0 {
		s.warn("%s", s.Nothing())
	} else if s.hidden.n > 0 {
		s.warn("%s", s.hidden.warning(s.file))
	} else if s.kept > 0 && s.others > 0 {
		s.warn("%s: %s of other benchmarks: compare OLD NEW shows them", Quote(s.file), Plural(s.others, "result"))
	}
	if n := s.classes.Len(); n > 1 {
		s.warn("%s: shards were measured on hosts of %d classes (%s): their numbers do not compare, and cells of any class but the first are marked host=2 and so on",
			Quote(s.file), n, Some(s.classes.Differ(), "; "))
	} else if n := s.hosts.apart(); n > 1 {
		s.warn("%s: records of %d different hosts: their numbers do not compare", Quote(s.file), n)
	}
}

// Run is the run's ID, "" where it is not known.
func (s *Set) Run() string {
	if s.Header != nil {
		return s.Header.ID
	}
	return s.all().run
}

// Name is what a report of the set is called: the run's ID, where it is known.
func (s *Set) Name() string { return cmp.Or(s.Run(), "results") }

// Seeds returns the seeds of the header or, without one, of the records.
func (s *Set) Seeds() []uint64 {
	if s.Header != nil {
		return []uint64{s.Header.Seed}
	}
	return s.all().seeds
}

// Hosts returns the different hosts of the records, in order of appearance; of a merged
// run one for each class, which has the warnings of all.
func (s *Set) Hosts() []*Host {
	if s.Header != nil && s.Header.Merged != nil {
		return slices.DeleteFunc(slices.Clone(s.classes.hosts), func(h *Host) bool { return h == nil })
	}
	return s.all().hosts.All()
}

// Summaries condenses the records: see Summarize.
func (s *Set) Summaries() []Summary { return s.all().Summaries() }

// Spent sums up where the time of the run went. It is false where the records do not state it: those of
// other programs do not, nor do those of earlier versions.
func (s *Set) Spent() (Spent, bool) { return s.all().spent.sum() }

// all is the tally of the records.
func (s *Set) all() *Tally {
	if s.tally == nil {
		s.tally = &Tally{Distributions: true}
		for i := range s.Records {
			s.tally.Add(&s.Records[i])
		}
	}
	return s.tally
}

// leaveOut notes a line that can't be used. Lines of one reason are one problem.
func (s *Set) leaveOut(file string, line int, reason string, text []byte) {
	s.LeftOut++
	reason = Quote(reason)
	if i := slices.IndexFunc(s.Problems, func(p Problem) bool { return p.Reason == reason && p.File == file }); i >= 0 {
		s.Problems[i].More++
	} else if len(s.Problems) < maxProblems {
		s.Problems = append(s.Problems, Problem{file, line, reason, excerpt(text), 0})
	}
}

func (s *Set) warn(format string, args ...any) {
	s.Warnings = append(s.Warnings, fmt.Sprintf(format, args...))
}

func (s *Set) warnTorn(file string, line int) {
	s.warn("%s:%d: the last line is torn and was dropped", Quote(file), line)
}
