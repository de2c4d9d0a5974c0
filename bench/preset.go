package bench

import (
	"time"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Preset is a named plan: data, and no code.
type Preset struct {
	Name     string        `json:"name"`
	Summary  string        `json:"summary"`
	Launches int           `json:"launches"` // per cell
	Time     time.Duration `json:"time_ns"`  // measured time of one launch
	Blocks   []Axes        `json:"blocks"`   // see Spans for axes without values
}

// Core is the mechanisms of the preset quick.
var Core = mechanisms.Core

// Common is the mechanisms of the preset default: besides the core what processes
// choose among that inherit nothing from each other, and rings.
var Common = append([]string{"unixsock", "unixseq", "tcp", "posixmq", "shmfutex", "shmspin"}, Core...)

// Pipes are the mechanisms with a capacity that F_SETPIPE_SZ sets.
var Pipes = []string{"pipe", "fifo", "packetpipe"}

// usualPlaces are those of the presets that fit a limited time: unpinned, as most programs run, and
// pinned to one CPU or to several.
var usualPlaces = []string{"free", "same", "cross"}

// Sizes and capacities of workloads for the preset full.
var (
	allSizes  = []int{1, 64, 256, 1 << 10, 4 << 10, 4<<10 + 1, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}
	allQueues = []int{0, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}
)

// Presets are the plans that `ipcbench run --preset` knows.
var Presets = []Preset{
	{
		Name: "quick", Summary: "the core mechanisms at three sizes, at most a minute on 2 CPUs",
		Launches: 6, Time: 25 * time.Millisecond,
		Blocks: []Axes{
			{Workloads: []string{"PingPong", "Stream"}, Mechanisms: Core, Sizes: []int{64, 4 << 10, 64 << 10}, Queues: []int{0}, Places: usualPlaces},
			{Workloads: []string{"FanIn", "Pipeline"}, Mechanisms: Core, Sizes: []int{4 << 10}, Queues: []int{0}, Places: usualPlaces, Peers: []int{4}},
		},
	},
	{
		Name: "default", Summary: "the mechanisms that most programs choose among at four sizes, at most five minutes on 2 CPUs",
		Launches: 8, Time: 60 * time.Millisecond,
		Blocks: []Axes{
			{Workloads: []string{"PingPong", "Stream"}, Mechanisms: Common, Sizes: []int{64, 4 << 10, 64 << 10, 1 << 20}, Queues: []int{0}, Places: usualPlaces},
			{Workloads: []string{"Stream"}, Mechanisms: Pipes, Sizes: []int{4 << 10}, Queues: []int{4 << 10, 1 << 20}, Places: usualPlaces},
			{Workloads: []string{"FanIn", "Pipeline"}, Mechanisms: Common, Sizes: []int{4 << 10}, Queues: []int{0}, Places: usualPlaces, Peers: []int{4}},
			{Workloads: []string{"Notify"}, Mechanisms: []string{"eventfd"}, Places: usualPlaces},
		},
	},
	{
		Name: "wide", Summary: "every mechanism at a size that nearly all carry and one from which not copying pays, at most ten minutes on 2 CPUs",
		Launches: 8, Time: 60 * time.Millisecond,
		Blocks: []Axes{
			{Workloads: []string{"PingPong", "Stream", "Notify"}, Sizes: []int{4 << 10, 64 << 10}, Queues: []int{0}, Places: usualPlaces},
			{Floors: AskedFloors(), Sizes: []int{4 << 10, 64 << 10}, Places: usualPlaces},
		},
	},
	{
		Name: "full", Summary: "every mechanism, workload, size, capacity and place; hours",
		Launches: 10, Time: 100 * time.Millisecond,
		Blocks: []Axes{
			{Peers: []int{2, 4, 8}},
			{Floors: AskedFloors(), Sizes: []int{64, 4 << 10, 64 << 10, 1 << 20}},
		},
	},
}

// LookupPreset returns the preset of that name.
func LookupPreset(name string) (Preset, error) {
	for _, p := range Presets {
		if p.Name == name {
			return p, nil
		}
	}
	return Preset{}, unknown("preset", name, NamesOf(Presets, func(p Preset) string { return p.Name }))
}

// Spans are the preset's blocks with all values of axes that have none there: every
// workload, unless the block has floors, mechanism and place. Sizes and capacities
// are then those of the workload, or 64 B, 4 KiB and 64 KiB at the default capacity.
func (p Preset) Spans() (all []Axes) {
	for _, a := range p.Blocks {
		names := a.Workloads
		if names == nil && a.Floors == nil {
			names = NamesOf(Workloads, func(w *Workload) string { return w.Name })
		}
		a.Places = or(a.Places, results.LookupAxis("place").Names())
		if names == nil {
			all = append(all, a)
			continue
		}
		a.Mechanisms = or(a.Mechanisms, NamesOf(mechanisms.All(), func(m *mechanisms.Mechanism) string { return m.Name }))
		for _, name := range names {
			w, one := LookupWorkload(name), a
			if w == nil {
				continue // not registered
			}
			one.Workloads = []string{name}
			one.Sizes = or(or(a.Sizes, w.Sizes), []int{64, 4 << 10, 64 << 10})
			one.Queues = or(or(a.Queues, w.Queues), []int{0})
			all = append(all, one)
		}
	}
	return all
}

func or[T any](values, otherwise []T) []T {
	if len(values) == 0 {
		return otherwise
	}
	return values
}
