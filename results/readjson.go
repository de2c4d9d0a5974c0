package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// sample says which measurement a record is. A file has each one once.
type sample struct {
	cell            Cell
	launch, attempt int
}

// readJSON reads records, one JSON object a line.
func (s *Set) readJSON(file string, in *lines) error {
	seen := map[sample]int{} // the line that has it
	for {
		line, err := in.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			if err := s.passOver(file, in.n, err); err != nil {
				return err
			}
			continue
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		rec, err := parseRecord(line)
		key := sample{rec.Cell, rec.Launch, rec.Attempt}
		switch {
		case errors.Is(err, errOtherSchema):
			s.OtherSchema++
			s.leaveOut(file, in.n, err.Error())
			continue
		case err != nil:
			s.leaveOut(file, in.n, err.Error())
			continue
		case seen[key] != 0:
			s.leaveOut(file, in.n, fmt.Sprintf("%s, launch %d, attempt %d is on line %d already", rec.Cell.Name(), rec.Launch, rec.Attempt, seen[key]))
			continue
		}
		seen[key] = in.n
		s.add(&rec)
	}
}

var errOtherSchema = errors.New("another schema")

// parseRecord reads one line. The schema comes first: fields that this
// version does not know are an error only in a record that claims to be of
// this version.
func parseRecord(line []byte) (rec Record, err error) {
	var version struct{ Schema int }
	if err := json.Unmarshal(line, &version); err != nil {
		return rec, err
	}
	if version.Schema != Schema {
		return rec, fmt.Errorf("%w: %d, want %d", errOtherSchema, version.Schema, Schema)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&rec); err != nil {
		return rec, err
	}
	rec.Restore()
	return rec, rec.check()
}
