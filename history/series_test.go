package history

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ipcbench/results"
)

// A step is found at its build, with an interval that has the change, and is the gate's
// while it is new and held.
func TestTimedStep(t *testing.T) {
	dir := timedSeries(t, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 6000, 6000, 6000, 6000)
	for newest, gates := range map[int]int{1: 0, 3: 0, 4: 1, 20: 1} {
		s, err := Read(dir, "nightly", Query{Newest: newest})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Steps) != 1 {
			t.Fatalf("%d steps, want one: %v", len(s.Steps), s.Steps)
		}
		step := s.Steps[0]
		if step.First != "1.7" || step.Before != "1.6" || step.At != 7 || step.Seen != 4 || !step.Worse || step.Small || !step.Held || step.Change.Lo > 1.2 || step.Change.Hi < 1.2 || !strings.Contains(step.Cell, "mech=pipe") {
			t.Errorf("%+v", step)
		}
		if want := "ipcbench compare run-6 run-7 --filter '.name:PingPong /mech:pipe /size:64 /queue:default /place:same'"; step.Explain != want {
			t.Errorf("explained by %s\nwant %s", step.Explain, want)
		}
		if len(s.Gate) != gates {
			t.Errorf("with %d newest builds the gate has %q", newest, s.Gate)
		}
	}
	for metric, want := range map[string]int{"p99-ns": 1, "cpu-ns/op": 1, "insns/op": 0} {
		s, err := Read(dir, "nightly", Query{Metric: metric})
		if err != nil || len(s.Steps) != want {
			t.Errorf("%s: %v, %v", metric, s.Steps, err)
		}
	}
	s, err := Read(dir, "nightly", Query{Cells: []string{"pingpong/fifo"}, Threshold: 0.5})
	if err != nil || len(s.Lines) != 1 || len(s.Steps) != 0 {
		t.Errorf("cells %v, %v", s.Lines, err)
	}
	if s, err = Read(dir, "nightly", Query{Threshold: 0.5, Newest: 20}); err != nil || s.Smaller != 1 || len(s.Gate) != 0 {
		t.Errorf("a step within the threshold: %d smaller, gate %q", s.Smaller, s.Gate)
	}
}

// What became slower and then fast again holds no gate.
func TestStepThatWasUndone(t *testing.T) {
	s, err := Read(timedSeries(t, 5000, 5000, 5000, 5000, 5000, 5000, 6000, 6000, 6000, 6000, 5000, 5000, 5000, 5000), "nightly", Query{Newest: 14})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Steps) != 2 || s.Steps[0].Held == s.Steps[1].Held || len(s.Gate) != 0 {
		t.Errorf("steps %+v\ngate %q", s.Steps, s.Gate)
	}
}

// addGuest adds a build of a kernel whose cells have these instructions; 0 is a failure,
// and a negative number no record.
func addGuest(t *testing.T, dir, label string, insns map[string]float64) {
	t.Helper()
	var records []results.Record
	for _, mech := range []string{"pipe", "fifo", "socketpair"} {
		for seed := 1; seed <= 6 && insns[mech] > 0; seed++ {
			records = append(records, guestRecord(cell(mech), label, seed, insns[mech]+float64(seed)))
		}
		if v, ok := insns[mech]; ok && v == 0 {
			r := guestRecord(cell(mech), label, 1, 0)
			r.Unmeasured()
			r.Outcome, r.Reason = results.Failed, "the guest ended in this cell"
			records = append(records, r)
		}
	}
	b := build(t, run(t, "run-"+label, records...), "kernels", label)
	b.Image, b.Options = "/boot/vmlinuz-"+label, ""
	if _, err := Add(dir, b); err != nil {
		t.Fatal(err)
	}
}

