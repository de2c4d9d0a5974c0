package results

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// given returns a record whose links were given these capacities, in bytes.
func given(r Record, queues ...int) Record {
	r.Links = nil
	for _, q := range queues {
		r.Links = append(r.Links, Link{Queue: q, After: q, Usual: 64 << 10, Source: "F_GETPIPE_SZ", InFlight: Known(int64(q / 64))})
	}
	r.Given = &Given{Queue: queues[0], Source: "F_GETPIPE_SZ", InFlight: Known(int64(queues[0] / 64))}
	r.Cell.Options.Given = Unusual(r.Links)
	return r
}

// A capacity other than the usual is a part of the cell's name; the usual one
// leaves the name as it is.
func TestCapacityInNames(t *testing.T) {
	const usual, small = 64 << 10, 8 << 10
	name := pingPong.Name()
	for _, c := range []struct {
		queues []int
		want   string
	}{
		{[]int{usual}, name},
		{[]int{usual, usual}, name},
		{[]int{small}, name + "/given=8KiB"},
		{[]int{small, small}, name + "/given=8KiB"},
		{[]int{usual, small}, name + "/given=64KiB+8KiB"},
		{[]int{usual, small, small, small}, name + "/given=64KiB+8KiBx3"},
		{[]int{usual, small, usual, small, usual, small}, name + "/given=8KiBx3+64KiBx3"}, // not one part a link
		{[]int{4097}, name + "/given=4097"},
	} {
		r := given(okRecord(pingPong, 1, 5000), c.queues...)
		if got := r.Cell.Name(); got != c.want {
			t.Errorf("%v: %s, want %s", c.queues, got, c.want)
		}
		if back, err := ParseCell(c.want); err != nil || back != r.Cell {
			t.Errorf("%s is read as %+v, %v", c.want, back, err)
		}
		if r.Cell.Asked() != pingPong {
			t.Errorf("%s was asked for as %+v", c.want, r.Cell.Asked())
		}
		if err := r.check(); err != nil {
			t.Errorf("%s: %v", c.want, err)
		}
	}
	rated := Cell{Workload: "OpenLoop", Mechanism: "pipe", Size: 64, Place: "same", Options: Options{Memory: "shm", Given: "8KiB", Rate: 1000}}
	if want := "OpenLoop/mech=pipe/size=64/queue=default/place=same/memory=shm/given=8KiB/rate=1000"; rated.Name() != want {
		t.Errorf("%s, want %s", rated.Name(), want)
	}
	for _, bad := range []string{"", "0", "8192", "8KiB+8KiB", "8KiBx2", "8KiBx1+4KiB", "8KiB+", "+8KiB", "8KiBx02+4KiB", strings.Repeat("4KiB+8KiB+", 20) + "4KiB"} {
		if c, err := ParseCell(name + "/given=" + bad); err == nil {
			t.Errorf("given=%s is read as %+v", bad, c)
		}
	}
}

// What the kernel changes by itself makes no cell of its own.
func TestTunedCapacity(t *testing.T) {
	links := []Link{{Queue: 4 << 20, After: 6 << 20, Usual: 0, Tuned: true, Source: "SO_SNDBUF"}}
	if GivenTo(links) != "" || Unusual(links) != "" || Changed(links) != "" {
		t.Errorf("%q, %q, %q", GivenTo(links), Unusual(links), Changed(links))
	}
}

func TestChangedCapacity(t *testing.T) {
	links := given(okRecord(pingPong, 1, 5000), 64<<10, 64<<10).Links
	if why := Changed(links); why != "" {
		t.Error(why)
	}
	links[1].After = 0 // not read: the launch ended before
	if why := Changed(links); why != "" {
		t.Error(why)
	}
	links[1].After = 4096
	if why := Changed(links); !strings.Contains(why, "link 2 of 2 was 65536 bytes before the rounds and 4096 after them (F_GETPIPE_SZ)") {
		t.Error(why)
	}
}

// split is ten launches of one cell, of which the third and the fourth were
// given 8 KiB and the fifth was so at its first attempt.
func split() (records []Record) {
	for n := 1; n <= 10; n++ {
		r := given(okRecord(pingPong, n, 5000), 64<<10)
		switch n {
		case 3, 4:
			r = given(okRecord(pingPong, n, 9000), 8<<10)
		case 5:
			first := given(notOKRecord(pingPong, n, Untrusted, "stolen"), 8<<10)
			records = append(records, first)
			r.Attempt = 2
		}
		records = append(records, r)
	}
	return records
}

// Launches that were given another capacity have a row of their own, in every
// output, and no row misses them.
func TestCapacitiesShareNoRow(t *testing.T) {
	records := split()
	rows := Summarize(records)
	if len(rows) != 2 {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	for i, want := range []struct {
		given    string
		n, queue int
		fits     int64
		ns       float64
	}{{"", 8, 64 << 10, 1024, 5000}, {"8KiB", 2, 8 << 10, 128, 9000}} {
		s := rows[i]
		if s.Cell.Given != want.given || s.Outcome != OK || s.N != want.n || s.Lost != 0 || s.Queue != want.queue || s.InFlight != Known(want.fits) || float64(s.NsPerOp.Center) != want.ns {
			t.Errorf("row %d: %+v", i, s)
		}
		if !slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "of 10 launches were given another capacity") }) {
			t.Errorf("row %d says nothing of the other: %q", i, s.Warnings)
		}
	}
	var text, lines bytes.Buffer
	if err := WriteBench(&text, records); err != nil {
		t.Fatal(err)
	}
	for i := range records {
		lines.WriteString(jsonLine(t, records[i]))
	}
	if n := strings.Count(text.String(), "BenchmarkPingPong/mech=pipe/size=64/queue=default/place=same/given=8KiB "); n != 2 {
		t.Errorf("%d lines of the other capacity in\n%s", n, text.String())
	}
	for name, file := range map[string]string{"bench.txt": text.String(), "records.jsonl": lines.String()} {
		set := readString(t, file)
		again := Summarize(set.Records)
		if set.LeftOut > 0 || len(again) != 2 || again[0].N != 8 || again[1].N != 2 || again[1].Cell.Given != "8KiB" || again[0].Outcome != OK || again[1].Outcome != OK {
			t.Errorf("%s comes back as %+v, %v", name, again, set.Problems)
		}
	}
}

// A row of a cell whose launches are numbered with a gap is not to be trusted,
// whichever row has the others.
func TestGapAmongCapacities(t *testing.T) {
	records := slices.DeleteFunc(split(), func(r Record) bool { return r.Launch == 7 })
	rows := Summarize(records)
	if rows[0].Outcome != Untrusted || !slices.Equal(rows[0].Reasons, []string{"1 of 10 launches have no record"}) {
		t.Errorf("%+v", rows[0])
	}
	if rows[1].Outcome != OK {
		t.Errorf("the launches 1 to 4 are all there: %+v", rows[1])
	}
}

// A file of an earlier release has no list of links, and stays as it was.
func TestRecordsWithoutLinks(t *testing.T) {
	r := okRecord(pingPong, 1, 5000)
	if line := jsonLine(t, r); strings.Contains(line, `"links"`) || strings.Contains(line, `"given":"`) {
		t.Error(line)
	}
	if r.Capacity() != "64KiB" {
		t.Errorf("capacity %q", r.Capacity())
	}
	s := Summarize([]Record{r})[0]
	if s.Queue != 65536 || s.InFlight != Known(int64(16)) || s.Cell != pingPong {
		t.Errorf("%+v", s)
	}
}
