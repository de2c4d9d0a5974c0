package choose

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// questions are what a reader chooses a mechanism by, answered from what
// mechanisms declare. 13 columns of 40 rows were too many to read.
var questions = []struct {
	text  string
	about string // the question of package semantics whose statements try it; "" is none
	of    func(*mechanisms.Mechanism) mechanisms.Trait
}{
	{"Which processes can open it?", "access", func(m *mechanisms.Mechanism) mechanisms.Trait {
		if m.Facts.Unrelated {
			return mechanisms.Trait{Text: "any, by name or identifier"}
		}
		return mechanisms.Trait{Text: "related, or sent a descriptor", Checks: []string{"D08"}}
	}},
	{"Does it keep message boundaries?", "boundaries", func(m *mechanisms.Mechanism) mechanisms.Trait {
		return mechanisms.Trait{Text: boundaries(m)}
	}},
	{"In which directions does it go?", "", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Duplex }},
	{"What outlives its processes?", "left-behind", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Persistence }},
	{"Can poll and epoll wait for it?", "ready", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Pollable }},
	{"Can a receiver select messages?", "boundaries", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Selection }},
	{"With several senders, what is atomic?", "", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Atomic }},
	{"How large can a message be?", "", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Message }},
	{"How much does it hold by default?", "limits", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Capacity }},
	{"What happens when the peer has gone?", "peer-gone", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.PeerDeath }},
	{"Does it pass descriptors?", "descriptor", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.PassFD }},
	{"Which users and processes have access?", "access", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Permission }},
	{"Which namespace isolates it?", "", func(m *mechanisms.Mechanism) mechanisms.Trait { return m.Facts.Traits.Namespace }},
}

// WriteChoices writes a table a question, a row an answer, as Markdown. Behind
// the mechanisms of an answer stand the statements that hold it true, or the
// page that states it.
func WriteChoices(w io.Writer) error {
	var b strings.Builder
	for i, q := range questions {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "## %s\n\n", q.text)
		if q.about != "" {
			fmt.Fprintf(&b, "`ipcbench semantics --about %s` tries it.\n\n", q.about)
		}
		text.Head(&b, "l", "answer", "mechanisms")
		for _, a := range answersTo(q.of) {
			text.Row(&b, results.EscapeMarkdown(a.text), strings.Join(a.mechanisms, "; "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Tried are the IDs of the statements that the tables name, by the question of
// package semantics that each is to answer.
func Tried() map[string][]string {
	all := map[string][]string{}
	for _, q := range questions {
		for _, m := range mechanisms.All() {
			if q.about != "" {
				all[q.about] = append(all[q.about], q.of(m).Checks...)
			}
		}
	}
	return all
}

// answer is what several mechanisms have in common.
type answer struct {
	text       string
	sources    []string // distinct, in the order of mechanisms
	mechanisms []string // of each source: "`pipe`, `tee` (P01)"
	n          int      // of all mechanisms
}

// answersTo groups the mechanisms by answer, the most frequent one first.
func answersTo(of func(*mechanisms.Mechanism) mechanisms.Trait) (all []*answer) {
	for _, m := range mechanisms.All() {
		t := of(m)
		i := slices.IndexFunc(all, func(a *answer) bool { return a.text == t.Text })
		if i < 0 {
			i = len(all)
			all = append(all, &answer{text: t.Text})
		}
		all[i].add(m.Name, t)
	}
	slices.SortStableFunc(all, func(a, b *answer) int { return b.n - a.n })
	for _, a := range all {
		for i, source := range a.sources {
			if source != "" {
				a.mechanisms[i] += " (" + source + ")"
			}
		}
	}
	return all
}

func (a *answer) add(mechanism string, t mechanisms.Trait) {
	source := t.Man
	if source == "" {
		source = strings.Join(t.Checks, ", ")
	}
	a.n++
	name := "`" + mechanism + "`"
	if i := slices.Index(a.sources, source); i >= 0 {
		a.mechanisms[i] += ", " + name
		return
	}
	a.sources = append(a.sources, source)
	a.mechanisms = append(a.mechanisms, name)
}
