package runner

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"ipcbench/results"
)

// track is launches that take no time: of each mechanism by its mean in ns, on a
// machine that drifts from block to block.
type track struct {
	ns      map[string]float64
	scatter float64
	spoil   func(mech string, launch int) bool // whether every second attempt is disturbed
	outcome map[string]results.Outcome

	r        *rand.Rand
	launches map[string]int
	asked    []string
	records  []results.Record
}

func (k *track) measure(c results.Cell, m Measurement) (results.Record, int) {
	k.launches[c.Mechanism]++
	k.asked = append(k.asked, c.Mechanism)
	drift := math.Sin(float64(len(k.asked)) / 40)
	t := k.ns[c.Mechanism] * math.Exp(0.2*drift+k.scatter*k.r.NormFloat64())
	rec := results.Record{Schema: results.Schema, Time: time.Now(), Cell: c, Outcome: results.OK, NsPerOp: t}
	if o := k.outcome[c.Mechanism]; o != "" {
		rec = results.Record{Schema: results.Schema, Time: time.Now(), Cell: c, Outcome: o, Reason: "so it is"}
	} else if k.spoil != nil && k.spoil(c.Mechanism, k.launches[c.Mechanism]) {
		rec.Outcome, rec.Reason = results.Untrusted, "disturbed"
	}
	return rec, 100
}

// run races the mechanisms of the track.
func (k *track) run(ctx context.Context, seed uint64, budget time.Duration) (*Heat, results.Answer, error) {
	k.r, k.launches = rand.New(rand.NewPCG(seed, 2)), map[string]int{}
	h := &Heat{}
	for mech := range k.ns {
		h.Left = append(h.Left, results.Cell{Workload: "PingPong", Mechanism: mech, Size: 64, Place: "same"})
	}
	slices.SortFunc(h.Left, results.CompareCells)
	r := Race{
		Side:    Side{Measure: k.measure, Sink: func(rec results.Record) error { k.records = append(k.records, rec); return nil }},
		Heats:   []*Heat{h},
		Ranking: results.Ranking{Within: results.Within, Aside: func(mech string) bool { return mech == "spin" }},
		Time:    time.Millisecond, Budget: budget, Seed: seed,
	}
	err := r.Execute(ctx)
	for _, a := range r.Ranking.Answers(results.Summarize(k.records)) {
		return h, a, err
	}
	return h, results.Answer{}, err
}

// The fastest wins, those that are clearly slower get the launches of the first
// look alone, and what never leads is launched as often.
func TestRace(t *testing.T) {
	k := &track{ns: map[string]float64{"pipe": 1000, "fifo": 1200, "tcp": 5000, "spin": 50}, scatter: 0.02}
	h, a, err := k.run(t.Context(), 1, time.Minute)
	if err != nil || a.Cell.Mechanism != "pipe" || a.Decision != results.Fastest || h.Decision != a.Decision {
		t.Errorf("%v: %s, %s by the records, %s by the race; want pipe, fastest", err, a.Cell.Mechanism, a.Decision, h.Decision)
	}
	if k.launches["tcp"] != 6 || k.launches["spin"] != 6 || k.launches["pipe"] < 6 || len(h.Left) != 1 {
		t.Errorf("launches %v, left %v", k.launches, h.Left)
	}
	if ratio := a.Ranked[1]; ratio.Cell.Mechanism != "spin" || ratio.Ratio.Hi > 0.06 {
		t.Errorf("what spins is %+v, want 20× faster", ratio.Held)
	}
}

