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
	"unicode"
	"unicode/utf8"
)

var validID = newForm(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$`)

// Header is what a run was asked for. It is written before the first record,
// so that an interrupted run can be continued with the same plan.
type Header struct {
	Schema  int             `json:"schema"`
	ID      string          `json:"id"` // see NewID; at most 64 of A-Z a-z 0-9 . _ -, no dot in front
	Started time.Time       `json:"started"`
	Seed    uint64          `json:"seed"`            // of the plan's shuffle
	Program string          `json:"program"`         // version of ipcbench
	Command []string        `json:"command"`         // as it was typed, one argument each
	Plan    json.RawMessage `json:"plan"`            // the caller's own, given back as it was
	Label   string          `json:"label,omitempty"` // what the user calls it: see CheckLabel
	Note    string          `json:"note,omitempty"`  // what the user says about it: see CheckNote

	LaunchNs  int64   `json:"launch_ns,omitempty"` // measured time of one launch; 0: not known, or instructions were counted
	Threshold float64 `json:"threshold,omitempty"` // of the gate that this run is held to, 0.05 for 5 %; 0: none was named

	CPUs []int `json:"cpus,omitempty"` // that places were drawn from, where the user named them

	External json.RawMessage `json:"external,omitempty"` // declarations of the external transports that it measures

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
	if h.Label != "" {
		if err := CheckLabel(h.Label); err != nil {
			return fmt.Errorf("label %w", err)
		}
	}
	if h.Note != "" {
		if err := CheckNote(h.Note); err != nil {
			return fmt.Errorf("note %w", err)
		}
	}
	return nil
}

// How long a label and a note may be, in characters: a label stands in a column.
const maxLabel, maxNote = 40, 400

// runID is how an ID begins.
var runID = newForm(`^[0-9]{8}(T|$)`)

// CheckLabel refuses a label that would not name a run on a command line: one that
// reads as a path, a flag, a list, @N or an ID. It is at most 40 printable
// characters.
func CheckLabel(s string) error {
	switch {
	case strings.HasPrefix(s, "@"):
		return fmt.Errorf("%q: @ begins @latest and @N: leave it out", Quote(s))
	case strings.HasPrefix(s, "-"), strings.HasPrefix(s, "."), strings.ContainsAny(s, "/,"):
		return fmt.Errorf("%q: it reads as a flag, a path or a list: want no - or . in front, and no / or comma", Quote(s))
	case runID.MatchString(s), s == "latest", s == "newest":
		return fmt.Errorf("%q: it reads as the ID of a run, or as its place among runs: want another word", Quote(s))
	}
	return checkText(s, maxLabel)
}

// CheckNote refuses a note that is not a line of at most 400 printable characters.
func CheckNote(s string) error { return checkText(s, maxNote) }

func checkText(s string, most int) error {
	n := utf8.RuneCountInString(s)
	switch {
	case strings.TrimSpace(s) == "":
		return fmt.Errorf("%q: it is empty: want 1 to %d characters", s, most)
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%q: want no space at its ends", Quote(s))
	case n > most:
		return fmt.Errorf("%q: %d characters: want at most %d", Quote(string([]rune(s)[:20]))+"…", n, most)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%q: want printable characters only, in UTF-8", Quote(s))
	}
	return nil
}

// Asked is what the plan of a run asks for, as far as it says.
type Asked struct {
	Cells    []Cell
	Launches int  // of each cell; 0: it does not say
	Verify   bool // with a pass that checks payloads
}

// Asked reads the plan.
func (h *Header) Asked() (a Asked) {
	if json.Unmarshal(h.Plan, &a) != nil {
		return Asked{}
	}
	return a
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

// maxHeader bounds a header, in bytes. That of the full preset has 27,074 cells, some
// 140 bytes each.
const maxHeader = 64 << 20

func readHeader(dir string) (h Header, err error) {
	path := filepath.Join(dir, HeaderFile)
	if info, err := os.Stat(path); err != nil {
		return h, err
	} else if !info.Mode().IsRegular() { // to open a FIFO would wait for its writer
		return h, fmt.Errorf("%s is no file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return h, err
	}
	defer f.Close()
	if h, err = parseHeader(f); err != nil {
		return Header{}, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}

func parseHeader(r io.Reader) (h Header, err error) {
	raw, err := io.ReadAll(&capped{r: r, max: maxHeader})
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
	return h, err
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
