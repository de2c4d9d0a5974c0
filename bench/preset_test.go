package bench

import (
	"slices"
	"testing"
	"time"
)

var common = append([]string{"unixsock", "unixseq", "tcp", "posixmq", "shmfutex", "shmspin"}, Core...)
var usualPlaces = []string{"free", "same", "cross"}

var goPresets = []Preset{
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
			{Workloads: []string{"PingPong", "Stream"}, Mechanisms: common, Sizes: []int{64, 4 << 10, 64 << 10, 1 << 20}, Queues: []int{0}, Places: usualPlaces},
			{Workloads: []string{"Stream"}, Mechanisms: Pipes, Sizes: []int{4 << 10}, Queues: []int{4 << 10, 1 << 20}, Places: usualPlaces},
			{Workloads: []string{"FanIn", "Pipeline"}, Mechanisms: common, Sizes: []int{4 << 10}, Queues: []int{0}, Places: usualPlaces, Peers: []int{4}},
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

// The presets' files plan what Go data planned: the same cells in the same order.
func TestPresetFilesAreTheGoData(t *testing.T) {
	for i, p := range Presets() {
		old := goPresets[i]
		if p.Name != old.Name || p.Summary != old.Summary || p.Launches != old.Launches || p.Time != old.Time {
			t.Errorf("%+v, want %+v", p, old)
		}
		got, want := NewPlan(p.Spans(), 1, time.Second, false, 1).Cells, NewPlan(old.Spans(), 1, time.Second, false, 1).Cells
		if !slices.Equal(got, want) || len(got) < 100 {
			t.Errorf("%s: %d cells, want %d, or another order", p.Name, len(got), len(want))
		}
	}
}
