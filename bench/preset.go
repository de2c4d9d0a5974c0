package bench

import (
	"embed"
	"path"
	"strconv"
	"sync"
	"time"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Preset is a named plan, which a file in presets has.
type Preset struct {
	Name     string
	Summary  string
	Launches int           // per cell
	Time     time.Duration // measured time of one launch
	Blocks   []Axes        // see Spans for axes without values
}

// PresetNames are the presets that `ipcbench run --preset` knows, the shortest first.
var PresetNames = []string{"quick", "default", "wide", "full"}

// Core is the mechanisms of the preset quick.
var Core = mechanisms.Core

// Pipes are the mechanisms with a capacity that F_SETPIPE_SZ sets.
var Pipes = []string{"pipe", "fifo", "packetpipe"}

// Sizes and capacities of workloads for the preset full.
var (
	allSizes  = []int{1, 64, 256, 1 << 10, 4 << 10, 4<<10 + 1, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}
	allQueues = []int{0, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}
)

//go:embed presets/*.yaml
var presetFiles embed.FS

// PresetText is the file of a preset.
func PresetText(name string) (string, error) {
	text, err := presetFiles.ReadFile(path.Join("presets", name+".yaml"))
	if err != nil {
		return "", unknown("preset", name, PresetNames)
	}
	return string(text), nil
}

// Presets are all of them, read when they are first asked for.
var Presets = sync.OnceValue(func() (all []Preset) {
	for _, name := range PresetNames {
		text, err := PresetText(name)
		if err != nil {
			panic(err) // the embedded files are those of PresetNames
		}
		f, err := ParsePlan(name+".yaml", []byte(text))
		if err != nil {
			panic(err)
		}
		all = append(all, f.preset(name))
	}
	return all
})

// preset is the file under a name. Its numbers were checked as the file was read.
func (f *PlanFile) preset(name string) Preset {
	p := Preset{Name: name, Blocks: f.Blocks}
	for _, note := range f.given["note"] {
		p.Summary = note
	}
	for _, n := range f.given["launches"] {
		p.Launches, _ = strconv.Atoi(n)
	}
	for _, d := range f.given["time"] {
		p.Time, _ = time.ParseDuration(d)
	}
	return p
}

// LookupPreset returns the preset of that name.
func LookupPreset(name string) (Preset, error) {
	for _, p := range Presets() {
		if p.Name == name {
			return p, nil
		}
	}
	return Preset{}, unknown("preset", name, PresetNames)
}

// Spans are the preset's blocks with all values of axes that have none there: every
// workload, unless the block has floors, mechanism and place. Sizes and capacities
// are then those of the workload, or 64 B, 4 KiB and 64 KiB at the default capacity,
// and peers UsualPeers.
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
			one.Peers = or(a.Peers, []int{UsualPeers})
			all = append(all, one)
		}
	}
	return all
}

// UsualPeers is how many peers a workload has that varies them, where no number is
// asked for.
const UsualPeers = 4

func or[T any](values, otherwise []T) []T {
	if len(values) == 0 {
		return otherwise
	}
	return values
}