// Two that are the same are so in the end, and never one of them slower.
func TestRaceOfAliases(t *testing.T) {
	decided := 0
	for seed := range uint64(40) {
		k := &track{ns: map[string]float64{"pipe": 1000, "pipeagain": 1000, "tcp": 2000}, scatter: 0.05}
		_, a, err := k.run(t.Context(), seed, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if a.Decision == results.NoneFaster {
			decided++
		}
		for _, m := range a.Ranked {
			if m.Cell.Mechanism != "tcp" && (a.Decision == results.Fastest || m.Ratio.Lo > 1+results.Within || m.Ratio.Hi < 1/(1+results.Within)) {
				t.Errorf("seed %d: %s is called slower than its alias: %+v", seed, m.Cell.Mechanism, m.Held)
			}
		}
	}
	if decided < 35 {
		t.Errorf("%d of 40 races decided", decided)
	}
}

// A disturbed launch is tried again at once, at most twice, and left out of the
// block then. A mechanism that is skipped or fails gets no more launches.
func TestRaceSpoiled(t *testing.T) {
	k := &track{ns: map[string]float64{"pipe": 1000, "fifo": 2000, "tcp": 1, "udp": 1}, scatter: 0.02,
		outcome: map[string]results.Outcome{"tcp": results.Skipped, "udp": results.Failed},
		spoil:   func(mech string, launch int) bool { return mech == "fifo" && launch <= 4 }}
	_, a, err := k.run(t.Context(), 3, time.Minute)
	if err != nil || a.Cell.Mechanism != "pipe" || a.Decision != results.Fastest {
		t.Errorf("%v: %s, %s; want pipe, fastest", err, a.Cell.Mechanism, a.Decision)
	}
	var fifo []string
	for _, r := range k.records {
		if r.Cell.Mechanism == "fifo" && len(fifo) < 6 {
			fifo = append(fifo, fmt.Sprintf("%d.%d %s", r.Launch, r.Attempt, r.Outcome))
		}
	}
	if want := []string{"1.1 untrusted", "1.2 untrusted", "1.3 untrusted", "2.1 untrusted", "2.2 ok", "3.1 ok"}; !slices.Equal(fifo, want) {
		t.Errorf("attempts %q, want %q", fifo, want)
	}
	if k.launches["tcp"] != 1 || k.launches["udp"] != 1 {
		t.Errorf("launches %v, want one of tcp and udp", k.launches)
	}
	if k.launches["fifo"]-3-1 < 6 {
		t.Errorf("%d launches of fifo: it was out before six counted", k.launches["fifo"])
	}
}

// Without a budget one block is not begun; where nothing can be decided a race
// ends all the same.
func TestRaceEnds(t *testing.T) {
	k := &track{ns: map[string]float64{"pipe": 1000, "fifo": 1001}, scatter: 0.02}
	if h, _, err := k.run(t.Context(), 4, 0); err != nil || h.Blocks != 0 || len(k.records) > 0 {
		t.Errorf("%v: %d blocks without a budget", err, h.Blocks)
	}
	k = &track{ns: map[string]float64{"pipe": 1000, "fifo": 1050}, scatter: 0.5}
	h, a, err := k.run(t.Context(), 5, time.Minute)
	if err != nil || h.Blocks != 150 || a.Decision != results.Undecided {
		t.Errorf("%v: %d blocks, %s; want 150, undecided", err, h.Blocks, a.Decision)
	}
	for mech, n := range k.launches {
		if n != 150 {
			t.Errorf("%d launches of %s", n, mech)
		}
	}
}

// A race that is interrupted keeps what it measured.
func TestRaceInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	k := &track{ns: map[string]float64{"pipe": 1000, "fifo": 1001}, scatter: 0.1}
	k.spoil = func(string, int) bool {
		if len(k.asked) == 17 {
			cancel()
		}
		return false
	}
	_, a, err := k.run(ctx, 6, time.Minute)
	if err != context.Canceled || len(k.records) != 17 || len(a.Ranked) != 2 {
		t.Errorf("%v: %d records, %d ranked; want 17, 2", err, len(k.records), len(a.Ranked))
	}
}

