package semantics

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// A known difference passes, a new one fails, and one that went away is named; so is
// what is no longer checked.
func TestProfile(t *testing.T) {
	profile := func() *Report {
		return &Report{Schema: Schema, Findings: []Finding{
			{ID: "P01", Verdict: Differs, Expect: "1", Observed: "2"}, {ID: "P02", Verdict: Differs, Expect: "1", Observed: "2"},
			{ID: "P03", Verdict: Differs, Expect: "1", Observed: "2"}, {ID: "P05", Verdict: Holds, Expect: "1", Observed: "1"},
			{ID: "P06", Verdict: Holds, Expect: "1", Observed: "1"}, {ID: "P07", Verdict: Broken, Reason: "late"},
		}}
	}
	now := profile()
	now.Findings[1].Observed = "3"
	now.Findings[2].Verdict, now.Findings[2].Observed = Holds, "1"
	now.Findings[3].Verdict, now.Findings[3].Observed = Differs, "4"
	now.Findings[4] = Finding{ID: "P06", Verdict: Skipped, Reason: "refused"}
	now.Findings = append(now.Findings, Finding{ID: "P08", Verdict: Differs, Expect: "1", Observed: "9"})
	d := now.Against(profile())
	for _, of := range []struct {
		name      string
		got, want []string
	}{{"known", d.Known, []string{"P01"}}, {"new", d.New, []string{"P02", "P05", "P07", "P08"}}, {"gone", d.Gone, []string{"P03"}}, {"skipped", d.Skipped, []string{"P06"}}} {
		if !slices.Equal(of.got, of.want) {
			t.Errorf("%s: %v, want %v", of.name, of.got, of.want)
		}
	}
	var ktap, junit, words bytes.Buffer
	if err := now.WriteKTAP(&ktap); err != nil {
		t.Fatal(err)
	}
	if err := now.WriteJUnit(&junit); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteText(&words); err != nil {
		t.Fatal(err)
	}
	for _, has := range []struct{ in, want string }{
		{ktap.String(), "ok 1 .P01 # XFAIL known difference\n"}, {ktap.String(), "xfail:1"},
		{junit.String(), `failures="3"`}, {words.String(), "new difference: P02, P05, P07, P08\nknown difference: P01\n"}, {now.Summary(), "of them 1 as the profile has it"},
	} {
		if !strings.Contains(has.in, has.want) {
			t.Errorf("no %q in\n%s", has.want, has.in)
		}
	}
	if d := profile().Against(profile()); len(d.New) != 1 || len(d.Known) != 3 {
		t.Errorf("a profile against itself: %+v; only what broke is new", d)
	}
}
