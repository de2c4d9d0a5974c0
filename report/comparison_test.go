package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ipcbench/compare"
	"ipcbench/internal/golden"
	"ipcbench/results"
)

func TestComparison(t *testing.T) {
	p := comparedPage()
	if len(p.Comparisons) != 1 {
		t.Fatalf("%d comparisons", len(p.Comparisons))
	}
	c := p.Comparisons[0]
	// 12 cells of fifo, 12 of pipe, and one with a single launch.
	if want := []Tally{{compare.Slower, 12}, {compare.Unjudged, 1}, {compare.Same, 12}}; !slices.Equal(c.Counts, want) {
		t.Errorf("%v, want %v; %s", c.Counts, want, c.Sum)
	}
	if !strings.HasPrefix(c.Sentence, "12 of 24 cells are slower by more than 5 %: worst ") {
		t.Errorf("it begins with %q", c.Sentence)
	}
	if first := c.Rows[0]; first.Verdict != compare.Slower || first.Change.Lo < 1.2 || first.Change.Hi > 1.4 && first.Better == "lower" {
		t.Errorf("what matters first is %+v", first)
	}
	change := p.chart(t, "change-stream-same-default")
	for _, l := range change.Lines {
		want := map[string]float64{"fifo": 1.3, "pipe": 1}[l.Name]
		for _, point := range l.Points {
			if point.Y < want*0.99 || point.Y > want*1.01 || point.Lo > point.Y || point.Hi < point.Y || point.Lo == point.Hi {
				t.Errorf("%s: %+v, want about %g with an interval", l.Name, point, want)
			}
		}
	}
	forest := p.chart(t, "forest")
	if n := points(forest); n != 25 || len(forest.Y.Categories) != n {
		t.Errorf("the forest has %d points in %d rows, want 25", n, len(forest.Y.Categories))
	}
	if l := forest.Lines[0]; l.Name != "slower" || l.Points[0].Y != 0 {
		t.Errorf("the forest begins with %+v", l)
	}
}

// Another comparison has charts of its own, and no forest is too high.
func TestManyComparisons(t *testing.T) {
	var all []results.Record
	for size := range 70 {
		for launch := range 6 {
			all = append(all, results.Record{Schema: results.Schema, Launch: launch + 1, Attempt: 1, Outcome: results.OK, NsPerOp: 100 + float64(launch),
				Cell: results.Cell{Workload: "Stream", Mechanism: "pipe", Place: "same", Size: size + 1}})
		}
	}
	p := NewPage(&results.Set{Records: all})
	for i := range 2 {
		side := func(name string) *compare.Side { return compare.Records(name, all, []string{"ns/op"}) }
		p.Compare(compare.Compare(side("old"), side(fmt.Sprint("new", i)), compare.Defaults))
	}
	ids := map[string]bool{}
	forests := 0
	for _, c := range p.Charts {
		if ids[c.ID] {
			t.Errorf("two charts are %s", c.ID)
		}
		ids[c.ID] = true
		if c.Family == "forest" {
			forests++
			if n := len(c.Y.Categories); n > forestRows {
				t.Errorf("%s has %d rows", c.ID, n)
			}
		}
	}
	if forests != 4 || len(p.Comparisons) != 2 {
		t.Errorf("%d forests of %d comparisons, want 4 of 2", forests, len(p.Comparisons))
	}
}

func TestPictures(t *testing.T) {
	var ids []string
	for _, c := range Pictures(comparedPage().Charts) {
		ids = append(ids, c.ID)
	}
	want := []string{"change-pingpong-cross-default", "change-pingpong-same-default", "change-stream-cross-default", "change-stream-same-default", "forest", "tradeoff-pingpong-same-default-64", "tradeoff-pingpong-cross-default-64",
		"throughput-stream-cross-default", "throughput-stream-same-default", "latency-pingpong-same-default", "latency-pingpong-cross-default", "place-pingpong-default-64"}
	for _, id := range want {
		if !slices.Contains(ids, id) {
			t.Errorf("there is no %s", id)
		}
	}
	if len(ids) != len(want) {
		t.Errorf("%d pictures, want %d: %q", len(ids), len(want), ids)
	}
}

// What plots/ draws in its tests is what this package makes.
func TestGoldenCharts(t *testing.T) {
	text, err := json.MarshalIndent(comparedPage().Charts, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "../../plots/testdata/charts.json", append(text, '\n'))
}
