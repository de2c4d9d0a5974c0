package report

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ipcbench/compare"
	"ipcbench/mechanisms"
	"ipcbench/plots"
	"ipcbench/results"
)

// Of more than eight mechanisms a chart shows the fastest at first, then core
// ones; charts side by side show the same.
func TestChartsShowEightAtFirst(t *testing.T) {
	p := NewPage(&results.Set{Records: many(t)})
	seen := map[string][]string{}
	for _, c := range p.Charts {
		n := len(c.Mechanisms())
		if n <= most {
			if c.Shown != nil {
				t.Errorf("%s shows %q of %d", c.ID, c.Shown, n)
			}
			continue
		}
		if len(c.Shown) != most || !slices.IsSorted(c.Shown) {
			t.Errorf("%s shows %q", c.ID, c.Shown)
		}
		at := c.Family + strings.ReplaceAll(c.ID, c.Set.Place, "")
		if before, ok := seen[at]; ok && !slices.Equal(before, c.Shown) {
			t.Errorf("%s shows %q, beside it are %q", c.ID, c.Shown, before)
		}
		seen[at] = c.Shown
		if c.Family != "latency" {
			continue
		}
		slices.SortFunc(c.Lines, func(a, b plots.Line) int { return int(a.Points[0].Y - b.Points[0].Y) })
		for _, l := range c.Lines[:fastest] {
			if !slices.Contains(c.Shown, l.Name) {
				t.Errorf("%s does not show %s, which is among the fastest: %q", c.ID, l.Name, c.Shown)
			}
		}
		others := slices.DeleteFunc(slices.Clone(c.Shown), func(m string) bool { return slices.Contains(mechanisms.Core, m) })
		if len(others) > fastest {
			t.Errorf("%s shows %q, which are neither core nor among the fastest", c.ID, others)
		}
	}
	if len(seen) < 3 {
		t.Errorf("only %d groups of charts have more than %d mechanisms", len(seen), most)
	}
}

// The title is the machine and the date, and no ID.
func TestTitle(t *testing.T) {
	header := testHeader
	set := func(header *results.Header, host *results.Host, path string) *results.Set {
		r := launches(pingPong, 1, 5000)
		r[0].Host, r[0].Run = host, ""
		return &results.Set{Path: path, Header: header, Records: r}
	}
	other := testHost
	other.CPU = "Other CPU"
	later := header
	later.Started = header.Started.Add(24 * time.Hour)
	soon := header
	soon.Started = header.Started.Add(30 * time.Second)
	first := set(&header, &testHost, "a")
	for _, tt := range []struct {
		last *results.Set
		want string
	}{
		{first, ""},
		{set(&later, &testHost, "b"), "Example CPU @ 2.50GHz, 2 CPUs, 2026-11-23 against 2026-11-22"},
		{set(&soon, &testHost, "b"), "Example CPU @ 2.50GHz, 2 CPUs, 2026-11-22 23:59:30 against 2026-11-22 23:59:00"},
		{set(&header, &testHost, "b"), "Example CPU @ 2.50GHz, 2 CPUs, 20261122T235900Z-3f2a1c against 20261122T235900Z-3f2a1c"},
		{set(&header, &other, "b"), "Other CPU, 2 CPUs, 2026-11-22 against Example CPU @ 2.50GHz, 2 CPUs, 2026-11-22"},
	} {
		if tt.want == "" {
			if got := NewPage(first).Title; got != "Example CPU @ 2.50GHz, 2 CPUs, 2026-11-22" {
				t.Errorf("title %q", got)
			}
			continue
		}
		if got := against(first, tt.last); got != tt.want {
			t.Errorf("title %q, want %q", got, tt.want)
		}
	}
	if got := NewPage(&results.Set{}).Title; got != "results" {
		t.Errorf("without a host the title is %q", got)
	}
}

// Percentile text has HdrHistogram's four columns, whose counts rise to the
// footer's; there is a file for each line of a pictured distribution.
func TestPercentileText(t *testing.T) {
	set := &results.Set{Records: sample(t, defaultSizes, 7)}
	r := New([]*results.Set{set}, []*compare.Side{compare.NewSide("", compare.DefaultMetrics)})
	lines := 0
	for _, c := range r.Pictures {
		if c.Family == distribution {
			lines += len(c.Lines)
		}
		if !strings.HasSuffix(c.Source, "Example CPU, Linux 6.18.44, n = 7 launches") && !strings.HasSuffix(c.Source, "n = 5 to 7 launches") {
			t.Errorf("%s: source %q", c.ID, c.Source)
		}
	}
	files := r.percentiles()
	if len(files) != lines || lines == 0 || lines > 3*most {
		t.Fatalf("%d files for %d lines", len(files), lines)
	}
	for _, f := range files {
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		before, rows := int64(0), 0
		for line := range strings.Lines(b.String()) {
			fields := strings.Fields(line)
			if len(fields) != 4 || strings.HasPrefix(line, "#") || fields[0] == "Value" {
				continue
			}
			n, err := strconv.ParseInt(fields[2], 10, 64)
			if err != nil || n < before {
				t.Errorf("%s: after %d comes %q", f.Name, before, line)
			}
			before, rows = n, rows+1
		}
		if total := strconv.FormatInt(before, 10); rows < 10 || !strings.Contains(b.String(), "Total count    = ") || !strings.Contains(b.String(), total+"]") {
			t.Errorf("%s: %d rows, the last count is %s:\n%s", f.Name, rows, total, b.String())
		}
	}
}
