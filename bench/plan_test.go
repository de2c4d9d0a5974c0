package bench

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

func TestTopologies(t *testing.T) {
	for _, w := range slices.Concat(Workloads, Floors) {
		for _, peers := range []int{max(w.MinPeers, 0), 4, 7} {
			if w.Peers == "" {
				peers = 0
			}
			topo := w.Topology(peers)
			senders, receivers := make([]int, len(topo.Wires)), make([]int, len(topo.Wires))
			originates := make([][]int, len(topo.Wires)) // by wire: which may
			roles := map[string]bool{}
			for _, p := range topo.Parts {
				if roles[p.Role] {
					t.Errorf("%s(%d): role %q twice", w.Name, peers, p.Role)
				}
				roles[p.Role] = true
				for at, i := range p.Sends {
					senders[i]++
					originates[i] = append(originates[i], p.ID+at)
				}
				for _, i := range p.Receives {
					receivers[i]++
				}
				if w.Contract == mechanisms.Locks && (p.Origins != 1 || p.Finish == nil) {
					t.Errorf("%s(%d): no part ends %s, or holds its turns against what was done", w.Name, peers, p.Role)
				} else if (len(p.Receives) > 0) != (p.Origins > 0) && w.Floor == "" && w.Contract != mechanisms.Locks {
					t.Errorf("%s(%d): %s receives from %d wires, of %d origins", w.Name, peers, p.Role, len(p.Receives), p.Origins)
				}
			}
			for _, p := range topo.Parts {
				for at, i := range p.Receives {
					from := p.From
					if len(p.Receives) > 1 {
						from += at // one a link
					}
					if !slices.Contains(originates[i], from) && w != PingPong && w != Pipeline { // where messages are passed on
						t.Errorf("%s(%d): %s awaits messages of %d on wire %d, where %d send", w.Name, peers, p.Role, from, i, originates[i])
					}
				}
			}
			for i, wire := range topo.Wires {
				if senders[i] != wire.Senders || receivers[i] != wire.Receivers {
					t.Errorf("%s(%d): wire %d has %d senders and %d receivers, declares %+v", w.Name, peers, i, senders[i], receivers[i], wire)
				}
			}
		}
	}
}

// TestLeast: a message that can't say stop is refused with the number.
func TestLeast(t *testing.T) {
	for size, want := range map[int]string{7: "message size 7 < 8", 8: ""} {
		err := Compete.Admit(results.Cell{Workload: Compete.Name, Size: size, Peers: 2, Place: "same"})
		if (err == nil) != (want == "") || err != nil && (!errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d B: %v, want %q", size, err, want)
		}
	}
}

func TestSharesAddUp(t *testing.T) {
	for k := 1; k <= 9; k++ {
		for n := range 50 {
			sum := 0
			for i := range k {
				sum += share(i, k)(n)
			}
			if sum != n {
				t.Fatalf("%d messages over %d senders: shares add up to %d", n, k, sum)
			}
		}
	}
}

func plan(t *testing.T, preset string, seed uint64) Plan {
	t.Helper()
	p, err := LookupPreset(preset)
	if err != nil {
		t.Fatal(err)
	}
	return NewPlan(p.Spans(), p.Launches, p.Time, false, seed)
}

func cellsOf(p Plan, pass int) []results.Cell { return slices.Concat(p.Pass(pass, p.Cells)...) }

func TestPassesAreShuffledAndRepeatable(t *testing.T) {
	a, b := plan(t, "quick", 1), plan(t, "quick", 1)
	if !slices.Equal(cellsOf(a, 1), cellsOf(b, 1)) {
		t.Error("equal seeds give different orders")
	}
	if slices.Equal(cellsOf(a, 1), cellsOf(a, 2)) || slices.Equal(cellsOf(a, 1), cellsOf(plan(t, "quick", 2), 1)) {
		t.Error("another pass or another seed gives the same order")
	}
	sorted := func(cells []results.Cell) []results.Cell {
		slices.SortFunc(cells, func(a, b results.Cell) int { return strings.Compare(a.Name(), b.Name()) })
		return cells
	}
	if !slices.Equal(sorted(cellsOf(a, 1)), sorted(cellsOf(a, 2))) {
		t.Error("passes hold different cells")
	}
}

