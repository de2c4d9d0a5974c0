package mechanisms

import (
	"fmt"
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
	if err := Misregistered(); err != nil {
		t.Error(err)
	}
	t.Cleanup(func() { misregistered = nil })
	for _, c := range []struct {
		name, want string
		spoil      func(*Mechanism)
	}{
		{"a2", "its name must be of small letters", func(*Mechanism) {}},
		{"known", "there is a mechanism of this name", func(*Mechanism) {}},
		{"without", "it lacks Limits", func(m *Mechanism) { m.Limits = nil }},
		{"without", "it lacks New", func(m *Mechanism) { m.New = nil }},
		{"without", "it lacks one of OpenSender and OpenReceiver", func(m *Mechanism) { m.OpenReceiver = nil }},
		{"without", "it lacks OpenSender and OpenReceiver", func(m *Mechanism) { m.OpenSender, m.OpenReceiver = nil, nil }},
		{"without", "it lacks one of OpenNotifier and OpenWaiter", func(m *Mechanism) { m.OpenWaiter = func(Ticket) (Waiter, error) { return nil, nil } }},
	} {
		misregistered = nil
		bad := known
		bad.Name = c.name
		c.spoil(&bad)
		Register(bad)
		err := Misregistered()
		if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("mechanism %q, registered at registry_test.go:", c.name)) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", c.name, err, c.want)
		}
		if c.name != "known" && Lookup(c.name) != nil {
			t.Errorf("%s is registered", c.name)
		}
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
