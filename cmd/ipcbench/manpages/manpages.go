// Package manpages writes the man pages of a command. It is apart from the
// command because cobra/doc's Markdown parser initialises 0.5 to 2 ms long in
// every process, and each worker of a run is a process of its own.
package manpages

import (
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// Write has put write a page for root and for each visible command below it.
// Their date is that of the commit: equal sources give equal pages. It changes
// root, which is not to be executed again.
func Write(root *cobra.Command, put func(name string, write func(io.Writer) error) error) error {
	root.DisableAutoGenTag = true
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // cobra's own; make install writes the completions
			root.RemoveCommand(c)
		}
	}
	header := doc.GenManHeader{Section: "1", Source: root.Name(), Manual: "User Commands", Date: committed()}
	return pages(root, header, put)
}

func pages(c *cobra.Command, header doc.GenManHeader, put func(string, func(io.Writer) error) error) error {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
			if err := pages(sub, header, put); err != nil {
				return err
			}
		}
	}
	return put(strings.ReplaceAll(c.CommandPath(), " ", "-")+".1", func(w io.Writer) error { return doc.GenMan(c, &header, w) })
}

// committed is the time of the commit, and nil where the build has not
// recorded it: then the pages have SOURCE_DATE_EPOCH, or today.
func committed() *time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
				return &t
			}
		}
	}
	return nil
}
