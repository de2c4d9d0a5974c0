package compare

import (
	"testing"

	"ipcbench/results"
)

// given gives the latest record's links this capacity, in bytes.
func (s *session) given(queue int) *results.Record {
	r := &s.Records[len(s.Records)-1]
	r.Links = []results.Link{{Queue: queue, After: queue, Usual: 64 << 10, Source: "F_GETPIPE_SZ"}}
	r.Given = &results.Given{Queue: queue, Source: "F_GETPIPE_SZ"}
	r.Cell.Options.Given = results.Unusual(r.Links)
	return r
}

// Launches whose links were given another capacity are no launches of the cell:
// they neither slow it down nor are missing from it, and nor is what an attempt
// at a launch was given that was run again.
func TestOtherCapacityIsAnotherCell(t *testing.T) {
	old, new := inTurn()
	for n := 1; n <= 10; n++ {
		old.Record(pipe, n, float64(5000+n))
		old.given(64 << 10)
		switch n {
		case 3, 4, 5:
			new.Record(pipe, n, float64(9000+n))
			new.given(8 << 10)
			continue
		case 6:
			new.NotOK(pipe, n, results.Untrusted, "stolen")
			new.given(4 << 10)
		}
		new.Record(pipe, n, float64(5000+n))
		r := new.given(64 << 10)
		if n == 6 {
			r.Attempt = 2
		}
	}
	r := compare(old, new)
	row := r.row(t, pipe, "ns/op")
	if row.Old.N != 10 || row.New.N != 7 || row.Verdict == Slower {
		t.Errorf("%d launches against %d: %s", row.Old.N, row.New.N, row.Verdict)
	}
	if len(r.Outcomes) != 1 || r.Outcomes[0].Cell.Given != "8KiB" || r.Outcomes[0].To != results.OK {
		t.Errorf("outcomes %+v", r.Outcomes)
	}
}

// A side whose links all were given less has nothing to compare with: that is no
// pass.
func TestAllOfAnotherCapacity(t *testing.T) {
	old, new := inTurn()
	for n := 1; n <= 6; n++ {
		old.Record(pipe, n, 5000)
		old.given(64 << 10)
		new.Record(pipe, n, 5000)
		new.given(8 << 10)
	}
	r := compare(old, new)
	if len(r.Rows) != 0 || r.Status() == Passed {
		t.Errorf("%d rows, status %v", len(r.Rows), r.Status())
	}
}

// Two files of an earlier release, without the list, are held against each other
// by the first link's capacity as before.
func TestCapacityOfEarlierRecords(t *testing.T) {
	old, new := inTurn()
	old.Launches(pipe, 6, 5000, 0.01)
	new.Launches(pipe, 6, 5000, 0.01)
	for i := range new.Records {
		new.Records[i].Given.Queue = 8192
	}
	r := compare(old, new)
	if len(r.Incomparable) == 0 {
		t.Errorf("compared: %+v", r.Rows)
	}
	for i := range new.Records {
		new.Records[i].Given.Queue = 65536
		new.Records[i].Links = []results.Link{{Queue: 65536, Usual: 65536, Source: "F_GETPIPE_SZ"}, {Queue: 65536, Usual: 65536, Source: "F_GETPIPE_SZ"}}
	}
	if r := compare(old, new); len(r.Incomparable) != 0 || len(r.Rows) == 0 {
		t.Errorf("an earlier file and a new one of the same capacity: %+v", r.Incomparable)
	}
}
