package runner

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/results"
)

// Where the processor has no counters, those of the kernel show that the right
// threads are counted: on one CPU each half of a round trip is a switch.
func TestCounters(t *testing.T) {
	s := startSession(t, Options{})
	l, err := s.Open(results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	count := func(c *Counters) float64 {
		const n = 1000
		before, err := c.Read()
		if err == nil {
			_, err = l.Round(Timed, n, time.Second)
		}
		if err != nil {
			t.Fatal(err)
		}
		after, err := c.Read()
		if err := errors.Join(err, c.Close()); err != nil {
			t.Fatal(err)
		}
		return float64(after-before) / n
	}
	c, err := openCounters(unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CONTEXT_SWITCHES}, l.PIDs())
	if err != nil {
		t.Skipf("events cannot be counted here: %v", err)
	}
	if n := count(c); n < 1 || n > 4 {
		t.Errorf("%v switches in a round trip", n)
	}
	if c, err := OpenCounters(l.PIDs()...); err != nil {
		t.Logf("no counters of the processor: %v", err)
	} else if n := count(c); n < 100 {
		t.Errorf("%v instructions of the kernel in a round trip", n)
	}
}
