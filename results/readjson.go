package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
)

// jsonReader reads records, one JSON object a line, of every schema that there
// was.
type jsonReader struct {
	set    *Set
	setups setups
	host   json.RawMessage // of the latest record of schema 1, which all have their own of
	same   *Host           // it
	size   int             // bytes of the lines of setups, and of hosts

	cells map[Cell]int32   // each is checked once, and has one copy of its strings
	names map[string]int32 // the same, by name
	all   []Cell           // by number
	seen  lineOf
	parts []part
}

// part is a file of those that a run's records are in.
type part struct {
	file string
	from int // lines of all before it
}

func newJSONReader(s *Set) *jsonReader {
	return &jsonReader{set: s, setups: setups{}, cells: map[Cell]int32{}, names: map[string]int32{}, seen: lineOf{sparse: map[sample]int{}}}
}

// sample says which measurement a record is. A run has each one once.
type sample struct {
	cell            int32
	launch, attempt int
}

// lineOf is the line, of those of all files, that has a measurement. First attempts at
// launches in their order take 4 bytes: a large run has a million.
type lineOf struct {
	dense  [][]int32 // by cell and launch, which counts from 1; 0: none
	sparse map[sample]int
}

func (l *lineOf) get(s sample) int {
	if s.attempt == 1 && int(s.cell) < len(l.dense) && s.launch <= len(l.dense[s.cell]) {
		if line := l.dense[s.cell][s.launch-1]; line != 0 {
			return int(line)
		}
	}
	return l.sparse[s]
}

func (l *lineOf) set(s sample, line int) {
	for int(s.cell) >= len(l.dense) {
		l.dense = append(l.dense, nil)
	}
	switch launches := l.dense[s.cell]; {
	case s.attempt != 1 || line > math.MaxInt32 || s.launch > len(launches)+1:
		l.sparse[s] = line
	case s.launch <= len(launches):
		launches[s.launch-1] = int32(line)
	default:
		l.dense[s.cell] = append(launches, int32(line))
	}
}

// at is where a line of all files is: "on line 12", and of which file where there are
// several.
func (j *jsonReader) at(line int) string {
	i := len(j.parts) - 1
	for j.parts[i].from >= line {
		i--
	}
	where := fmt.Sprintf("on line %d", line-j.parts[i].from)
	if i < len(j.parts)-1 {
		where += " of " + filepath.Base(j.parts[i].file)
	}
	return where
}

// maxLeftOut bounds how long a file of nothing but bad lines is read.
const maxLeftOut = 1_000_000

// readAll reads a file, which may be one of several.
func (j *jsonReader) readAll(file string, in *lines) error {
	s := j.set
	from := s.lines
	j.parts = append(j.parts, part{file, from})
	defer func() { s.lines = from + in.n }()
	in.cap.max = math.MaxInt // no run is too large
	for {
		line, err := in.next()
		if err == io.EOF {
			return nil
		}
		torn := err == errTorn
		switch {
		case err == errLongLine:
			s.leaveOut(file, in.n, err.Error(), nil)
			continue
		case err != nil && !torn:
			return err
		case len(bytes.TrimSpace(line)) == 0:
			continue
		}
		if err := j.read(line, from+in.n); torn && err != nil {
			s.warnTorn(file, in.n)
		} else if err != nil {
			if errors.Is(err, errOtherSchema) {
				s.OtherSchema++
			}
			s.leaveOut(file, in.n, err.Error(), line)
		}
		switch {
		case s.LeftOut > maxLeftOut:
			return fmt.Errorf("more than %d lines cannot be used: these are not the records of a run", maxLeftOut)
		case j.size > maxSetups:
			return fmt.Errorf("more than %s of hosts and setups: these are not the records of a run", FormatBytes(maxSetups))
		}
	}
}

var errOtherSchema = errors.New("another schema")