// TestPassesComeInBlocks: cells that differ in their mechanism alone are launched
// right after each other, in an order of their own in each pass.
func TestPassesComeInBlocks(t *testing.T) {
	p := plan(t, "quick", 1)
	orders := map[results.Cell]map[string]bool{}
	for pass := 1; pass <= 6; pass++ {
		seen := map[results.Cell]bool{}
		for _, block := range p.Pass(pass, p.Cells) {
			question := block[0]
			question.Mechanism = ""
			if seen[question] {
				t.Errorf("pass %d: two blocks of %s", pass, question.Name())
			}
			seen[question] = true
			order := ""
			for _, c := range block {
				order += c.Mechanism + " "
				if c.Mechanism = ""; c != question {
					t.Errorf("pass %d: %s stands in the block of %s", pass, c.Name(), question.Name())
				}
			}
			if orders[question] == nil {
				orders[question] = map[string]bool{}
			}
			orders[question][order] = true
			if len(block) > 4 && pass == 6 && len(orders[question]) < 4 {
				t.Errorf("%s: %d orders in %d passes", question.Name(), len(orders[question]), pass)
			}
		}
	}
}

// TestPresetsFitTheirTime holds the presets to what their summaries promise: of five
// minutes a quarter is left for launches that are disturbed and tried again, and of
// the time of wide another for more mechanisms.
func TestPresetsFitTheirTime(t *testing.T) {
	for preset, most := range map[string]time.Duration{"quick": time.Minute, "default": 5 * time.Minute, "wide": 10 * time.Minute * 3 / 4} {
		p := plan(t, preset, 1)
		if d := p.Estimate(len(p.Cells)); d > most {
			t.Errorf("%s: %d cells take about %v, more than %v", preset, len(p.Cells), d, most)
		}
		if p.Launches < 6 {
			t.Errorf("%s: %d launches give no interval", preset, p.Launches)
		}
	}
}

