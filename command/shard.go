package command

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/results"
	"ipcbench/runner"
)

// shardFlag adds --shard.
func shardFlag(c *cobra.Command, part *string) {
	c.Flags().StringVar(part, "shard", "", "measure one part of the plan, as 3/8: the third of eight; ipcbench merge joins them")
}

// cut is the shard of a plan, of which the header gets a note. Without --seed the seed
// follows from the plan: all shards have it.
func (f *planFlags) cut(c *cobra.Command, whole bench.Plan, h *results.Header, part string) (plan bench.Plan, err error) {
	s, err := results.ParseShard(part)
	if err != nil {
		return plan, fmt.Errorf("--shard %w", err)
	}
	if s.Program, err = sumOf(self); err != nil {
		return plan, failed(err)
	}
	if h.Plan, err = json.Marshal(whole); err != nil {
		return plan, failed(err)
	}
	seed, err := h.Cut(s)
	if err == nil {
		err = json.Unmarshal(h.Plan, &plan)
	}
	if !c.Flags().Changed("seed") {
		plan.Seed = seed
	}
	return plan, failed(err)
}

// self is the program that runs.
const self = "/proc/self/exe"

// sumOf is the SHA-256 of a file.
func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// sameClass refuses a shard a host of another class than that on which it was begun: its
// launches are one sample.
func sameClass(earlier *runner.Earlier, now *results.Host, isolation string) error {
	var classes results.Classes
	for rec := range earlier.All() {
		classes.Of(&rec)
	}
	if n := classes.Len(); n != 1 || classes.Of(&results.Record{Host: now, Isolation: isolation}) == 0 {
		return nil
	}
	return errors.New("the shard was begun on a host of another class (" + results.Quote(strings.Join(classes.Differ(), "; ")) + "): measure the whole shard here, in a run of its own")
}
