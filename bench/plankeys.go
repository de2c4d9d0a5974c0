package bench

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ipcbench/internal/suggest"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Bounds of what adds launches to a plan.
const (
	MinUntil, MaxUntil = 0.001, 0.5 // shares of the median
	MaxBudget          = 30 * 24 * time.Hour
	MaxShare           = 10 // of a threshold: 1,000 %
)

// PlanKey is a key of a plan in a file. Most are flags of `ipcbench run`, with the
// flag's name and values. The reader, its messages and the schema for editors derive
// from them.
type PlanKey struct {
	Name  string
	Help  string               // one line
	List  bool                 // several values may be given
	Flag  bool                 // a flag has its name
	text  bool                 // its value is any text
	block bool                 // a block may have it too
	axis  *results.Axis        // nil: none
	item  map[string]any       // what the schema says of a value; nil: the words of axis
	read  func(v string) error // what is wrong with a value, beginning with what is wanted; nil: nothing
}

// blocksKey and thresholdsKey have lists of mappings, whose keys are those of
// blockKeys and of a Threshold.
const (
	blocksKey     = "blocks"
	thresholdsKey = "thresholds"
	familyKey     = "family"
)

// PlanKeys are the keys of a plan, in the order in which a file has them.
func PlanKeys() []PlanKey {
	keys := []PlanKey{{Name: "preset", Help: "the plan to start from, which the axes then narrow", Flag: true,
		item: words(PresetNames), read: wordRead(func() []string { return PresetNames })}}
	keys = append(keys, blockKeys()...)
	return append(keys,
		PlanKey{Name: blocksKey, Help: "blocks of cells, each with axes of its own; an axis that a block leaves out has all its values"},
		PlanKey{Name: "launches", Help: "launches per cell, each in fresh processes", Flag: true,
			item: whole(1, MaxLaunches), read: numberRead(1, MaxLaunches)},
		PlanKey{Name: "time", Help: "measured time of one launch, as in 60ms", Flag: true,
			item: pattern(`^[0-9].*(ms|s|m)$`), read: timeRead(MinTime, MaxTime)},
		PlanKey{Name: "verify", Help: "adds a pass that checks a CRC-32C over every payload", Flag: true,
			item: map[string]any{"type": "boolean"}, read: boolRead},
		PlanKey{Name: "until", Help: "adds launches until a cell's 95 % interval is within this share, as in 2%", Flag: true,
			item: map[string]any{"type": []string{"string", "number"}},
			read: func(v string) error { _, err := results.ParseShare(v, MinUntil, MaxUntil); return err }},
		PlanKey{Name: "budget", Help: "time after which until begins no further pass, as in 10m", Flag: true,
			item: pattern(`^[0-9].*[hms]$`), read: timeRead(0, MaxBudget)},
		PlanKey{Name: "seed", Help: "of the order of launches", Flag: true,
			item: map[string]any{"type": "integer", "minimum": 0}, read: func(v string) error {
				if _, err := strconv.ParseUint(v, 10, 64); err != nil {
					return errors.New("want a whole number from 0")
				}
				return nil
			}},
		PlanKey{Name: "cpus", Help: "CPUs that places are drawn from, as in 2,3 or 0-3,8", Flag: true, List: true,
			item: map[string]any{"type": []string{"string", "integer"}, "pattern": cpuList}, read: func(v string) error {
				if ok, _ := regexp.MatchString(cpuList, v); !ok {
					return errors.New("want numbers and ranges, as in 2,3 or 0-3,8")
				}
				return nil
			}},
		PlanKey{Name: "label", Help: "a name for the runs of this plan", Flag: true, text: true, item: map[string]any{"type": "string"}},
		PlanKey{Name: "note", Help: "what the plan is for", Flag: true, text: true, item: map[string]any{"type": "string"}},
		PlanKey{Name: thresholdsKey, Help: "the gate's threshold of some cells: of several that match a cell the last counts"},
	)
}

// blockKeys are those that a block may have: a key for each axis.
func blockKeys() (keys []PlanKey) {
	for i := range results.Axes {
		x := &results.Axes[i]
		if x.Found {
			continue
		}
		keys = append(keys, PlanKey{Name: x.Key, Help: x.Help, List: true, Flag: true, block: true, axis: x, read: axisRead(x)})
		if x.Key == "mech" {
			keys = append(keys, PlanKey{Name: familyKey, Help: "families of mechanisms, added to mech: " + strings.Join(Families(), ", "), List: true, block: true,
				item: words(Families()), read: wordRead(Families)})
		}
	}
	floors := func() []string { return NamesOf(Floors, func(w *Workload) string { return w.Floor }) }
	return append(keys, PlanKey{Name: "floor", Help: "extra floors; without mech, only these", List: true, Flag: true, block: true, item: words(floors()), read: wordRead(floors)})
}

var thresholdKeys = []PlanKey{
	{Name: "cells", Help: "parts of a cell's name, in their order, * for any characters: PingPong/*/size=64",
		item: map[string]any{"type": "string"}, read: results.CheckPattern},
	{Name: "percent", Help: "change that is still no regression", item: map[string]any{"type": "number", "minimum": 0.1, "maximum": 100 * MaxShare},
		read: func(v string) error { _, err := percent(v); return err }},
}

const cpuList = `^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$`

func percent(v string) (float64, error) {
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || !(n >= 0.1 && n <= 100*MaxShare) {
		return 0, fmt.Errorf("want a number of percent from 0.1 to %d, as in 10", 100*MaxShare)
	}
	return n / 100, nil
}

// Families are the families of mechanisms, by name.
func Families() []string {
	names := NamesOf(mechanisms.All(), func(m *mechanisms.Mechanism) string { return m.Family.Word() })
	slices.Sort(names)
	return slices.Compact(names)
}

// ofFamily are the mechanisms of a family, by name.
func ofFamily(family string) (names []string) {
	for _, m := range mechanisms.All() {
		if m.Family.Word() == family {
			names = append(names, m.Name)
		}
	}
	return names
}

func axisRead(x *results.Axis) func(string) error {
	if x.Key == "mech" {
		read := wordRead(func() []string { return Values(x) })
		return func(v string) error {
			name, err := Named(v)
			if err != nil {
				return err
			}
			return read(name)
		}
	}
	return func(v string) error {
		err := new(Axes).Set(x, []string{v})
		if err != nil {
			return errors.New(strings.TrimPrefix(err.Error(), strconv.Quote(v)+": "))
		}
		return nil
	}
}

func wordRead(names func() []string) func(string) error {
	return func(v string) error {
		if all := names(); !slices.Contains(all, v) {
			return errors.New(suggest.Wanted(v, all, "ipcbench list"))
		}
		return nil
	}
}

func numberRead(least, most int) func(string) error {
	return func(v string) error {
		if n, err := strconv.Atoi(v); err != nil || n < least || n > most {
			return fmt.Errorf("want %d to %d", least, most)
		}
		return nil
	}
}

func timeRead(least, most time.Duration) func(string) error {
	return func(v string) error {
		if d, err := time.ParseDuration(v); err != nil || d < least || d > most {
			return fmt.Errorf("want %v to %v, as in 60ms or 1m", least, most)
		}
		return nil
	}
}

func boolRead(v string) error {
	if v != "true" && v != "false" {
		return errors.New("want true or false")
	}
	return nil
}
