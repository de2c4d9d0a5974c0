package kernels

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"ipcbench/results"
	"ipcbench/semantics"
)

// message is what a guest sends, one a line, on its second serial port. One of
// the fields is set.
type message struct {
	Hello      *hello            `json:"hello,omitempty"`      // first
	Control    *float64          `json:"control,omitempty"`    // ns of an iteration of spin: before the first cell, and after the last
	Record     *results.Record   `json:"record,omitempty"`     // of one cell
	Statements *semantics.Report `json:"statements,omitempty"` // where they were asked for
	End        *int              `json:"end,omitempty"`        // last: how many records there were
	Failed     string            `json:"failed,omitempty"`     // last: why there is no more
	Symbols    []byte            `json:"symbols,omitempty"`    // of the kernel, in the place of all these: see packSymbols
	Profile    []byte            `json:"profile,omitempty"`    // in a Cache, in the place of what a guest sends: as Profile.Write writes it, compressed by gzip
}

// hello is what the guest is.
type hello struct {
	Host   *results.Host `json:"host"`
	Config string        `json:"config"` // SHA-256 of /proc/config.gz, unpacked; "" where the kernel does not keep it
	Idle   string        `json:"idle"`   // what an idle CPU does: driver and governor of cpuidle
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(text []byte) uint32 { return crc32.Checksum(text, castagnoli) }

// transcript is everything that a guest sent.
type transcript struct {
	hello      *hello
	control    []float64
	records    []results.Record
	statements *semantics.Report
	cached     bool // it comes from a Cache
}

// decode reads what came through the port. Its error has the line at which the
// guest stopped to make sense; what came before is returned too.
func decode(text []byte) (*transcript, error) {
	s := &transcript{}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if why, complains := bytes.CutPrefix(line, []byte(complaint)); complains { // the console is on this port
			return s, gaveUp(string(bytes.TrimSpace(why)))
		}
		m, err := decodeLine(line)
		if err != nil {
			return s, fmt.Errorf("line %d of the guest's output: %w: %s", number, err, results.Quote(string(line[:min(len(line), 60)])))
		}
		switch {
		case m.Hello != nil && m.Hello.Host != nil:
			s.hello = m.Hello
		case m.Control != nil:
			s.control = append(s.control, *m.Control)
		case m.Record != nil:
			s.records = append(s.records, *m.Record)
		case m.Statements != nil:
			s.statements = m.Statements
		case m.Failed != "":
			return s, gaveUp(m.Failed)
		case m.End != nil:
			return s, s.complete(*m.End)
		}
	}
	return s, errors.New("the guest stopped before its end: " + s.progress())
}

// complaint begins what a guest says on its console that has no port to send it.
const complaint = "ipcbench: guest: "

func gaveUp(why string) error { return errors.New("the guest gave up: " + results.Quote(why)) }

func decodeLine(line []byte) (m message, err error) {
	text, err := checked(line)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("not a message of this program's guest: %w", err)
	}
	return m, nil
}

// checked is what a line holds, if its checksum is right.
func checked(line []byte) ([]byte, error) {
	text, whole := bytes.CutSuffix(line, []byte("\n"))
	if !whole {
		return nil, errors.New("torn")
	}
	var sum uint32
	if len(text) < 10 || text[8] != ' ' {
		return nil, errors.New("garbled: no checksum")
	}
	if _, err := fmt.Sscanf(string(text[:8]), "%08x", &sum); err != nil {
		return nil, errors.New("garbled: no checksum")
	}
	if text = text[9:]; sum != checksum(text) {
		return nil, errors.New("garbled: wrong checksum")
	}
	return text, nil
}

// encode makes a line: a CRC-32C of the message, a space and the message. A serial
// port has no other way to detect a lost byte.
func encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%08x %s\n", checksum(text), text), nil
}

// complete holds the end against what came before it.
func (s *transcript) complete(records int) error {
	switch {
	case s.hello == nil:
		return errors.New("the guest sent no greeting")
	case len(s.control) != 2:
		return fmt.Errorf("the guest measured the control %d times, not twice", len(s.control))
	case len(s.records) != records:
		return fmt.Errorf("%d of the guest's %d records arrived", len(s.records), records)
	}
	return nil
}

// blame gives the cell in which a guest ended the failure, and the cells behind it the
// reason why they have no number. It is false where the guest ended in none.
func (s *transcript) blame(tasks []task, e *BootError) bool {
	if s.hello == nil || len(s.control) == 0 || len(s.records) >= len(tasks) {
		return false
	}
	tasks = tasks[len(s.records):]
	for i, t := range tasks {
		r := results.Record{Schema: results.Schema, Cell: t.Cell, Outcome: results.Failed, Reason: "the guest ended in this cell: " + e.cause()}
		if i > 0 {
			r.Outcome, r.Reason = results.Untrusted, "not measured: the guest ended in "+tasks[0].Cell.Short(tasks[0].Cell.Name())
		}
		s.records = append(s.records, r)
	}
	return true
}

func (s *transcript) progress() string {
	if s.hello == nil {
		return "it sent nothing"
	}
	return fmt.Sprintf("%d records arrived", len(s.records))
}
