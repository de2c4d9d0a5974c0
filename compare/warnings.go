package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"ipcbench/results"
)

// Warning is a reason not to believe a comparison.
type Warning struct {
	Name string `json:"name"` // stands beside the numbers
	results.Warning
	Refuses bool `json:"refuses"` // without --force nothing is judged for which it holds
	Cells   int  `json:"cells"`   // for how many it holds; 0: for all

	as   string    // what What has before the facts
	said [2]string // the facts of both sides; "": it is about no facts
}

// rule is a fact that should be the same on both sides.
type rule struct {
	name    string
	key     string // of the benchmark format
	refuses bool
	fact    func(*results.Host) string
	why     string
	remedy  string
}

// number is a fact that is a number, unknown where it is 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// hostRules is what hosts must, and should, have in common.
var hostRules = []rule{
	{"CPU model", "cpu", true, func(h *results.Host) string { return h.CPU },
		"another processor is another machine", "measure both sides on one machine"},
	{"architecture", "goarch", true, func(h *results.Host) string { return h.Arch },
		"another architecture is another machine", "build both sides for one architecture"},
	{"number of CPUs", "cpus", true, func(h *results.Host) string { return number(h.CPUs) },
		"what shares a CPU on one side need not on the other", "give both sides one CPU set, as in `taskset -c 0,1 ipcbench …`"},
	{"GOMAXPROCS", "gomaxprocs", true, func(h *results.Host) string { return number(h.GOMAXPROCS) },
		"the runtime shares the CPUs out in another way", "run both sides with one GOMAXPROCS"},
	{"page size", "page-size", true, func(h *results.Host) string { return number(h.PageSize) },
		"a pipe's capacity is counted in pages", "boot both kernels with one page size"},
	{"virtualization", "virt", false, func(h *results.Host) string { return h.Virt },
		"waking an idle virtual CPU is up to ten times dearer", "measure both sides on bare metal, or both in one kind of machine"},
	{"mitigations", "mitigations", false, func(h *results.Host) string { return h.Mitigations },
		"every system call pays for them", "boot both kernels with the same mitigations= option, unless they are what you compare"},
	{"governor", "governor", false, func(h *results.Host) string { return h.Governor },
		"the clock follows another rule", "set one governor on both sides: cpupower frequency-set -g performance"},
	{"turbo", "turbo", false, func(h *results.Host) string { return h.Turbo },
		"the clock depends on heat and neighbours", "turn it off on both sides"},
	{"SMT", "smt", false, func(h *results.Host) string { return h.SMT },
		"siblings share a core on one side", "set /sys/devices/system/cpu/smt/control alike on both sides"},
	{"clock source", "clocksource", false, func(h *results.Host) string { return h.Clocksource },
		"reading the clock has another cost", "boot both sides with one clocksource= option"},
	{"cgroup limits", "cgroup", false, func(h *results.Host) string { return h.Cgroup },
		"a quota stops the workers now and then", "run both sides under the same limits"},
	{"scheduling", "scheduling", false, func(h *results.Host) string { return h.Scheduling },
		"the kernel wakes and switches the workers by another rule", "start both sides with one policy and nice value, chrt(1), nice(1)"},
	{"Go version", "go", false, func(h *results.Host) string { return h.Go },
		"the timed loop was compiled by another compiler", "build both sides with one Go"},
}

// cellRules is the same for the facts of a cell.
var cellRules = []rule{
	{name: "queue given", refuses: true, why: "the link held more before Send blocked",
		remedy: "ask for a size with --queue, and see that /proc/sys/fs/pipe-user-pages-soft, net.core.wmem_max and kernel.msgmnb are the same"},
	{name: "CPU set", refuses: true, why: "a neighbouring CPU is several times nearer than a far one",
		remedy: "give both sides one CPU set, as in `taskset -c 0,1 ipcbench …`"},
	{name: "queued messages", why: "the link held another number of messages, so processes changed places more or less often",
		remedy: "compare the limits that `ipcbench list` shows on both sides"},
}

// warnings is the warnings about two sides.
type warnings struct {
	list    []Warning
	marks   []string // of the warnings that hold for all cells and refuse
	refused bool
	cells   bool           // the facts of cells are to be compared
	at      map[string]int // warnings about cells, by name: where they are listed
	called  [2]string      // the sides

	interleaved bool // what drifts is on both sides, or no time was measured
}

