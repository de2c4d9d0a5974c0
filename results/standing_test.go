package results

import (
	"fmt"
	"strings"
	"testing"
)

// The gravest that any cell came to decides, and floors where nothing else was
// measured.
func TestStandingOf(t *testing.T) {
	cell := func(workload string, outcome Outcome) Summary {
		return Summary{Cell: Cell{Workload: workload, Mechanism: "x", Size: 1, Place: "same"}, Outcome: outcome}
	}
	damaged := cell("Stream", Failed)
	damaged.Check = "message 4711 was lost"
	for _, tt := range []struct {
		name  string
		cells []Summary
		want  Standing
		why   string
	}{
		{"one is ok", []Summary{cell("Stream", OK), cell("PingPong", Skipped)}, Measured, ""},
		{"none is ok", []Summary{cell("Stream", Skipped), cell(FloorWorkload, OK)}, Unavailable, "nothing that was asked for is available here"},
		{"nothing", nil, Unavailable, "nothing that was asked for is available here"},
		{"a floor alone", []Summary{cell(FloorWorkload, OK)}, Measured, ""},
		{"untrusted", []Summary{cell("Stream", OK), cell("PingPong", Untrusted)}, SomeUntrusted, "1 cell is untrusted"},
		{"failed", []Summary{cell("Stream", Untrusted), cell("PingPong", Failed), cell("FanIn", Failed)}, SomeFailed, "2 cells failed"},
		{"a floor failed", []Summary{cell("Stream", OK), cell(FloorWorkload, Failed)}, SomeFailed, "1 cell failed"},
		{"a floor failed alone", []Summary{cell(FloorWorkload, Failed)}, SomeFailed, "1 cell failed"},
		{"a floor is untrusted", []Summary{cell("Stream", OK), cell(FloorWorkload, Untrusted)}, Measured, ""},
		{"a check", []Summary{cell("PingPong", Failed), damaged}, CheckFailed, damaged.Cell.Name() + ": message 4711 was lost"},
	} {
		if got, why := StandingOf(tt.cells); got != tt.want || why != tt.why {
			t.Errorf("%s: %d, %q; want %d, %q", tt.name, got, why, tt.want, tt.why)
		}
	}
}

// A reason for which nothing of a mechanism was measured is there once, with all of
// them; a limit that another size keeps is not one.
func TestWithheldFrom(t *testing.T) {
	cell := func(mech string, size int, outcome Outcome, reasons ...string) Summary {
		return Summary{Cell: Cell{Workload: "Stream", Mechanism: mech, Size: size, Place: "same"}, Outcome: outcome, Reasons: reasons, Withheld: reasons}
	}
	pastLimit := cell("udp", 1<<20, Skipped, "udp: message size 1048576 > 65507 (UDP): EMSGSIZE, udp(7)")
	pastLimit.Withheld = nil
	got := WithheldFrom([]Summary{
		pastLimit,
		cell("vmsplice", 64, Skipped, "vmsplice: vmsplice: EPERM: refused"), cell("vmsplice", 128, Skipped, "vmsplice: vmsplice: EPERM: refused"),
		cell("mqueue", 64, Skipped, "mqueue: not in this kernel"), cell("sysvmsg", 64, Skipped, "sysvmsg: not in this kernel"),
		cell("pipe", 64, OK), cell("pipe", 128, Skipped, "pipe: refused at times"),
	})
	if s, want := fmt.Sprint(got), "[{vmsplice: EPERM: refused [vmsplice]} {not in this kernel [mqueue sysvmsg]}]"; s != want {
		t.Errorf("%s, want %s", s, want)
	}
}

// What is withheld is a key of the record, and no matter of its reason's words.
func TestWithheldIsInTheRecord(t *testing.T) {
	refused := notOKRecord(with(pingPong, "mqueue", 64), 1, Skipped, "mqueue: 1 > 0 (mq_open): EPERM")
	refused.Unavailable = true
	limit := notOKRecord(with(pingPong, "sysvmsg", 64), 1, Skipped, "sysvmsg: too large")
	text := linesOf(t, refused, limit)
	if strings.Count(text, `"unavailable":true`) != 1 {
		t.Errorf("written as\n%s", text)
	}
	set := readString(t, text)
	if s, want := fmt.Sprint(WithheldFrom(Summarize(set.Records))), "[{1 > 0 (mq_open): EPERM [mqueue]}]"; s != want {
		t.Errorf("%s, want %s", s, want)
	}
	refused.Outcome = Failed
	if err := refused.check(); err == nil {
		t.Error("a failed launch of what is unavailable is right")
	}
}
