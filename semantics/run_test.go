package semantics

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ipcbench/internal/apart"
	"ipcbench/internal/sys"
	"ipcbench/internal/text"
)

// run checks statements. It fails the test where they can't be checked, or where
// something is left of them.
func run(t *testing.T, checks []*Check, o Options) *Report {
	t.Helper()
	o.dirBase = t.TempDir()
	before := left(t, o.dirBase)
	r, err := Run(t.Context(), checks, o)
	if err != nil {
		t.Fatal(err)
	}
	if apart.Own() {
		restored(t, before, o.dirBase)
	}
	if len(r.Findings) != len(checks) {
		t.Fatalf("%d findings of %d checks", len(r.Findings), len(checks))
	}
	return r
}

// sample is the checks, or under -short every tenth of them.
func sample(t *testing.T, checks []*Check) []*Check {
	t.Helper()
	if !testing.Short() {
		return checks
	}
	return oneIn(t, 10, checks)
}

// oneIn is one in n of the checks, from a random one on.
func oneIn(t *testing.T, n int, checks []*Check) (some []*Check) {
	t.Helper()
	first := rand.IntN(n)
	for i := first; i < len(checks); i += n {
		some = append(some, checks[i])
	}
	t.Logf("one statement in %d, from number %d on", n, first)
	return some
}

// ofNamespaces are the checks that make a difference between a namespace of their
// own and the host's.
func ofNamespaces() []*Check {
	return slices.DeleteFunc(Checks(), func(c *Check) bool {
		return !isolated[c.Mechanism] && !slices.ContainsFunc(c.Needs, func(n Need) bool { return n.Name == namespace.Name })
	})
}

// honest is the report of all checks in namespaces of their own, and how many
// answers each had.
func honest(t *testing.T) (*Report, []int) {
	t.Helper()
	if heard.report == nil {
		checks, dir := sample(t, Checks()), t.TempDir()
		before := left(t, dir)
		e := begin(t, Options{dirBase: dir})
		r, calls := &Report{Findings: make([]Finding, len(checks))}, make([]int, len(checks))
		err := e.each(t.Context(), checks, func(int) *Lie { return nil }, func(i int, f Finding, n int) { r.Findings[i], calls[i] = f, n })
		if err := errors.Join(err, e.close()); err != nil {
			t.Fatal(err)
		}
		if apart.Own() {
			restored(t, before, dir)
		}
		heard.report, heard.calls = r, calls
	}
	return heard.report, heard.calls
}

var heard struct { // by the first test that asked for it
	report *Report
	calls  []int
}

func begin(t *testing.T, o Options) *engine {
	t.Helper()
	e, err := newEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// For every user, and on every Linux: no statement differs, no check breaks, and
// what is skipped has a reason.
func TestEveryStatement(t *testing.T) {
	r, _ := honest(t)
	for _, f := range r.Findings {
		switch f.Verdict {
		case Holds, Recorded:
			if f.Observed == "" {
				t.Errorf("%s: %s, and nothing was observed", f.ID, f.Verdict)
			}
		case Skipped:
			t.Logf("%s: skipped: %s", f.ID, f.Reason)
			if f.Reason == "" {
				t.Errorf("%s is skipped without a reason", f.ID)
			}
		default:
			t.Errorf("%s: %s: expected %q, observed %q %s\n%s", f.ID, f.Verdict, f.Expect, f.Observed, f.Reason, story(f))
		}
	}
	if held := r.Count(Holds); held < 2*len(r.Findings)/3 {
		t.Errorf("only %d statements hold: %s", held, r.Summary())
	}
}

func story(f Finding) string {
	var b strings.Builder
	writeEvents(&b, text.Screen{}, f.Story)
	return b.String()
}

// Where namespaces are refused objects are made in the host's, with the same
// verdicts but for those that need one.
func TestWithoutANamespace(t *testing.T) {
	r := run(t, sample(t, ofNamespaces()), Options{refuse: true})
	for _, f := range r.Findings {
		switch c := Lookup(f.ID); {
		case f.Verdict == Differs || f.Verdict == Broken:
			t.Errorf("%s: %s: %q, %q %s\n%s", f.ID, f.Verdict, f.Expect, f.Observed, f.Reason, story(f))
		case len(c.Needs) > 1 && c.Needs[1].Name == namespace.Name && f.Verdict != Skipped:
			t.Errorf("%s needs a namespace, and is not skipped but %s", f.ID, f.Verdict)
		}
	}
}

// Statements have one form.
func TestDeclared(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Families {
		for _, c := range f.Checks {
			switch {
			case seen[c.ID]:
				t.Errorf("%s twice", c.ID)
			case c.Mechanism != f.Name:
				t.Errorf("%s is in family %s and says %s", c.ID, f.Name, c.Mechanism)
			case c.Statement == "" || strings.HasSuffix(c.Statement, ".") || strings.Contains(c.Statement, "\n"):
				t.Errorf("%s: statement %q, want one line without a full stop", c.ID, c.Statement)
			case c.Source == "" || c.Observe == nil:
				t.Errorf("%s lacks its source, or what observes", c.ID)
			}
			seen[c.ID] = true
			for _, q := range strings.Fields(c.About) {
				if !slices.Contains(QuestionNames(), q) {
					t.Errorf("%s answers %q, which is no question", c.ID, q)
				}
			}
			if c.About == "" {
				t.Errorf("%s answers no question", c.ID)
			}
			if _, err := newHost().expectation(&c); err != nil && !strings.Contains(err.Error(), "/proc") {
				t.Errorf("%s: %v", c.ID, err)
			}
			for i, o := range c.Before {
				if i > 0 && !sys.OlderThan(c.Before[i-1].Release, o.Release) {
					t.Errorf("%s: older kernels are out of order", c.ID)
				}
			}
		}
	}
}

func TestExpand(t *testing.T) {
	h := &host{page: 4096}
	got, err := h.expand("{16p}, then {p-1}")
	if want := fmt.Sprint(16*4096, ", then 4095"); got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if _, err := h.expand("{nothing}"); err == nil {
		t.Error("a number that does not exist was taken")
	}
}

// Users are those of the map, whose numbers need not fit an int.
func TestMappedUsers(t *testing.T) {
	for text, want := range map[string]bool{
		"         0          0 4294967295\n":  true,
		"0 1000 1\n":                          false,
		"0 1000 1\n1917003211 4294967294 1\n": true,
		"0 1000 1917003211\n":                 false,
		"0 1000 1917003212\n":                 true,
		"":                                    false,
		"0 0\nusers\n":                        false,
		"1917003212 0 4294967295\n1 2 three\n0 0 65536": false,
	} {
		if got := mappedIn(text, stranger); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
