package mechanisms

import (
	"slices"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"pipe": true, "x": true, "a2b": true,
		"": false, "2a": false, "a2": false, "7": false, "Pipe": false, "a-b": false, "a b": false, "pïpe": false, "a/b": false,
	} {
		if ValidName(name) != want {
			t.Errorf("%q may be a name: %v", name, !want)
		}
	}
	known := Mechanism{
		Name: "known", Limits: func(int) (Limits, error) { return Limits{}, nil }, New: func(Spec) (*Link, error) { return nil, nil },
		OpenSender: func(Ticket) (Sender, error) { return nil, nil }, OpenReceiver: func(Ticket) (Receiver, error) { return nil, nil },
	}
	Register(known)
	for _, name := range []string{"a2", "known"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a mechanism of the name %q was registered", name)
				}
			}()
			good := known
			good.Name = name
			Register(good)
		}()
	}
	for _, m := range registry {
		if Lookup(m.Name) != m {
			t.Errorf("%s is not found", m.Name)
		}
	}
	if !slices.IsSortedFunc(registry, func(a, b *Mechanism) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the registry is not in the order of names")
	}
	if Lookup("none") != nil {
		t.Error("a mechanism that there is not is found")
	}
}
