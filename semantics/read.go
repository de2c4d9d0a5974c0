package semantics

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// File is the name of a report in the directory of a run.
const File = "semantics.json"

// Bounds of a report that is read: it may come from anywhere.
const (
	maxReport   = 16 << 20 // bytes
	maxFindings = 10_000
)

// WriteJSON writes the report in the form that Read takes.
func (r *Report) WriteJSON(w io.Writer) error {
	return text.WriteJSON(w, r)
}

// ReadFile reads the report in a file, or in the directory of a run. An error
// names the file.
func ReadFile(path string) (*Report, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, File)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", results.Quote(path), err)
	}
	return r, nil
}

// Read reads a report. What it returns keeps the form: known verdicts, a reason
// where there is one, no ID twice.
func Read(in io.Reader) (*Report, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxReport+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxReport {
		return nil, fmt.Errorf("more than %d bytes: no report is so long", maxReport)
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("not a report of ipcbench semantics --format json: %s", results.Quote(err.Error()))
	}
	if head.Schema != Schema {
		return nil, fmt.Errorf("schema %q, want %s: it was written by another version of ipcbench", results.Quote(head.Schema), Schema)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, errors.New(results.Quote(err.Error()))
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return &r, nil
}

func (r *Report) check() error {
	if len(r.Findings) > maxFindings {
		return fmt.Errorf("%d findings, more than %d", len(r.Findings), maxFindings)
	}
	seen := map[string]bool{}
	for i := range r.Findings {
		f := &r.Findings[i]
		judged := f.Verdict == Holds || f.Verdict == Differs || f.Verdict == Recorded
		switch {
		case f.ID == "" || seen[f.ID]:
			return fmt.Errorf("finding %d: ID %q is missing or not the first", i+1, results.Quote(f.ID))
		case !slices.Contains(Verdicts, f.Verdict):
			return fmt.Errorf("%s: verdict %q, want one of %v", results.Quote(f.ID), results.Quote(string(f.Verdict)), Verdicts)
		case judged && f.Reason != "", !judged && (f.Reason == "" || f.Observed != ""):
			return fmt.Errorf("%s: %s with observation %q and reason %q", results.Quote(f.ID), f.Verdict, results.Quote(f.Observed), results.Quote(f.Reason))
		case f.Verdict == Holds && f.Observed != f.Expect, f.Verdict == Differs && f.Observed == f.Expect:
			return fmt.Errorf("%s: %s, expected %q and observed %q", results.Quote(f.ID), f.Verdict, results.Quote(f.Expect), results.Quote(f.Observed))
		}
		seen[f.ID] = true
	}
	return nil
}
