package command

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/internal/suggest"
	"ipcbench/internal/text"
	"ipcbench/kernels"
	"ipcbench/results"
)

// cacheFlag decides whether boots come from the cache and go into it.
type cacheFlag struct{ none bool }

func (f *cacheFlag) register(c *cobra.Command) {
	c.Flags().BoolVar(&f.none, "no-cache", false, "boot every kernel, and neither read nor write the cache of counts")
}

// open returns the user's cache; nil where there is none, or it is not wanted.
func (f *cacheFlag) open(c *cobra.Command) *kernels.Cache {
	if f.none {
		return nil
	}
	cache, err := kernels.UserCache()
	if err != nil {
		warn(c, fmt.Sprintf("counts are not cached: %v", err))
		return nil
	}
	cache.Warn = func(s string) { warn(c, s) }
	return cache
}

// keptBoots is what `kernels cache list` and `prune` print as JSON.
type keptBoots struct {
	Directory string         `json:"directory"`
	Bytes     int64          `json:"bytes"`             // of all these boots
	Most      int64          `json:"most,omitempty"`    // bytes that the cache holds
	Boots     []kernels.Kept `json:"boots"`             // the one that was used last first
	DryRun    bool           `json:"dry_run,omitempty"` // nothing was removed
}

func newKernelsCache() *cobra.Command {
	verbs := []string{"list", "prune"}
	c := &cobra.Command{
		Use:   "cache list|prune",
		Short: "List or remove the boots whose counts are kept",
		Long: `Cache lists or removes the boots whose counts are kept. A boot is known by all that
its counts depend on: kernel image, command line, QEMU, this program, cells and seed.
A boot that is known is not repeated. Beyond 64 MiB, the boots that were used least
recently are removed. Profiles of why are kept in the same way. Statements and real
time are not cached. --no-cache neither reads nor writes the cache.`,
		Example: "  ipcbench kernels cache list\n  ipcbench kernels cache prune --older 720h",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("kernels cache needs a command: list or prune")
			}
			return fmt.Errorf("kernels cache has no command %q: %s", args[0], suggest.Wanted(args[0], verbs, "ipcbench kernels cache --help"))
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	var format string
	list := &cobra.Command{
		Use: "list", Short: "List the boots that are kept: kernel, cells, seeds, size and age", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			cache, err := kernels.UserCache()
			if err != nil {
				return failed(err)
			}
			all, err := cache.List()
			if err != nil {
				return failed(err)
			}
			return writeKept(c, format, keptBoots{Directory: cache.Dir, Most: cache.Most, Boots: all}, "")
		},
	}
	formatFlag(list, &format, runFormats)
	var older time.Duration
	var all, dry bool
	prune := &cobra.Command{
		Use: "prune --older AGE|--all", Short: "Remove the boots that were not used for so long, or all",
		Example: "  ipcbench kernels cache prune --older 720h --dry-run",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if all == (older > 0) {
				return errors.New("prune wants --older AGE, as in --older 720h, or --all")
			}
			cache, err := kernels.UserCache()
			if err != nil {
				return failed(err)
			}
			var gone []kernels.Kept
			drop := func(kept []kernels.Kept) (drop []kernels.Kept) {
				for _, k := range kept {
					if all || time.Since(k.Used) > older {
						drop = append(drop, k)
					}
				}
				if dry {
					gone, drop = drop, nil
				}
				return drop
			}
			removed, err := cache.Prune(drop)
			if err != nil {
				return failed(err)
			}
			verb := "removed"
			if dry {
				removed, verb = gone, "would be removed"
			}
			return writeKept(c, format, keptBoots{Directory: cache.Dir, Boots: removed, DryRun: dry}, verb)
		},
	}
	prune.Flags().DurationVar(&older, "older", 0, "age since a boot was last used, as in 720h")
	prune.Flags().BoolVar(&all, "all", false, "remove all boots")
	prune.Flags().BoolVar(&dry, "dry-run", false, "remove nothing, and print what would be removed")
	formatFlag(prune, &format, runFormats)
	c.AddCommand(list, prune)
	return c
}

// writeKept prints boots, those of one kernel and the same cells in a line. Verb is
// what was done to them; "" where they are listed.
func writeKept(c *cobra.Command, format string, k keptBoots, verb string) error {
	out := c.OutOrStdout()
	for _, b := range k.Boots {
		k.Bytes += b.Bytes
	}
	switch {
	case !slices.Contains(runFormats, format):
		return badValue("--format", format, runFormats)
	case format == "json":
		k.Boots = append([]kernels.Kept{}, k.Boots...)
		return failed(text.WriteJSON(out, k))
	}
	var rows [][]string
	for rest := k.Boots; len(rest) > 0; {
		first, bytes := rest[0], int64(0)
		var seeds []int
		var others []kernels.Kept
		for _, b := range rest {
			if b.Image != first.Image || b.Options != first.Options || b.QEMU != first.QEMU || b.Program != first.Program || b.Profile != first.Profile || !slices.Equal(b.Cells, first.Cells) {
				others = append(others, b)
				continue
			}
			bytes += b.Bytes
			seeds = append(seeds, b.Seed)
		}
		rest = others
		slices.Sort(seeds)
		cells := results.Plural(len(first.Cells), "cell")
		if len(first.Cells) == 1 {
			cells = first.Cells[0]
		}
		if first.Profile {
			cells = "profile of " + cells
		}
		row := []string{cmp.Or(strings.TrimPrefix(first.Kernel, "Linux "), "damaged"), first.Options, cells, strings.Trim(fmt.Sprint(seeds), "[]"), first.QEMU, results.FormatBytes(int(bytes+1023) &^ 1023), age(time.Since(first.Used))}
		for i := range row {
			row[i] = results.Quote(row[i])
		}
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		columns := []text.Column{{Head: "kernel", Least: 12}, {Head: "options", Least: 8}, {Head: "cells", Least: 16}, {Head: "seeds"}, {Head: "QEMU", Drop: 2}, {Head: "size", Right: true, Drop: 1}, {Head: "last used", Right: true}}
		if _, err := screen(out).Table(out, "", columns, rows); err != nil {
			return failed(err)
		}
	}
	line := fmt.Sprintf("%s, %d KiB, in %s", results.Plural(len(k.Boots), "boot"), (k.Bytes+1023)>>10, results.Quote(k.Directory))
	if verb != "" {
		line += ": " + verb
	}
	if screen(out).Columns == 0 {
		_, err := fmt.Fprintln(out, line)
		return failed(err)
	}
	return failed(screen(out).Wrap(out, "", "  ", line))
}

// age is how long ago something was, in the largest unit of which there are two.
func age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}
