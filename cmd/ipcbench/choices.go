package main

import (
	"fmt"
	"io"
	"strings"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// choices are the columns of the table for choosing, from what mechanisms declare.
var choices = []struct {
	name string
	of   func(*mechanisms.Mechanism) mechanisms.Trait
}{
	{"processes", func(m *mechanisms.Mechanism) mechanisms.Trait {
		if m.Facts.Unrelated {
			return mechanisms.Trait{Text: "any, by name or identifier"}
		}
		return mechanisms.Trait{Text: "related, or sent a descriptor", Checks: []string{"D08"}}
	}},
	{"boundaries", func(m *mechanisms.Mechanism) mechanisms.Trait {
		if m.Framing == mechanisms.Count {
			return mechanisms.Trait{Text: "no bytes"}
		}
		if m.Framing.Boundaries() {
			return mechanisms.Trait{Text: "kept"}
		}
		return mechanisms.Trait{Text: "none"}
	}},
	{"directions", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Duplex }},
	{"outlives its processes", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Persistence }},
	{"poll and epoll", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Pollable }},
	{"selection", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Selection }},
	{"several senders, atomic up to", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Atomic }},
	{"largest message", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Message }},
	{"holds by default", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Capacity }},
	{"the peer has gone", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.PeerDeath }},
	{"passes descriptors", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.PassFD }},
	{"who may", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Permission }},
	{"namespace", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Namespace }},
}

// writeChoices writes the table for choosing a mechanism, a row each, as
// Markdown. What can be checked names the statements that hold it true, what
// cannot the page that says so.
func writeChoices(w io.Writer) error {
	fmt.Fprint(w, "| mechanism |")
	for _, c := range choices {
		fmt.Fprintf(w, " %s |", c.name)
	}
	fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---|", len(choices)))
	for _, m := range mechanisms.All() {
		fmt.Fprintf(w, "| `%s` |", m.Name)
		for _, c := range choices {
			t := c.of(m)
			fmt.Fprintf(w, " %s", results.EscapeMarkdown(t.Text))
			by := t.Checks
			if t.Man != "" {
				by = []string{t.Man}
			}
			if by != nil {
				fmt.Fprintf(w, " (%s)", strings.Join(by, ", "))
			}
			fmt.Fprint(w, " |")
		}
		fmt.Fprintln(w)
	}
	return nil
}