// TestWideHasEveryMechanism: each is in the preset with the workloads that play on it.
func TestWideHasEveryMechanism(t *testing.T) {
	want, got := map[string]int{}, map[string]int{}
	for _, m := range mechanisms.All() {
		const places, sizes = 3, 2
		for w, cells := range map[*Workload]int{PingPong: sizes * places, Stream: sizes * places, Notify: places} {
			if w.PlaysOn(m) {
				want[m.Name+w.Name] = cells
			}
		}
	}
	for _, c := range plan(t, "wide", 1).Cells {
		if c.Workload != results.FloorWorkload {
			got[c.Mechanism+c.Workload]++
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("columns %v, want %v", got, want)
	}
}

// TestPresetsHavePlaces: presets that people start with measure unpinned processes
// beside pinned ones, and each question has several candidates.
func TestPresetsHavePlaces(t *testing.T) {
	for _, name := range []string{"quick", "default", "wide"} {
		got := map[string]int{}
		for _, c := range plan(t, name, 1).Cells {
			if c.Workload == PingPong.Name {
				got[c.Place]++
			}
		}
		if len(got) != 3 || got["free"] != got["same"] || got["free"] != got["cross"] || got["free"] == 0 {
			t.Errorf("%s: cells by place %v", name, got)
		}
	}
}

func TestPlanHoldsEachCellOnce(t *testing.T) {
	for _, preset := range Presets() {
		p := plan(t, preset.Name, 1)
		seen := map[results.Cell]bool{}
		for _, c := range p.Cells {
			if seen[c] {
				t.Errorf("%s: %s twice", preset.Name, c.Name())
			}
			seen[c] = true
		}
		for c := range seen {
			floor, unit := results.FloorOf(c)
			if floor.Size == 0 && unit != "" {
				floor.Size = map[string]int{results.FloorWake: Wake.Size, results.FloorCall: NullCall.Size}[floor.Mechanism]
			}
			if unit != "" && !seen[floor] {
				t.Errorf("%s: nothing to hold %s against: no %s", preset.Name, c.Name(), floor.Name())
			}
		}
	}
}

// Notifications have no size and no queue, and only what notifies is planned:
// sizes and queues of messages make no second cell.
func TestPlanHoldsWhatIsOffered(t *testing.T) {
	a := Axes{Workloads: []string{"Notify", "Stream", "Contend", "Select"}, Mechanisms: []string{"eventfd", "futex", "pipe"},
		Sizes: []int{64, 4096}, Queues: []int{0, 4096}, Places: []string{"same"}, Peers: []int{2}}
	var got []string
	for _, c := range a.Cells() {
		got = append(got, c.Name())
	}
	want := []string{
		"Notify/mech=eventfd/size=1/queue=default/place=same", "Notify/mech=futex/size=1/queue=default/place=same",
		"Stream/mech=pipe/size=64/queue=default/place=same", "Stream/mech=pipe/size=64/queue=4KiB/place=same",
		"Stream/mech=pipe/size=4KiB/queue=default/place=same", "Stream/mech=pipe/size=4KiB/queue=4KiB/place=same",
		"Contend/mech=futex/size=8/queue=default/place=same/peers=2",
		"Select/mech=pipe/size=64/queue=default/place=same", "Select/mech=pipe/size=64/queue=4KiB/place=same",
		"Select/mech=pipe/size=4KiB/queue=default/place=same", "Select/mech=pipe/size=4KiB/queue=4KiB/place=same",
	}
	if !slices.Equal(got, want) {
		t.Errorf("cells %q,\nwant %q", got, want)
	}
	if err := a.CheckFit(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		workload, mech, want string
		contract             mechanisms.Contract
	}{
		{"Notify", "pipe", "workload notify plays on notifications, which no mechanism of pipe carries: want one of ", mechanisms.Counts},
		{"Stream", "eventfd", "workload stream plays on messages, which no mechanism of eventfd carries: want one of ", mechanisms.Messages},
	} {
		a.Workloads, a.Mechanisms = []string{c.workload}, []string{c.mech}
		var fit []string
		for _, m := range mechanisms.All() {
			if m.Offers(c.contract) {
				fit = append(fit, m.Name)
			}
		}
		if err := a.CheckFit(); err == nil || err.Error() != c.want+strings.Join(fit, ", ") {
			t.Errorf("CheckFit() = %v, want %q of %q", err, c.want, fit)
		}
	}
	if err := Notify.Admit(results.Cell{Size: 64}); err == nil {
		t.Error("Notify admits a size")
	}
}

func TestAxesCheckNamesTheValue(t *testing.T) {
	good := Axes{Workloads: []string{"PingPong"}, Sizes: []int{1}, Queues: []int{0}, Places: []string{"same"}}
	for want, change := range map[string]func(*Axes){
		`workload "ping": did you mean pingpong?`:   func(a *Axes) { a.Workloads = []string{"ping"} },
		`mechanism "pip": did you mean pipe`:        func(a *Axes) { a.Mechanisms = []string{"pip"} },
		`place "here": want one of free, same, smt`: func(a *Axes) { a.Places = []string{"here"} },
		`size 32MiB: want at most 16MiB`:            func(a *Axes) { a.Sizes = []int{32 << 20} },
		`Compete: 65 receivers: want 2 to 64`:       func(a *Axes) { a.Workloads, a.Peers = []string{"Compete"}, []int{65} },
		`FanIn: 1 senders: want 2 to 64`:            func(a *Axes) { a.Workloads, a.Peers = []string{"FanIn"}, []int{1} },
	} {
		a := good
		change(&a)
		if err := a.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check() = %v, want %q in it", err, want)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestBatchesAreBounded(t *testing.T) {
	c := results.Cell{Workload: "Stream", Mechanism: "pipe", Size: batchRoom / 16, Place: "same"}
	c.Batch = 16
	if err := Stream.Admit(c); err != nil {
		t.Error(err)
	}
	c.Batch++
	var u *mechanisms.UnsupportedError
	if err := Stream.Admit(c); !errors.As(err, &u) || u.Limit.N != batchRoom {
		t.Errorf("%d messages of %d bytes: %v", c.Batch, c.Size, err)
	}
	c.Workload, c.Batch = "PingPong", 2
	if err := PingPong.Admit(c); err == nil || !strings.Contains(err.Error(), "batch=2 does not apply") {
		t.Error(err)
	}
}
