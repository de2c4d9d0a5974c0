package kernels

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ipcbench/results"
)

func counted3(insns ...float64) Answer { return Answer{State: Counts, Insns: insns} }

// A good and a bad kernel differ by a count, in either direction, or by a state.
func TestTell(t *testing.T) {
	for _, tt := range []struct {
		good, bad Answer
		want      Criterion
	}{
		{counted3(100, 101, 101), counted3(110, 110, 111), Criterion{Limit: 105.40398475, Factor: 1.0436}},
		{counted3(110, 110, 111), counted3(100, 101, 101), Criterion{Limit: 105.40398475, Shorter: true}},
		{counted3(100), Answer{State: Fails}, Criterion{State: Fails}},
		{counted3(100), Answer{State: Skips}, Criterion{State: Skips}},
		{counted3(100), Answer{State: Hangs}, Criterion{State: Hangs}},
		{counted3(100), Answer{State: NoBoot}, Criterion{State: NoBoot}},
		{Answer{State: Holds}, Answer{State: Differs}, Criterion{State: Differs}},
	} {
		c, err := Tell(tt.good, tt.bad)
		if c.Limit > 0 && !(c.clear(tt.good) && c.clear(tt.bad)) {
			t.Errorf("%v, %v: not clear by %+v", tt.good, tt.bad, c)
		}
		if d := c.Limit - tt.want.Limit; err != nil || c.State != tt.want.State || c.Shorter != tt.want.Shorter || d*d > 1e-10 {
			t.Errorf("%v, %v: %+v, %v", tt.good, tt.bad, c, err)
		}
		for a, want := range map[*Answer]bool{&tt.good: false, &tt.bad: true} {
			if bad, err := c.Bad(*a); err != nil || bad != want {
				t.Errorf("%+v by %+v: bad %v, %v", *a, c, bad, err)
			}
		}
	}
	for _, tt := range [][2]Answer{
		{counted3(100, 101), counted3(100, 101)}, // the same
		{counted3(100, 105), counted3(107, 108)}, // seeds differ by more than kernels
		{Answer{State: Holds}, Answer{State: Holds}},
		{Answer{State: NoBoot, Why: "panic"}, counted3(100)},
	} {
		if c, err := Tell(tt[0], tt[1]); err == nil {
			t.Errorf("%v: %+v", tt, c)
		}
	}
}

// What is broken in another way than the bad kernel is neither good nor bad.
func TestNoVerdict(t *testing.T) {
	for _, tt := range []struct {
		c Criterion
		a Answer
	}{
		{Criterion{Limit: 100}, Answer{State: NoBoot, Why: "panic"}},
		{Criterion{Limit: 100}, Answer{State: Fails}},
		{Criterion{State: Fails}, Answer{State: NoBoot}},
		{Criterion{State: Hangs}, Answer{State: NoBoot}},
		{Criterion{State: NoBoot}, Answer{State: Hangs}},
	} {
		if bad, err := tt.c.Bad(tt.a); err == nil {
			t.Errorf("%+v by %+v: bad %v", tt.a, tt.c, bad)
		}
	}
}

