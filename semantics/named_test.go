package semantics

import (
	"reflect"
	"testing"

	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/all"
)

// What mechanisms declare, and what claims answer from, are statements that
// there are: TestEveryStatement holds them to the kernel.
func TestNamedStatementsExist(t *testing.T) {
	for _, m := range mechanisms.All() {
		all := reflect.ValueOf(m.Facts.Traits)
		for i := range all.NumField() {
			for _, id := range all.Field(i).Interface().(mechanisms.Trait).Checks {
				if Lookup(id) == nil {
					t.Errorf("%s: trait %s names %s", m.Name, all.Type().Field(i).Name, id)
				}
			}
		}
	}
	stored, err := ReadFile(t.Context(), "../docs")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Claims {
		for _, id := range c.Checks {
			if Lookup(id) == nil || stored.Finding(id) == nil {
				t.Errorf("claim %q names %s", c.Text, id)
			}
		}
	}
	for _, c := range Checks() {
		if f := stored.Finding(c.ID); f == nil || f.Statement != c.Statement {
			t.Errorf("docs/semantics.json is out of date at %s: ipcbench semantics --out docs", c.ID)
		}
	}
}
