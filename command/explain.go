package command

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/explain"
	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/results"
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

// explainFlags are the flags of `ipcbench explain`.
type explainFlags struct {
	in, size                string
	time                    bool
	workload, place, format string // of --time
}

func newExplain() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:   "explain [MECHANISM]",
		Short: "Show how a mechanism works, what a message costs here, and how it fails",
		Long: `Explain shows how a mechanism works in the kernel. It counts the system calls
(with ptrace(2)) and wake-ups of a message live, in a second. The cost per byte
comes from a run (the newest). Without a MECHANISM it lists all, by family.

With --time it shows where the time of a round trip goes: wake-ups, system calls,
copies, and what these do not explain. It launches the mechanism and the floors
interleaved, some seconds, or reads them from the run that --in names.`,
		Example: `  ipcbench explain pipe
  ipcbench explain sysvshm --size 64KiB --in results/runs/ID
  ipcbench explain pipe --time
  ipcbench explain shmspin --time --size 4KiB --place cross`,
		Args:      takes(0, 1, "one MECHANISM", "pipe"),
		ValidArgs: mechanismNames(),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listFamilies(c.OutOrStdout())
			}
			m := mechanisms.Lookup(args[0])
			if err := refuseProgram("explain", args[0]); err != nil {
				return err
			}
			if m == nil {
				return badValue("mechanism", args[0], mechanismNames())
			}
			n, err := bench.ParseSize(f.size)
			if err != nil {
				return fmt.Errorf("--size: %w", err)
			}
			if f.time {
				return f.explainTime(c, m, n)
			}
			for _, flag := range []string{"workload", "place", "format"} {
				if c.Flags().Changed(flag) {
					return fmt.Errorf("--%s: only --time has it: add --time, or leave it out", flag)
				}
			}
			e := explain.New(m, n, !c.Flags().Changed("size"))
			if _, err := newestRun(); f.in == "" && err != nil { // only a run that was named must be there
				e.NoRecords(err)
			} else {
				set, err := readRun(c, f.in, e.Record)
				if err != nil {
					return err
				}
				e.Records(set, runName(set))
			}
			broken := e.Try(c.Context())
			if c.Context().Err() != nil {
				return failed(errors.New("interrupted: nothing is left behind"))
			}
			if err := e.Write(c.OutOrStdout(), screen(c.OutOrStdout())); err != nil {
				return failed(err)
			}
			return failed(broken)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.in, "in", "", "run or file of records to read (the newest run; with --time none)")
	takesRun(c, "in")
	fl.StringVar(&f.size, "size", "64", "bytes in the messages to try, at least the mechanism's minimum")
	fl.BoolVar(&f.time, "time", false, "show where the time of an operation goes")
	fl.StringVar(&f.workload, "workload", "", "with --time: "+strings.Join(explain.Timed, ", ")+" (the round trip)")
	fl.StringVar(&f.place, "place", "", "with --time: "+strings.Join(placeNames(), ", ")+" (same; cross if processes spin)")
	fl.StringVar(&f.format, "format", chooseFormats[0], "with --time: "+strings.Join(chooseFormats, ", "))
	completeFrom(c, "workload", explain.Timed)
	completeFrom(c, "place", placeNames())
	completeFrom(c, "format", chooseFormats)
	return c
}

// explainTime shows where the time of an operation goes.
func (f *explainFlags) explainTime(c *cobra.Command, m *mechanisms.Mechanism, size int) error {
	w := bench.RoundTrip(m)
	if f.workload != "" {
		w = bench.LookupWorkload(f.workload)
		if w == nil || !slices.Contains(explain.Timed, w.Name) {
			return badValue("--workload", f.workload, explain.Timed)
		}
	}
	if f.place != "" && !slices.Contains(placeNames(), f.place) {
		return badValue("--place", f.place, placeNames())
	}
	if !slices.Contains(chooseFormats, f.format) {
		return badValue("--format", f.format, chooseFormats)
	}
	t, err := explain.NewTiming(m, w, size, f.place, !c.Flags().Changed("size"))
	if err != nil {
		return err
	}
	if c.Flags().Changed("in") {
		set, err := readRun(c, f.in, t.Record)
		if err != nil {
			return err
		}
		t.Records(runName(set))
	} else {
		progress := runProgress(c.ErrOrStderr(), t.Plan(), 1)
		err := t.Measure(c.Context(), progress.launch)
		progress.finish()
		if c.Context().Err() != nil {
			return failed(errors.New("interrupted: nothing is left behind"))
		}
		if err != nil {
			return failed(err)
		}
	}
	time, err := t.Derive()
	if lack := (*explain.LackError)(nil); errors.As(err, &lack) && lack.Summary != nil {
		if standing, _ := results.StandingOf([]results.Summary{*lack.Summary}); standing != results.Measured {
			return &exitError{statuses[standing], err}
		}
	}
	if err != nil {
		return failed(err)
	}
	out := c.OutOrStdout()
	if f.format == "json" {
		return failed(text.WriteJSON(out, time))
	}
	return failed(time.Write(out, screen(out), f.format == "markdown"))
}
