package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/host"
	"ipcbench/internal/text"
)

var doctorFormats = []string{"text", "json"}

func newDoctor() *cobra.Command {
	var format string
	var fix bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "State what this host is good for, and what spoils numbers, with the remedy",
		Long: `Doctor states in one sentence which numbers of this host are good, and which are
spoiled by what. Below stand each use, each rule with what it observed, and the
remedy of each warning. It changes nothing. Neither does --fix: it prints the
commands that mend what was found, with what each changes and how to undo it.`,
		Example: `  ipcbench doctor
  ipcbench doctor --fix
  ipcbench doctor --format json`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains(doctorFormats, format) {
				return badValue("--format", format, doctorFormats)
			}
			cpus, err := host.ReadCPUs(host.Root)
			if err != nil {
				return failed(err)
			}
			d := host.Diagnose(host.Root, host.Read(host.Root, cpus, version()))
			out := c.OutOrStdout()
			switch {
			case format == "json":
				err = text.WriteJSON(out, d)
			case fix:
				err = d.WriteFixes(out, screen(out))
			default:
				err = d.Write(out, screen(out))
			}
			return failed(err)
		},
	}
	c.Flags().BoolVar(&fix, "fix", false, "print the commands that mend what was found; none is run")
	c.Flags().StringVar(&format, "format", doctorFormats[0], strings.Join(doctorFormats, ", "))
	completeFrom(c, "format", doctorFormats)
	return c
}
