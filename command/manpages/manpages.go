// Package manpages writes the man pages of a command. It is apart from the
// command because cobra/doc's Markdown parser initialises 0.5 to 2 ms long in
// every process, and each worker of a run is a process of its own.
package manpages

import (
	"cmp"
	"io"
	"iter"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// Write has put write a page for root and for each visible command below it, with the
// command's flags in sections.
// Their date is $SOURCE_DATE_EPOCH, or today. It changes root, which is not to be
// executed again.
func Write(root *cobra.Command, sections Sections, put func(name string, write func(io.Writer) error) error) error {
	root.DisableAutoGenTag = true
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // cobra's own; make install writes the completions
			root.RemoveCommand(c)
		}
	}
	header := doc.GenManHeader{Section: "1", Source: root.Name(), Manual: "User Commands"}
	return pages(root, sections, header, put)
}

// Sections are the flags of a command by the titles of their sections, each as it is
// typed ("--size LIST") and with what it does.
type Sections = func(*cobra.Command) iter.Seq2[string, [][2]string]

func pages(c *cobra.Command, sections Sections, header doc.GenManHeader, put func(string, func(io.Writer) error) error) error {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
			if err := pages(sub, sections, header, put); err != nil {
				return err
			}
		}
	}
	// The flags become a part of the description: cobra/doc has no sections for them.
	options := ""
	for title, flags := range sections(c) {
		options += "\n### " + title + "\n"
		for _, f := range flags {
			options += name.ReplaceAllString(f[0], "**$0**") + "\n\t" + f[1] + "\n\n"
		}
	}
	var hidden []*pflag.Flag
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			f.Hidden, hidden = true, append(hidden, f)
		}
	})
	defer func() {
		for _, f := range hidden { // another command may have it as well
			f.Hidden = false
		}
	}()
	c.Long = cmp.Or(c.Long, c.Short) + "\n\n# OPTIONS\n" + options
	return put(strings.ReplaceAll(c.CommandPath(), " ", "-")+".1", func(w io.Writer) error { return doc.GenMan(c, &header, w) })
}

var name = regexp.MustCompile(`--?[a-z][a-z0-9-]*`)
