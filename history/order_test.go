package history

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// Versions are in the order in which they were released.
func TestCompareVersions(t *testing.T) {
	sorted := []string{"5.4", "5.10.0-32-cloud-amd64", "5.10.0-46-cloud-amd64", "6.1.0-57-cloud-amd64", "6.1.0-157-cloud-amd64", "6.9", "6.12.117+deb13-cloud-amd64", "v6.13-rc1", "v6.13-rc2", "6.13-rc10", "v6.13",
		"6.13.1", "7.2.13+deb14-cloud-amd64", "7.3~rc1-cloud-amd64", "7.3-cloud-amd64", "7.3.4+deb13-cloud-amd64", "image-2026w9", "image-2026w48", "next-20261129", "next-20261130"}
	for i, a := range sorted {
		for k, b := range sorted {
			if got, want := CompareVersions(a, b), i-k; got < 0 != (want < 0) || got > 0 != (want > 0) {
				t.Errorf("%s against %s: %d", a, b, got)
			}
		}
	}
}

func FuzzCompareVersions(f *testing.F) {
	f.Add("6.12-rc1", "6.12", "6.12.0")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		sign := func(n int) int { return min(1, max(-1, n)) }
		if sign(CompareVersions(a, b)) != -sign(CompareVersions(b, a)) || CompareVersions(a, a) != 0 {
			t.Fatalf("%q and %q have no order", a, b)
		}
		if CompareVersions(a, b) <= 0 && CompareVersions(b, c) <= 0 && CompareVersions(a, c) > 0 {
			t.Fatalf("%q, %q, %q: the order is no order", a, b, c)
		}
	})
}

// What --at takes: a date, a commit or a version. Anything else is refused.
func TestPlace(t *testing.T) {
	day := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	commit := func(name string) (string, time.Time, error) {
		return strings.Repeat("ab", 20), day, nil
	}
	for at, want := range map[string]Kind{
		"2026-11-30": Date, "2026-11-30T12:00:00+01:00": Date, "HEAD": Commit, "abcdef1": Commit, strings.Repeat("ab", 20): Commit,
		"v6.12-rc1": Version, "6.12": Version, "image-2026w48": Version, "": "", "main": "", "6.1\x1b": "", " 6": "", strings.Repeat("6", 65): "",
	} {
		var h Header
		err := h.Place(at, commit)
		if (err == nil) != (want != "") || err == nil && h.Kind != want {
			t.Errorf("%q: %s, %v; want %q", at, h.Kind, err, want)
		}
	}
	h := Header{After: "0123456789abcdef"}
	if err := h.Place("experiment", commit); err != nil || h.Build != "experiment" {
		t.Errorf("behind another build: %v", err)
	}
}

// Builds are in the order of their names, those that come after another right behind
// it, however the files are listed.
func TestOrder(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	all := []*Header{
		{ID: "b", Build: "2026-11-02", Kind: Date, Date: day(2)},
		{ID: "a", Build: "2026-11-01", Kind: Date, Date: day(1)},
		{ID: "d", Build: strings.Repeat("d", 40), Kind: Commit, Date: day(4)},
		{ID: "x", Build: "try", Kind: Version, After: "a", Started: day(6)},
		{ID: "y", Build: "try again", Kind: Version, After: "x", Started: day(5)},
		{ID: "w", Build: "earlier", Kind: Version, After: "a", Started: day(5)},
		{ID: "v", Build: "6.12", Kind: Version},
		{ID: "u", Build: "behind it", Kind: Version, After: "v"},
		{ID: "c", Build: "2026-11-03", Kind: Date, Date: day(3), After: "gone"},
	}
	for seed := range uint64(20) {
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		var got, odd []string
		for _, h := range order(all, func(h *Header, err error) { odd = append(odd, h.ID+": "+fmt.Sprint(err)) }) {
			got = append(got, h.ID)
		}
		slices.Sort(odd)
		if strings.Join(got, "") != "awxybcd" {
			t.Errorf("order %v", got)
		}
		if want := []string{"c: it comes after build gone, which is not there: it stands by its name", "u: it comes after build v, which is left out", "v: " + errOtherKind.Error()}; !slices.Equal(odd, want) {
			t.Errorf("odd %q", odd)
		}
	}
}
