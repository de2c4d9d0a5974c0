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
}

// hello is what the guest is.
type hello struct {
	Host   *results.Host `json:"host"`
	Config string        `json:"config"` // SHA-256 of /proc/config.gz, unpacked; "" where the kernel does not keep it
	Idle   string        `json:"idle"`   // what an idle CPU does: driver and governor of cpuidle
}

// A line is a CRC-32C of the message, a space and the message: a serial port
// has no other way to detect a lost byte.
func encode(m message) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%08x %s\n", checksum(text), text), nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(text []byte) uint32 { return crc32.Checksum(text, castagnoli) }

// transcript is everything that a guest sent.
type transcript struct {
	hello      *hello
	control    []float64
	records    []results.Record
	statements *semantics.Report
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
	text, whole := bytes.CutSuffix(line, []byte("\n"))
	if !whole {
		return m, errors.New("torn")
	}
	var sum uint32
	if len(text) < 10 || text[8] != ' ' {
		return m, errors.New("garbled: no checksum")
	}
	if _, err := fmt.Sscanf(string(text[:8]), "%08x", &sum); err != nil {
		return m, errors.New("garbled: no checksum")
	}
	text = text[9:]
	if sum != checksum(text) {
		return m, errors.New("garbled: wrong checksum")
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("not a message of this program's guest: %w", err)
	}
	return m, nil
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

func (s *transcript) progress() string {
	if s.hello == nil {
		return "it sent nothing"
	}
	return fmt.Sprintf("%d records arrived", len(s.records))
}
