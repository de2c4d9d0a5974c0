package runner

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"ipcbench/results"
)

// Race launches candidates in blocks, one launch of each that is left, until it
// is known which takes the least time, or the budget is spent. The launches of a
// block come right after each other, in an order of its own: what slows the
// machine slows all of them. After some blocks (results.RaceLooks) a candidate
// that is shown to be slower gets no more launches.
type Race struct {
	Side
	Heats   []*Heat
	Ranking results.Ranking // Within must be set
	Time    time.Duration   // measured time of one launch
	Budget  time.Duration   // of all heats
	Seed    uint64          // of the order of launches
	// Progress is called between blocks, and never while anything measures. Optional.
	Progress func(h *Heat)

	begin, last time.Time
	order       *rand.Rand
}

// Heat is one question of a race: cells that differ in their mechanism alone.
type Heat struct {
	Left     []results.Cell // what still gets launches; at the start all candidates
	Of       int            // candidates that this machine can launch
	Blocks   int            // so far
	Decision results.Decision

	tally results.Tally
	next  []results.Cell // the block that comes next, where it is known
}

// spoiledAttempts is how often a launch is tried that something disturbs. What
// disturbs it often lasts: then the candidate is left out of the block. Of a block
// at most spoiledShare of its launches are tried again: on a machine that is
// disturbed all the time a race made two blocks in half a minute.
const (
	spoiledAttempts = 3
	spoiledShare    = 0.5
)

// Decided reports whether more launches would answer nothing.
func (h *Heat) Decided() bool {
	switch h.Decision {
	case results.Fastest, results.NoneFaster, results.Alone:
		return true
	}
	return len(h.Left) == 0 || h.Blocks >= results.RaceLooks[len(results.RaceLooks)-1]
}

// Execute races until all heats are decided, the budget is spent or ctx is done,
// whose error it returns then.
func (r *Race) Execute(ctx context.Context) error {
	r.begin = time.Now()
	r.last, r.order = r.begin, rand.New(rand.NewPCG(r.Seed, 1))
	r.ops = map[results.Cell]int{}
	for _, h := range r.Heats {
		h.next = r.shuffled(h.Left)
	}
	for {
		h := r.behind(nil)
		if h == nil || time.Since(r.begin) >= r.Budget {
			return ctx.Err()
		}
		if err := r.block(ctx, h); err != nil {
			return err
		}
		if r.Progress != nil {
			r.Progress(h)
		}
	}
}

// behind is the heat with the fewest blocks of those that are not decided; nil:
// there is none. Other counts as one block ahead.
func (r *Race) behind(other *Heat) (least *Heat) {
	blocks := func(h *Heat) int {
		if h == other {
			return h.Blocks + 1
		}
		return h.Blocks
	}
	for _, h := range r.Heats {
		if !h.Decided() && (least == nil || blocks(h) < blocks(least)) {
			least = h
		}
	}
	return least
}

// block launches what is left of a heat once.
func (r *Race) block(ctx context.Context, h *Heat) error {
	cells := h.next
	if cells == nil {
		cells = r.shuffled(h.Left)
	}
	h.next = nil
	looks := slices.Contains(results.RaceLooks, h.Blocks+1)
	if !looks {
		h.next = r.shuffled(h.Left)
	}
	retries := 1 + int(spoiledShare*float64(len(cells)))
	for i, c := range cells {
		if time.Since(r.begin) >= r.Budget {
			break
		}
		var next *results.Cell // it starts while this one ends
		if i+1 < len(cells) {
			next = &cells[i+1]
		} else if h := r.behind(h); h != nil && len(h.next) > 0 {
			next = &h.next[0]
		}
		if err := r.launch(ctx, h, c, next, &retries); err != nil {
			return err
		}
	}
	if h.Blocks++; h.Blocks == 1 {
		h.Of = len(h.Left)
	}
	if looks {
		r.look(h)
	}
	return nil
}

// launch launches a candidate, again where it is disturbed and retries are left.
func (r *Race) launch(ctx context.Context, h *Heat, c results.Cell, next *results.Cell, retries *int) error {
	for attempt := 1; attempt <= spoiledAttempts; attempt++ {
		rec, ops := r.Measure(c, Measurement{Time: r.Time, Ops: r.ops[c], Next: next})
		if err := ctx.Err(); err != nil && rec.Outcome == results.Failed {
			return err
		}
		r.ops[c] = ops
		rec.Run, rec.Launch, rec.Attempt, rec.Seed, rec.Host, rec.Race = r.ID, h.Blocks+1, attempt, r.Seed, r.Host, r.Ranking.Within
		now := time.Now()
		rec.WallNs, r.last = int64(now.Sub(r.last)), now
		h.tally.Add(&rec)
		if err := r.Sink(rec); err != nil {
			return err
		}
		if rec.Outcome == results.Skipped || rec.Outcome == results.Failed {
			h.drop(func(left results.Cell) bool { return left == c })
		}
		if rec.Outcome != results.Untrusted || *retries == 0 {
			break
		}
		if attempt < spoiledAttempts {
			*retries--
		}
	}
	return ctx.Err()
}

// look holds the candidates of a heat against each other, and drops what is shown
// to be slower, or never leads.
func (r *Race) look(h *Heat) {
	a := r.Ranking.Rank(h.tally.Summaries())
	h.Decision = a.Decision
	known := map[results.Cell]bool{}
	for _, m := range a.Ranked {
		known[m.Cell.Asked()] = true
		if m.Out || r.Ranking.Aside != nil && r.Ranking.Aside(m.Cell.Mechanism) {
			h.drop(func(left results.Cell) bool { return left == m.Cell.Asked() })
		}
	}
	// One that was disturbed most of the time may yet be the fastest.
	if slices.ContainsFunc(h.Left, func(c results.Cell) bool { return !known[c] }) && h.Decision != results.TooFew {
		h.Decision = results.Undecided
	}
}

func (h *Heat) drop(which func(results.Cell) bool) {
	h.Left = slices.DeleteFunc(slices.Clone(h.Left), which)
	h.next = slices.DeleteFunc(h.next, which)
}

func (r *Race) shuffled(cells []results.Cell) []results.Cell {
	cells = slices.Clone(cells)
	r.order.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	return cells
}
