package semantics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// Schema is the version of a report's form. A reader refuses any other.
const Schema = "ipcbench-semantics-1"

// Report is what the statements came to on one kernel.
type Report struct {
	Schema   string    `json:"schema"`
	Program  string    `json:"program,omitempty"` // version of the program that checked
	Host     Host      `json:"host"`
	Findings []Finding `json:"findings"` // in the order of Checks
}

// Finding is what one check came to. It repeats the statement, so that a report
// can be read by a program that has other checks.
type Finding struct {
	ID        string  `json:"id"`
	Mechanism string  `json:"mechanism"`
	Statement string  `json:"statement"`
	Expect    string  `json:"expect,omitempty"` // with this kernel's numbers; "" if nothing is promised
	Source    string  `json:"source"`
	Since     string  `json:"since,omitempty"`
	Verdict   Verdict `json:"verdict"`
	Observed  string  `json:"observed,omitempty"` // with holds, differs and recorded
	Reason    string  `json:"reason,omitempty"`   // with skipped and broken
	Story     []Event `json:"story,omitempty"`

	About []string `json:"about,omitempty"` // names of Questions
	Known bool     `json:"known,omitempty"` // it differs as the profile has it, see Against
}

// Count is how many findings have the verdict.
func (r *Report) Count(v Verdict) (n int) {
	for i := range r.Findings {
		if r.Findings[i].Verdict == v {
			n++
		}
	}
	return n
}

// Finding returns that of an ID, or nil.
func (r *Report) Finding(id string) *Finding {
	for i := range r.Findings {
		if r.Findings[i].ID == id {
			return &r.Findings[i]
		}
	}
	return nil
}

func (c *Check) finding() Finding {
	return Finding{ID: c.ID, Mechanism: c.Mechanism, Statement: c.Statement, Source: c.Source, Since: c.Since, About: strings.Fields(c.About)}
}

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
// names the file. The context ends a wait for a pipe.
func ReadFile(ctx context.Context, path string) (*Report, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, File)
	}
	f, err := results.OpenFile(ctx, path)
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
