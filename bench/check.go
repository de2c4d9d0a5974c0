package bench

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Bounds of a plan, besides those of its axes.
const (
	MaxLaunches = 1000             // per cell
	MinTime     = time.Millisecond // of one launch
	MaxTime     = time.Minute
)

// Check names the first value that the command line would not have let into
// the plan. A plan that is read from a file is no more than what the file says:
// a message size of 2^42 B would be made as a buffer.
func (p Plan) Check() error {
	switch {
	case p.Launches < 1 || p.Launches > MaxLaunches:
		return fmt.Errorf("launches %d: want 1 to %d", p.Launches, MaxLaunches)
	case p.Time < MinTime || p.Time > MaxTime:
		return fmt.Errorf("time %v: want %v to %v", p.Time, MinTime, MaxTime)
	case len(p.Cells) == 0:
		return errors.New("no cells")
	}
	seen := map[results.Cell]bool{}
	for i, c := range p.Cells {
		if err := checkCell(c); err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		if seen[c] {
			return fmt.Errorf("cell %d: %s is there already", i+1, c.Name())
		}
		seen[c] = true
	}
	return nil
}

// checkCell refuses what no combination of values of the axes makes. What a
// workload or a mechanism cannot do is for the run to skip.
func checkCell(c results.Cell) error {
	switch named, err := results.ParseCell(c.Name()); {
	case err != nil:
		return err
	case named != c:
		return fmt.Errorf("%s is the name of another cell", named.Name())
	}
	w := WorkloadOf(c)
	if w == nil {
		if c.Workload == results.FloorWorkload {
			return unknown("floor", c.Mechanism, Floors, func(w *Workload) string { return w.Floor })
		}
		return unknown("workload", c.Workload, Workloads, func(w *Workload) string { return strings.ToLower(w.Name) })
	}
	if !slices.ContainsFunc(Places, func(p Place) bool { return p.Name == c.Place }) {
		return unknown("place", c.Place, Places, func(p Place) string { return p.Name })
	}
	if c.Size > MaxSize {
		return fmt.Errorf("size %s: want at most %s", results.FormatBytes(c.Size), results.FormatBytes(MaxSize))
	}
	if w.Floor != "" {
		if planned, ok := w.cell(c.Size, c.Place); !ok || planned != c {
			return fmt.Errorf("%s is not planned: want it as run --floor %s plans it", c.Name(), w.Floor)
		}
		return nil
	}
	m := mechanisms.Lookup(c.Mechanism)
	if m == nil {
		return unknown("mechanism", c.Mechanism, mechanisms.All(), func(m *mechanisms.Mechanism) string { return m.Name })
	}
	if !w.PlaysOn(m) {
		return fmt.Errorf("workload %s plays on %v, which %s does not carry", strings.ToLower(w.Name), w.Contract, m.Name)
	}
	if err := (Axes{Workloads: []string{w.Name}}).checkOptions(c.Options); err != nil {
		return err
	}
	var unsupported *mechanisms.UnsupportedError
	if err := w.Admit(c); err != nil && !errors.As(err, &unsupported) {
		return err
	}
	return nil
}
