package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ipcbench/results"
	"ipcbench/semantics"
)

// statementForms write a comparison of statements, by format.
var statementForms = map[string]func(*semantics.Comparison, io.Writer) error{
	"text": (*semantics.Comparison).WriteText, "markdown": (*semantics.Comparison).WriteMarkdown,
	"json": (*semantics.Comparison).WriteJSON, "junit": (*semantics.Comparison).WriteJUnit,
}

// statementForm refuses a format that a comparison of statements does not have.
func (f *compareFlags) statementForm() error {
	if statementForms[f.format] == nil {
		return fmt.Errorf("--format %s: a comparison of statements has no such form: want one of text, markdown, json, junit", f.format)
	}
	return nil
}

// statements compares reports of statements, and reports whether it was asked
// to: whether any of args is one.
// A stream is what the first of them is: whatever writes both may do so one after the
// other.
func (f *compareFlags) statements(c *cobra.Command, files *inputs, args []string) (done bool, err error) {
	reports := 0
	for i, arg := range args {
		if i > 0 && isStream(arg) && reports == i || !(i > 0 && isStream(arg)) && files.isReport(arg) {
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
	if err := f.statementForm(); err != nil {
		return true, err
	}
	old, err := files.statements(args[0])
	if err != nil {
		return true, failed(err)
	}
	worse := 0
	for i, arg := range args[1:] {
		now, err := files.statements(arg)
		if err != nil {
			return true, failed(err)
		}
		changes := semantics.Compare(old, now)
		worse += changes.Worse()
		if i > 0 {
			fmt.Fprintln(c.OutOrStdout())
		}
		if err := statementForms[f.format](changes, c.OutOrStdout()); err != nil {
			return true, failed(err)
		}
	}
	if worse > 0 {
		return true, &exitError{exitNo, fmt.Errorf("%d statements differ, or could not be checked, that did hold before", worse)}
	}
	return true, nil
}
