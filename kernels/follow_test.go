package kernels

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// monitored is a follower of a machine whose monitor gives these answers, each in a line.
func monitored(t *testing.T, answers ...string) *follower {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close() })
	go func() {
		defer theirs.Close()
		r := bufio.NewScanner(theirs)
		io.WriteString(theirs, `{"QMP": {}}`+"\n")
		for _, answer := range append([]string{`{"return": {}}`}, answers...) {
			if !r.Scan() {
				return
			}
			io.WriteString(theirs, answer+"\n")
		}
		r.Scan() // and ends
	}()
	monitor, err := openQMP(ours)
	if err != nil {
		t.Fatal(err)
	}
	memory, err := unnamed("memory")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { memory.Close() })
	if _, err := memory.Write(make([]byte, page)); err != nil {
		t.Fatal(err)
	}
	p := &profiling{landmarks: map[string]uint64{"_stext": kernelHalf, "_etext": kernelHalf + page}}
	return &follower{profiling: p, monitor: monitor, memory: memory, round: &surveyed{stops: []stop{{pc: p.play, space: space{0x1000, 4}}}}}
}

// A machine that was stopped too late has no memory any more of the processes that the
// round is of, or other memory. The log is to begin earlier then. A machine that has
// ended is no such case.
func TestStoppedTooLate(t *testing.T) {
	const done = `{"return": {}}`
	for what, tt := range map[string]struct {
		answers []string
		want    string
	}{
		"no page tables":    {[]string{done, done, `{"error": {"desc": "Invalid addr 0x7000"}}`}, "Invalid addr"},
		"other memory":      {[]string{done, done, done}, "of the guest's memory arrived"},
		"the machine ended": {[]string{done, done}, ""},
	} {
		err := monitored(t, tt.answers...).begin()
		if missed := errors.Is(err, errMissed); err == nil || missed != (tt.want != "") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", what, err, tt.want)
		}
	}
}
