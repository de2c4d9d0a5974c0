package report

import (
	"bufio"
	"bytes"
	"math"
	"strings"
	"testing"

	"ipcbench/internal/golden"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// librarySet is a run of two libraries on a UNIX socket, which is not measured in Stream,
// and of one that was not built.
func librarySet() *results.Set {
	var all []results.Record
	add := func(mech, workload string, size int, ns, cpu float64, transport, base string) {
		for n := range 8 {
			scale := 1 + 0.02*math.Sin(float64(n)) // of the pass, for all of its launches
			all = append(all, results.Record{
				Schema: results.Schema, Launch: n + 1, Attempt: 1, Outcome: results.OK, Transport: transport, BuiltOn: base,
				Cell:    results.Cell{Workload: workload, Mechanism: mech, Size: size, Place: "same"},
				NsPerOp: ns * scale, BytesPerSec: float64(size) / ns * 1e9, CPUNsPerOp: results.Known(cpu * scale),
			})
		}
	}
	for _, size := range []int{64, 4 << 10} {
		add("unixsock", "PingPong", size, 10e3, 9e3, "", "")
		add("library", "PingPong", size, 40e3+float64(size), 35e3, "library 4.3", "unixsock")
		add("other", "PingPong", size, 20e3, 18e3, "other 1.0", "unixsock")
	}
	add("library", "Stream", 64<<10, 30e3, 30e3, "library 4.3", "unixsock")
	all = append(all, results.Record{
		Schema: results.Schema, Launch: 1, Attempt: 1, Outcome: results.Skipped, Reason: "absent: its program /x/absent is not built: `make examples` builds it",
		Cell: results.Cell{Workload: "Stream", Mechanism: "absent", Size: 64 << 10, Place: "same"},
	})
	return &results.Set{Records: all}
}

func TestLibraries(t *testing.T) {
	summaries := librarySet().Summaries()
	tables := libraries(summaries)
	if len(tables) != 2 || len(tables[0].Rows) != 4 || len(tables[1].Rows) != 1 {
		t.Fatalf("%+v", tables)
	}
	// 40,064 ns against 10,000 ns in each pass: the scale of the pass drops out.
	if got, want := strings.Join(tables[0].Rows[0], " | "), "library | library 4.3 | 64 | 40.12µs | unixsock | 10.01µs | 4.01× | 4.01 to 4.01 | 30.11µs | 26.04µs | 8 pairs"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got, want := strings.Join(tables[1].Rows[0][4:], " | "), "unixsock | – | – | not measured | – | – | –"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for columns, file := range map[int]string{60: "libraries60.txt", 160: "libraries160.txt"} {
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		writeLibraries(w, summaries, text.Screen{Columns: columns})
		w.Flush()
		golden.Check(t, file, out.Bytes())
	}
	var out bytes.Buffer
	m := &markdown{Writer: bufio.NewWriter(&out)}
	m.libraries(summaries)
	m.Flush()
	golden.Check(t, "libraries.md", out.Bytes())
}

// A run without libraries has no such tables.
func TestNoLibraries(t *testing.T) {
	if all := libraries(results.Summarize(eventful())); all != nil {
		t.Errorf("%+v", all)
	}
	var out bytes.Buffer
	if err := WriteHTML(&out, NewPage(&results.Set{Records: eventful()})); err != nil || strings.Contains(out.String(), `id="libraries"`) {
		t.Errorf("the page has the section: %v", err)
	}
}

func TestLibrariesOnPage(t *testing.T) {
	var out bytes.Buffer
	if err := WriteHTML(&out, NewPage(librarySet())); err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(out.String(), `<section id="libraries">`)
	section, _, _ = strings.Cut(section, "</section>")
	golden.Check(t, "libraries.html", []byte(section))
	var csv bytes.Buffer
	if err := WriteCSV(&csv, NewPage(librarySet())); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(csv.String(), ",library 4.3,unixsock,4.0064,4.0064,4.0064,") {
		t.Errorf("summary.csv lacks what library costs over unixsock:\n%s", &csv)
	}
}
