package compare

import (
	"testing"
	"time"

	"ipcbench/internal/sides"
	"ipcbench/results"
)

// session is a side's records.
type session struct{ *sides.Session }

func newSession(run string, seed uint64, offset time.Duration) *session {
	return &session{sides.New(run, seed, offset)}
}

// inTurn are two sessions that took turns.
func inTurn() (old, new *session) {
	return newSession("old", 1, 0), newSession("new", 2, time.Minute)
}

func (s *session) side() *Side { return Records(s.Run, s.Records, DefaultMetrics) }

// compare compares the sessions under the default options, as changed.
func compare(old, new *session, change ...func(*Options)) *Report {
	o := Defaults
	for _, f := range change {
		f(&o)
	}
	return Compare(old.side(), new.side(), o)
}

// everyMetric has a metric judged also where it follows from another.
func everyMetric(o *Options) { o.Implied = true }

// row finds the row of a cell and metric.
func (r *Report) row(t *testing.T, c results.Cell, metric string) *Row {
	t.Helper()
	for i := range r.Rows {
		if r.Rows[i].Cell == c && r.Rows[i].Metric == metric {
			return &r.Rows[i]
		}
	}
	t.Fatalf("no row of %s in %s", c.Name(), metric)
	return nil
}
