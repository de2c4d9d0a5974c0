package results

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"golang.org/x/perf/benchfmt"
)

// Set is what Read found in one place.
type Set struct {
	Path    string   // as given to Read
	Header  *Header  // nil where the input is not a run's directory
	Records []Record // in the order of the file

	Problems    []Problem // lines that were left out, the first 100
	LeftOut     int       // lines that were left out, all
	OtherSchema int       // of these, records of another schema
	Warnings    []string  // about the whole: a torn last line, records of two hosts
	Failures    []Failure // packages that failed, by what go test printed; the first 100

	keep   func(*Record) // is handed each record; nil: it goes to Records
	digest bool          // a tally of those that would go to Records is kept as well
	tally  *Tally
	units  benchfmt.UnitMetadataMap
	kept   int
	hosts  Hosts
}

// Problem is one line that was left out.
type Problem struct {
	File   string
	Line   int // from 1
	Reason string
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", Quote(p.File), p.Line, p.Reason) }

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
	return scan(path, &Set{keep: keep})
}

// Digest reads as Read does but holds no record: the Set has what a report needs
// of them. It hands to also, which may be nil, what Scan hands on.
func Digest(path string, also func(*Record)) (*Set, error) {
	if also == nil {
		also = func(*Record) {}
	}
	return scan(path, &Set{keep: also, digest: true, tally: &Tally{Distributions: true}})
}

func scan(path string, s *Set) (*Set, error) {
	s.Path = path
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if h, err := readHeader(path); err != nil {
			s.warn("no header: %s", Quote(err.Error()))
		} else {
			s.Header = &h
		}
		path = filepath.Join(path, RecordsFile)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := s.read(path, f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Better reports which way a unit is better, "lower" or "higher", as the suite
// or a Unit line of the text has it; "" is not known.
func (s *Set) Better(unit string) string {
	if b := Better(unit); b != "" {
		return b
	}
	return map[int]string{-1: "lower", 1: "higher"}[s.units.GetBetter(unit)]
}

// add hands a record on.
func (s *Set) add(r *Record) {
	r.Host = s.hosts.Add(r.Host) // one copy is enough
	if s.keep != nil {
		s.keep(r)
	}
	if s.digest && r.Cell.Other != "" { // it failed
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
	text := &capped{r: r, max: maxInput}
	in := newLines(text)
	read := s.readBench
	if in.startsWith('{') {
		text.max = math.MaxInt // no run is too large
		read = s.readJSON
	}
	if err := read(file, in); err != nil {
		return err
	}
	s.warnOfAll(file)
	return nil
}

// warnOfAll adds what can be said only of all records together.
func (s *Set) warnOfAll(file string) {
	if s.kept == 0 {
		s.warn("%s: no records", Quote(file))
	}
	if n := len(s.hosts.All()); n > 1 {
		s.warn("%s: records of %d different hosts: their numbers do not compare", Quote(file), n)
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

// Hosts returns the different hosts of the records, in order of appearance.
func (s *Set) Hosts() []*Host { return s.all().hosts.All() }

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

func (s *Set) leaveOut(file string, line int, reason string) {
	s.LeftOut++
	if len(s.Problems) < maxProblems {
		s.Problems = append(s.Problems, Problem{file, line, Quote(reason)})
	}
}

func (s *Set) warn(format string, args ...any) {
	s.Warnings = append(s.Warnings, fmt.Sprintf(format, args...))
}

// passOver handles what lines.next says of a line that is not to be used, and
// returns any other error.
func (s *Set) passOver(file string, line int, err error) error {
	switch err {
	case errTorn:
		s.warn("%s:%d: the last line is torn and was dropped", Quote(file), line)
	case errLongLine:
		s.leaveOut(file, line, err.Error())
	default:
		return err
	}
	return nil
}
