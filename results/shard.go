package results

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxShards is how many shards a plan may have.
const MaxShards = 1000

// Shard is what the header of a shard's run says of the plan that it is a part of.
// Merge joins the shards of one plan.
type Shard struct {
	Index   int      `json:"index"`            // from 1
	Of      int      `json:"of"`               // shards of the plan
	Plan    string   `json:"plan"`             // SHA-256 of all that the plan asks for, but the seed: see Header.Cut
	Cells   string   `json:"cells"`            // SHA-256 of the names of all its cells
	Planned int      `json:"planned"`          // all its cells
	Program string   `json:"program"`          // SHA-256 of the program that measures
	Kernel  string   `json:"kernel,omitempty"` // label of the one that this run is of
	Booted  []string `json:"booted,omitempty"` // kernels that the plan boots: label, SHA-256 and options of each
}

// String is the shard as the flag --shard has it: "3/8".
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// ParseShard reads "3/8", the third of eight.
func ParseShard(text string) (s Shard, err error) {
	index, of, ok := strings.Cut(text, "/")
	if ok {
		s.Index, err = strconv.Atoi(index)
	}
	if err == nil && ok {
		s.Of, err = strconv.Atoi(of)
	}
	if !ok || err != nil || s.Of < 1 || s.Of > MaxShards || s.Index < 1 || s.Index > s.Of {
		return s, fmt.Errorf("%q: want K/N, as 3/8: the third of eight shards, of at most %d", Quote(text), MaxShards)
	}
	return s, nil
}

// Has reports whether the shard has the cell. Cells of one question are in one shard, or
// else (byCell) each is in its own: of boots, whose kernels are compared cell by cell.
// The shard follows from the name and the number of shards alone, so that it is the same
// whatever else the plan has.
func (s Shard) Has(c Cell, byCell bool) bool {
	if !byCell {
		c = c.Question()
	}
	sum := sha256.Sum256([]byte(c.Asked().Name()))
	return int(binary.BigEndian.Uint64(sum[:8])%uint64(s.Of)) == s.Index-1
}

// cellsSum is the SHA-256 of the names of the cells, in any order.
func cellsSum(cells []Cell) string {
	names := make([]string, len(cells))
	for i, c := range cells {
		names[i] = c.Name()
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return hex.EncodeToString(sum[:])
}

// planKeys are those of a plan that are no part of its fingerprint: what a shard has of
// its own, and what is compared apart.
var planKeys = []string{"cells", "seed", "jobs", "program"}

// rest is the plan without planKeys.
func (h *Header) rest() (string, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(h.Plan, &keys); err != nil {
		return "", fmt.Errorf("plan: %w", err)
	}
	for k := range keys {
		if slices.Contains(planKeys, strings.ToLower(k)) {
			delete(keys, k)
		}
	}
	text, err := json.Marshal(keys) // in order of the keys
	return string(text), err
}

// Cut makes the header one of a shard, whose Index, Of, Program, Kernel and Booted are
// those of s: its plan keeps the shard's cells, and Shard has the fingerprint of the
// whole. It returns the seed that follows from the fingerprint, which is never 0.
func (h *Header) Cut(s Shard) (seed uint64, err error) {
	all := h.Asked().Cells
	s.Cells, s.Planned = cellsSum(all), len(all)
	if s.Plan, err = h.fingerprint(s); err != nil {
		return 0, err
	}
	h.Shard = &s
	if h.Plan, err = withCells(h.Plan, slices.DeleteFunc(all, func(c Cell) bool { return !s.Has(c, s.byCell()) })); err != nil {
		return 0, err
	}
	sum := sha256.Sum256([]byte(s.Plan))
	return max(1, binary.BigEndian.Uint64(sum[:8])>>11), nil // at most 53 bits: some readers of JSON keep no more
}

// byCell: see Has.
func (s Shard) byCell() bool { return len(s.Booted) > 0 }

// fingerprint is the SHA-256 of all that the plan of the shard asks for.
func (h *Header) fingerprint(s Shard) (string, error) {
	rest, err := h.rest()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal([]any{rest, s.Cells, s.Planned, s.Booted, h.Until, h.BudgetNs, h.External, h.Threshold})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// withCells is a plan with other cells.
func withCells(plan json.RawMessage, cells []Cell) (json.RawMessage, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(plan, &keys); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	key := "cells"
	for k := range keys {
		if strings.EqualFold(k, key) {
			key = k
		}
	}
	raw, err := json.Marshal(append([]Cell{}, cells...))
	if err != nil {
		return nil, err
	}
	keys[key] = raw
	return json.Marshal(keys)
}

// checkShard checks what a header says of its shard against its plan.
func (h *Header) checkShard() error {
	s := h.Shard
	if _, err := ParseShard(s.String()); err != nil {
		return fmt.Errorf("shard %w", err)
	}
	plan, err := h.fingerprint(*s)
	if err == nil && plan != s.Plan {
		err = fmt.Errorf("plan %s, and its header says %s: run.json was changed", short(plan), short(s.Plan))
	}
	for _, c := range h.Asked().Cells {
		if !s.Has(c, s.byCell()) {
			return fmt.Errorf("cell %s is none of shard %v: run.json was changed", c.Name(), s)
		}
	}
	return err
}

// short is how a SHA-256 begins, which is enough to distinguish some.
func short(sum string) string {
	return cmp.Or(Quote(sum[:min(12, len(sum))]), "none")
}
