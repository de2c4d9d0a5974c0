package report

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// candidates are launches of mechanisms at one point, each of that many nanoseconds.
func candidates(workload string, size int, place string, ns map[string]float64) (records []results.Record) {
	for mech, t := range ns {
		c := results.Cell{Workload: workload, Mechanism: mech, Size: size, Place: place}
		if workload == "FanIn" {
			c.Peers = 4
		}
		records = append(records, launches(c, 8, t)...)
	}
	return records
}

// TestDecisions: the table names the leader of each question, with a mark where others
// are as good or may be better, and says what unpinned processes were like.
func TestDecisions(t *testing.T) {
	records := candidates("PingPong", 64, "same", map[string]float64{"pipe": 5000, "fifo": 8000})
	records = append(records, candidates("PingPong", 64, "free", map[string]float64{"pipe": 5000, "fifo": 5001, "sysvmsg": 9000})...)
	records = append(records, candidates("FanIn", 4096, "same", map[string]float64{"pipe": 5000})...)
	few := candidates("PingPong", 4096, "free", map[string]float64{"pipe": 5000, "fifo": 6000})
	for _, r := range few {
		if r.Launch <= 2 {
			records = append(records, r)
		}
	}
	for i := range records {
		r := &records[i]
		if r.Cell.Place == "free" {
			r.Workers, r.Rounds = make([]results.Worker, 2), make([]results.Round, 1)
			if r.EndedOn = [][]int{{1, 1}}; r.Launch == 1 {
				r.EndedOn = [][]int{{0, 1}}
			}
		}
	}
	var out strings.Builder
	if err := WriteDecisions(&out, results.Summarize(records), text.Screen{Columns: 110}); err != nil {
		t.Fatal(err)
	}
	want := `Fastest (2 of 3 questions decided)
  pattern         size  unpinned        same CPU
  PingPong          64  pipe = 5.045µs  pipe 5.045µs
  PingPong        4KiB  pipe ? 5.035µs  –
  FanIn, 4 peers  4KiB  –               pipe 1.512GiB/s
  =: no other is more than 5 % faster
  ?: can't tell: too few launches, another has no number, or may be more than 5 % faster
  PingPong, unpinned, the scheduler kept both on one CPU in 23 of 28 launches
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestDecisionsNeedAllNumbers: what has no number may be faster, so that its question
// is open, and goes on first.
func TestDecisionsNeedAllNumbers(t *testing.T) {
	records := candidates("PingPong", 64, "same", map[string]float64{"pipe": 5000, "fifo": 8000, "tcp": 9000})
	for i := range records {
		if r := &records[i]; r.Cell.Mechanism == "tcp" {
			r.Outcome, r.Reason = results.Untrusted, "other load"
		}
	}
	summaries := results.Summarize(append(records, candidates("Stream", 64, "same", map[string]float64{"pipe": 500, "fifo": 800})...))
	var out strings.Builder
	WriteDecisions(&out, summaries, text.Screen{Columns: 110})
	if got := out.String(); !strings.HasPrefix(got, "Fastest (1 of 2 questions decided)\n") || !strings.Contains(got, "pipe ? 5.") {
		t.Errorf("got\n%s", got)
	}
	if got, want := next(summaries, "RUN"), "ipcbench choose rpc 64 --place same"; got != want {
		t.Errorf("next %q, want %q", got, want)
	}
}

// TestKeptEverywhere: the terminal, Markdown and the page say alike what unpinned
// processes were like.
func TestKeptEverywhere(t *testing.T) {
	records := candidates("PingPong", 64, "free", map[string]float64{"pipe": 5000})
	for i := range records {
		r := &records[i]
		r.Workers, r.Rounds, r.EndedOn = make([]results.Worker, 2), make([]results.Round, 1), [][]int{{1, 1}}
	}
	const want = "unpinned, the scheduler kept both on one CPU in 8 of 8 launches"
	set := &results.Set{Records: records}
	var terminal, markdown strings.Builder
	WriteDecisions(&terminal, set.Summaries(), text.Screen{Columns: 110})
	if err := WriteMarkdown(&markdown, set); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"terminal": terminal.String(), "report.md": markdown.String(), "page": NewPage(set).Cells[0].Kept} {
		if !strings.Contains(got, want) {
			t.Errorf("%s: %q is not in\n%s", name, want, got)
		}
	}
}

// TestEndFits: the end of a run of many cells has at most 20 lines of decisions, none
// wider than the terminal, and neither cells nor skips in full.
func TestEndFits(t *testing.T) {
	var records []results.Record
	for _, place := range []string{"free", "same", "cross"} {
		for _, workload := range []string{"PingPong", "Stream", "Duplex", "Burst"} {
			for size := 64; size <= 1<<20; size *= 4 {
				records = append(records, candidates(workload, size, place, map[string]float64{"pipe": 5000, "sysvshmfutex": 8000, "vmsplicesplice": 9000})...)
			}
		}
	}
	for i := range 30 {
		c := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 1<<16 + 1 + i, Place: "same"}
		records = append(records, results.Record{Schema: results.Schema, Cell: c, Launch: 1, Attempt: 1, Outcome: results.Skipped, Reason: fmt.Sprintf("reason %c", 'A'+i)})
	}
	set := &results.Set{Records: records}
	for _, width := range []int{60, 80, 160} {
		var out strings.Builder
		e := End{Set: set, Summaries: set.Summaries(), Run: "results/runs/ID", Screen: text.Screen{Columns: width}}
		if err := e.Write(&out); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) > 30 {
			t.Errorf("width %d: %d lines\n%s", width, len(lines), out.String())
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > width {
				t.Errorf("width %d: %q has %d columns", width, line, utf8.RuneCountInString(line))
			}
		}
		if strings.Contains(out.String(), "vs best") || !strings.Contains(out.String(), "\nskipped: 30 cells, for 30 reasons") || !strings.Contains(out.String(), " rows more: ") {
			t.Errorf("width %d:\n%s", width, out.String())
		}
		e.All = true
		out.Reset()
		e.Write(&out)
		if got := out.String(); !strings.Contains(got, "vs best") || !strings.Contains(got, "reason Z") || strings.Index(got, "vs best") > strings.Index(got, "Fastest (") {
			t.Errorf("--all has not every cell before the answer")
		}
	}
}

// TestReasonsAreOneLine: reasons that differ in numbers alone are one line, with the
// first of them.
func TestReasonsAreOneLine(t *testing.T) {
	var records []results.Record
	for i, mech := range []string{"pipe", "fifo", "tcp"} {
		for launch := 1; launch <= 2; launch++ {
			r := launches(results.Cell{Workload: "PingPong", Mechanism: mech, Size: 64, Place: "same"}, 1, 5000)[0]
			r.Launch, r.Outcome, r.Reason = launch, results.Untrusted, fmt.Sprintf("other load took %d.5ms of %dms", 3*i+launch, 7+launch)
			records = append(records, r)
		}
	}
	var out strings.Builder
	writeMissing(&out, results.Summarize(records), text.Screen{Columns: 200})
	if got, want := out.String(), "untrusted: other load took 4.5ms of 8ms: PingPong/mech=fifo/size=64/queue=default/place=same and 2\n  more\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestNext: the command decides the question of which the most is open; where all are
// decided it writes the report.
func TestNext(t *testing.T) {
	decided := candidates("PingPong", 64, "same", map[string]float64{"pipe": 5000, "fifo": 8000})
	if got, want := next(results.Summarize(decided), "RUN"), "ipcbench report RUN"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	spread := func(size int, place string, share float64) (records []results.Record) {
		records = candidates("PingPong", size, place, map[string]float64{"pipe": 5000, "fifo": 5100})
		for i := range records {
			if r := &records[i]; r.Cell.Mechanism == "fifo" {
				r.NsPerOp *= math.Pow(1+share, float64(1-2*(r.Launch%2)))
			}
		}
		return records
	}
	open := append(append(decided, spread(4096, "cross", 0.2)...), spread(65536, "free", 0.6)...)
	if got, want := next(results.Summarize(open), "RUN"), "ipcbench choose rpc 64KiB --place free"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestTableIsSortedByTime: of each size the fastest comes first, with the others'
// multiple of it.
func TestTableIsSortedByTime(t *testing.T) {
	records := append(candidates("PingPong", 4096, "same", map[string]float64{"pipe": 9000, "fifo": 6000}),
		candidates("PingPong", 64, "same", map[string]float64{"pipe": 4000, "fifo": 6000, "dgram": 5000})...)
	var table strings.Builder
	if err := WriteTable(&table, results.Summarize(records), text.Screen{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range strings.Split(table.String(), "\n") {
		if f := strings.Fields(line); len(f) > 5 && strings.HasSuffix(f[5], "×") {
			got = append(got, strings.Join([]string{f[0], f[1], f[5]}, " "))
		}
	}
	if want := "pipe 64 1.00×, dgram 64 1.25×, fifo 64 1.50×, fifo 4KiB 1.00×, pipe 4KiB 1.50×"; strings.Join(got, ", ") != want {
		t.Errorf("rows %q, want %q\n%s", strings.Join(got, ", "), want, table.String())
	}
}
