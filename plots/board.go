package plots

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/perf/benchunit"

	"ipcbench/results"
)

// board is the answers of one workload and queue as a table: a row a size, a
// column a place.
type board struct {
	Workload string
	Means    string // what the workload does
	Queue    string // "default", or a size
	Peers    bool   // rows have a number of them
	Places   []string
	Rows     []boardRow
}

type boardRow struct {
	Size  int // bytes
	Peers int
	Cells []*verdict // nil where nothing was measured
}

// verdict is one answer in words.
type verdict struct {
	Winner string
	Cell   string
	Value  string   // its median: throughput where messages flow one way, else time
	Tied   []string // the same within noise
	Kind   string   // clear, tied, unsure, alone
	Rest   string   // the first that it beats, by how much, and the interval
}

// means says what the workloads are, to who does not know their names.
var means = map[string]string{
	"PingPong": "request and reply: the time of a round trip",
	"Stream":   "one way, as fast as it goes",
	"FanIn":    "several senders, one receiver",
	"Pipeline": "processes in a row pass messages on",
}

// newBoards lays out the answers; those of the default queue come first.
func newBoards(p *Page) []board {
	cells := map[string]*Cell{}
	for i := range p.Cells {
		cells[p.Cells[i].Name] = &p.Cells[i]
	}
	var boards []board
	for _, a := range p.Answers {
		set := a.Setting
		i := slices.IndexFunc(boards, func(b board) bool { return b.Workload == set.Workload && b.Queue == set.Queue })
		if i < 0 {
			i = len(boards)
			boards = append(boards, board{Workload: set.Workload, Means: means[set.Workload], Queue: set.Queue})
		}
		boards[i].add(p.Answers, a, cells)
	}
	slices.SortStableFunc(boards, func(a, b board) int { return cmp.Compare(odd(a.Queue), odd(b.Queue)) })
	return boards
}

func odd(queue string) int {
	if queue == "default" {
		return 0
	}
	return 1
}

func (b *board) add(all []Answer, a Answer, cells map[string]*Cell) {
	if b.Places == nil { // the columns of all rows, in the order of the answers
		for _, other := range all {
			if s := other.Setting; s.Workload == b.Workload && s.Queue == b.Queue && !slices.Contains(b.Places, s.Place) {
				b.Places = append(b.Places, s.Place)
			}
		}
	}
	row := slices.IndexFunc(b.Rows, func(r boardRow) bool {
		return r.Size == a.Setting.Size && r.Peers == a.Setting.Peers
	})
	if row < 0 {
		row = len(b.Rows)
		b.Rows = append(b.Rows, boardRow{a.Setting.Size, a.Setting.Peers, make([]*verdict, len(b.Places))})
		b.Peers = b.Peers || a.Setting.Peers > 0
	}
	b.Rows[row].Cells[slices.Index(b.Places, a.Setting.Place)] = newVerdict(a, cells)
}

func newVerdict(a Answer, cells map[string]*Cell) *verdict {
	first := a.Ranked[0]
	v := &verdict{Winner: first.Mechanism, Cell: first.Cell, Value: median(cells[first.Cell]), Kind: "clear"}
	for _, r := range a.Ranked[1:] {
		if r.Unsure {
			v.Kind = "unsure"
			v.Rest = fmt.Sprintf("too few launches to tell from %s, %.3g×", r.Mechanism, float64(r.Ratio.Center))
			return v
		}
		if r.Tied {
			v.Kind = "tied"
			v.Tied = append(v.Tied, r.Mechanism)
		} else if v.Rest == "" {
			v.Rest = fmt.Sprintf("%s takes %.3g× (%.3g to %.3g)", r.Mechanism, float64(r.Ratio.Center), float64(r.Ratio.Lo), float64(r.Ratio.Hi))
		}
	}
	if len(a.Ranked) == 1 {
		v.Kind, v.Rest = "alone", "the only one measured"
	}
	return v
}

// median of a cell in words: what flows, or how long it takes.
func median(c *Cell) string {
	switch {
	case c == nil:
		return ""
	case c.Workload != "PingPong" && c.Rate != nil:
		return benchunit.Scale(float64(c.Rate.Median), benchunit.Binary) + "B/s"
	case c.Time != nil:
		return benchunit.Scale(float64(c.Time.Median)/1e9, benchunit.Decimal) + "s"
	}
	return ""
}

// absence is why cells have no number.
type absence struct {
	Outcome results.Outcome
	Reason  string
	Cells   []string // by what tells them apart
}

// newAbsences groups cells by outcome, the worst first, and reason.
func newAbsences(cells []Cell) (out []absence) {
	for _, outcome := range []results.Outcome{results.Failed, results.Untrusted, results.Skipped} {
		from := len(out)
		for _, c := range cells {
			if c.Outcome != outcome {
				continue
			}
			reason := strings.Join(c.Reasons, "; ")
			i := slices.IndexFunc(out[from:], func(a absence) bool { return a.Reason == reason })
			if i < 0 {
				i = len(out) - from
				out = append(out, absence{Outcome: outcome, Reason: reason})
			}
			out[from+i].Cells = append(out[from+i].Cells, c.Name)
		}
	}
	return out
}
