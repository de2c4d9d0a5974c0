package bench

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	_ "ipcbench/mechanisms/all"
	"ipcbench/results"
)

// every is a plan of each preset over everything that there is.
func every() (plans []Plan) {
	mechs, places := Values(results.LookupAxis("mech")), Values(results.LookupAxis("place"))
	for _, p := range Presets() {
		plans = append(plans, NewPlan(p.Spans(), p.Launches, p.Time, false, 7))
	}
	return append(plans, NewPlan([]Axes{{Workloads: []string{"OpenLoop", "Stream"}, Mechanisms: mechs, Sizes: []int{1, results.MaxSize}, Queues: []int{0, 1 << 30}, Places: places, Peers: []int{2},
		Options: []results.Options{{}, {Rate: results.MaxRate}, {Batch: results.MaxBatch}, {Memory: "file"}, {Touch: "read", Wait: "epoll"}, {InPlace: true}}}}, MaxLaunches, MaxTime, true, math.MaxUint64))
}

// What the command line plans passes, after a way through a file.
func TestCheckTakesEveryPlan(t *testing.T) {
	for _, p := range every() {
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back Plan
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if err := back.Check(); err != nil {
			t.Errorf("a plan of %d cells: %v", len(p.Cells), err)
		}
	}
}

// What it would refuse is refused, by name and value.
func TestCheckRefuses(t *testing.T) {
	cell := func(change func(*results.Cell)) func(*Plan) {
		return func(p *Plan) { change(&p.Cells[1]) }
	}
	for want, spoil := range map[string]func(*Plan){
		"launches 0":                func(p *Plan) { p.Launches = 0 },
		"launches 1001":             func(p *Plan) { p.Launches = 1001 },
		"time 0s":                   func(p *Plan) { p.Time = 0 },
		"time -":                    func(p *Plan) { p.Time = math.MinInt64 },
		"time 1m0.000000001s":       func(p *Plan) { p.Time = time.Minute + 1 },
		"no cells":                  func(p *Plan) { p.Cells = nil },
		"is there already":          func(p *Plan) { p.Cells[1] = p.Cells[0] },
		"is not a cell: size":       cell(func(c *results.Cell) { c.Size = math.MaxInt }),
		"size 17MiB: want at most":  cell(func(c *results.Cell) { c.Size = 17 << 20 }),
		`"0"`:                       cell(func(c *results.Cell) { c.Size = 0 }),
		`"-1"`:                      cell(func(c *results.Cell) { c.Size = -1 }),
		"queue":                     cell(func(c *results.Cell) { c.Queue = -4096 }),
		`want "default" or`:         cell(func(c *results.Cell) { c.Queue = math.MaxInt }),
		`place "moon"`:              cell(func(c *results.Cell) { c.Place = "moon" }),
		`mechanism "teleport"`:      cell(func(c *results.Cell) { c.Mechanism = "teleport" }),
		`workload "Gossip"`:         cell(func(c *results.Cell) { c.Workload = "Gossip" }),
		`\x1b`:                      cell(func(c *results.Cell) { c.Mechanism = "pipe\x1b[2J" }),
		"peers 3 does not apply":    cell(func(c *results.Cell) { c.Peers = 3 }),
		"peers 65: want at most 64": cell(func(c *results.Cell) { c.Workload, c.Peers = "FanIn", 65 }),
		"is the name of another":    cell(func(c *results.Cell) { c.Peers = -3 }),
		"batch 1000":                cell(func(c *results.Cell) { c.Workload, c.Batch = "Stream", 1000 }),
		"batch 1:":                  cell(func(c *results.Cell) { c.Workload, c.Batch = "Stream", 1 }),
		"rate 2147483647":           cell(func(c *results.Cell) { c.Workload, c.Rate = "OpenLoop", math.MaxInt32 }),
		"no rate":                   cell(func(c *results.Cell) { c.Workload, c.Rate = "OpenLoop", 0 }),
		`wait "nod"`:                cell(func(c *results.Cell) { c.Wait = "nod" }),
		`memory "core"`:             cell(func(c *results.Cell) { c.Memory = "core" }),
		"none of the workloads":     cell(func(c *results.Cell) { c.Rate = 5 }),
		"workload contend plays on": cell(func(c *results.Cell) { c.Workload, c.Peers = "Contend", 2 }),
		`floor "attic"`:             cell(func(c *results.Cell) { c.Workload, c.Mechanism = results.FloorWorkload, "attic" }),
		"is not planned": cell(func(c *results.Cell) {
			c.Workload, c.Mechanism, c.Size = results.FloorWorkload, results.FloorWake, 1<<20
		}),
	} {
		p := NewPlan([]Axes{{Workloads: []string{"PingPong"}, Mechanisms: []string{"pipe", "fifo"}, Sizes: []int{64}, Queues: []int{0}, Places: []string{"same"}}}, 2, time.Second, false, 1)
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		p.Cells = slices.Clone(p.Cells)
		spoil(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q refused, got %v", want, err)
		}
	}
}

// A cell may name a program in place of a mechanism, whose path has slashes.
func TestAskedCellOfProgram(t *testing.T) {
	var asked string
	External = func(value string) (string, error) { asked = value; return "pipe", nil }
	defer func() { External = nil }()
	for text, want := range map[string]string{
		"PingPong/exec:./a/mine":                   "PingPong/mech=pipe/size=64/queue=default/place=same",
		"pingpong/mech=exec:/a/b=c/mine/size=4KiB": "PingPong/mech=pipe/size=4KiB/queue=default/place=same",
		"Stream/exec:../mine/size=128/place=cross": "Stream/mech=pipe/size=128/queue=default/place=cross",
	} {
		c, err := AskedCell(text)
		if err != nil || c.Name() != want || !strings.Contains(text, asked) || !strings.HasSuffix(asked, "/mine") {
			t.Errorf("%s: %s of %s, %v, want %s", text, c.Name(), asked, err, want)
		}
	}
}
