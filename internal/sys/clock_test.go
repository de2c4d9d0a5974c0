package sys

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestMonotonicIsTheClockOfAllProcesses(t *testing.T) {
	for range 1000 {
		before := Monotonic()
		var ts unix.Timespec
		must(t, unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts))
		if after := Monotonic(); ts.Nano() < before || ts.Nano() > after {
			t.Fatalf("CLOCK_MONOTONIC is %d, between %d and %d", ts.Nano(), before, after)
		}
	}
}

func TestSleepUntilIsNotEarly(t *testing.T) {
	must(t, SetTimerSlack(1))
	for _, d := range []time.Duration{-time.Second, 0, time.Microsecond, 3 * time.Millisecond} {
		at := Monotonic() + int64(d)
		must(t, SleepUntil(at))
		if now := Monotonic(); now < at {
			t.Errorf("%v: %d ns early", d, at-now)
		}
	}
	if n := testing.AllocsPerRun(10, func() { SleepUntil(Monotonic() + 1000) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
