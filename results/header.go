package results

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var validID = newForm(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$`)

// Header is what a run was asked for. It is written before the first record,
// so that an interrupted run can be continued with the same plan.
type Header struct {
	Schema  int             `json:"schema"`
	ID      string          `json:"id"` // see NewID; at most 64 of A-Z a-z 0-9 . _ -, no dot in front
	Started time.Time       `json:"started"`
	Seed    uint64          `json:"seed"`    // of the plan's shuffle
	Program string          `json:"program"` // version of ipcbench
	Command []string        `json:"command"` // as it was typed, one argument each
	Plan    json.RawMessage `json:"plan"`    // the caller's own, given back as it was

	LaunchNs  int64   `json:"launch_ns,omitempty"` // measured time of one launch; 0: not known, or instructions were counted
	Threshold float64 `json:"threshold,omitempty"` // of the gate that this run is held to, 0.05 for 5 %; 0: none was named

	// Where launches were added until intervals were narrow enough:
	Until    float64  `json:"until,omitempty"`     // the half width asked for, as a share of the median
	BudgetNs int64    `json:"budget_ns,omitempty"` // the time that launches might take
	Missed   []string `json:"missed,omitempty"`    // cells that did not get there, by name
}

// NewID returns an identity for a run that starts at t, as in
// "20261122T235900Z-3f2a1c": IDs sort by time and do not collide.
func NewID(t time.Time) string {
	var b [3]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return fmt.Sprintf("%s-%x", t.UTC().Format("20060102T150405Z"), b)
}

func (h Header) check() error {
	if !validID.MatchString(h.ID) {
		return fmt.Errorf("run ID %s does not match %v", Quote(h.ID), validID)
	}
	return nil
}

func (h Header) write(w io.Writer) error {
	h.Schema = Schema
	out, err := json.MarshalIndent(h, "", "\t")
	if err != nil {
		return err
	}
	_, err = w.Write(append(out, '\n'))
	return err
}

func readHeader(dir string) (h Header, err error) {
	path := filepath.Join(dir, HeaderFile)
	f, err := os.Open(path)
	if err != nil {
		return h, err
	}
	defer f.Close()
	raw, err := io.ReadAll(&capped{r: f, max: maxLine})
	if err == nil {
		err = json.Unmarshal(raw, &h)
	}
	if err == nil && (h.Schema < 1 || h.Schema > Schema) {
		err = fmt.Errorf("schema %d, want 1 to %d", h.Schema, Schema)
	}
	if err == nil {
		err = h.check()
	}
	if h.LaunchNs == 0 { // earlier versions have it in the plan alone
		var plan struct {
			TimeNs int64 `json:"time_ns"`
		}
		if json.Unmarshal(h.Plan, &plan) == nil {
			h.LaunchNs = plan.TimeNs
		}
	}
	if err == nil && (h.LaunchNs < 0 || !validShare(h.Threshold)) {
		err = fmt.Errorf("launch_ns %d, threshold %v: want numbers from 0, a share up to 10", h.LaunchNs, h.Threshold)
	}
	if err != nil {
		return Header{}, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}

// validShare reports whether a share may stand in a header: 10 is 1,000 %.
func validShare(v float64) bool { return v >= 0 && v <= 10 }

// CommandLine renders the command so that a shell reads it back.
func (h *Header) CommandLine() string {
	out := make([]string, len(h.Command))
	for i, a := range h.Command {
		out[i] = Quote(a)
		if a == "" || strings.ContainsAny(a, " \t\n\"'\\$&|;<>()*?[]#~`!{}") {
			out[i] = "'" + strings.ReplaceAll(out[i], "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}
