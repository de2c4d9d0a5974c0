package semantics

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"ipcbench/internal/text"
)

// Question is what a reader asks across mechanisms. Check.About names them.
type Question struct {
	Name  string // "peer-gone"
	Title string // "The peer has gone"
}

// Questions are all of them, in the order in which they are read.
var Questions = []Question{
	{"peer-gone", "The peer has gone"},
	{"no-reader", "No process reads"},
	{"empty", "Nothing is there yet"},
	{"full", "There is no room"},
	{"timeout", "The call must not wait, or not for long"},
	{"interrupted", "A signal interrupts the call"},
	{"ready", "What poll, epoll and notices report"},
	{"boundaries", "What stays together, and in which order"},
	{"too-big", "A message or a buffer has the wrong size"},
	{"descriptor", "A descriptor goes along, or is copied"},
	{"fork-exec", "Across threads, fork and execve"},
	{"access", "Which users and processes may"},
	{"namespaces", "Seen from another namespace"},
	{"shared-memory", "Memory is shared"},
	{"limits", "How much there can be"},
	{"left-behind", "What is left behind"},
	{"invalid", "The call is wrong"},
}

// QuestionNames are the names of all questions.
func QuestionNames() (names []string) {
	for _, q := range Questions {
		names = append(names, q.Name)
	}
	return names
}

// Asks reports whether the statement answers the question.
func (c *Check) Asks(question string) bool { return slices.Contains(strings.Fields(c.About), question) }

// WriteQuestions lists the statements by question, as Markdown.
func WriteQuestions(w io.Writer) error {
	for i, q := range Questions {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if _, err := fmt.Fprintf(w, "## %s (`%s`)\n\n", q.Title, q.Name); err != nil {
			return err
		}
		text.Head(w, "l", "mechanism", "statements")
		for _, f := range Families {
			var of []string
			for _, c := range f.Checks {
				if c.Asks(q.Name) {
					of = append(of, c.ID)
				}
			}
			if of != nil {
				text.Row(w, f.Title, strings.Join(of, ", "))
			}
		}
	}
	return nil
}
