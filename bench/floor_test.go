package bench

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"testing"

	"ipcbench/internal/sys"
	"ipcbench/results"
)

// together plays rounds of n operations on all parts of a floor at once.
// Before each the word that they share is what spoil makes of it.
func together(w *Workload, rounds []int, spoil func(round int, shared []byte)) error {
	topology := w.Topology(0)
	shared := make([]byte, 64+topology.Shared)[:topology.Shared] // aligned as mapped memory is, which a tiny allocation need not be
	var ends []*Ends
	for _, p := range topology.Parts {
		e := NewEnds(p, results.Cell{Size: max(w.Size, w.Least, 64)}, seed)
		e.Shared = shared
		ends = append(ends, e)
	}
	for i, n := range rounds {
		if spoil != nil {
			spoil(i, shared)
		}
		done := make(chan error, len(ends))
		for _, e := range ends {
			go func() {
				_, err := e.Play(n)
				done <- errors.Join(err, e.Finish(n))
			}()
		}
		for range ends {
			if err := <-done; err != nil {
				return err // the others may wait for ever
			}
		}
	}
	return nil
}

// TestFloorsPlayRounds plays even, odd and single operations in turn: whichever end
// had the last word in one round is met where he is in the next.
func TestFloorsPlayRounds(t *testing.T) {
	for _, w := range Floors {
		t.Run(w.Floor, func(t *testing.T) {
			var word uint32
			rounds := []int{1, 2, 7, 1, 1, 100}
			err := together(w, append(rounds, 1), func(i int, shared []byte) {
				if len(shared) > 0 {
					word = sys.Word(shared).Load()
				}
			})
			if errors.Is(err, errors.ErrUnsupported) && runtime.GOMAXPROCS(0) == 1 {
				t.Skip(err)
			}
			if err != nil {
				t.Error(err)
			}
			if w == ThreadBounce {
				return // its line is its own: each thread checked all that came
			}
			if handed := uint32(1 + 2 + 7 + 1 + 1 + 100); len(w.Topology(0).Parts) == 2 && word != handed {
				t.Errorf("handed over %d times, want %d", word, handed)
			}
		})
	}
}

// TestFloorsCheck shows that a floor whose memory is not what was written
// fails, and gives no number.
func TestFloorsCheck(t *testing.T) {
	for _, w := range []*Workload{Wake, Bounce} {
		err := together(w, []int{2, 1}, func(round int, shared []byte) {
			if round == 1 {
				sys.Word(shared).Store(99) // it stands at 2
			}
		})
		// The first to write makes it 3 again, unless the other looks before.
		var check *CheckError
		if err != nil && !errors.As(err, &check) {
			t.Errorf("%s: %v", w.Floor, err)
		}
		e := NewEnds(w.Topology(0).Parts[1], results.Cell{Size: w.Size}, seed)
		e.floor.handed = 5
		if err := e.handedOver(6); !errors.As(err, &check) || check.Want != 5 || check.Got != 6 {
			t.Errorf("%s: 6 where 5 was due: %v", w.Floor, err)
		}
	}
	for _, w := range []*Workload{OneCopy, TwoCopies} {
		e := NewEnds(w.Topology(0).Parts[0], results.Cell{Size: 64}, seed)
		if _, err := e.Play(3); err != nil {
			t.Errorf("%s: %v", w.Floor, err)
		}
		e.floor.out[63]++
		var check *CheckError
		if err := e.copied(); !errors.As(err, &check) {
			t.Errorf("%s: the last byte is wrong: %v", w.Floor, err)
		}
	}
}

// TestFloorsOfGoroutinesCheck shows that a message gone wrong between two
// goroutines fails, and ends both.
func TestFloorsOfGoroutinesCheck(t *testing.T) {
	e := NewEnds(IOPipe.Topology(0).Parts[0], results.Cell{Size: 64}, seed)
	if _, err := e.Play(3); err != nil {
		t.Fatal(err)
	}
	e.next += 5 // as if five had been lost
	var check *CheckError
	if _, err := e.Play(3); !errors.As(err, &check) || check.Want != seed.first(0)+3 || check.Got != seed.first(0)+8 {
		t.Errorf("the stamp after eight where that after three was due: %v", err)
	}
	e = NewEnds(IOPipe.Topology(0).Parts[0], results.Cell{Size: 64}, seed)
	e.Carry(Sealed)
	if _, err := e.Play(4); err != nil || e.Verified != 4 {
		t.Errorf("verified %d of 4: %v", e.Verified, err)
	}
}

