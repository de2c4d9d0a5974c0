package report

import (
	"testing"

	"ipcbench/compare"
	"ipcbench/plots"
	"ipcbench/results"
)

// eventful is records, with an instance of whatever a report has a place for.
func eventful() []results.Record {
	all := records()
	for i := range all {
		all[i].Latency = &results.Latency{P99: int64(all[i].NsPerOp * 2)}
		all[i].Given = &results.Given{Queue: 65536, InFlight: results.Known[int64](16)}
	}
	all[0].Warnings = []string{"governor is powersave: the clock follows the load"}
	cell := results.Cell{Workload: "PingPong", Mechanism: "sysvmsg", Place: "same"}
	for _, end := range []struct {
		size    int
		outcome results.Outcome
		reason  string
	}{
		{64, results.OK, ""},
		{4 << 10, results.Untrusted, "other processes kept a worker from its CPU"},
		{64 << 10, results.Skipped, "sysvmsg: message size 65536 > 8192 (/proc/sys/kernel/msgmax): EINVAL, msgsnd(2)"},
	} {
		cell.Size = end.size
		r := results.Record{Schema: results.Schema, Cell: cell, Launch: 1, Attempt: 1, Outcome: end.outcome, Reason: end.reason}
		if end.outcome == results.OK {
			r.NsPerOp, r.BytesPerSec = 6000, 2e7
		}
		all = append(all, r)
	}
	return all
}

// floors are what cells of those places are held against, but for wake-ups
// across CPUs.
func floors() (all []results.Record) {
	for _, f := range []struct {
		mech string
		size int
		ns   float64
	}{{results.FloorWake, 4, 2000}, {results.FloorCall, 1, 120}, {results.FloorCopy, 64 << 10, 1800}} {
		for launch := range 6 {
			all = append(all, results.Record{
				Schema: results.Schema, Launch: launch + 1, Attempt: 1, Outcome: results.OK, NsPerOp: f.ns + float64(launch),
				Cell: results.Cell{Workload: results.FloorWorkload, Mechanism: f.mech, Size: f.size, Place: "same"},
			})
		}
	}
	return all
}

// slower is records whose times, of one mechanism, are longer.
func slower(records []results.Record, mechanism string, by float64) []results.Record {
	for i := range records {
		if r := &records[i]; r.Cell.Mechanism == mechanism {
			r.NsPerOp *= by
			r.BytesPerSec /= by
		}
	}
	return records
}

// comparedPage is a page of two runs, of which the new one is slower.
func comparedPage() *Page {
	old, new := eventful(), slower(eventful(), "fifo", 1.3)
	p := NewPage(&results.Set{Records: new})
	p.Compare(compare.Compare(compare.Records("old", old, compare.DefaultMetrics), compare.Records("new", new, compare.DefaultMetrics), compare.Defaults))
	return p
}

// chart finds one of a page by its ID.
func (p *Page) chart(t *testing.T, id string) *plots.Chart {
	t.Helper()
	for i := range p.Charts {
		if p.Charts[i].ID == id {
			return &p.Charts[i]
		}
	}
	t.Fatalf("there is no chart %s", id)
	return nil
}
