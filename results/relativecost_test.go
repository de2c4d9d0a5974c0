package results

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// floored is a run with floors: n launches of each cell.
func floored(n int) (records []Record) {
	add := func(c Cell, ns float64) { records = append(records, launches(c, n, ns)...) }
	floor := func(mech string, size int, place string) Cell {
		return Cell{Workload: FloorWorkload, Mechanism: mech, Size: size, Place: place}
	}
	add(floor(FloorCall, 1, "same"), 120)
	add(floor(FloorWake, 4, "same"), 2000)
	add(floor(FloorWake, 4, "cross"), 40000)
	add(floor(FloorBounce, 64, "cross"), 130)
	for size, ns := range map[int]float64{64: 9, 4096: 90, 65536: 1800} {
		add(floor(FloorCopy, size, "same"), ns)
		add(floor(FloorCopies, size, "same"), 2.2*ns)
		for _, place := range []string{"same", "cross"} {
			add(Cell{Workload: "PingPong", Mechanism: "pipe", Size: size, Place: place}, 4000+ns)
			add(Cell{Workload: "Stream", Mechanism: "pipe", Size: size, Place: place}, 500+3*ns)
			add(Cell{Workload: "FanIn", Mechanism: "pipe", Size: size, Place: place, Peers: 4}, 700+3*ns)
		}
	}
	return records
}

// TestRelativeCost derives what each cell is worth from the records alone.
func TestRelativeCost(t *testing.T) {
	records := floored(10)
	times := map[string][]float64{}
	for _, r := range records {
		times[r.Cell.Name()] = append(times[r.Cell.Name()], r.NsPerOp)
	}
	sizes := map[int]string{64: "64", 4096: "4KiB", 65536: "64KiB"}
	weighed := 0
	for _, s := range Summarize(records) {
		c := s.Cell
		if c.Workload == FloorWorkload {
			if s.RelativeCost != nil {
				t.Errorf("%s costs %v relative to a floor: a floor is not held against another", c.Name(), s.RelativeCost)
			}
			continue
		}
		var floor, unit string
		switch {
		case c.Workload == "PingPong":
			floor, unit = "Floor/mech=wake/size=4/queue=default/place="+c.Place, "wake-ups"
		case c.Size < 16<<10:
			floor, unit = "Floor/mech=nullcall/size=1/queue=default/place=same", "calls"
		default:
			floor, unit = "Floor/mech=onecopy/size="+sizes[c.Size]+"/queue=default/place=same", "copies"
		}
		// The median of the ratios of all pairs.
		var ratios []float64
		for _, a := range times[floor] {
			for _, b := range times[c.Name()] {
				ratios = append(ratios, math.Log(b/a))
			}
		}
		slices.Sort(ratios)
		want := math.Exp((ratios[len(ratios)/2-1] + ratios[len(ratios)/2]) / 2)
		w := s.RelativeCost
		if w == nil || w.Unit != unit || !strings.Contains(floor, "mech="+w.Floor+"/") {
			t.Fatalf("%s is worth %+v, want %s", c.Name(), w, unit)
		}
		if got := float64(w.Center); math.Abs(got/want-1) > 1e-9 || float64(w.Lo) >= got || float64(w.Hi) <= got {
			t.Errorf("%s is worth %v (%v to %v), want %v", c.Name(), got, w.Lo, w.Hi, want)
		}
		weighed++
	}
	if weighed != 18 {
		t.Errorf("%d cells are worth something, want 18", weighed)
	}
}

// A floor, or a cell, without a number weighs nothing, and few launches give
// no interval.
func TestWorthNeedsNumbers(t *testing.T) {
	stream := Cell{Workload: "Stream", Mechanism: "pipe", Size: 16 << 10, Place: "same"}
	floor := Cell{Workload: FloorWorkload, Mechanism: FloorCopy, Size: 16 << 10, Place: "same"}
	other := with(floor, FloorCopy, 64)
	ok := launches(stream, 2, 1000)
	for name, records := range map[string][]Record{
		"no floor":             ok,
		"of another size":      append(launches(other, 2, 100), ok...),
		"untrusted floor":      append([]Record{notOKRecord(floor, 1, Untrusted, "throttled")}, ok...),
		"failed, with a floor": append(launches(floor, 2, 100), notOKRecord(stream, 1, Failed, "hung")),
	} {
		for _, s := range Summarize(records) {
			if s.RelativeCost != nil {
				t.Errorf("%s: %s costs %v relative to a floor", name, s.Cell.Name(), s.RelativeCost)
			}
		}
	}
	s := Summarize(append(launches(floor, 2, 100), ok...))
	w := s[0].RelativeCost
	if w == nil || w.String() != "10 copies" || w.Interval() != "none" || w.Spread() != "∞" {
		t.Errorf("with two launches %v (%v)", w, w.Interval())
	}
}

func TestFactor(t *testing.T) {
	for v, want := range map[Float]string{0.0456: "0.046", 0.98: "0.98", 2.14: "2.1", 9.4: "9.4", 48.3: "48", 1234: "1234", 0: "–", Float(math.Inf(1)): "–"} {
		if got := factor(v); got != want {
			t.Errorf("factor(%v) = %q, want %q", v, got, want)
		}
	}
}

// TestWorthOfOneMessage: only an operation that is a message, a round trip or a
// link has a floor.
func TestWorthOfOneMessage(t *testing.T) {
	for workload, want := range map[string]string{"Burst": "", "Lifecycle": Calls, "Stream": Copies, "PingPong": WakeUps, "Unregistered": Copies} {
		if _, unit := FloorOf(Cell{Workload: workload, Mechanism: "pipe", Size: 64 << 10, Place: "same"}); unit != want {
			t.Errorf("%s in %q, want %q", workload, unit, want)
		}
	}
}
