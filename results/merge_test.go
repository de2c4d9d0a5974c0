package results

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// sharded is a plan that was measured in shards, in runs of their own, and as a whole.
type sharded struct {
	t      *testing.T
	dir    string
	whole  string // the run that is not sharded
	shards []string
}

// newSharded measures: a record is what measure says of a cell and a launch.
func newSharded(t *testing.T, of int, cells []Cell, counted bool, measure func(c Cell, launch, shard int) Record) *sharded {
	t.Helper()
	s := &sharded{t: t, dir: t.TempDir()}
	for k := range of + 1 { // 0 is the whole
		h := testHeader
		h.ID, h.Seed = fmt.Sprintf("run-%d", k), 42
		plan := `{"launches":2,"time_ns":2000000,"seed":42}`
		if counted {
			h.Seed, plan = 0, `{"Boots":2,"Accel":"icount","Jobs":`+fmt.Sprint(k+1)+`}`
		}
		var err error
		if h.Plan, err = withCells([]byte(plan), cells); err != nil {
			t.Fatal(err)
		}
		if k > 0 {
			part := Shard{Index: k, Of: of, Program: "ab"}
			if counted {
				part.Kernel, part.Booted = "old", []string{"old 123"}
			}
			if _, err := h.Cut(part); err != nil {
				t.Fatal(err)
			}
		}
		run, err := Create(s.dir, h)
		if err != nil {
			t.Fatal(err)
		}
		for launch := 1; launch <= 2; launch++ {
			for _, c := range h.Asked().Cells {
				r := measure(c, launch, k)
				r.Run = ""
				if err := run.Append(r); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := run.Close(); err != nil {
			t.Fatal(err)
		}
		if k == 0 {
			s.whole = run.Dir
		} else {
			s.shards = append(s.shards, run.Dir)
		}
	}
	return s
}

// merge merges the shards of these numbers.
func (s *sharded) merge(shards ...int) (string, error) {
	var paths []string
	for _, k := range shards {
		paths = append(paths, s.shards[k-1])
	}
	return Merge(context.Background(), filepath.Join(s.dir, "merged"), Header{ID: "merged", Started: testHeader.Started}, paths)
}

// change edits the header of a shard.
func (s *sharded) change(shard int, change func(*Header)) {
	s.t.Helper()
	h, err := readHeader(s.shards[shard-1])
	if err == nil {
		change(&h)
		var raw []byte
		if raw, err = json.Marshal(h); err == nil {
			err = os.WriteFile(filepath.Join(s.shards[shard-1], HeaderFile), raw, 0o644)
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// byLaunch are the records of a run, by cell and launch, without what each run has of its own.
func byLaunch(t *testing.T, dir string) map[string]Record {
	t.Helper()
	set, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if odd := set.Odd(); odd != nil {
		t.Errorf("%s: %v", dir, odd)
	}
	all := map[string]Record{}
	for _, r := range set.Records {
		r.Run, r.LaunchNs = "", 0
		all[fmt.Sprintf("%s %d", r.Cell.Name(), r.Launch)] = r
	}
	return all
}

func inTime(c Cell, launch, _ int) Record { return okRecord(c, launch, 5003.7+float64(c.Size%7)) }

func inCounts(c Cell, launch, shard int) Record {
	r := okRecord(c, launch, 1)
	r.InsnsPerOp, r.NsPerOp, r.ElapsedNs, r.BytesPerSec, r.CPUNsPerOp, r.WallNs = 12978.140512345+float64(c.Size)/3, 0, 0, 0, Amount{}, 0
	r.Latency, r.Overhead, r.Noise = nil, nil, nil
	r.Seed = uint64(launch)
	host := testHost
	host.Guest = &Guest{Label: "old", Accel: "icount", QEMU: "7.2", Image: "123"}
	host.Memory += int64(shard) << 12
	r.Host = &host
	return r
}

// A merged run has cell for cell and digit for digit what the plan without shards has.
func TestMergedIsWhole(t *testing.T) {
	for name, measure := range map[string]func(Cell, int, int) Record{"timed": inTime, "counted": inCounts} {
		for _, of := range map[string][]int{"timed": {1, 40}, "counted": {3}}[name] { // of 40 some are empty
			s := newSharded(t, of, manyCells(), name == "counted", measure)
			var all []int
			for k := range of {
				all = append(all, of-k)
			}
			dir, err := s.merge(all...)
			if err != nil {
				t.Fatal(err)
			}
			want, got := byLaunch(t, s.whole), byLaunch(t, dir)
			for key, w := range want {
				g := got[key]
				w.Host, g.Host = nil, nil
				if !reflect.DeepEqual(g, w) {
					t.Errorf("%s in %d shards: %s is\n%+v\nwant\n%+v", name, of, key, g, w)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s in %d shards: %d launches, want %d", name, of, len(got), len(want))
			}
			h, err := readHeader(dir)
			if err != nil {
				t.Fatal(err)
			}
			if cells := h.Asked().Cells; len(cells) != len(manyCells()) || len(h.Merged) != of || h.Shard != nil {
				t.Errorf("%s in %d shards: the header has %d cells of %d shards, shard %v", name, of, len(cells), len(h.Merged), h.Shard)
			}
			if _, err := os.Stat(filepath.Join(dir, BenchFile)); err != nil {
				t.Error(err)
			}
		}
	}
}

// Each wrong shard is refused in a line that has its run, the value and the remedy, and
// nothing is written.
func TestMergeRefuses(t *testing.T) {
	cells := manyCells()[:48]
	for name, c := range map[string]struct {
		spoil  func(s *sharded)
		shards []int
		want   []string // in one line each
	}{
		"a missing shard": {nil, []int{1, 3}, []string{"shard 2/3 of the plan of RUN1 is missing: name its run, or measure it with --shard 2/3"}},
		"two missing":     {nil, []int{2}, []string{"shard 1/3 of the plan of RUN2 is missing", "shard 3/3 of the plan of RUN2 is missing"}},
		"a doubled shard": {nil, []int{1, 2, 2, 3}, []string{"RUN2: shard 2/3 is in RUN2 too: leave out one of both"}},
		"another seed": {func(s *sharded) { s.change(2, func(h *Header) { h.Seed = 43 }) }, nil,
			[]string{"RUN2: seed 43, and that of RUN1 is 42: measure all shards with the same --seed"}},
		"another program": {func(s *sharded) { s.change(3, func(h *Header) { h.Shard.Program = "cd" }) }, nil,
			[]string{"RUN3: program v0.1.0, SHA-256 cd, and that of RUN1 is v0.1.0, SHA-256 ab: measure all shards with the same build"}},
		"another version": {func(s *sharded) { s.change(1, func(h *Header) { h.Program = "v9" }) }, nil,
			[]string{"RUN1: program v9, SHA-256 ab, and that of RUN2 is v0.1.0"}},
		"another plan": {func(s *sharded) {
			s.change(1, func(h *Header) { replan(h, cells, `{"launches":3,"time_ns":2000000}`) })
		}, nil,
			[]string{"RUN1: plan ", ": measure all shards with the same plan and the same flags"}},
		"another number of shards": {func(s *sharded) {
			s.change(2, func(h *Header) {
				h.Shard.Of = 5
				replan(h, cells, `{"launches":2,"time_ns":2000000,"seed":42}`)
			})
		}, nil,
			[]string{"RUN2: number of shards 5, and that of RUN1 is 3: measure all shards with the same N"}},
		"a plan that was edited": {func(s *sharded) {
			s.change(1, func(h *Header) { h.Plan = []byte(strings.Replace(string(h.Plan), `"launches": 2`, `"launches": 1`, 1)) })
		}, nil,
			[]string{"RUN1: plan ", "run.json was changed: measure the shard again"}},
		"a cell of another shard": {func(s *sharded) {
			s.change(1, func(h *Header) {
				h.Plan, _ = withCells(h.Plan, cells)
			})
		}, nil, []string{"RUN1: cell ", " is none of shard 1/3: run.json was changed: measure the shard again"}},
		"cells that went": {func(s *sharded) {
			s.change(1, func(h *Header) { h.Plan, _ = withCells(h.Plan, h.Asked().Cells[1:]) })
		}, nil, []string{"RUN1: the shards have 47 cells, and the plan has 48"}},
		"no shard":      {func(s *sharded) { s.change(2, func(h *Header) { h.Shard = nil }) }, nil, []string{"RUN2: it is no shard of a plan: name runs of `ipcbench run --shard K/N`"}},
		"a merged run":  {func(s *sharded) { s.change(2, func(h *Header) { h.Merged = []Merged{{Run: "x"}} }) }, nil, []string{"RUN2: it is merged already"}},
		"no header":     {func(s *sharded) { os.Remove(filepath.Join(s.shards[1], HeaderFile)) }, nil, []string{"RUN2: no header that can be read: ", ": name the directory of a run"}},
		"another run's": {func(s *sharded) { s.change(2, func(h *Header) { h.ID = "other" }) }, nil, []string{"RUN2: a record of run run-2, and the run is other: measure shard 2/3 again"}},
		"an unfinished shard": {func(s *sharded) {
			cutLines(s.t, s.shards[1], -5)
		}, nil, []string{"RUN2: shard 2/3 is unfinished, 5 of its ", " cells lack launches, as ", " has 1 of 2 launches: `ipcbench run --resume RUN2` goes on"}},
		"a doubled record": {func(s *sharded) { cutLines(s.t, s.shards[1], 1) }, nil,
			[]string{"RUN2: a record that cannot be used: ", "attempt 1 is on line ", ": measure shard 2/3 again"}},
	} {
		s := newSharded(t, 3, cells, false, inTime)
		if c.spoil != nil {
			c.spoil(s)
		}
		if c.shards == nil {
			c.shards = []int{3, 2, 1}
		}
		_, err := s.merge(c.shards...)
		if err == nil {
			t.Errorf("%s: merged", name)
			continue
		}
		text := err.Error()
		for k, shard := range s.shards {
			text = strings.ReplaceAll(text, shard, fmt.Sprintf("RUN%d", k+1))
		}
		rest := text
		for _, w := range c.want {
			before, after, ok := strings.Cut(rest, w)
			if !ok {
				t.Errorf("%s: %s\nwant %q", name, text, w)
				break
			}
			_, rest = before, after
		}
		if n := strings.Count(text, "\n") + 1; n != len(slices.DeleteFunc(slices.Clone(c.want), func(w string) bool { return !strings.Contains(w, "RUN") })) && name != "an unfinished shard" {
			t.Errorf("%s: %d lines:\n%s", name, n, text)
		}
		if left, _ := filepath.Glob(filepath.Join(s.dir, "merged", "*")); left != nil {
			t.Errorf("%s: %v is left", name, left)
		}
	}
}

// replan makes the header one of another plan.
func replan(h *Header, cells []Cell, plan string) {
	h.Plan, _ = withCells([]byte(plan), cells)
	h.Cut(*h.Shard)
}

// cutLines takes lines off the end of a run's records, or repeats the last ones.
func cutLines(t *testing.T, dir string, n int) {
	t.Helper()
	path := filepath.Join(dir, RecordsFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	if n < 0 {
		lines = lines[:len(lines)+n]
	} else {
		lines = append(lines, lines[len(lines)-n:]...)
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A run that a process writes is not merged.
func TestMergeWaitsForWriters(t *testing.T) {
	s := newSharded(t, 2, manyCells(), false, inTime)
	run, err := Open(s.shards[0])
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if _, err := s.merge(1, 2); err == nil || !strings.Contains(err.Error(), "shard 1/2 is being written by a process") {
		t.Errorf("merged: %v", err)
	}
}

// Times of hosts of two classes stay apart, and the run says why. Times of one class and
// counts, which state nothing of the host, do not.
func TestMergeKeepsClassesApart(t *testing.T) {
	cells := append(manyCells(), Cell{Workload: FloorWorkload, Mechanism: FloorWake, Size: 4, Place: "same"}, Cell{Workload: FloorWorkload, Mechanism: FloorWake, Size: 4, Place: "cross"})
	on := func(change func(h *Host, shard int)) func(Cell, int, int) Record {
		return func(c Cell, launch, shard int) Record {
			r := inTime(c, launch, shard)
			host := *r.Host
			change(&host, shard)
			r.Host = &host
			return r
		}
	}
	for name, c := range map[string]struct {
		measure func(Cell, int, int) Record
		counted bool
		why     string // "": one class
	}{
		"one class":      {on(func(h *Host, shard int) { h.Memory += int64(shard) << 12 }), false, ""},
		"what is silent": {on(func(h *Host, shard int) { h.Governor = map[int]string{1: "performance"}[shard] }), false, ""},
		"counted":        {inCounts, true, ""},
		"two CPU models": {on(func(h *Host, shard int) {
			if shard == 2 {
				h.CPU = "Other CPU"
			}
		}), false, "2 classes (cpu: Example CPU @ 2.50GHz and Other CPU): "},
		"two governors": {on(func(h *Host, shard int) { h.Governor = map[int]string{1: "performance", 2: "powersave"}[shard] }), false,
			"2 classes (governor: performance and powersave): "},
	} {
		s := newSharded(t, 3, cells, c.counted, c.measure)
		dir, err := s.merge(1, 2, 3)
		if err != nil {
			t.Fatal(err)
		}
		set, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		warned := strings.Join(set.Warnings, "\n")
		if c.why == "" && warned != "" || !strings.Contains(warned, c.why) {
			t.Errorf("%s: warnings %q, want %q", name, warned, c.why)
		}
		part := Shard{Index: 2, Of: 3}
		asked, held := map[Cell]bool{}, 0
		for _, sum := range set.Summaries() {
			asked[sum.Cell.Asked()] = true
			apart := c.why != "" && part.Has(sum.Cell, false)
			if got := sum.Cell.Class; got != map[bool]string{true: "2"}[apart] || strings.HasSuffix(sum.Cell.Name(), "/host=2") != apart {
				t.Errorf("%s: %s has class %q", name, sum.Cell.Name(), got)
			}
			if sum.RelativeCost == nil || sum.Cell.Workload == FloorWorkload {
				continue
			}
			floor, _ := FloorOf(sum.Cell)
			floor.Size = 4
			held++
			if part.Has(floor, false) != part.Has(sum.Cell, false) && c.why != "" {
				t.Errorf("%s: %s is held against a floor of another class", name, sum.Cell.Name())
			}
		}
		if held == 0 && !c.counted {
			t.Errorf("%s: no cell is held against a floor", name)
		}
		if len(asked) != len(cells) {
			t.Errorf("%s: %d cells, want %d", name, len(asked), len(cells))
		}
		if hosts := set.Hosts(); len(hosts) != map[bool]int{true: 1, false: 2}[c.why == ""] {
			t.Errorf("%s: %d hosts stand for their classes", name, len(hosts))
		}
		if came, why := set.CameTo(set.Summaries()); came != "ok" {
			t.Errorf("%s: it came to %s: %s", name, came, why)
		}
	}
}

// A shard that went on upon a host of another class is no sample of either.
func TestMergeRefusesTwoHostsInAShard(t *testing.T) {
	s := newSharded(t, 2, manyCells(), false, func(c Cell, launch, shard int) Record {
		r := inTime(c, launch, shard)
		host := *r.Host
		if launch == 2 && shard == 2 {
			host.Kernel = "Linux 7.0"
		}
		r.Host = &host
		return r
	})
	_, err := s.merge(1, 2)
	if err == nil || !strings.Contains(err.Error(), "launch 2 of ") || !strings.Contains(err.Error(), "was measured on a host of another class than those before (kernel: Linux 6.18.44 and Linux 7.0): measure shard 2/2 again, on one host") {
		t.Errorf("merged: %v", err)
	}
}

// A class has the warnings of all its hosts, and those that differ in a number once.
func TestClassHasAllWarnings(t *testing.T) {
	s := newSharded(t, 3, manyCells(), false, func(c Cell, launch, shard int) Record {
		r := inTime(c, launch, shard)
		host := *r.Host
		host.Warnings = []Warning{{What: fmt.Sprintf("load average is %d.%d on 2 CPUs", 20+shard, shard)}}
		if shard == 2 {
			host.Warnings = append(host.Warnings, Warning{What: "a debugger is attached"})
		}
		r.Host = &host
		return r
	})
	dir, err := s.merge(1, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	set, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	hosts := set.Hosts()
	if len(hosts) != 1 || len(hosts[0].Warnings) != 2 || hosts[0].Warnings[1].What != "a debugger is attached" {
		t.Errorf("%d hosts, the first of which warns of %+v", len(hosts), hosts[0].Warnings)
	}
}