// Several heats take turns, and the budget is that of all.
func TestRaceOfSeveralHeats(t *testing.T) {
	k := &track{ns: map[string]float64{"pipe": 1000, "fifo": 1500}, scatter: 0.02, r: rand.New(rand.NewPCG(7, 2)), launches: map[string]int{}}
	r := Race{Side: Side{Measure: k.measure, Sink: func(rec results.Record) error { k.records = append(k.records, rec); return nil }},
		Ranking: results.Ranking{Within: results.Within}, Time: time.Millisecond, Budget: time.Minute}
	for _, place := range []string{"free", "same"} {
		h := &Heat{}
		for mech := range k.ns {
			h.Left = append(h.Left, results.Cell{Workload: "PingPong", Mechanism: mech, Size: 64, Place: place})
		}
		r.Heats = append(r.Heats, h)
	}
	if err := r.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, h := range r.Heats {
		if h.Decision != results.Fastest {
			t.Errorf("heat %d: %s after %d blocks", i, h.Decision, h.Blocks)
		}
	}
	for i := 0; i < 24; i += 4 {
		if k.records[i].Cell.Place != "free" || k.records[i+2].Cell.Place != "same" {
			t.Errorf("record %d: heats do not take turns", i)
		}
	}
}

// unpinnedTrack is launches that take no time, of mechanisms that the scheduler keeps on
// one CPU in some launches.
type unpinnedTrack struct {
	ns       map[string][2]float64 // by mechanism, on one CPU and on different ones
	together map[string]float64    // how often it is kept on one CPU
	skip     map[results.Cell]bool

	r       *rand.Rand
	records []results.Record
}

func (k *unpinnedTrack) measure(c results.Cell, _ Measurement) (results.Record, int) {
	rec := results.Record{Schema: results.Schema, Cell: c, Outcome: results.OK}
	one := c.Place == "same" || c.Place == "free" && k.r.Float64() < k.together[c.Mechanism]
	ended := []int{0, 1}
	rec.NsPerOp = k.ns[c.Mechanism][1] * math.Exp(0.02*k.r.NormFloat64())
	if one {
		ended = []int{0, 0}
		rec.NsPerOp = k.ns[c.Mechanism][0] * math.Exp(0.01*k.r.NormFloat64())
	}
	if c.Place == "free" {
		rec.Workers, rec.EndedOn = []results.Worker{{PID: 1}, {PID: 2}}, [][]int{ended, ended}
	}
	if k.skip[c] {
		rec = results.Record{Schema: results.Schema, Cell: c, Outcome: results.Skipped, Reason: "not here"}
	}
	return rec, 100
}

func (k *unpinnedTrack) run(t *testing.T, seed uint64, places ...string) (*Heat, results.Answer) {
	t.Helper()
	k.r, k.records = rand.New(rand.NewPCG(seed, 2)), nil
	var heats []*Heat
	for _, place := range append([]string{"free"}, places...) {
		h := &Heat{}
		for mech := range k.ns {
			h.Left = append(h.Left, results.Cell{Workload: "PingPong", Mechanism: mech, Size: 64, Place: place})
		}
		slices.SortFunc(h.Left, results.CompareCells)
		heats = append(heats, h)
	}
	h := heats[0]
	r := Race{
		Side:    Side{Measure: k.measure, Sink: func(rec results.Record) error { k.records = append(k.records, rec); return nil }},
		Heats:   heats,
		Ranking: results.Ranking{Within: results.Within}, Time: time.Millisecond, Budget: time.Hour, Seed: seed,
	}
	if err := r.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Ranking.Answers(results.Summarize(k.records)) {
		if a.Cell.Place == "free" {
			return h, a
		}
	}
	t.Fatal("no answer")
	return h, results.Answer{}
}

