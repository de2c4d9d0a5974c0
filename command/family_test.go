package command

import (
	"strings"
	"testing"

	"ipcbench/mechanisms"
)

// explain lists every mechanism once, behind the family that its file states.
func TestExplainListsFamilies(t *testing.T) {
	list := strings.ReplaceAll(said(t, exitOK, "explain"), "\n  ", " ") // it wraps
	of := map[string]string{}
	for line := range strings.Lines(list) {
		family, names, _ := strings.Cut(strings.TrimSpace(line), ": ")
		for _, name := range strings.Split(names, ", ") {
			if mechanisms.Lookup(name) == nil {
				continue
			}
			if of[name] != "" {
				t.Errorf("%s stands twice", name)
			}
			of[name] = family
		}
	}
	for _, m := range mechanisms.All() {
		if of[m.Name] != string(m.Family) || m.Family == mechanisms.Others {
			t.Errorf("%s is listed under %q, and its family is %q", m.Name, of[m.Name], m.Family)
		}
	}
}
