package command

import (
	"errors"
	"io"
	"iter"
	"os"

	"github.com/spf13/cobra"

	"ipcbench/results"
)

// writeMan has put write the man pages; nil in a usual build, whose processes
// need not initialise what it takes.
var writeMan func(root *cobra.Command, sections func(*cobra.Command) iter.Seq2[string, [][2]string], put func(name string, write func(io.Writer) error) error) error

// newDocs writes parts of the documentation: man pages for `make install`, and
// parts of docs/ for `make generate`.
func newDocs() *cobra.Command {
	c := &cobra.Command{Use: "docs", Short: "Write parts of the documentation", Hidden: true}
	c.AddCommand(
		&cobra.Command{
			Use: "man DIR", Short: "Write a man page for each command into a directory", Args: takes(1, 1, "a DIR", "man"),
			RunE: func(c *cobra.Command, args []string) error {
				if writeMan == nil {
					return &exitError{exitUnavailable, errors.New("this program was built without man pages: go run -tags man ./cmd/ipcbench docs man DIR writes them")}
				}
				_, err := os.Stat(args[0])
				if err != nil {
					return failed(err)
				}
				dir, err := results.OpenDir(args[0])
				if err != nil {
					return failed(err)
				}
				return failed(errors.Join(writeMan(c.Root(), manSections, dir.WriteFile), dir.Close()))
			},
		},
		&cobra.Command{
			Use: "words", Short: "Print what the words mean, as Markdown", Args: noArguments,
			RunE: func(c *cobra.Command, _ []string) error { return failed(writeWords(c.OutOrStdout())) },
		},
		&cobra.Command{
			Use: "columns", Short: "Print the columns that export writes, as Markdown", Args: noArguments,
			RunE: func(c *cobra.Command, _ []string) error { return failed(writeColumns(c.OutOrStdout())) },
		})
	return c
}
