package command

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/internal/suggest"
	"ipcbench/internal/text"
)

func newPresets() *cobra.Command {
	c := &cobra.Command{
		Use:   "presets",
		Short: "List the presets, plans in files; show one, or the schema of a plan",
		Long: `Presets lists the plans that run and ab know by name. Each is a file: show prints
it, to begin a plan of your own with. Schema prints the JSON schema of such files,
by which editors complete and check them.`,
		Example: `  ipcbench presets
  ipcbench presets show quick >plan.yaml
  ipcbench presets schema >plan.schema.json`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return nil
			case slices.Contains(bench.PresetNames, args[0]):
				return fmt.Errorf("presets has no command %q: did you mean presets show %s?", args[0], args[0])
			}
			return fmt.Errorf("presets has no command %q: %s", args[0], suggest.Wanted(args[0], []string{"show", "schema"}, "ipcbench presets --help"))
		},
		RunE: func(c *cobra.Command, _ []string) error {
			var rows [][]string
			for _, p := range bench.Presets() {
				rows = append(rows, []string{p.Name, fmt.Sprintf("%d × %v", p.Launches, p.Time), p.Summary})
			}
			columns := []text.Column{{Head: "PRESET"}, {Head: "LAUNCHES", Right: true}, {Head: "WHAT IT MEASURES", Prose: true}}
			_, err := screen(c.OutOrStdout()).Table(c.OutOrStdout(), "", columns, rows)
			return err
		},
	}
	show := &cobra.Command{
		Use:       "show PRESET",
		Short:     "Print a preset as a plan in a file",
		Example:   "  ipcbench presets show quick >plan.yaml",
		Args:      takes(1, 1, "a PRESET", "quick"),
		ValidArgs: bench.PresetNames,
		RunE: func(c *cobra.Command, args []string) error {
			file, err := bench.PresetText(args[0])
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.OutOrStdout(), file)
			return err
		},
	}
	schema := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of a plan in a file, for editors",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			return text.WriteJSON(c.OutOrStdout(), bench.PlanSchema())
		},
	}
	c.AddCommand(show, schema)
	return c
}
