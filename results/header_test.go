package results

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHeaderKeepsLength: a run states how long a launch measures, one of an earlier
// version in its plan, and its records are read with that.
func TestHeaderKeepsLength(t *testing.T) {
	for name, h := range map[string]Header{
		"of this version":      {LaunchNs: 60e6, Threshold: 0.02, Plan: []byte(`{"Time":7}`)},
		"of an earlier one":    {Plan: []byte(`{"time_ns":60000000}`)},
		"of another's plan":    {LaunchNs: 60e6, Plan: []byte(`[1]`)},
		"that does not say so": {Plan: []byte(`{}`)},
	} {
		h.ID = "run"
		run, err := Create(t.TempDir(), h)
		if err != nil {
			t.Fatal(err)
		}
		r := okRecord(pingPong, 1, 5000)
		r.Run = ""
		if err := errors.Join(run.Append(r), run.Close()); err != nil {
			t.Fatal(err)
		}
		set, err := Read(run.Dir)
		if err != nil {
			t.Fatal(err)
		}
		want := int64(60e6)
		if strings.Contains(name, "not say") {
			want = 0
		}
		if got := set.Header; got.LaunchNs != want || got.Threshold != h.Threshold || set.Records[0].LaunchNs != want {
			t.Errorf("%s: header %+v, record %d ns", name, got, set.Records[0].LaunchNs)
		}
	}
}

// A header with a share that no command takes is refused.
func TestHeaderRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, bad := range []string{`"launch_ns":-1`, `"threshold":-0.1`} {
		if err := os.WriteFile(filepath.Join(dir, HeaderFile), []byte(`{"schema":2,"id":"a",`+bad+`}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readHeader(dir); err == nil || !strings.Contains(err.Error(), "want numbers from 0, a share up to 10") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// The plan of a large run comes back: the full preset has 27,074 cells.
func TestHeaderOfALargePlan(t *testing.T) {
	h := testHeader
	cells := make([]Cell, 30_000)
	for i := range cells {
		cells[i] = with(pingPong, "pipe", i+1)
	}
	plan, err := json.Marshal(Asked{Cells: cells, Launches: 10})
	if err != nil {
		t.Fatal(err)
	}
	h.Plan = plan
	run, err := Create(t.TempDir(), h)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	set := mustRead(t, run.Dir)
	if set.Header == nil || len(set.Header.Asked().Cells) != len(cells) {
		t.Errorf("the header does not come back: %v", set.Warnings)
	}
}
