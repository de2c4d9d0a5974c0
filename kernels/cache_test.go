package kernels

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ipcbench/kernels/profile"
	"ipcbench/results"
)

// guests is a QEMU that counts its boots, and what a runner that has it gives.
type guests struct {
	dir     string
	runner  Runner
	records []results.Record
	warned  []string
	known   string
}

// newGuests has a kernel, and guests that send what measured one cell.
func newGuests(t *testing.T, sent string) *guests {
	t.Helper()
	g := &guests{dir: t.TempDir()}
	g.says(t, sent)
	path := image(t, "vmlinuz", "HdrS")
	kernel, err := ParseKernel(path + "=new")
	if err != nil {
		t.Fatal(err)
	}
	cache := &Cache{Dir: filepath.Join(g.dir, "cache", "counts"), Most: 1 << 20, Warn: func(s string) { g.warned = append(g.warned, s) }}
	g.runner = Runner{
		QEMU: QEMU{Path: fake(t, `echo >>`+g.dir+`/boots; cat `+g.dir+`/sent >"$port"`), Version: "7.2.22"}, Kernels: []Kernel{kernel}, Cache: cache, Image: staticProgram(t),
		Plan:  Plan{Accel: ICount, Boots: 2, Jobs: 1, Cells: []results.Cell{{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}}},
		Sink:  func(_ int, rec results.Record) error { g.records = append(g.records, rec); return nil },
		Known: func(counts, of int) { g.known = fmt.Sprintf("%d of %d", counts, of) },
	}
	return g
}

