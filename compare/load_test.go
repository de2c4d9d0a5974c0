package compare

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"ipcbench/internal/sides"
	"ipcbench/results"
)

func load(t *testing.T, q Query, paths ...string) *Loaded {
	t.Helper()
	var inputs []Input
	for _, p := range paths {
		inputs = append(inputs, Input{Name: p, Paths: strings.Split(p, ",")})
	}
	if q.Metrics == nil {
		q.Metrics = DefaultMetrics
	}
	l, err := Load(inputs, q)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestFilter(t *testing.T) {
	old, new := inTurn()
	for _, s := range []*session{old, new} {
		s.Launches(pipe, 6, 5000, 0.01)
		s.Launches(fifo, 6, 5000, 0.01)
		s.Launches(fan, 6, 5000, 0.01)
	}
	a, b := old.File(t), new.File(t)
	for filter, rows := range map[string]int{
		"*":                          3,
		"/mech:pipe":                 2,
		".name:FanIn":                1,
		".unit:B/s":                  3,
		".unit:ns/op":                3,
		".unit:sec/op -/mech:fifo":   2,
		`cpu:/Example/ /size:4KiB`:   1,
		"/mech:(fifo OR dgram)":      1,
		"kernel:Linux":               0,
		"/mech:pipe .unit:nothing/s": 0,
	} {
		l := load(t, Query{Filter: filter}, a, b)
		if r := Compare(l.Sides[0], l.Sides[1], Defaults); len(r.Rows) != rows {
			t.Errorf("%s: %d rows, want %d", filter, len(r.Rows), rows)
		}
	}
}

// The base is the first of its axis, not the first that a shuffled plan came to, nor
// the one with the least time; one that is named is the base.
func TestByOrder(t *testing.T) {
	s, _ := inTurn()
	for _, place := range []string{"cross", "same", "free"} {
		for _, size := range []int{4096, 64, 1 << 20} {
			c := sides.Cell("PingPong", "pipe", size)
			c.Place = place
			s.Launches(c, 2, 5e9/float64(size), 0.01)
		}
	}
	path := s.File(t)
	for by, want := range map[string]string{"place": "free same cross", "size": "64 4KiB 1MiB", "place@(cross free)": "cross free"} {
		var got []string
		for _, side := range load(t, Query{Filter: "*", By: by}, path).Sides {
			got = append(got, side.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("--by %s: %q, want %s", by, got, want)
		}
	}
}

func TestBy(t *testing.T) {
	s, other := inTurn()
	other.Host.Kernel = "Linux 6.19"
	for _, x := range []*session{s, other} {
		x.Launches(pipe, 6, 5000, 0.01)
		x.Launches(fifo, 6, 9000, 0.01)
	}
	s.NotOK(sides.Cell("PingPong", "fifo", 1<<20), 1, results.Skipped, "too large")
	s.Launches(sides.Cell("PingPong", "pipe", 1<<20), 6, 5000, 0.01)
	path := s.File(t)
	l := load(t, Query{Filter: "*", By: "mech@(fifo pipe)"}, path)
	if len(l.Sides) != 2 || l.Sides[0].Name != "fifo" || l.Sides[1].Name != "pipe" {
		t.Fatalf("sides %v", l.Sides)
	}
	o := Defaults
	o.By = ByKey("mech@(fifo pipe)")
	r := Compare(l.Sides[1], l.Sides[0], o)
	if len(r.Rows) != 1 || r.Rows[0].Name != "PingPong/mech=all/size=64/queue=default/place=same" || r.Status() != Regressed {
		t.Errorf("status %v, rows %+v", r.Status(), r.Rows)
	}
	if r.Count(Broken) != 0 || len(r.Outcomes) != 1 {
		t.Errorf("what a mechanism can't do is no regression: %+v", r.Outcomes)
	}
	// Two kernels, in one input each or in one.
	l = load(t, Query{Filter: "*", By: "kernel"}, path, other.File(t))
	if len(l.Sides) != 2 || l.Sides[1].Name != "Linux 6.19" || len(l.Sides[1].cells) != 2 {
		t.Errorf("sides by kernel: %+v", l.Sides)
	}
}

func TestSeveralFilesOfASide(t *testing.T) {
	a, b := inTurn()
	a.Launches(pipe, 5, 5000, 0.01)
	b.Launches(pipe, 5, 5000, 0.01)
	l := load(t, Query{Filter: "*"}, a.File(t)+","+b.File(t), b.File(t))
	if row := Compare(l.Sides[0], l.Sides[1], Defaults).row(t, pipe, "ns/op"); row.Old.N != 10 || row.New.N != 5 || row.Verdict == Unjudged {
		t.Errorf("row %+v", row)
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	s, _ := inTurn()
	s.Launches(pipe, 5, 5000, 0.01)
	in := []Input{{Paths: []string{s.File(t)}}}
	for _, q := range []Query{
		{Metrics: []string{"us/op"}, Filter: "*"},
		{Metrics: []string{"inflight-msgs"}, Filter: "*"},
		{Metrics: DefaultMetrics, Filter: "/mech:("},
		{Metrics: DefaultMetrics, Filter: "*", By: "mech@("},
		{Metrics: DefaultMetrics, Filter: "\x1b[31m:("},
	} {
		_, err := Load(in, q)
		var query *QueryError
		if !errors.As(err, &query) || strings.Contains(fmt.Sprint(err), "\x1b") {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, err := Load([]Input{{Paths: []string{"missing"}}}, Query{Metrics: DefaultMetrics, Filter: "*"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
