package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ipcbench/results"
	"ipcbench/semantics"
)

// statements compares reports of statements, and reports whether it was asked
// to: whether any of args is one.
func (f *compareFlags) statements(c *cobra.Command, args []string) (done bool, err error) {
	reports := 0
	for _, arg := range args {
		if isReport(arg) {
			reports++
		}
	}
	switch {
	case reports == 0:
		return false, nil
	case reports < len(args):
		return true, fmt.Errorf("compare %s: some are reports of ipcbench semantics and some are not: compare like with like", results.Quote(fmt.Sprint(args)))
	case f.by != "" || len(args) < 2:
		return true, errors.New("compare of reports of ipcbench semantics needs OLD and NEW, and no --by")
	}
	old, err := semantics.ReadFile(args[0])
	if err != nil {
		return true, failed(err)
	}
	worse := 0
	for i, arg := range args[1:] {
		now, err := semantics.ReadFile(arg)
		if err != nil {
			return true, failed(err)
		}
		changes := semantics.Compare(old, now)
		worse += changes.Worse()
		if i > 0 {
			fmt.Fprintln(c.OutOrStdout())
		}
		write := map[string]func(io.Writer) error{"json": changes.WriteJSON, "junit": changes.WriteJUnit, "markdown": changes.WriteMarkdown}[f.format]
		if write == nil {
			write = changes.WriteText
		}
		if err := write(c.OutOrStdout()); err != nil {
			return true, failed(err)
		}
	}
	if worse > 0 {
		return true, &exitError{exitNo, fmt.Errorf("%d statements differ, or could not be checked, that did hold before", worse)}
	}
	return true, nil
}