// A cold copy goes through all of its memory, which is larger than the cache,
// and checks the last.
func TestColdCopy(t *testing.T) {
	const size = 1 << 20
	e := NewEnds(ColdCopy.Topology(0).Parts[0], results.Cell{Size: size}, seed)
	all := len(e.floor.between) / size
	if len(e.floor.between) < min(sys.LastCache(), coldest) || len(e.floor.between)%size != 0 {
		t.Fatalf("%d bytes for messages of %d, and a cache of %d", len(e.floor.between), size, sys.LastCache())
	}
	for _, n := range []int{1, all - 1} {
		if _, err := e.Play(n); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(e.floor.between, e.floor.out) {
		t.Error("some memory was not copied")
	}
}

func TestFloorsArePlannedOnce(t *testing.T) {
	var names []string
	var cells []results.Cell
	for _, size := range []int{64, 65536} {
		for _, place := range []string{"cross", "free", "same"} {
			for _, w := range Workloads {
				cells = append(cells, results.Cell{Workload: w.Name, Mechanism: "pipe", Size: size, Place: place})
			}
		}
	}
	for _, c := range FloorCells(cells) {
		names = append(names, c.Name())
	}
	want := []string{
		"Floor/mech=nullcall/size=1/queue=default/place=same",
		"Floor/mech=wake/size=4/queue=default/place=cross",
		"Floor/mech=wake/size=4/queue=default/place=free",
		"Floor/mech=wake/size=4/queue=default/place=same",
		"Floor/mech=bounce/size=64/queue=default/place=cross",
		"Floor/mech=onecopy/size=64/queue=default/place=same",
		"Floor/mech=onecopy/size=64KiB/queue=default/place=same",
		"Floor/mech=twocopies/size=64/queue=default/place=same",
		"Floor/mech=twocopies/size=64KiB/queue=default/place=same",
		"Floor/mech=coldcopy/size=64KiB/queue=default/place=same",
	}
	if !slices.Equal(names, want) {
		t.Errorf("FloorCells gives %q", names)
	}
	// Those that want to be asked for come when they are, and each once.
	asked := NewPlan([]Axes{{Floors: append(AskedFloors(), results.FloorCall), Sizes: []int{64, 65536}, Places: []string{"same", "cross"}}}, 1, 0, false, 1)
	names = nil
	for _, c := range asked.Cells {
		names = append(names, c.Name())
	}
	want = []string{
		"Floor/mech=threadbounce/size=64/queue=default/place=same", // where it will be refused
		"Floor/mech=threadbounce/size=64/queue=default/place=cross",
		"Floor/mech=gochan/size=8/queue=default/place=same",
		"Floor/mech=gochan/size=8/queue=default/place=cross",
		"Floor/mech=iopipe/size=64/queue=default/place=same",
		"Floor/mech=iopipe/size=64/queue=default/place=cross",
		"Floor/mech=iopipe/size=64KiB/queue=default/place=same",
		"Floor/mech=iopipe/size=64KiB/queue=default/place=cross",
		"Floor/mech=nullcall/size=1/queue=default/place=same",
	}
	if !slices.Equal(names, want) {
		t.Errorf("asked for floors, the plan has %q", names)
	}
	if got := FloorCells(cells[:1]); len(got) != 2 || got[0].Mechanism != results.FloorWake || got[1].Mechanism != results.FloorBounce {
		t.Errorf("of one round trip: %v", got)
	}
}

func TestWorkloadOf(t *testing.T) {
	for _, w := range slices.Concat(Workloads, Floors) {
		if got := WorkloadOf(results.Cell{Workload: w.Name, Mechanism: w.Floor}); got != w {
			t.Errorf("WorkloadOf(%s, %q) = %v", w.Name, w.Floor, got)
		}
	}
	if got := WorkloadOf(results.Cell{Workload: results.FloorWorkload, Mechanism: "pipe"}); got != nil {
		t.Errorf("a floor of the name of a mechanism: %+v", got)
	}
}
