package compare

import (
	"fmt"
	"iter"

	"ipcbench/compare/gate"
)

// design is how the launches of both sides belong together, which decides how
// the gate relabels them.
type design interface {
	method() string                     // for reports
	minP(olds, news, pairs int) float64 // the smallest that a row can have
	count(*Row) string                  // of its launches
	size(*Row) float64                  // launches a side, as far as they count for the standard error
	run(gate.Test, []*Row) *gate.Result
	seen(gate.Test, []*Row, *gate.Result) float64
}

// twoSamples have nothing to do with each other.
type twoSamples struct{}

func (twoSamples) method() string {
	return "step-down maxT over relabelled passes, moderated t on logarithms, null shifted by the threshold (docs/method.md)"
}

func (twoSamples) minP(olds, news, _ int) float64 {
	if olds < 2 || news < 2 {
		return 1
	}
	return gate.MinP(olds, news)
}

func (twoSamples) count(r *Row) string { return fmt.Sprintf("%d and %d launches", r.Old.N, r.New.N) }

func (twoSamples) size(r *Row) float64 { return 2 / (1/float64(r.Old.N) + 1/float64(r.New.N)) }

func (twoSamples) run(t gate.Test, rows []*Row) *gate.Result {
	return t.Run(cellsOf(rows))
}

func (twoSamples) seen(t gate.Test, rows []*Row, r *gate.Result) float64 {
	return t.Seen(cellsOf(rows), r, SeenShare)
}

func cellsOf(rows []*Row) iter.Seq[gate.Cell] {
	return func(yield func(gate.Cell) bool) {
		for _, row := range rows {
			if !yield(row.cell()) {
				return
			}
		}
	}
}

// pairs took turns: a launch of the one side came right after one of the other.
type pairs struct{ turns *turns }

func (pairs) method() string {
	return "step-down maxT over relabelled pairs of launches, moderated t on logarithms of their ratios, null shifted by the threshold (docs/method.md)"
}

func (pairs) minP(_, _, n int) float64 {
	if n < 2 {
		return 1
	}
	return gate.MinPairedP(n)
}

func (pairs) count(r *Row) string { return fmt.Sprintf("%d pairs of launches", r.Pairs) }

func (pairs) size(r *Row) float64 { return float64(r.Pairs) }

func (p pairs) run(t gate.Test, rows []*Row) *gate.Result {
	return t.RunPaired(p.of(rows))
}

func (p pairs) seen(t gate.Test, rows []*Row, r *gate.Result) float64 {
	return t.SeenPaired(p.of(rows), r, SeenShare)
}

func (p pairs) of(rows []*Row) iter.Seq[gate.Pairs] {
	return func(yield func(gate.Pairs) bool) {
		for _, row := range rows {
			if !yield(row.pairs(p.turns)) {
				return
			}
		}
	}
}
