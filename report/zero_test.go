package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"ipcbench/choose"
	"ipcbench/internal/need"
	"ipcbench/results"
)

// zeros are launches of two cells: pipe has 0 of every count, fifo has none.
func zeros() (all []results.Record) {
	for _, mech := range []string{"fifo", "pipe"} {
		for n := range 6 {
			r := results.Record{Schema: results.Schema, Launch: n + 1, Attempt: 1, Outcome: results.OK,
				Cell:    results.Cell{Workload: "PingPong", Mechanism: mech, Size: 16 << 20, Place: "same"},
				NsPerOp: 1000 + float64(n), BytesPerSec: 1e9, Latency: &results.Latency{Count: 1, Max: 7777}}
			if mech == "pipe" {
				r.CPUNsPerOp, r.Voluntary, r.Involuntary = results.Known(0.0), results.Known(0.0), results.Known(0.0)
				r.Given = &results.Given{Queue: 4096, InFlight: results.Known[int64](0)}
			}
			all = append(all, r)
		}
	}
	return all
}

// A count of 0 is a 0 in the page, its charts and summary.csv; one that was
// not counted has no place there, and nor has a percentile of one operation.
func TestZeroIsANumber(t *testing.T) {
	p := NewPage(&results.Set{Records: zeros()})
	fifo, pipe := p.Cells[0], p.Cells[1]
	if !pipe.has("switches") || pipe.Numbers["switches"].Center != 0 || !pipe.has("cpu") || pipe.InFlight != results.Known[int64](0) {
		t.Errorf("pipe: %+v, want 0 of each", pipe)
	}
	if fifo.has("switches") || fifo.has("cpu") || !fifo.InFlight.IsZero() || fifo.has("p99") || pipe.has("p99") {
		t.Errorf("fifo: %+v, want none of each, and no p99", fifo)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte(`"inflight":0`)); n != 1 || bytes.Contains(text, []byte("7777")) {
		t.Errorf("the page's data have %d cells with 0 in flight, want 1, and no latency: %s", n, text)
	}

	var out bytes.Buffer
	if err := WriteCSV(&out, p); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range rows[0] {
		of := strings.TrimSuffix(strings.TrimSuffix(name, "_low"), "_high")
		switch of {
		case "cpu_ns_per_op", "context_switches_per_op", "in_flight_messages":
			if rows[1][i] != "" || rows[2][i] != "0" {
				t.Errorf("%s: %q and %q, want nothing and 0", name, rows[1][i], rows[2][i])
			}
		case "p99_ns":
			if rows[1][i]+rows[2][i] != "" {
				t.Errorf("%s: %q and %q, want none of one operation", name, rows[1][i], rows[2][i])
			}
		}
	}

	for _, c := range p.Charts {
		if c.Family != "switches" {
			continue
		}
		if len(c.Lines) != 1 || len(c.Lines[0].Points) != 1 || c.Lines[0].Points[0].Cell != pipe.Name || c.Lines[0].Points[0].X != 0 {
			t.Errorf("lines %+v, want pipe at 0 alone", c.Lines)
		}
		if len(c.Missing) != 1 || c.Missing[0].Cell != fifo.Name || c.Missing[0].Reason != "not measured" {
			t.Errorf("missing %+v, want fifo, not measured", c.Missing)
		}
		return
	}
	t.Error("no chart of context switches")
}

// advise has null where nothing was counted.
func TestAdviceHasNoZeroForNone(t *testing.T) {
	a := choose.Advise(results.Summarize(zeros()), choose.Question{Pattern: "rpc", Size: 16 << 20, Place: "same"})
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if n, z := bytes.Count(text, []byte(`"cpu":{"median":null,"lo":null,"hi":null}`)), bytes.Count(text, []byte(`"cpu":{"median":0,"lo":0,"hi":0}`)); n != 1 || z != 1 {
		t.Errorf("%d costs without CPU time and %d with 0, want 1 and 1: %s", n, z, text)
	}
}

// At a rate a mechanism is ranked by its 99th percentile: without one it is
// not ranked, and might be the fastest.
func TestFewMessagesRankNothing(t *testing.T) {
	all := zeros()
	for i := range all {
		r := &all[i]
		r.Cell.Workload, r.Cell.Rate = "OpenLoop", 1000
		if r.Cell.Mechanism == "fifo" {
			r.Latency = &results.Latency{Count: 1000, P50: 4, P99: 5, Max: 6}
		}
	}
	p := NewPage(&results.Set{Records: all})
	if len(p.Answers) != 1 || len(p.Answers[0].Ranked) != 1 || p.Answers[0].Cell.Mechanism != "fifo" {
		t.Fatalf("answers %+v, want fifo alone", p.Answers)
	}
	if v := newBoards(p)[0].Rows[0].Cells[0]; len(v.Unknown) != 1 || v.Unknown[0] != "pipe" {
		t.Errorf("unknown %q, want pipe", v.Unknown)
	}
}

// The table of all numbers, and the map of one of them, tell 0 from none.
func TestZeroInBrowser(t *testing.T) {
	need.Time(t)
	b := open(t, NewPage(&results.Set{Records: zeros()}))
	b.show(1400, "light", "#metric=switches")
	for column, want := range map[string]string{"CPU/op": "0ns", "switches/op": "0", "queued": "0", "p99": "–"} {
		is(b, want, `(() => {
			const table = document.querySelector("#numbers table"), heads = [...table.querySelectorAll("th")].map(h => h.textContent);
			const row = [...table.tBodies[0].rows].find(r => r.cells[heads.indexOf("mechanism")].textContent.includes("pipe"));
			return row.cells[heads.indexOf("`+column+`")].textContent;
		})()`)
	}
	is(b, "–", `[...document.querySelector("#heat tbody").rows].find(r => r.textContent.includes("fifo")).cells[1].textContent`)
	is(b, "0 best 0.000", `(() => {
		const c = [...document.querySelector("#heat tbody").rows].find(r => r.textContent.includes("pipe")).cells[1];
		return c.textContent + " " + (c.className.includes("best") ? "best" : "") + " " + c.style.getPropertyValue("--h");
	})()`)
	b.quiet()
}