// warn compares what both sides say of themselves.
func warn(old, new *Side, apart *split, o Options) *warnings {
	d := &warnings{list: []Warning{}, cells: results.LookupAxis(o.By) == nil, at: map[string]int{}}
	d.called[0], d.called[1] = Called(old.label(), new.label())
	known := len(old.hosts.All()) > 0 && len(new.hosts.All()) > 0
	for _, r := range slices.Concat(hostRules, guestRules) {
		if r.key == o.By || !known {
			continue
		}
		a, b := old.facts(r.fact), new.facts(r.fact)
		if apart.by(r.key) && common(a, b) {
			continue // what is not common has no counterpart
		}
		if r.key == "scheduling" && (len(a) == 0 || len(b) == 0) {
			continue // earlier versions did not record it
		}
		if len(a)+len(b) > 0 && !slices.Equal(a, b) {
			d.add(r, a, b, r.refuses && len(a) > 0 && len(b) > 0)
		}
	}
	if a, b := old.lengths(), new.lengths(); len(a) > 0 && len(b) > 0 && !slices.Equal(a, b) && !(apart.by(lengthKey) && common(a, b)) {
		d.add(sameLength, a, b, true)
	}
	if c, ok := apart.warning(old, new); ok {
		d.list = append(d.list, c)
	}
	if !known {
		d.list = append(d.list, Warning{Name: "host", Warning: results.Warning{What: "a side does not say on which machine it was measured",
			Why: "another machine would go unnoticed", Remedy: "compare run directories, or text that has its configuration lines"}})
	}
	if a, b := old.verified.sorted(), new.verified.sorted(); len(a) > 0 && len(b) > 0 && !slices.Equal(a, b) {
		d.add(rule{name: "verification", why: "a pass that reads every payload warms other caches",
			remedy: "measure both sides with --verify, or both without"}, a, b, false)
	}
	if a, b := old.isolation.sorted(), new.isolation.sorted(); len(a) > 0 && len(b) > 0 && !slices.Equal(a, b) && !apart.by("isolation") {
		d.add(rule{name: "isolation", why: "a namespace has objects and limits of its own",
			remedy: "measure both sides with the same privileges"}, a, b, false)
	}
	d.interleaved = old.counted() && new.counted() || d.interleaving(old, new)
	return d
}

func (s *Side) facts(fact func(*results.Host) string) []string {
	var all values
	for _, h := range s.hosts.All() {
		all.add(fact(h))
	}
	return all.sorted()
}

// common reports whether a and b, in order, have a value in common.
func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(v string) bool {
		_, ok := slices.BinarySearch(b, v)
		return ok
	})
}

func (d *warnings) add(r rule, old, new []string, refuses bool) {
	say := func(values []string) string {
		if len(values) == 0 {
			return "not known"
		}
		return results.Some(values, " and ")
	}
	w := Warning{Name: r.name, as: r.name, said: [2]string{say(old), say(new)}, Warning: results.Warning{Why: r.why, Remedy: r.remedy}, Refuses: refuses}
	w.What = fmt.Sprintf("%s: %s %s, %s %s", w.as, d.called[0], w.said[0], d.called[1], w.said[1])
	d.list = append(d.list, w)
	if refuses {
		d.refused = true
		d.marks = append(d.marks, r.name)
	}
}

// of returns the names of the warnings about a row, and whether they refuse it.
func (d *warnings) of(p pair) (names []string, refused bool) {
	names = slices.Clone(d.marks)
	if !d.cells {
		return names, false
	}
	for _, r := range cellRules {
		a, b := p.old.given[r.name].sorted(), p.new.given[r.name].sorted()
		if len(a) == 0 || len(b) == 0 || slices.Equal(a, b) {
			continue
		}
		names = append(names, r.name)
		refused = refused || r.refuses
		k, ok := d.at[r.name]
		if !ok {
			d.add(r, a, b, false)
			k = len(d.list) - 1
			d.at[r.name] = k
			d.list[k].as = fmt.Sprintf("%s, as in %s", r.name, p.cell.Short(p.name))
			d.list[k].What = d.list[k].as + strings.TrimPrefix(d.list[k].What, r.name)
			d.list[k].Refuses = r.refuses
		}
		d.list[k].Cells++
	}
	return names, refused
}

// interleaving reports whether the sides were measured in turns, and warns of
// those that were measured one after the other.
func (d *warnings) interleaving(old, new *Side) bool {
	changes, known := alternations(old, new)
	if known && changes >= min(len(old.passes), len(new.passes)) {
		return true
	}
	w := Warning{Name: "not interleaved", Warning: results.Warning{
		Why:    "what drifts in between (heat, neighbours, memory layout, the boot) looks like a change in all cells at once, and no test can separate the two",
		Remedy: "measure the sides in turns; where they need a reboot, boot each several times in the order A B B A and compare old1,old2 with new1,new2"}}
	w.What = fmt.Sprintf("not interleaved: in order of time, the side changes %s in %d passes", results.Plural(changes, "time"), len(old.passes)+len(new.passes))
	if !known {
		w.What = "not known to be interleaved: a side has no times"
	}
	d.list = append(d.list, w)
	return false
}

// alternations counts how often the side changes from pass to pass; false
// where a pass has no time.
func alternations(old, new *Side) (n int, known bool) {
	type start struct {
		at  time.Time
		new bool
	}
	var starts []start
	for i, s := range []*Side{old, new} {
		for _, t := range s.began {
			if t.IsZero() {
				return 0, false
			}
			starts = append(starts, start{t, i == 1})
		}
	}
	slices.SortStableFunc(starts, func(a, b start) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	for i := 1; i < len(starts); i++ {
		if starts[i].new != starts[i-1].new {
			n++
		}
	}
	return n, true
}
