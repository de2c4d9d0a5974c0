package command

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// printPlan lists the cells of a plan, with the reason where one will be
// skipped, and the time that the plan takes. The shard is the part of a plan that it is;
// nil: all of it.
func printPlan(out io.Writer, plan bench.Plan, part *results.Shard) error {
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		return failed(err)
	}
	var cells [][]string
	runs := 0
	refused := map[string]int{} // cells by rule
	for _, c := range plan.Cells {
		if err := runner.Admit(c, cpus); err != nil {
			var why *mechanisms.UnsupportedError
			if errors.As(err, &why) && why.Rule != "" {
				refused[why.Rule+": "+why.Remedy]++
			}
			cells = append(cells, []string{c.Name(), "skip: " + err.Error()})
			continue
		}
		runs++
		cells = append(cells, []string{c.Name(), runner.Departures(c, cpus)})
	}
	s := screen(out)
	if _, err := s.Table(out, "", []text.Column{{Least: 56}, {Prose: true}}, cells); err != nil {
		return err
	}
	fmt.Fprintln(out)
	s.Wrap(out, "", "  ", fmt.Sprintf("%d cells, %d to run × %d launches of %v: about %v; seed %d",
		len(plan.Cells), runs, plan.Launches, plan.Time, plan.Estimate(runs).Round(time.Second), plan.Seed))
	if part != nil {
		tell(out, text.Plain, "shard "+part.String()+":", fmt.Sprintf("%d of the %d cells of the plan", len(plan.Cells), part.Planned))
	}
	for _, rule := range slices.Sorted(maps.Keys(refused)) {
		tell(out, text.Plain, "skipped:", fmt.Sprintf("%d by %s", refused[rule], rule))
	}
	return nil
}
