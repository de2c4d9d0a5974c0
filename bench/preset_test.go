package bench

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"ipcbench/results"
)

// The cells of these presets do not depend on which mechanisms there are. People
// compare runs of them over years: a change of a cell is meant, or a mistake.
func TestPresetsPlanWhatTheyDid(t *testing.T) {
	for name, want := range map[string]string{
		"quick":   "204 caca87892859f3a39749ef955945010d69ec3706ee88435b41bde8f178bca1ec",
		"default": "456 945302e9afc07890d1721b58b6f897fd68c49b7b55e2979be1d755c271e7fe2f",
	} {
		sum, cells := sha256.New(), plan(t, name, 1).Cells
		for _, c := range cells {
			fmt.Fprintln(sum, c.Name())
		}
		if got := fmt.Sprintf("%d %x", len(cells), sum.Sum(nil)); got != want {
			t.Errorf("%s plans %s, and planned %s: other cells, or another order", name, got, want)
		}
	}
}

// The preset full has all that there is, and every floor that is planned only on
// request is in wide and full.
func TestFullHasAll(t *testing.T) {
	seen := map[string]bool{}
	for _, preset := range []string{"wide", "full"} {
		for _, c := range plan(t, preset, 1).Cells {
			seen[preset+c.Mechanism], seen[preset+c.Workload], seen[preset+c.Place], seen[preset+fmt.Sprint(c.Peers)] = true, true, true, true
		}
		for _, floor := range AskedFloors() {
			if !seen[preset+floor] {
				t.Errorf("%s lacks the floor %s", preset, floor)
			}
		}
	}
	all := slices.Concat(Values(results.LookupAxis("mech")), NamesOf(Workloads, func(w *Workload) string { return w.Name }), results.LookupAxis("place").Names(), []string{"2", "4", "8"})
	for _, name := range all {
		if !seen["full"+name] {
			t.Errorf("full lacks %s", name)
		}
	}
}

// Every file is a preset, and says what it is for.
func TestPresetFiles(t *testing.T) {
	files, err := fs.Glob(presetFiles, "presets/*")
	if err != nil || len(files) != len(PresetNames) {
		t.Errorf("files %v, %v, want those of %v", files, err, PresetNames)
	}
	for _, p := range Presets() {
		if p.Summary == "" || strings.Contains(p.Summary, "\n") || p.Launches == 0 || p.Time == 0 || p.Blocks == nil {
			t.Errorf("%s: %+v", p.Name, p)
		}
	}
	if _, err := LookupPreset("slow"); err == nil || err.Error() != `preset "slow": want one of quick, default, wide, full` {
		t.Error(err)
	}
}