// read reads one line, n of those of all files, and hands on its record. The schema comes first: fields
// that this version does not know are an error only in a line that claims to be
// of a version that it knows.
func (j *jsonReader) read(line []byte, n int) error {
	schema, err := schemaOf(line)
	if err != nil {
		return err
	}
	var rec Record
	cell := int32(0)
	switch schema {
	case 1:
		rec, cell, err = j.first(line)
	case Schema:
		var e entry
		if err := decode(line, &e); err != nil {
			return err
		}
		if e.Columns != nil {
			return j.setup(line, n, &e)
		}
		rec, cell, err = j.record(&e)
	default:
		return fmt.Errorf("%w: %d, want 1 to %d", errOtherSchema, schema, Schema)
	}
	if err == nil {
		err = rec.checkFields()
	}
	if err != nil {
		return err
	}
	key := sample{cell, rec.Launch, rec.Attempt}
	if before := j.seen.get(key); before != 0 {
		return fmt.Errorf("%s, launch %d, attempt %d is %s already", rec.Cell.Name(), rec.Launch, rec.Attempt, j.at(before))
	}
	j.seen.set(key, n)
	j.set.add(&rec)
	return nil
}

// schemaOf reads the schema of a line, which mostly comes first.
func schemaOf(line []byte) (int, error) {
	for n, head := range [][]byte{1: []byte(`{"schema":1,`), Schema: []byte(`{"schema":2,`)} {
		if head != nil && bytes.HasPrefix(line, head) {
			return n, nil
		}
	}
	var version struct{ Schema int }
	err := json.Unmarshal(line, &version)
	return version.Schema, err
}

// decode reads one JSON value, and no field that v does not have.
func decode(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if rest := bytes.TrimSpace(text[d.InputOffset():]); len(rest) > 0 {
		return fmt.Errorf("invalid character %q after the record", rest[0])
	}
	return nil
}

// first reads a record of schema 1, which stands alone: each has the host.
func (j *jsonReader) first(line []byte) (Record, int32, error) {
	var r struct {
		Record
		Host json.RawMessage `json:"host"`
	}
	if err := decode(line, &r); err != nil {
		return Record{}, 0, err
	}
	if !bytes.Equal(r.Host, j.host) {
		j.host, j.same = r.Host, nil
		if len(r.Host) > 0 {
			if err := decode(r.Host, &j.same); err != nil {
				j.host = nil
				return Record{}, 0, err
			}
			before := len(j.set.hosts.All())
			if j.same = j.set.hosts.Add(j.same); len(j.set.hosts.All()) > before {
				j.size += len(r.Host)
			}
		}
	}
	rec := r.Record
	rec.Schema, rec.Host = Schema, j.same
	rec.Restore()
	cell, err := j.cell(&rec)
	return rec, cell, err
}

// cell finds the number of the record's cell, and checks a new one.
func (j *jsonReader) cell(r *Record) (int32, error) {
	n, ok := j.cells[r.Cell]
	if !ok {
		if err := r.checkCell(); err != nil {
			return 0, err
		}
		n = int32(len(j.all))
		j.all = append(j.all, r.Cell)
		j.cells[r.Cell] = n
	}
	r.Cell = j.all[n]
	return n, nil
}

func (j *jsonReader) setup(line []byte, n int, e *entry) error {
	if e.Cell != "" || e.Setup == "" {
		return errors.New("a setup with a cell, or without a name")
	}
	if e.Run != "" && !validID.MatchString(e.Run) {
		return fmt.Errorf("run %s does not match %v", Quote(e.Run), validID)
	}
	if j.setups[e.Setup] == nil {
		j.size += len(line)
	}
	e.Host = j.set.hosts.Add(e.Host)
	return j.setups.add(line, n, e.Setup, &e.setup, j.at)
}

// record reads a record of schema 2.
func (j *jsonReader) record(e *entry) (rec Record, cell int32, err error) {
	under, err := j.setups.get(e.Setup)
	if err != nil {
		return rec, 0, err
	}
	if e.Run != "" || e.Seed != 0 || e.Race != 0 || e.Isolation != "" || e.Host != nil {
		return rec, 0, errors.New("a record with what its setup has")
	}
	if cell, err = j.named(e.Cell); err != nil {
		return rec, 0, err
	}
	rec, err = e.record.record(j.all[cell], under)
	return rec, cell, err
}

// named finds the number of the cell of that name.
func (j *jsonReader) named(name string) (int32, error) {
	if n, ok := j.names[name]; ok {
		return n, nil
	}
	c, err := ParseCell(name)
	if err != nil {
		return 0, err
	}
	if c.Name() != name {
		return 0, fmt.Errorf("cell %s: want %s", name, c.Name())
	}
	n, err := j.cell(&Record{Cell: c})
	if err == nil {
		j.names[name] = n
	}
	return n, err
}
