package compare

import (
	"slices"
	"testing"
	"time"

	"ipcbench/results"
)

func names(warnings []Warning) (out []string) {
	for _, d := range warnings {
		out = append(out, d.Name)
	}
	return out
}

// Each fact that differs must raise the warning meant for it, with a remedy, and
// no other.
func TestWarnings(t *testing.T) {
	each := func(f func(*results.Record)) func(*session) {
		return func(s *session) {
			for i := range s.Records {
				f(&s.Records[i])
			}
		}
	}
	host := func(f func(*results.Host)) func(*session) {
		return each(func(r *results.Record) { f(r.Host) })
	}
	for _, tt := range []struct {
		name    string
		refuses bool
		change  func(*session)
	}{
		{"", false, func(*session) {}},
		{"", false, host(func(h *results.Host) { h.Kernel = "Linux 6.19" })},
		{"CPU model", true, host(func(h *results.Host) { h.CPU = "Other" })},
		{"architecture", true, host(func(h *results.Host) { h.Arch = "arm64" })},
		{"number of CPUs", true, host(func(h *results.Host) { h.CPUs = 4 })},
		{"GOMAXPROCS", true, host(func(h *results.Host) { h.GOMAXPROCS = 1 })},
		{"page size", true, host(func(h *results.Host) { h.PageSize = 65536 })},
		{"CPU model", false, host(func(h *results.Host) { h.CPU = "" })},
		{"virtualization", false, host(func(h *results.Host) { h.Virt = "none" })},
		{"mitigations", false, host(func(h *results.Host) { h.Mitigations = "off" })},
		{"governor", false, host(func(h *results.Host) { h.Governor = "powersave" })},
		{"turbo", false, host(func(h *results.Host) { h.Turbo = "on" })},
		{"SMT", false, host(func(h *results.Host) { h.SMT = "on" })},
		{"clock source", false, host(func(h *results.Host) { h.Clocksource = "hpet" })},
		{"cgroup limits", false, host(func(h *results.Host) { h.Cgroup = "cpu.max 100000/100000" })},
		{"scheduling", false, host(func(h *results.Host) { h.Scheduling = "SCHED_FIFO 1" })},
		{"", false, host(func(h *results.Host) { h.Scheduling = "" })}, // of an earlier version
		{"scheduling", false, host(func(h *results.Host) { h.Scheduling = "SCHED_OTHER, nice 5" })},
		{"Go version", false, host(func(h *results.Host) { h.Go = "go1.27" })},
		{"host", false, each(func(r *results.Record) { r.Host = nil })},
		{"queue given", true, each(func(r *results.Record) { r.Given.Queue = 4096 })},
		{"CPU set", true, each(func(r *results.Record) { r.Workers = []results.Worker{{Role: "ping", CPUs: []int{1}}} })},
		{"queued messages", false, each(func(r *results.Record) { r.Given.InFlight = results.Known[int64](1) })},
		{"verification", false, each(func(r *results.Record) { r.Verified = results.Known[int64](10) })},
		{"isolation", false, each(func(r *results.Record) { r.Isolation = "none" })},
		{"not interleaved", false, each(func(r *results.Record) { r.Time = r.Time.Add(24 * time.Hour) })},
		{"not interleaved", false, each(func(r *results.Record) { r.Time = time.Time{} })},
	} {
		old, new := inTurn()
		old.Launches(pipe, 10, 5000, 0.01)
		new.Launches(pipe, 10, 5000, 0.01)
		tt.change(new)
		r := compare(old, new)
		if tt.name == "" {
			if len(r.Warnings) > 0 {
				t.Errorf("warnings about what is alike: %v", names(r.Warnings))
			}
			continue
		}
		if !slices.Contains(names(r.Warnings), tt.name) {
			t.Errorf("%s: warnings %v", tt.name, names(r.Warnings))
			continue
		}
		if len(r.Warnings) != 1 {
			t.Errorf("%s: more warnings than the one: %v", tt.name, names(r.Warnings))
		}
		for _, d := range r.Warnings {
			if d.What == "" || d.Why == "" || d.Remedy == "" {
				t.Errorf("%s: %+v", tt.name, d)
			}
		}
		if judged := len(r.Rows) > 0; judged == tt.refuses {
			t.Errorf("%s: judged %v", tt.name, judged)
		}
		forced := compare(old, new, func(o *Options) { o.Force = true })
		if len(forced.Rows) == 0 || tt.refuses && !slices.Contains(forced.Rows[0].Warnings, tt.name) {
			t.Errorf("%s, forced: the warning is not beside the number: %+v", tt.name, forced.Rows)
		}
	}
}

// The key that distinguishes the sides is not warned of.
func TestWarningsOfTheKey(t *testing.T) {
	old, new := inTurn()
	new.Host.CPU = "Other"
	old.Launches(pipe, 10, 5000, 0.01)
	new.Launches(pipe, 10, 5000, 0.01)
	if r := compare(old, new, func(o *Options) { o.By = "cpu" }); len(r.Warnings) > 0 {
		t.Errorf("warnings %v", names(r.Warnings))
	}
}