// Candidates that the scheduler puts now on one CPU and now on different ones are
// pinned to both. The place that is little of the time soon has enough launches.
func TestRacePinsWhatTheSchedulerMoves(t *testing.T) {
	k := &unpinnedTrack{
		ns:       map[string][2]float64{"pipe": {2000, 42_000}, "fifo": {2010, 42_200}, "tcp": {4000, 60_000}, "udp": {4100, 61_000}},
		together: map[string]float64{"pipe": 0.5, "fifo": 0.5, "tcp": 0.5, "udp": 0.5},
	}
	h, a := k.run(t, 8)
	if h.Decision != results.NoneFaster || a.Decision != h.Decision || !a.Alike() || !slices.Contains(a.Best, "pipe") {
		t.Errorf("%s by the race, %s by the records, alike %t, %v", h.Decision, a.Decision, a.Alike(), a.Best)
	}
	launches := k.launches(t)
	at := func(mech, place string) int {
		return launches[results.Cell{Workload: "PingPong", Mechanism: mech, Size: 64, Place: place}]
	}
	if at("pipe", "free") != unpinnedBlocks || at("pipe", "cross") != h.Pinned || at("pipe", "same") > at("pipe", "cross") || at("tcp", "cross") >= at("pipe", "cross") {
		t.Errorf("launches %v, %d pinned", launches, h.Pinned)
	}
}

// launches counts those of each cell, which are numbered from 1.
func (k *unpinnedTrack) launches(t *testing.T) map[results.Cell]int {
	t.Helper()
	n := map[results.Cell]int{}
	for _, rec := range k.records {
		if n[rec.Cell]++; rec.Launch != n[rec.Cell] {
			t.Errorf("launch %d of %s is numbered %d", n[rec.Cell], rec.Cell.Name(), rec.Launch)
		}
	}
	return n
}

// Where a race has the places of its own, they are not launched twice.
func TestRaceOfAllPlaces(t *testing.T) {
	k := &unpinnedTrack{
		ns:       map[string][2]float64{"pipe": {2000, 42_000}, "fifo": {2010, 42_200}, "tcp": {4000, 60_000}, "udp": {4100, 61_000}},
		together: map[string]float64{"pipe": 0.5, "fifo": 0.5, "tcp": 0.5, "udp": 0.5},
	}
	h, a := k.run(t, 8, "same", "cross")
	if h.Decision != results.NoneFaster || a.Decision != h.Decision || !a.Alike() || h.Pinned != 0 {
		t.Errorf("%s by the race, %s by the records, alike %t, %d blocks pinned", h.Decision, a.Decision, a.Alike(), h.Pinned)
	}
	k.launches(t)
}

// One that is faster placed alike, and that the scheduler places worse, is held against
// others by more unpinned launches.
func TestRaceGoesOnUnpinned(t *testing.T) {
	k := &unpinnedTrack{
		ns:       map[string][2]float64{"pipe": {2000, 46_000}, "fifo": {2010, 42_000}, "tcp": {4000, 60_000}, "udp": {4100, 61_000}},
		together: map[string]float64{"pipe": 0.8, "fifo": 0.2, "tcp": 0.5, "udp": 0.5},
	}
	on, first := 0, map[string]int{}
	for seed := range uint64(20) {
		h, a := k.run(t, seed)
		first[a.Best[0]]++
		if h.Blocks > unpinnedBlocks && h.Pinned > 0 {
			on++
		}
	}
	if on < 5 || first["pipe"] < 15 {
		t.Errorf("%d of 20 races went on unpinned, first were %v; want 5 at least, and pipe in 15", on, first)
	}
}

// Where nothing can be pinned the race goes on unpinned.
func TestRaceCannotPin(t *testing.T) {
	k := &unpinnedTrack{
		ns:       map[string][2]float64{"pipe": {2000, 42_000}, "fifo": {2010, 42_200}, "tcp": {2020, 42_100}, "udp": {2030, 42_300}},
		together: map[string]float64{"pipe": 0.5, "fifo": 0.5, "tcp": 0.5, "udp": 0.5}, skip: map[results.Cell]bool{},
	}
	for mech := range k.ns {
		for _, place := range results.AlikePlaces {
			k.skip[results.Cell{Workload: "PingPong", Mechanism: mech, Size: 64, Place: place}] = true
		}
	}
	if h, a := k.run(t, 8); a.Decision != results.Undecided || a.Alike() || h.Blocks <= unpinnedBlocks || h.Pinned > 0 {
		t.Errorf("%s, alike %t, %d blocks, %d pinned", a.Decision, a.Alike(), h.Blocks, h.Pinned)
	}
}
