// Package alias races a mechanism against itself. The registry of this program has
// pipe twice, which other packages' tests are not to see.
package alias

import (
	"testing"
	"time"

	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/all"
	"ipcbench/results"
	"ipcbench/runner"
)

var twin = func() *mechanisms.Mechanism {
	m := *mechanisms.Lookup("pipe")
	m.Name = "pipealias"
	return mechanisms.Register(m)
}()

func TestMain(m *testing.M) {
	runner.Init()
	m.Run()
}

// An alias of a mechanism is never called slower or faster than itself.
func TestAliasIsTheSame(t *testing.T) {
	need.Time(t)
	races := 2
	if need.Long() {
		races = 40
	}
	co, err := runner.Start(runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer co.Close()
	decided := 0
	for seed := range races {
		h := &runner.Heat{}
		for _, mech := range []string{"pipe", twin.Name} {
			h.Left = append(h.Left, results.Cell{Workload: "PingPong", Mechanism: mech, Size: 64, Place: "same"})
		}
		var records []results.Record
		r := runner.Race{
			Side:    runner.Side{Measure: co.Measure, Sink: func(rec results.Record) error { records = append(records, rec); return nil }},
			Heats:   []*runner.Heat{h},
			Ranking: results.Ranking{Within: results.Within},
			Time:    10 * time.Millisecond, Budget: 10 * time.Second, Seed: uint64(seed),
		}
		if err := r.Execute(t.Context()); err != nil {
			t.Fatal(err)
		}
		var a results.Answer // on a busy machine all launches may be untrusted
		for _, a = range r.Ranking.Answers(results.Summarize(records)) {
		}
		if a.Decision == results.Fastest {
			t.Errorf("race %d: %s is called faster than itself: %v after %d blocks", seed, a.Cell.Mechanism, a.Ranked[1].Ratio, h.Blocks)
		}
		if a.Decision == results.NoneFaster {
			decided++
		}
		t.Logf("race %d: %s after %d blocks", seed, a.Decision, h.Blocks)
	}
	t.Logf("%d of %d races were decided", decided, races)
}
