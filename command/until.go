package command

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/results"
)

// untilFlags ask for launches beyond the plan's, for the cells whose interval
// is still wide.
type untilFlags struct {
	width  string
	budget time.Duration
}

func (f *untilFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.width, "until", "", fmt.Sprintf(
		"add launches, at least %d in all, until a cell's 95 %% interval, with ab that of its change, is within ±P (for example 2%%)", results.FirstStage+results.Beyond))
	c.Flags().DurationVar(&f.budget, "budget", 10*time.Minute, "time after which --until begins no further pass")
}

func checkBudget(d time.Duration) error {
	if d < 0 || d > bench.MaxBudget {
		return fmt.Errorf("%v: want 0 to %v", d, bench.MaxBudget)
	}
	return nil
}

// until is the width asked for, as a share of the median; 0 where none was.
func (f *untilFlags) until() (float64, error) {
	if err := checkBudget(f.budget); err != nil {
		return 0, fmt.Errorf("--budget: %w", err)
	}
	if f.width == "" {
		return 0, nil
	}
	return parseShare("--until", f.width, bench.MinUntil, bench.MaxUntil)
}
