package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"ipcbench/choose"
	"ipcbench/plots"
	"ipcbench/results"
)

// board is the answers of one workload and queue as a table: a row a size and a
// rate, a column a place.
type board struct {
	Workload string
	Means    string // what the workload does
	Queue    string // "default", or a size
	Options  string // besides the rate; "" where all are at their usual value
	Peers    bool   // rows have a number of them
	Rates    bool   // rows have one
	Places   []string
	Rows     []boardRow
}

type boardRow struct {
	Size    int // bytes
	Peers   int
	Rate    int       // messages due a second
	Options string    // with the rate
	Cells   []verdict // one a place
}

// verdict is one answer in words. Without a mechanism nothing was measured.
type verdict struct {
	Use     string   // the mechanism that is recommended
	Value   string   // its median: throughput where messages flow one way, at a rate the 99th percentile, else time
	Kind    string   // decided; open: can't tell; few; alone; spins: nothing that sleeps has a number
	Rest    string   // what the next takes, where Use is the fastest
	Verdict string   // how sure that is, as choose.Verdict has it
	Unknown []string // mechanisms that failed, are not to be trusted or lack the number to be ranked by: they might be faster
}

// newBoards lays out the answers; those of the usual settings come first.
func newBoards(p *Page) (boards []board) {
	for _, c := range p.Cells {
		if c.Workload == results.FloorWorkload {
			continue
		}
		queue := results.FormatQueue(c.Queue)
		options := c.Options.Without("rate").String()
		i := slices.IndexFunc(boards, func(b board) bool { return b.Workload == c.Workload && b.Queue == queue && b.Options == options })
		if i < 0 {
			i = len(boards)
			boards = append(boards, board{Workload: c.Workload, Means: results.WorkloadOf(c.Cell).Means, Queue: queue, Options: options})
		}
		if b := &boards[i]; !slices.Contains(b.Places, c.Place) {
			b.Places = append(b.Places, c.Place)
		}
	}
	answers := map[plots.Setting]*results.Answer{}
	for i := range p.Answers {
		answers[plots.SettingOf(p.Answers[i].Cell)] = &p.Answers[i]
	}
	unknown := map[plots.Setting][]string{}
	for i := range p.Cells {
		c := &p.Cells[i]
		unranked := c.Outcome == results.OK && c.Cell.Rate > 0 && !c.has("p99")
		if unranked || c.Outcome == results.Failed || c.Outcome == results.Untrusted {
			set := plots.SettingOf(c.Cell)
			unknown[set] = append(unknown[set], c.Mechanism)
		}
	}
	for i := range boards {
		b := &boards[i]
		slices.SortStableFunc(b.Places, byPlace)
		for _, c := range p.Cells {
			if c.Workload != b.Workload || results.FormatQueue(c.Queue) != b.Queue || c.Options.Without("rate").String() != b.Options || b.has(c.Cell) {
				continue
			}
			row := boardRow{Size: c.Size, Peers: c.Peers, Rate: c.Cell.Rate, Options: c.Options.String()}
			for _, place := range b.Places {
				set := plots.Setting{Workload: c.Workload, Place: place, Peers: c.Peers, Queue: b.Queue, Size: c.Size, Options: row.Options}
				row.Cells = append(row.Cells, newVerdict(answers[set], unknown[set]))
			}
			b.Rows, b.Peers = append(b.Rows, row), b.Peers || c.Peers > 0
			b.Rates = b.Rates || c.Cell.Rate > 0
		}
		b.dropEmpty()
		slices.SortStableFunc(b.Rows, func(x, y boardRow) int {
			return cmp.Or(cmp.Compare(x.Peers, y.Peers), cmp.Compare(x.Size, y.Size), cmp.Compare(x.Rate, y.Rate))
		})
	}
	slices.SortStableFunc(boards, func(a, b board) int {
		switch {
		case a.Usual() == b.Usual():
			return 0
		case a.Usual():
			return -1
		}
		return 1
	})
	return boards
}

// byPlace puts unpinned first: it is how most programs run.
func byPlace(a, b string) int {
	unpinned := func(place string) int { return map[bool]int{true: 0, false: 1}[place == "free"] }
	return cmp.Compare(unpinned(a), unpinned(b))
}

// dropEmpty leaves out the places of which no row knows anything, as the threads of
// a core on a machine whose cores have one.
func (b *board) dropEmpty() {
	for i := len(b.Places) - 1; i >= 0 && len(b.Places) > 1; i-- {
		if slices.ContainsFunc(b.Rows, func(r boardRow) bool { return r.Cells[i].Use != "" || r.Cells[i].Unknown != nil }) {
			continue
		}
		b.Places = slices.Delete(b.Places, i, i+1)
		for k := range b.Rows {
			b.Rows[k].Cells = slices.Delete(b.Rows[k].Cells, i, i+1)
		}
	}
}

// Bold reports whether the recommendation is shown to be right: of what was not
// measured reliably any might be faster.
func (v verdict) Bold() bool { return v.Kind == "decided" && v.Unknown == nil }

// Usual reports whether only the axes that every cell has are set.
func (b board) Usual() bool { return b.Queue == "default" && b.Options == "" }

func (b *board) has(c results.Cell) bool {
	return slices.ContainsFunc(b.Rows, func(r boardRow) bool { return r.Size == c.Size && r.Peers == c.Peers && r.Rate == c.Rate })
}

// kinds of verdicts, but for spins.
var kinds = map[results.Decision]string{results.Fastest: "decided", results.NoneFaster: "decided", results.TooFew: "few", results.Alone: "alone", results.Undecided: "open"}

func newVerdict(a *results.Answer, unknown []string) verdict {
	v := verdict{Unknown: unknown}
	if a == nil {
		return v
	}
	use := a.Use()
	v.Use, v.Value, v.Kind, v.Verdict = use.Cell.Mechanism, valueOf(&use.Summary), kinds[a.Decision], choose.Verdict(*a)
	if len(a.Best) == 0 {
		v.Kind = "spins"
	}
	if next, r, ok := a.Next(); ok && a.Decision == results.Fastest {
		v.Rest = fmt.Sprintf("%s takes %s× (%s to %s)", next.Cell.Mechanism, times(r.Center), times(r.Lo), times(r.Hi))
	}
	return v
}

// times writes a ratio with three digits: "1.10", "12.5", "140".
func times(ratio results.Float) string {
	v := float64(ratio)
	return strconv.FormatFloat(v, 'f', max(0, 2-int(math.Log10(max(v, 1)))), 64)
}

func (c *Cell) has(key string) bool { _, ok := c.Numbers[key]; return ok }
