package kernels

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
)

// Answers are told from events, refusals are errors, and what the monitor for people
// prints is one.
func TestQMP(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		defer theirs.Close()
		r := bufio.NewScanner(theirs)
		io.WriteString(theirs, `{"QMP": {"version": {}, "capabilities": []}}`+"\n")
		for _, answer := range []string{
			`{"return": {}}`, `{"event": "STOP"}` + "\n" + `{"return": {}}`, `{"return": "unknown command: 'x'\r\n"}`, `{"return": ""}`,
			`{"error": {"class": "GenericError", "desc": "Invalid addr 0x0"}}`,
		} {
			if !r.Scan() {
				return
			}
			io.WriteString(theirs, answer+"\n")
		}
	}()
	q, err := openQMP(ours)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.do("stop", nil, nil); err != nil {
		t.Error(err)
	}
	if err := q.human("x"); err == nil || !strings.Contains(err.Error(), "unknown command") {
		t.Error(err)
	}
	if err := q.human("log exec"); err != nil {
		t.Error(err)
	}
	if err := q.do("memsave", map[string]any{"val": 0}, nil); err == nil || !strings.Contains(err.Error(), "Invalid addr") {
		t.Error(err)
	}
}
