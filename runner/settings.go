package runner

import (
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"ipcbench/host"
	"ipcbench/results"
)

// settings are what another process may change of a worker while it
// measures. They are read after every round.
type settings struct {
	CPUs   []int `json:"cpus"`   // that it may run on
	Policy int   `json:"policy"` // SCHED_OTHER is 0, sched(7)
	Nice   int   `json:"nice"`
}

// readSettings reads those of the calling thread.
func readSettings() (s settings, err error) {
	if s.CPUs, err = host.AllowedCPUs(); err != nil {
		return s, err
	}
	if attr, err := unix.SchedGetAttr(0, 0); err == nil { // else neither is known, nor a change
		s.Policy, s.Nice = int(attr.Policy), int(attr.Nice)
	}
	return s, nil
}

// calm makes the calling thread one of SCHED_BATCH, which preempts no other when it
// is woken, sched(7), until leave. Nothing else about it changes.
func calm() (leave func() error, err error) {
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return nil, os.NewSyscallError("sched_getattr", err)
	}
	set := func(a unix.SchedAttr) error { return os.NewSyscallError("sched_setattr", unix.SchedSetAttr(0, &a, 0)) }
	batch := *before
	batch.Policy = unix.SCHED_BATCH
	return func() error { return set(*before) }, set(batch)
}

// changed is how s differs from what was before, in a phrase; "": it does not.
func (s settings) changed(before settings) string {
	switch {
	case !slices.Equal(s.CPUs, before.CPUs):
		return fmt.Sprintf("may run on CPUs %v, and could run on %v before (cpuset, sched_setaffinity(2))", s.CPUs, before.CPUs)
	case s.Policy != before.Policy:
		return fmt.Sprintf("has scheduling policy %d, and had %d before (sched_setscheduler(2))", s.Policy, before.Policy)
	case s.Nice != before.Nice:
		return fmt.Sprintf("has nice value %d, and had %d before (setpriority(2))", s.Nice, before.Nice)
	}
	return ""
}

// changedSetting is which setting of a worker changed during the launch, or "".
func (l *Launch) changedSetting() string {
	for _, r := range l.rounds {
		for i, s := range r.settings {
			if s.CPUs == nil {
				continue // its calls were counted
			}
			if why := s.changed(l.settings[i]); why != "" {
				return fmt.Sprintf("%s %s", l.Workers[i].Role, why)
			}
		}
	}
	return ""
}

// checkSettings returns which setting of the machine changed since the last call,
// after the launch before, and which differs from those at the coordinator's
// start; both may be "".
func (co *Coordinator) checkSettings() (void, warning string) {
	now := host.ReadSettings(host.Root, co.cpus)
	if why := now.Changed(co.lately); why != "" {
		void = "a setting changed during the launch: " + why
	}
	co.lately = now
	if why := now.Changed(co.initially); why != "" {
		warning = results.Warning{
			What:   "since the run began a setting has changed: " + why,
			Why:    "launches before and after it measure different machines",
			Remedy: "set it back, and measure again",
		}.String()
	}
	return void, warning
}
