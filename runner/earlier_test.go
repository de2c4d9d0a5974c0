package runner

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"ipcbench/results"
)

func earlierOf(whole bool, records ...results.Record) *Earlier {
	e := NewEarlier(whole)
	for i := range records {
		e.Add(&records[i])
	}
	return e
}

// What is kept of the earlier records decides as all of them do, and is bounded by the
// number of cells.
func TestEarlierDecidesAsAllRecords(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(all ...string) string { return all[random.IntN(len(all))] }
	for range 300 {
		var records []results.Record
		for launch := range random.IntN(60) {
			r := results.Record{Cell: results.Cell{Workload: "PingPong", Mechanism: pick("x", "y"), Size: 64, Place: "same"}, Launch: launch/2 + 1}
			r.Outcome = results.Outcome(pick("ok", "ok", "ok", "ok", "untrusted", "skipped", "failed"))
			r.Cell.Given = pick("", "", "", "8KiB")
			if queue := random.IntN(3); queue > 0 {
				r.Given = &results.Given{Queue: 4096 * queue}
			}
			records = append(records, r)
		}
		noted := func(all func(yield func(results.Record) bool)) *Side {
			side := &Side{done: map[results.Cell]int{}, settled: map[results.Cell]bool{}, given: map[results.Cell]string{}}
			for r := range all {
				(&Run{}).note(side, r)
			}
			return side
		}
		e := earlierOf(false, records...)
		got, want := noted(e.All()), noted(func(yield func(results.Record) bool) {
			for _, r := range records {
				if !yield(r) {
					return
				}
			}
		})
		for _, side := range []*Side{got, want} {
			for c, capacity := range side.given {
				if capacity == "" { // not known, as where there is no record
					delete(side.given, c)
				}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("of %d records: %+v, want %+v", len(records), got, want)
		}
		if n := len(e.kept); n > 2*3 {
			t.Fatalf("%d of %d records are kept of two cells", n, len(records))
		}
	}
}
