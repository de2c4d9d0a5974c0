package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ipcbench/host"
)

// cpusFlag is --cpus: the CPUs that places are drawn from.
type cpusFlag struct {
	list string
	ids  []int // in order; nil: all that this process may run on
}

func (f *cpusFlag) register(c *cobra.Command) {
	c.Flags().StringVar(&f.list, "cpus", "", "CPUs that places are drawn from, and that unpinned processes run on, as in 2,3 or 0-3,8 (all)")
}

// confine has this process and what it starts keep to the CPUs that were named.
func (f *cpusFlag) confine(c *cobra.Command) (err error) {
	if !c.Flags().Changed("cpus") {
		return nil
	}
	if f.ids, err = host.ParseCPUList(f.list); err != nil {
		return fmt.Errorf("--cpus: %w", err)
	}
	if f.ids == nil {
		return errors.New("--cpus \"\": want CPUs, as in 2,3 or 0-3,8")
	}
	return confine("--cpus "+f.list, f.ids)
}

// confine says where the CPUs come from if this machine lacks one of them.
func confine(source string, cpus []int) error {
	if cpus == nil {
		return nil
	}
	if err := host.Confine(cpus); err != nil {
		return unanswered(fmt.Errorf("%s: %w", source, err))
	}
	return nil
}