// Counted cells show their steps at once, and the newest build what is new, missing and
// broken, each class of hosts apart.
func TestCountedSeries(t *testing.T) {
	dir := t.TempDir()
	addGuest(t, dir, "6.1", map[string]float64{"pipe": 13000, "fifo": 13000})
	addGuest(t, dir, "6.9", map[string]float64{"pipe": 13000, "fifo": 13100})
	addGuest(t, dir, "6.12", map[string]float64{"pipe": 0, "socketpair": 17000})
	if _, err := Add(dir, build(t, run(t, "timed", record(cell("pipe"), 1, 5000)), "kernels", "6.12")); err != nil {
		t.Fatal(err)
	}
	s, err := Read(dir, "kernels", Query{Newest: 1})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range s.Lines {
		names = append(names, fmt.Sprintf("%s %s %d", l.Of.Mechanism, l.Metric, len(l.Points)))
	}
	if want := []string{"pipe ns/op 1", "fifo insns/op 2", "pipe insns/op 3", "socketpair insns/op 1"}; !slices.Equal(names, want) {
		t.Errorf("cells %q, want %q", names, want)
	}
	if len(s.Steps) != 1 || s.Steps[0].First != "6.9" || !s.Steps[0].Small || s.Smaller != 1 || s.Steps[0].Explain != "ipcbench kernels why /boot/vmlinuz-6.1 /boot/vmlinuz-6.9 PingPong/fifo" {
		t.Errorf("steps %+v", s.Steps)
	}
	if len(s.New) != 1 || len(s.Missing) != 1 || len(s.Broken) != 1 || !strings.Contains(s.New[0].Cell, "socketpair") || !strings.Contains(s.Missing[0].Cell, "fifo") ||
		s.Broken[0].Reason != "failed: the guest ended in this cell" {
		t.Errorf("new %v, missing %v, broken %v", s.New, s.Missing, s.Broken)
	}
	if len(s.Gate) != 1 || !strings.Contains(s.Gate[0], "has no number in 6.12") {
		t.Errorf("gate %q", s.Gate)
	}
	if s, err = Read(dir, "kernels", Query{Threshold: 0.001, Newest: 2}); err != nil || len(s.Gate) != 2 {
		t.Errorf("gate %q, %v", s.Gate, err)
	}
}

// The command that explains a step of commits searches for the one that made it, and
// boot options stand in each form.
func TestExplain(t *testing.T) {
	l := &Line{Cell: "Stream/mech=pipe/size=4KiB/queue=default/place=same", Counted: true}
	l.Of, _ = results.ParseCell(l.Cell)
	a := Header{Build: strings.Repeat("a", 40), Kind: Commit, Image: "old/bzImage", Label: "bzImage"}
	b := Header{Build: strings.Repeat("b", 40), Kind: Commit, Image: "new/bzImage", Label: "new"}
	for _, c := range []struct {
		change func(old, new *Header)
		want   string
	}{
		{func(_, _ *Header) {}, "ipcbench kernels bisect --good old/bzImage --bad new/bzImage Stream/pipe/size=4KiB -- make bzImage >step && git bisect start " + b.Build + " " + a.Build + " && git bisect run sh ./step"},
		{func(_, n *Header) { n.Kind = Version }, "ipcbench kernels why old/bzImage new/bzImage=new Stream/pipe/size=4KiB"},
		{func(o, n *Header) { o.Kind, o.Options, n.Options = Version, "psi=0", "psi=0" }, "ipcbench kernels why old/bzImage new/bzImage=new --append psi=0 Stream/pipe/size=4KiB"},
		{func(_, n *Header) { n.Options = "psi=0" }, "ipcbench kernels why --kernel bzImage:old/bzImage --kernel new:new/bzImage:psi=0 Stream/pipe/size=4KiB"},
		{func(_, n *Header) { n.Image = "" }, "ipcbench kernels why KERNEL=aaaaaaaaaaaa KERNEL=bbbbbbbbbbbb Stream/pipe/size=4KiB"},
	} {
		old, new := a, b
		c.change(&old, &new)
		if got := explain(l, &old, &new); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