// saysRecord is a script that has a guest send what one sends that measured a cell.
func saysRecord(t *testing.T, rec results.Record, more string) string {
	t.Helper()
	l := lines(t)
	sent := filepath.Join(t.TempDir(), "sent")
	line, err := encode(message{Record: &rec})
	if err != nil {
		t.Fatal(err)
	}
	l[2] = string(line)
	if err := os.WriteFile(sent, []byte(strings.Join(l, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	return "cat " + sent + ` >"$port"; ` + more
}

// What a guest comes to is the kernel's; a QEMU that fails is not.
func TestAsk(t *testing.T) {
	image := staticProgram(t)
	q, err := ParseQuestion("pingpong/pipe")
	if err != nil {
		t.Fatal(err)
	}
	measured := results.Record{Schema: results.Schema, Launch: 1, Attempt: 1, Outcome: results.OK, NsPerOp: 13000, Cell: q.Cell}
	failed, skipped, untrusted := measured, measured, measured
	failed.Outcome, failed.NsPerOp, failed.Reason = results.Failed, 0, "message 7 was lost"
	skipped.Outcome, skipped.NsPerOp, skipped.Reason = results.Skipped, 0, "no such call"
	untrusted.Outcome, untrusted.NsPerOp, untrusted.Reason = results.Untrusted, 0, "a stall"
	for _, tt := range []struct {
		script string
		want   State
		why    string
	}{
		{saysRecord(t, measured, ""), Counts, ""},
		{saysRecord(t, failed, ""), Fails, "message 7 was lost"},
		{saysRecord(t, skipped, ""), Skips, "no such call"},
		{saysRecord(t, untrusted, ""), "", "no answer: "},
		{saysRecord(t, measured, `echo '[    1.5] Oops: 0002 [#1] SMP' >"$console"`), NoBoot, "the kernel oopsed, and went on"},
		{saysRecord(t, measured, `echo '[    1.5] invalid opcode: 0000 [#1] PREEMPT SMP' >"$console"`), NoBoot, "invalid opcode"},
		{saysRecord(t, measured, `echo '[    1.5] WARNING: CPU: 0 PID: 1 at kernel/fork.c' >"$console"`), Counts, ""},
		{`echo 'Kernel panic - not syncing: no init' >"$console"`, NoBoot, "no init"},
		{`echo up >"$console"; exec sleep 1000`, Hangs, "it printed nothing for 1s"},
		{`echo 'Kernel panic - not syncing: no init' >"$console"; exec sleep 1000`, NoBoot, "no init"},
		{`echo 'no memory' >&2; exit 1`, "", "no answer: "},
	} {
		a, err := QEMU{Path: fake(t, tt.script)}.ask(t.Context(), Kernel{Label: "new", Path: "vmlinuz"}, q, &Runner{Image: image, Plan: Plan{Silent: time.Second}})
		why := a.Why
		if tt.want == "" && errors.Is(err, ErrNoAnswer) {
			a.State, why, err = "", err.Error(), nil
		}
		if err != nil || a.State != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%s: %+v, %v, want %s", tt.script, a, err, tt.want)
		}
	}
	// What keeps the host from asking is neither.
	if a, err := (QEMU{Path: fake(t, "")}).ask(t.Context(), Kernel{Label: "new", Path: "vmlinuz"}, q, &Runner{Image: "missing"}); err == nil || errors.Is(err, ErrNoAnswer) {
		t.Errorf("without a program: %+v, %v", a, err)
	}
}

// A step boots once where the first count decides, and as often as bisect did where
// it lies between those of the good and the bad kernel.
func TestStepsBootOnce(t *testing.T) {
	q, err := ParseQuestion("pingpong/pipe")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		c     Criterion
		bad   bool
		boots int
	}{
		{Criterion{Limit: 12000, Factor: 1.05}, true, 1},
		{Criterion{Limit: 14000, Factor: 1.05}, false, 1},
		{Criterion{Limit: 12000, Factor: 1.05, Shorter: true}, false, 1},
		{Criterion{Limit: 12900, Factor: 1.05}, true, bisectSeeds},
		{Criterion{Limit: 12000}, true, bisectSeeds}, // of a script that an earlier version wrote
		{Criterion{State: Fails}, false, bisectSeeds},
	} {
		g := newGuests(t, strings.Join(lines(t), ""))
		a, err := g.runner.QEMU.askEnough(t.Context(), g.runner.Kernels[0], q, tt.c, &g.runner)
		bad, _ := tt.c.Bad(a)
		text, _ := os.ReadFile(g.dir + "/boots")
		if boots := strings.Count(string(text), "\n"); err != nil || bad != tt.bad || boots != tt.boots {
			t.Errorf("%+v: bad %v after %d boots: %+v, %v", tt.c, bad, boots, a, err)
		}
	}
}
