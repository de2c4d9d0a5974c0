package results

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseShard(t *testing.T) {
	for _, text := range []string{"1/1", "3/8", "1000/1000"} {
		if s, err := ParseShard(text); err != nil || s.String() != text {
			t.Errorf("%s: %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "3", "/", "3/", "/8", "0/8", "9/8", "-1/8", "1/0", "1/1001", "1/8/2", "a/8", "1 /8", "1/99999999999999999999"} {
		if s, err := ParseShard(text); err == nil || !strings.Contains(err.Error(), "want K/N") {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

// manyCells are questions of several mechanisms.
func manyCells() (all []Cell) {
	for _, workload := range []string{"PingPong", "Stream"} {
		for _, place := range []string{"same", "cross"} {
			for size := 1; size <= 1<<16; size *= 2 {
				for _, mech := range []string{"pipe", "fifo", "socketpair"} {
					all = append(all, Cell{Workload: workload, Mechanism: mech, Size: size, Place: place})
				}
			}
		}
	}
	return all
}

// Each cell is in one shard, with all others of its question. What the kernel gave or
// which host it was is nothing that a plan asks for.
func TestShardsDivideQuestions(t *testing.T) {
	for _, byCell := range []bool{false, true} {
		of := map[Cell]int{}
		for _, c := range manyCells() {
			found := c
			found.Given, found.Class = "8KiB", "2"
			for k := 1; k <= 7; k++ {
				s := Shard{Index: k, Of: 7}
				if !s.Has(c, byCell) {
					continue
				}
				key := c
				if !byCell {
					key = c.Question()
				}
				if of[key] != 0 && of[key] != k {
					t.Errorf("%s is in shard %d, and another cell of its question in %d", c.Name(), k, of[key])
				}
				of[key] = k
				if !s.Has(found, byCell) {
					t.Errorf("%s is in another shard than %s", found.Name(), c.Name())
				}
			}
			if key := map[bool]Cell{false: c.Question(), true: c}[byCell]; of[key] == 0 {
				t.Errorf("%s is in no shard", c.Name())
			}
		}
	}
}

// A later version puts a cell into the same shard: runs of both are compared.
func TestShardOfCellStays(t *testing.T) {
	c := Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	for _, byCell := range []bool{false, true} {
		var in []int
		for _, of := range []int{2, 3, 8, 1000} {
			for k := 1; k <= of; k++ {
				if (Shard{Index: k, Of: of}).Has(c, byCell) {
					in = append(in, k)
				}
			}
		}
		if got, want := fmt.Sprint(in), map[bool]string{false: "[2 3 2 146]", true: "[2 3 2 738]"}[byCell]; got != want {
			t.Errorf("by cell %t: shards %s of 2, 3, 8 and 1000, want %s", byCell, got, want)
		}
	}
}

// The fingerprint is that of the plan, whatever the order of its cells and of its keys,
// the seed and the shard. What else it asks for makes another plan.
func TestFingerprint(t *testing.T) {
	cells := manyCells()
	cut := func(index int, plan string, cells []Cell, change func(*Header)) *Header {
		h := testHeader
		var err error
		if h.Plan, err = withCells([]byte(plan), cells); err != nil {
			t.Fatal(err)
		}
		change(&h)
		if _, err := h.Cut(Shard{Index: index, Of: 3}); err != nil {
			t.Fatal(err)
		}
		if err := h.checkShard(); err != nil {
			t.Error(err)
		}
		return &h
	}
	same := func(*Header) {}
	whole := cut(1, `{"launches":2,"time_ns":5,"seed":1}`, cells, same)
	turned := slices.Clone(cells)
	slices.Reverse(turned)
	if h := cut(2, `{"time_ns":5,"seed":2,"launches":2,"Jobs":7}`, turned, same); h.Shard.Plan != whole.Shard.Plan {
		t.Error("another order is another plan")
	} else if n := len(h.Asked().Cells) + len(whole.Asked().Cells); n >= len(cells) || h.Shard.Planned != len(cells) {
		t.Errorf("two shards of three have %d cells of %d", n, len(cells))
	}
	for what, h := range map[string]*Header{
		"fewer cells":  cut(1, `{"launches":2,"time_ns":5}`, cells[1:], same),
		"launches":     cut(1, `{"launches":3,"time_ns":5}`, cells, same),
		"time":         cut(1, `{"launches":2,"time_ns":6}`, cells, same),
		"until":        cut(1, `{"launches":2,"time_ns":5}`, cells, func(h *Header) { h.Until = 0.02 }),
		"another name": cut(1, `{"launches":2,"time_ns":5}`, cells, func(h *Header) { h.External = []byte(`[{"name":"a"}]`) }),
	} {
		if h.Shard.Plan == whole.Shard.Plan {
			t.Errorf("%s: the same plan", what)
		}
	}
}