func (g *guests) says(t *testing.T, sent string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(g.dir, "sent"), []byte(sent), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run executes the plan and reports how many guests were booted for it.
func (g *guests) run(t *testing.T) (boots int) {
	t.Helper()
	os.Remove(filepath.Join(g.dir, "boots"))
	g.records, g.warned, g.known = nil, nil, ""
	if err := g.runner.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(filepath.Join(g.dir, "boots"))
	return bytes.Count(text, []byte("\n"))
}

// A profile that is known takes no boot, and one of another seed does. A damaged one is
// made anew.
func TestKnownProfile(t *testing.T) {
	g := newGuests(t, "")
	qemu, kernel, cell, image := g.runner.QEMU, g.runner.Kernels[0], g.runner.Plan.Cells[0], staticProgram(t)
	initrd, err := newInitrd(image, job{Settle: settle, Tasks: []task{{cell, profiledMeasurement(cell, 0)}}})
	if err != nil {
		t.Fatal(err)
	}
	defer initrd.Close()
	p := &profiling{qemu: qemu, kernel: kernel, cell: cell, seed: 1}
	id, err := p.identity(initrd)
	if err != nil {
		t.Fatal(err)
	}
	made := &profile.Profile{Kernel: "old", Cell: cell.Name(), Ops: 200, Paths: []profile.Path{{Task: "ping", Calls: []profile.Function{{Name: "pipe_write"}}, Insns: 1000}}}
	p.keep(g.runner.Cache, id, "Linux 6.1", made)
	if all, err := g.runner.Cache.List(); err != nil || len(all) != 1 || !all[0].Profile || all[0].Kernel != "Linux 6.1" || !slices.Equal(all[0].Cells, []string{cell.Name()}) {
		t.Errorf("kept %+v, %v", all, err)
	}
	ask := func(seed int) (*profile.Profile, error) {
		return qemu.Profile(t.Context(), kernel, cell, seed, "", ProfileOptions{Image: image, Cache: g.runner.Cache})
	}
	if got, err := ask(1); err != nil || got.Kernel != "new" || got.Insns() != 1000 || got.Ops != 200 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := ask(2); err == nil {
		t.Errorf("another seed's: %+v", got)
	}
	g.runner.Cache.put(id, Kept{}, []byte("garbled\n"))
	if got, err := ask(1); err == nil || len(g.warned) != 1 || !strings.Contains(g.warned[0], "damaged") {
		t.Errorf("a damaged one: %+v, %q", got, g.warned)
	}
}

// A boot is known by all that its counts depend on, and what is known is not booted:
// its records are those of the boot, with its time.
func TestKnownBoots(t *testing.T) {
	g := newGuests(t, strings.Join(lines(t), ""))
	if n := g.run(t); n != 2 || g.known != "0 of 2" || len(g.records) != 2 || g.records[0].Cached {
		t.Fatalf("%d boots, %s known: %+v", n, g.known, g.records)
	}
	first := g.records
	if n := g.run(t); n != 0 || g.known != "2 of 2" || len(g.records) != 2 {
		t.Fatalf("%d boots, %s known", n, g.known)
	}
	for i, r := range g.records {
		if want := first[i]; !r.Cached || r.InsnsPerOp != 13000 || r.Seed != want.Seed || r.Time.Sub(want.Time).Abs() > time.Millisecond || r.Host.Guest.Image != want.Host.Guest.Image {
			t.Errorf("%+v of the cache, %+v booted", r, want)
		}
	}
	r := &g.runner
	qemu, plan, kernels, program, cache := r.QEMU, r.Plan, r.Kernels, r.Image, r.Cache
	path := image(t, "vmlinuz", "HdrS")
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	other, err := ParseKernel(path + "=new")
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(){
		"another option":  func() { r.Kernels = slices.Clone(r.Kernels); r.Kernels[0].Append = "psi=0" },
		"another image":   func() { r.Kernels = []Kernel{other} },
		"another cell":    func() { r.Plan.Cells = append(r.Plan.Cells[:1:1], r.Plan.Cells...) },
		"another program": func() { r.Image = otherProgram(t) },
		"another QEMU": func() {
			r.QEMU.Path = fake(t, `# newer`+"\n"+`echo >>`+g.dir+`/boots; cat `+g.dir+`/sent >"$port"`)
		},
		"real time":       func() { r.Plan.Accel = KVM },
		"without a cache": func() { r.Cache = nil },
	} {
		change()
		if n := g.run(t); n != 2 {
			t.Errorf("%s: %d boots", what, n)
		}
		r.QEMU, r.Plan, r.Kernels, r.Image, r.Cache = qemu, plan, kernels, program, cache
	}
	g.runner.Plan.Boots = 3
	if n := g.run(t); n != 1 || g.known != "2 of 3" {
		t.Errorf("%d boots for a third seed, %s known", n, g.known)
	}
}

// otherProgram is a static program with other bytes.
func otherProgram(t *testing.T) string {
	path := staticProgram(t)
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(text, 0), 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A file that is damaged, wherever, is reported, not used, and replaced.
func TestDamagedBoot(t *testing.T) {
	g := newGuests(t, strings.Join(lines(t), ""))
	g.runner.Plan.Boots = 1
	g.run(t)
	all, err := g.runner.Cache.List()
	if err != nil || len(all) != 1 || all[0].Kernel != "Linux 6.1" || all[0].Seed != 1 || len(all[0].Cells) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	path := filepath.Join(g.runner.Cache.Dir, all[0].name)
	for name, mode := range map[string]os.FileMode{g.runner.Cache.Dir: os.ModeDir | 0o700, path: 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(b []byte) []byte{
		"header":  func(b []byte) []byte { b[bytes.Index(b, []byte("icount"))] ^= 1; return b },
		"time":    func(b []byte) []byte { b[bytes.Index(b, []byte(`"time":"`))+8] ^= 1; return b },
		"count":   func(b []byte) []byte { b[bytes.Index(b, []byte("13000"))] ^= 1; return b },
		"cut":     func(b []byte) []byte { return b[:len(b)-10] },
		"a line":  func(b []byte) []byte { return b[:bytes.LastIndexByte(b[:len(b)-1], '\n')+1] },
		"empty":   func([]byte) []byte { return nil },
		"another": func(b []byte) []byte { return append([]byte("00000000 {}\n"), b...) },
	} {
		if err := os.WriteFile(path, damage(bytes.Clone(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		if n := g.run(t); n != 1 || len(g.warned) != 1 || !strings.Contains(g.warned[0], "is damaged and not used") || g.records[0].Cached {
			t.Errorf("%s: %d boots, warnings %q", name, n, g.warned)
		}
		if n := g.run(t); n != 0 || g.warned != nil {
			t.Errorf("%s: it is not replaced: %d boots, %q", name, n, g.warned)
		}
	}
}

// What failed, and what a moving control makes worthless, is not kept. A cell that the guest's kernel lacks is.
func TestNotKept(t *testing.T) {
	l := lines(t)
	record := func(o results.Outcome) string {
		line, err := encode(message{Record: &results.Record{Schema: results.Schema, Launch: 1, Attempt: 1, Outcome: o, Reason: "why", Cell: results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}}})
		if err != nil {
			t.Fatal(err)
		}
		return l[0] + l[1] + string(line) + l[3] + l[4]
	}
	for o, kept := range map[results.Outcome]bool{results.Skipped: true, results.Failed: false, results.Untrusted: false} {
		g := newGuests(t, record(o))
		g.runner.Plan.Boots = 1
		if g.run(t); (g.run(t) == 0) != kept {
			t.Errorf("%s: kept is not %v", o, kept)
		}
	}
	control := 15.0
	moved, _ := encode(message{Control: &control})
	g := newGuests(t, l[0]+l[1]+l[2]+string(moved)+l[4])
	var off *ControlError
	for range 2 {
		if err := g.runner.Execute(t.Context()); !errors.As(err, &off) {
			t.Errorf("a control that moved gives %v", err)
		}
	}
}

// The cache has a bound: what was used least recently goes.
func TestCacheIsBounded(t *testing.T) {
	g := newGuests(t, strings.Join(lines(t), ""))
	g.runner.Plan.Boots = 4
	g.run(t)
	all, err := g.runner.Cache.List()
	if err != nil || len(all) != 4 {
		t.Fatal(all, err)
	}
	for i, k := range all { // seed 1 was used last, seed 4 first
		used := time.Now().Add(-time.Duration(k.Seed) * time.Hour)
		if err := os.Chtimes(filepath.Join(g.runner.Cache.Dir, k.name), used, used); err != nil {
			t.Fatal(i, err)
		}
	}
	g.runner.Plan.Boots, g.runner.Cache.Most = 5, 3*all[0].Bytes+all[0].Bytes/2
	g.runner.Plan.Boots = 5
	g.run(t) // uses 1 to 4 in this order, and adds 5
	all, err = g.runner.Cache.List()
	var seeds []int
	for _, k := range all {
		seeds = append(seeds, k.Seed)
	}
	if slices.Sort(seeds); err != nil || !slices.Equal(seeds, []int{3, 4, 5}) {
		t.Errorf("seeds %v are left, %v", seeds, err)
	}
	// What a killed process left of a file goes too, in time.
	part := filepath.Join(g.runner.Cache.Dir, partPrefix+"1")
	if err := os.WriteFile(part, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	everything := func(all []Kept) []Kept { return all }
	if gone, err := g.runner.Cache.Prune(everything); err != nil || len(gone) != 3 {
		t.Errorf("%d removed, %v", len(gone), err)
	}
	old := time.Now().Add(-2 * partAge)
	if err := os.Chtimes(part, old, old); err != nil {
		t.Fatal(err)
	}
	if gone, err := g.runner.Cache.Prune(everything); err != nil || len(gone) != 1 {
		t.Errorf("%d removed, %v", len(gone), err)
	}
}

// Where nothing can be kept the boots are as ever, and one line says why.
func TestNoPlaceForCounts(t *testing.T) {
	g := newGuests(t, strings.Join(lines(t), ""))
	file := filepath.Join(g.dir, "file")
	open := filepath.Join(g.dir, "open")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Mkdir(open, 0o700), os.Chmod(open, 0o777)); err != nil {
		t.Fatal(err)
	}
	for dir, why := range map[string]string{filepath.Join(file, "counts"): "not a directory", open: "others may write to it"} {
		g.runner.Cache = &Cache{Dir: dir, Most: 1 << 20, Warn: g.runner.Cache.Warn}
		for range 2 {
			if n := g.run(t); n != 2 || len(g.records) != 2 {
				t.Errorf("%s: %d boots", dir, n)
			}
		}
		if g.warned != nil {
			t.Errorf("a second warning: %q", g.warned)
		}
		g.runner.Cache = &Cache{Dir: dir, Most: 1 << 20, Warn: g.runner.Cache.Warn}
		if g.run(t); len(g.warned) != 1 || !strings.Contains(g.warned[0], why) {
			t.Errorf("%s: %q", dir, g.warned)
		}
	}
}

// Commands at a time share a cache: each finds a whole boot, or none.
func TestSharedCache(t *testing.T) {
	sent := []byte(strings.Join(lines(t), ""))
	dir := filepath.Join(t.TempDir(), "counts")
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			c := &Cache{Dir: dir, Most: 3000, Warn: func(s string) { t.Error(s) }}
			for i := range 50 {
				id := identity{Initrd: fmt.Sprint((i + n) % 5)}
				if heard, _ := c.get(id); heard != nil && len(heard.records) != 1 {
					t.Errorf("%+v", heard)
				}
				c.put(id, Kept{Kernel: "k", Time: time.Now()}, sent)
			}
		})
	}
	wg.Wait()
}
