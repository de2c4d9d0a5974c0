package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/explain"
	"ipcbench/mechanisms"
)

// listFamilies lists the mechanisms by what they are built on, each family in the
// order of its first.
func listFamilies(out io.Writer) error {
	listed := map[mechanisms.Family]bool{}
	for _, first := range mechanisms.All() {
		var names []string
		for _, m := range first.Family.Mechanisms() {
			names = append(names, m.Name)
		}
		if !listed[first.Family] {
			screen(out).Wrap(out, string(first.Family)+": ", "  ", strings.Join(names, ", "))
		}
		listed[first.Family] = true
	}
	_, err := fmt.Fprintln(out, "\n`ipcbench explain pipe` explains one of them.")
	return err
}

func newExplain() *cobra.Command {
	var in, size string
	c := &cobra.Command{
		Use:   "explain [MECHANISM]",
		Short: "Show how a mechanism works, what a message costs here, and how it fails",
		Long: `Explain shows how a mechanism works in the kernel. It counts the system calls
(with ptrace(2)) and wake-ups of a message live, in a second. The cost per byte
comes from a run (the newest). Without a MECHANISM it lists all, by family.`,
		Example: `  ipcbench explain pipe
  ipcbench explain sysvshm --size 64KiB --in results/runs/ID`,
		Args:      takes(0, 1, "one MECHANISM", "pipe"),
		ValidArgs: mechanismNames(),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listFamilies(c.OutOrStdout())
			}
			m := mechanisms.Lookup(args[0])
			if m == nil {
				return badValue("mechanism", args[0], mechanismNames())
			}
			n, err := bench.ParseSize(size)
			if err != nil {
				return fmt.Errorf("--size: %w", err)
			}
			e := explain.New(m, n, !c.Flags().Changed("size"))
			if _, err := newestRun(); in == "" && err != nil { // only a run that was named must be there
				e.NoRecords(err)
			} else {
				set, err := readRun(c, in, e.Record)
				if err != nil {
					return err
				}
				e.Records(set, runName(set))
			}
			broken := e.Try(c.Context())
			if c.Context().Err() != nil {
				return failed(errors.New("interrupted: nothing is left behind"))
			}
			if err := e.Write(c.OutOrStdout()); err != nil {
				return failed(err)
			}
			return failed(broken)
		},
	}
	c.Flags().StringVar(&in, "in", "", "run or file of records for the cost per byte (default: the newest run, if any)")
	takesRun(c, "in")
	c.Flags().StringVar(&size, "size", "64", "bytes in the messages to try, at least the mechanism's minimum")
	return c
}
