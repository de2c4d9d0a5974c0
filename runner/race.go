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
// that is shown to be slower gets no more launches, and one that is shown not to be
// faster pauses. Candidates that the scheduler puts
// now on one CPU and now on different ones are pinned then, to either: see
// results.Ranking.
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
	tally       results.Tally
}

// Heat is one question of a race: cells that differ in their mechanism alone.
type Heat struct {
	Left     []results.Cell // what still gets launches; at the start all candidates
	Of       int            // candidates that this machine can launch
	Blocks   int            // so far, but for those of Pinned
	Pinned   int            // blocks so far in which candidates were pinned
	Decision results.Decision

	point     results.Cell   // of the question
	pin       bool           // blocks are pinned now
	cannotPin bool           // or another heat does
	unpinned  []results.Cell // what was left before it was pinned
	next      []results.Cell // the block that comes next, where it is known
}

// blocks counts those of the kind that is launched now.
func (h *Heat) blocks() *int {
	if h.pin {
		return &h.Pinned
	}
	return &h.Blocks
}

// spoiledAttempts is how often a launch is tried that something disturbs. What
// disturbs it often lasts: then the candidate is left out of the block. Of a block
// at most spoiledShare of its launches are tried again: on a machine that is
// disturbed all the time a race made two blocks in half a minute.
const (
	spoiledAttempts = 3
	spoiledShare    = 0.5
)

// unpinnedBlocks show what the scheduler does with each candidate: one that it keeps on
// one CPU in 80 % of launches, and another in 20 %, are four standard deviations apart.
// A race that has little time pins candidates after unpinnedShare of it.
const (
	unpinnedBlocks = 11
	unpinnedShare  = 0.3
)

// Decided reports whether more launches would answer nothing.
func (h *Heat) Decided() bool {
	switch h.Decision {
	case results.Fastest, results.NoneFaster, results.Alone:
		return true
	}
	return len(h.Left) == 0 || *h.blocks() >= results.RaceLooks[len(results.RaceLooks)-1]
}

// Execute races until all heats are decided, the budget is spent or ctx is done,
// whose error it returns then.
func (r *Race) Execute(ctx context.Context) error {
	r.begin = time.Now()
	r.last, r.order = r.begin, rand.New(rand.NewPCG(r.Seed, 1))
	r.ops = map[results.Cell]int{}
	for _, h := range r.Heats {
		h.next = r.shuffled(h.Left)
		if len(h.Left) > 0 {
			h.point = h.Left[0].Point()
		}
	}
	for _, h := range r.Heats {
		h.cannotPin = slices.ContainsFunc(r.Heats, func(other *Heat) bool {
			return slices.Contains(results.AlikePlaces[:], other.point.Place) && other.point.Elsewhere(h.point.Place) == h.point
		})
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
			return h.Blocks + h.Pinned + 1
		}
		return h.Blocks + h.Pinned
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
	looks := slices.Contains(results.RaceLooks, *h.blocks()+1)
	if !looks {
		h.next = r.shuffled(h.Left)
	}
	retries := 1 + int(spoiledShare*float64(len(cells)))
	pin := h.pin
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
		if h.pin != pin {
			return nil
		}
	}
	if *h.blocks()++; h.Of == 0 {
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
		rec.Run, rec.Launch, rec.Attempt, rec.Seed, rec.Host, rec.Race = r.ID, *h.blocks()+1, attempt, r.Seed, r.Host, r.Ranking.Within
		now := time.Now()
		rec.WallNs, r.last = int64(now.Sub(r.last)), now
		r.tally.Add(&rec)
		if err := r.Sink(rec); err != nil {
			return err
		}
		if rec.Outcome == results.Skipped || rec.Outcome == results.Failed {
			h.lose(c)
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

// lose leaves out a cell that can't be launched. What can't be pinned can't be held
// against the others so: they go on unpinned.
func (h *Heat) lose(c results.Cell) {
	if h.pin {
		h.Left, h.next = h.unpinned, nil
		h.pin, h.cannotPin = false, true
		return
	}
	lost := func(left results.Cell) bool { return left == c }
	h.Left, h.next = slices.DeleteFunc(slices.Clone(h.Left), lost), slices.DeleteFunc(h.next, lost)
}

// look holds the candidates of a heat against each other. What is shown to be slower,
// or never leads, gets no more launches.
func (r *Race) look(h *Heat) {
	at := map[string][]results.Summary{}
	for _, s := range r.tally.Summaries() {
		if place := s.Cell.Place; s.Cell.Asked().Point().Elsewhere(h.point.Place) == h.point {
			at[place] = append(at[place], s)
		}
	}
	a := r.Ranking.Rank(at[h.point.Place], results.Alike{at[results.AlikePlaces[0]], at[results.AlikePlaces[1]]})
	h.Decision = a.Decision
	var mechs []string // that are left
	known := map[string]bool{}
	for i, m := range a.Ranked {
		known[m.Cell.Mechanism] = true
		pauses := i > 0 && *h.blocks() >= results.PauseAfter && m.Settled(a.Within)
		if !m.Out && !pauses && (r.Ranking.Aside == nil || !r.Ranking.Aside(m.Cell.Mechanism)) {
			mechs = append(mechs, m.Cell.Mechanism)
		}
	}
	for _, c := range h.Left {
		if known[c.Mechanism] {
			continue
		}
		// One that was disturbed most of the time may yet be the fastest.
		mechs = results.AddOnce(mechs, c.Mechanism)
		if h.Decision != results.TooFew {
			h.Decision = results.Undecided
		}
	}
	enough := h.Blocks >= unpinnedBlocks || time.Since(r.begin) >= time.Duration(unpinnedShare*float64(r.Budget))
	pin := !h.cannotPin && (h.Pinned > 0 || h.Decision == results.Undecided && a.Scheduler != nil && enough)
	places := []string{h.point.Place}
	if a.Placing != nil {
		mechs, pin = a.Placing, false
	} else if pin {
		places = slices.DeleteFunc(slices.Clone(results.AlikePlaces[:]), func(p string) bool { return slices.Contains(a.Enough, p) })
		if len(places) == 0 { // and the question is open
			places = results.AlikePlaces[:]
		}
		if h.Pinned == 0 {
			h.unpinned = h.Left
		}
	}
	h.pin, h.next = pin, nil
	if len(h.Left) == 0 { // none can be launched
		return
	}
	c := h.Left[0]
	h.Left = nil
	for _, mech := range mechs {
		for _, place := range places {
			c.Mechanism, c.Place = mech, place
			h.Left = append(h.Left, c)
		}
	}
}

func (r *Race) shuffled(cells []results.Cell) []results.Cell {
	cells = slices.Clone(cells)
	r.order.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	return cells
}
