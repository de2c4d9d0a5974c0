package kernels

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ipcbench/results"
	"ipcbench/semantics"
)

// lines is what a guest says that measured one cell.
func lines(t testing.TB) []string {
	t.Helper()
	control, one := 14.0, 1
	var out []string
	for _, m := range []message{
		{Hello: &hello{Host: &results.Host{Kernel: "Linux 6.1"}}}, {Control: &control},
		{Record: &results.Record{Schema: results.Schema, Launch: 1, Attempt: 1, Outcome: results.OK, NsPerOp: 13000, Cell: results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}}},
		{Control: &control}, {End: &one},
	} {
		line, err := encode(m)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(line))
	}
	return out
}

func TestDecode(t *testing.T) {
	s, err := decode([]byte(strings.Join(lines(t), "")))
	if err != nil || s.hello.Host.Kernel != "Linux 6.1" || len(s.control) != 2 || len(s.records) != 1 || s.records[0].NsPerOp != 13000 {
		t.Errorf("%+v, %v", s, err)
	}
}

// What a guest found of statements comes with its records, and a guest that was
// asked for it and says nothing of it has failed.
func TestStatementsOfAGuest(t *testing.T) {
	line, err := encode(message{Statements: &semantics.Report{Schema: semantics.Schema, Findings: []semantics.Finding{{ID: "P01", Verdict: semantics.Holds}}}})
	if err != nil {
		t.Fatal(err)
	}
	l := lines(t)
	s, err := decode([]byte(l[0] + string(line) + strings.Join(l[1:], "")))
	if err != nil || s.statements == nil || s.statements.Finding("P01") == nil {
		t.Fatalf("%+v, %v", s, err)
	}
	asked := 0
	r := &Runner{
		Kernels: []Kernel{{Label: "a"}}, Plan: Plan{Accel: ICount, Statements: true},
		Sink:    func(int, results.Record) error { return nil },
		Checked: func(_ int, r *semantics.Report) error { asked += len(r.Findings); return nil },
	}
	if err := r.sink(&r.Kernels[0], bootJob{0, 1}, time.Now(), s); err != nil || asked != 1 {
		t.Errorf("%d findings came through: %v", asked, err)
	}
	s.statements = nil
	var silent *BootError
	if err := r.sink(&r.Kernels[0], bootJob{0, 1}, time.Now(), s); !errors.As(err, &silent) {
		t.Errorf("a guest that says nothing of statements gives %v", err)
	}
}

// Every way in which a guest may fall silent or lose a byte is an error that
// says where.
func TestDecodeDamage(t *testing.T) {
	l := lines(t)
	whole := strings.Join(l, "")
	failed, _ := encode(message{Failed: "mount /proc: \x1b[31mno"})
	for name, tt := range map[string]struct{ text, want string }{
		"silent":          {"", "it sent nothing"},
		"cut between":     {strings.Join(l[:3], ""), "1 records arrived"},
		"cut within":      {whole[:len(l[0])+len(l[1])+20], "line 3 of the guest's output: torn"},
		"a byte lost":     {strings.Replace(whole, "13000", "1300", 1), "line 3 of the guest's output: garbled: wrong checksum"},
		"a byte changed":  {strings.Replace(whole, "13000", "13001", 1), "wrong checksum"},
		"one port":        {complaint + "open /dev/ttyS1: no such file\r\n", "the guest gave up: open /dev/ttyS1: no such file"},
		"console on port": {"[    1.0] Kernel panic\n" + whole, "line 1 of the guest's output: garbled"},
		"a record lost":   {l[0] + l[1] + l[3] + l[4], "0 of the guest's 1 records arrived"},
		"no control":      {l[0] + l[1] + l[2] + l[4], "measured the control 1 times"},
		"no hello":        {l[1] + l[2] + l[3] + l[4], "sent no greeting"},
		"gave up":         {l[0] + string(failed), `mount /proc: \x1b[31mno`},
	} {
		if _, err := decode([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(strings.Join(lines(f), "")))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := decode(text); err == nil && (s.hello == nil || len(s.control) != 2) {
			t.Errorf("%q is whole: %+v", text, s)
		}
	})
}

func TestMoved(t *testing.T) {
	for _, tt := range []struct {
		readings []float64
		moved    bool
	}{{[]float64{14, 14.02}, false}, {[]float64{14, 14.2}, true}, {[]float64{57, 14}, true}, {[]float64{13.8, 14}, true}, {[]float64{0, 14}, true}} {
		if _, got := moved(tt.readings, spinInsns); got != tt.moved {
			t.Errorf("%v: moved is %v", tt.readings, got)
		}
	}
}

// What was counted must not look like time to anyone.
func TestCountedHasNoTime(t *testing.T) {
	ns := results.Known[int64](1)
	r := counted(results.Record{
		Outcome: results.OK, NsPerOp: 13000, ElapsedNs: 1, BytesPerSec: 1, CPUNsPerOp: results.Known(1.0), WallNs: 1, Latency: &results.Latency{P50: 1}, Overhead: &results.Cost{}, Noise: &results.Noise{},
		Rounds: []results.Round{{ElapsedNs: 1, StalledNs: ns}}, Workers: []results.Worker{{UserNs: ns, SystemNs: ns, WaitNs: ns, Voluntary: ns}},
	})
	if r.InsnsPerOp != 13000 {
		t.Errorf("%v insns/op", r.InsnsPerOp)
	}
	for _, m := range r.Measurements() {
		if strings.Contains(m.Unit, "ns") && m.Unit != "insns/op" || m.Unit == "B/s" {
			t.Errorf("a counted record has %v %s", m.Value, m.Unit)
		}
	}
	if r.Rounds[0].ElapsedNs+r.WallNs+r.ElapsedNs != 0 || !r.Rounds[0].StalledNs.IsZero() || r.Overhead != nil || r.Noise != nil {
		t.Errorf("a time is left: %+v", r)
	}
	if w := r.Workers[0]; !w.UserNs.IsZero() || !w.SystemNs.IsZero() || !w.WaitNs.IsZero() || w.Voluntary != ns {
		t.Errorf("a worker has a time, or has lost its switches: %+v", w)
	}
}
