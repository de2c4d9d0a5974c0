package report

import (
	"testing"

	_ "ipcbench/mechanisms/all"
	"ipcbench/results"
)

// A page answers for every setting that it ranks, and the first of both is the
// same.
func TestPageAdvises(t *testing.T) {
	p := NewPage(&results.Set{Records: records()})
	if len(p.Facts) != 2 || p.Facts[0].Mechanism != "fifo" || len(p.Facts[0].Cautions) == 0 {
		t.Errorf("facts %+v", p.Facts)
	}
	firsts := map[string]string{} // by cell without its mechanism
	for _, a := range p.Advice {
		if a.Filtered() {
			continue
		}
		if a.Ranked[0].Cost != nil {
			t.Error("the cost stands twice in the page")
		}
		p := map[string]string{"rpc": "PingPong", "stream": "Stream"}[a.Pattern]
		firsts[results.Cell{Workload: p, Size: a.Size, Place: a.Place}.Name()] = a.Use
	}
	if len(firsts) != len(p.Answers) || len(firsts) != 12 {
		t.Fatalf("%d settings with advice, %d with an answer", len(firsts), len(p.Answers))
	}
	for _, a := range p.Answers {
		c := a.Cell
		c.Mechanism = ""
		if got, want := firsts[c.Name()], a.Use().Cell.Mechanism; got != want {
			t.Errorf("%s: advice is %q, the answer %q", c.Name(), got, want)
		}
	}
}
