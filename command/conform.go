package command

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/external"
	"ipcbench/external/conform"
	"ipcbench/external/declare"
	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/runner"
)

// declarationKeys is the paragraph of the help that lists them.
func declarationKeys() string {
	var b strings.Builder
	text.WrapAt(&b, 88, "", "", "FILE.yaml declares a program by these keys: "+strings.Join(declare.Keys, ", ")+". docs/usage.md describes each. A program without a declaration has the default of each.")
	return b.String()
}

func newConform() *cobra.Command {
	format := "text"
	formats := []string{"text", "json"}
	c := &cobra.Command{
		Use:   "conform exec:PROGRAM|exec:FILE.yaml",
		Short: "Try whether a transport of your own does what every mechanism does",
		Long: `Conform tries a program that speaks the protocol of external transports
(docs/protocol.md), as those of the kits do (kit/README.md). Its rules: every message
arrives once, whole and in order, at many sizes; a receiver sleeps while no message
comes; it reports that its sender was killed. For each rule, conform prints whether the
program keeps or breaks it, or why it was skipped.

` + declarationKeys() + `
Exit status: 0 no rule is broken; 1 one is broken; 2 usage; 3 another failure.`,
		Example: "  ipcbench conform exec:./my-transport\n  ipcbench conform exec:./transport.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(formats, format) {
				return badValue("--format", format, formats)
			}
			if mechanisms.Lookup(args[0]) != nil {
				return fmt.Errorf("%s is a mechanism in Go: `go test` tries it, with package ipcbench/conformance (CONTRIBUTING.md)", args[0])
			}
			if !strings.HasPrefix(args[0], declare.Prefix) {
				return fmt.Errorf("%q: want %sPROGRAM, as in %[2]s./my-transport, or %[2]sFILE.yaml", args[0], declare.Prefix)
			}
			name, err := declare.Value(args[0])
			if err != nil {
				return err
			}
			return conformTo(c, name, format)
		},
	}
	c.Flags().StringVar(&format, "format", format, "form of the output: "+strings.Join(formats, ", "))
	completeFrom(c, "format", formats)
	return c
}

// conformTo tries the transport of that name and prints what came of it.
func conformTo(c *cobra.Command, name, format string) (err error) {
	all := external.All()
	d := all[slices.IndexFunc(all, func(d *external.Declaration) bool { return d.Name == name })]
	if d.Unbuilt != "" {
		return fmt.Errorf("%s: %s", name, d.Unbuilt)
	}
	co, err := runner.Start(runner.Options{})
	if err != nil {
		return failed(err)
	}
	defer co.Close()
	out := c.OutOrStdout()
	s := screen(out)
	findings := conform.Run(co, d, func(f conform.Finding) {
		if format == "json" {
			return
		}
		mark := map[conform.Verdict]text.Mark{conform.Breaks: text.Bad, conform.Keeps: text.Good, conform.Skipped: text.Doubt}[f.Verdict]
		tell(out, mark, string(f.Verdict)+":", f.Sentence)
		if more := cmp.Or(f.Reason, f.Shown); more != "" {
			s.Wrap(out, "  ", "  ", more)
		}
	})
	if format == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(findings); err != nil {
			return failed(err)
		}
	}
	if !conform.Whole(findings) {
		return &exitError{exitNo, fmt.Errorf("%s breaks a rule", name)}
	}
	return nil
}
