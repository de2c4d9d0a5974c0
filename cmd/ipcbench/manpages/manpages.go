// Package manpages writes the man pages of a command. It is apart from the
// command because cobra/doc's Markdown parser initialises 0.5 to 2 ms long in
// every process, and each worker of a run is a process of its own.
package manpages

import (
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// Write writes into dir, which exists, a page for root and for each visible
// command below it. Their date is that of the commit: equal sources give equal
// pages. It changes root, which is not to be executed again.
func Write(root *cobra.Command, dir string) error {
	root.DisableAutoGenTag = true
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // cobra's own; make install writes the completions
			root.RemoveCommand(c)
		}
	}
	header := doc.GenManHeader{Section: "1", Source: root.Name(), Manual: "User Commands", Date: committed()}
	return doc.GenManTree(root, &header, dir)
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
