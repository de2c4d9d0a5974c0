package runner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/host"
)

// A setting of a worker that changes between two rounds is found, and named.
func TestChangedSettingsVoid(t *testing.T) {
	cpus, err := host.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := readSettings()
	if err != nil {
		t.Fatal(err)
	}
	nicer := min(ours.Nice+1, 19)
	for _, c := range []struct {
		name   string
		change func(pid int) error
		want   string
		least  int // CPUs
	}{
		{"affinity", func(pid int) error {
			var one unix.CPUSet
			one.Set(cpus[0])
			return unix.SchedSetaffinity(pid, &one)
		}, " may run on CPUs ", 2},
		{"nice", func(pid int) error { return unix.Setpriority(unix.PRIO_PROCESS, pid, nicer) }, fmt.Sprintf(" has nice value %d, and had %d before", nicer, ours.Nice), 1},
		{"policy", func(pid int) error {
			return unix.SchedSetAttr(pid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH, Nice: int32(ours.Nice)}, 0)
		}, " has scheduling policy 3, and had 0 before", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if len(cpus) < c.least {
				t.Skipf("needs %d CPUs, and may run on %d", c.least, len(cpus))
			}
			s := startSession(t, Options{})
			l, err := s.Open(pipePong)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Round(Timed, 10, time.Second); err != nil {
				t.Fatal(err)
			}
			if why := l.changedSetting(); why != "" {
				t.Errorf("nothing has changed: %s", why)
			}
			if err := c.change(l.PIDs()[1]); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Round(Timed, 10, time.Second); err != nil {
				t.Fatal(err)
			}
			if why := l.changedSetting(); !strings.Contains(why, "pong"+c.want) {
				t.Errorf("%q, want: pong%s", why, c.want)
			}
			if _, err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A setting of the machine that differs from the launch before voids a launch,
// and later ones say that it differs from the beginning.
func TestChangedMachineVoids(t *testing.T) {
	s := startSession(t, Options{})
	now := s.lately
	s.lately.Governor, s.initially.Governor = "another", "another"
	void, warning := s.checkSettings()
	want := now.Changed(s.initially)
	if !strings.Contains(void, want) || !strings.Contains(warning, want) {
		t.Errorf("%q and %q, want both to say: %s", void, warning, want)
	}
	if void, warning = s.checkSettings(); void != "" || !strings.Contains(warning, want) {
		t.Errorf("the launch after it: %q and %q", void, warning)
	}
	s.initially = now
	if void, warning = s.checkSettings(); void != "" || warning != "" {
		t.Errorf("set back: %q and %q", void, warning)
	}
}

func TestTooShort(t *testing.T) {
	const want = 100 * time.Millisecond
	for _, c := range []struct {
		name      string
		m         Measurement
		took      time.Duration
		ops, try  int
		again, ok bool
	}{
		{"as asked", Measurement{}, want, 10, 1, false, true},
		{"half of it", Measurement{}, want / 2, 10, 1, false, true},
		{"a third of it", Measurement{}, want / 3, 10, 1, true, true},
		{"a third of it, at the last try", Measurement{}, want / 3, 10, calibrations, false, false},
		{"a third of it, as asked", Measurement{Exact: true}, want / 3, 10, 1, false, true},
		{"as many operations as there may be", Measurement{}, want / 3, maxOps, 1, false, true},
	} {
		if again, why := tooShort(c.m, c.took, want, c.ops, c.try, calibrations); again != c.again || (why == "") != c.ok {
			t.Errorf("%s: again %v, void for %q", c.name, again, why)
		}
	}
}
