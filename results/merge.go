package results

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"
)

// Merged is a shard of a merged run.
type Merged struct {
	Run     string    `json:"run"`   // its ID
	Shard   int       `json:"shard"` // from 1
	Started time.Time `json:"started"`
	Cells   int       `json:"cells"`
	Records int       `json:"records"`
	Class   int       `json:"class,omitempty"` // of its host, from 1, by the records; 0: it has none
}

// shardRun is a shard's run that is to be merged.
type shardRun struct {
	path   string
	header Header
	cells  []Cell
}

// refuse is an error about the run: what is wrong with a value of it, and the remedy.
func (p *shardRun) refuse(format string, args ...any) error {
	return fmt.Errorf("%s: %s", Quote(p.path), fmt.Sprintf(format, args...))
}

// Merge makes a run in the directory runs of the runs of all shards of a plan, of one
// kernel where it boots several. The header has the new run's ID, time, command, label
// and note. It proves that no shard, cell or launch is missing or doubled, and that plan,
// program and seed are the same. Else it writes nothing, and its error has a line for
// each refusal. It holds no record.
func Merge(ctx context.Context, runs string, h Header, paths []string) (dir string, err error) {
	parts, err := openParts(paths)
	if err != nil {
		return "", err
	}
	if err := sameParts(parts); err != nil {
		return "", err
	}
	if err := wholeParts(parts); err != nil {
		return "", err
	}
	if h, err = joinedHeader(h, parts); err != nil {
		return "", err
	}
	run, err := Create(runs, h)
	if err != nil {
		return "", err
	}
	err = run.join(ctx, parts)
	if err == nil {
		err = replace(run.root, HeaderFile, run.Header.write)
	}
	if err == nil {
		err = run.WriteBench()
	}
	if err = errors.Join(err, run.Close()); err != nil { // the directory is ours: it was made above
		return "", errors.Join(err, os.RemoveAll(run.Dir))
	}
	return run.Dir, nil
}

// ShardOf is what the header of the run in dir says of its shard. An error is a run that
// is no shard, or has no header that can be read.
func ShardOf(dir string) (Shard, error) {
	p, err := openPart(dir)
	if err != nil {
		return Shard{}, err
	}
	return *p.header.Shard, nil
}

func openPart(path string) (*shardRun, error) {
	p := &shardRun{path: path}
	var err error
	switch p.header, err = readHeader(path); {
	case err != nil:
		return nil, p.refuse("no header that can be read: %v: name the directory of a run", err)
	case p.header.Merged != nil:
		return nil, p.refuse("it is merged already: name the shards that it was made of")
	case p.header.Shard == nil:
		return nil, p.refuse("it is no shard of a plan: name runs of `ipcbench run --shard K/N` or `ipcbench kernels --shard K/N`")
	}
	if err := p.header.checkShard(); err != nil {
		return nil, p.refuse("%v: measure the shard again", err)
	}
	p.cells = p.header.Asked().Cells
	return p, nil
}

// openParts reads the headers of the runs, and orders them by their shards.
func openParts(paths []string) (parts []*shardRun, err error) {
	var errs []error
	for _, path := range paths {
		p, err := openPart(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		parts = append(parts, p)
	}
	slices.SortStableFunc(parts, func(a, b *shardRun) int { return cmp.Compare(a.header.Shard.Index, b.header.Shard.Index) })
	return parts, errors.Join(errs...)
}

// common are the facts that all shards must have in common, with what makes them so.
var common = []struct {
	name   string
	of     func(*Header) string
	remedy string
}{
	{"plan", func(h *Header) string { return short(h.Shard.Plan) }, "measure all shards with the same plan and the same flags"},
	{"number of shards", func(h *Header) string { return fmt.Sprint(h.Shard.Of) }, "measure all shards with the same N of --shard K/N"},
	{"seed", func(h *Header) string { return fmt.Sprint(h.Seed) }, "measure all shards with the same --seed, or all without"},
	{"program", func(h *Header) string { return Quote(h.Program) + ", SHA-256 " + short(h.Shard.Program) }, "measure all shards with the same build of ipcbench"},
	{"kernel", func(h *Header) string { return cmp.Or(Quote(h.Shard.Kernel), "none") }, "merge the runs of each kernel on their own"},
}

// sameParts refuses runs that differ from most of the others.
func sameParts(parts []*shardRun) error {
	var errs []error
	for _, fact := range common {
		count, first := map[string]int{}, map[string]*shardRun{}
		for _, p := range parts {
			v := fact.of(&p.header)
			if count[v]++; count[v] == 1 {
				first[v] = p
			}
		}
		usual := fact.of(&slices.MaxFunc(parts, func(a, b *shardRun) int { // of equally many the first
			return cmp.Compare(count[fact.of(&a.header)], count[fact.of(&b.header)])
		}).header)
		for _, p := range parts {
			if v := fact.of(&p.header); v != usual {
				errs = append(errs, p.refuse("%s %s, and that of %s is %s: %s", fact.name, v, Quote(first[usual].path), usual, fact.remedy))
			}
		}
	}
	return errors.Join(errs...)
}

// wholeParts refuses shards that are doubled or missing, runs that are being written, and
// cells that are not those of the plan. The runs are of one plan.
func wholeParts(parts []*shardRun) error {
	var errs []error
	by := map[int]*shardRun{}
	var all []Cell
	for _, p := range parts {
		s := p.header.Shard
		if other := by[s.Index]; other != nil {
			errs = append(errs, p.refuse("shard %v is in %s too: leave out one of both", s, Quote(other.path)))
			continue
		}
		by[s.Index], all = p, append(all, p.cells...)
		if Written(p.path) {
			errs = append(errs, p.refuse("shard %v is being written by a process: merge when it has ended", s))
		}
	}
	whole := parts[0].header.Shard
	missing := 0
	for k := 1; k <= whole.Of; k++ {
		if by[k] == nil {
			missing++
			if missing <= mostMissing {
				s := Shard{Index: k, Of: whole.Of}
				errs = append(errs, fmt.Errorf("shard %v of the plan of %s is missing: name its run, or measure it with --shard %v", s, Quote(parts[0].path), s))
			}
		}
	}
	if missing > mostMissing {
		errs = append(errs, fmt.Errorf("%d more shards are missing", missing-mostMissing))
	}
	if len(errs) == 0 && (len(all) != whole.Planned || cellsSum(all) != whole.Cells) {
		errs = append(errs, parts[0].refuse("the shards have %s, and the plan has %d with another SHA-256: a run.json was changed: measure the shards again", Plural(len(all), "cell"), whole.Planned))
	}
	return errors.Join(errs...)
}

// mostMissing is how many missing shards have a line of their own.
const mostMissing = 10

// joinedHeader is the header of the merged run.
func joinedHeader(h Header, parts []*shardRun) (Header, error) {
	first := parts[0].header
	h.Seed, h.Program, h.LaunchNs, h.Threshold, h.External, h.Until, h.BudgetNs = first.Seed, first.Program, first.LaunchNs, first.Threshold, first.External, first.Until, first.BudgetNs
	h.CPUs = first.CPUs
	label, note := first.Label, first.Note
	var cells []Cell
	for _, p := range parts {
		o := &p.header
		if cells = append(cells, p.cells...); o.Label != label {
			label = ""
		}
		if o.Note != note {
			note = ""
		}
		if !reflect.DeepEqual(o.CPUs, h.CPUs) {
			h.CPUs = nil
		}
		for _, name := range o.Missed {
			h.Missed = AddOnce(h.Missed, name)
		}
		h.Merged = append(h.Merged, Merged{Run: o.ID, Shard: o.Shard.Index, Started: o.Started, Cells: len(p.cells)})
	}
	h.Label, h.Note = cmp.Or(h.Label, label), cmp.Or(h.Note, note)
	slices.SortFunc(cells, CompareCells)
	var err error
	h.Plan, err = withCells(first.Plan, cells)
	return h, err
}

// join appends the records of all parts. Each part's are of one class of hosts: launches
// of a cell on two are no sample of either.
func (r *Run) join(ctx context.Context, parts []*shardRun) error {
	var errs []error
	var classes Classes
	var hosts Hosts
	for i, p := range parts {
		m := &r.Header.Merged[i]
		progress := newProgress(p)
		var failure error // to write
		set, err := Scan(p.path, func(rec *Record) {
			if failure != nil {
				return
			}
			if failure = ctx.Err(); failure != nil {
				return
			}
			rec.Host = hosts.Add(rec.Host)
			class := classes.Of(rec) + 1
			m.Records++
			progress.add(rec)
			if m.Class == 0 {
				m.Class = class
			} else if m.Class != class && progress.refused == nil {
				progress.refused = p.refuse("launch %d of %s was measured on a host of another class than those before (%s): measure shard %v again, on one host",
					rec.Launch, rec.Cell.Name(), Some(classes.Differ(), "; "), p.header.Shard)
			}
			out := *rec
			out.Run = ""
			failure = r.Append(out)
		})
		if err != nil && p.isEmpty(err) {
			continue
		}
		if err = cmp.Or(failure, err); err != nil {
			return p.refuse("%v", err)
		}
		for _, problem := range set.Left() {
			errs = append(errs, p.refuse("a record that cannot be used: %s: measure shard %v again", problem, p.header.Shard))
		}
		errs = append(errs, progress.end())
	}
	return errors.Join(errs...)
}

// isEmpty reports whether the part has no cell, and so no record.
func (p *shardRun) isEmpty(err error) bool {
	return len(p.cells) == 0 && errors.Is(err, os.ErrNotExist)
}

// progress is what there is of a shard's launches.
type progress struct {
	of       *shardRun
	launches int                   // of each cell
	have     map[Cell]map[int]bool // by cell of the plan, which launches have a record
	settled  map[Cell]bool         // skipped or failed: no more launches are due
	refused  error                 // about the first record that is wrong
}

func newProgress(p *shardRun) *progress {
	var plan struct{ Launches, Boots int }
	json.Unmarshal(p.header.Plan, &plan) // checkShard has read it
	g := &progress{of: p, launches: cmp.Or(plan.Launches, plan.Boots), have: map[Cell]map[int]bool{}, settled: map[Cell]bool{}}
	for _, c := range p.cells {
		g.have[c] = map[int]bool{}
	}
	return g
}

// add notes a record, and refuses one that is not of the shard.
func (g *progress) add(r *Record) {
	have, ours := g.have[r.Cell.Asked()], &g.of.header
	switch {
	case g.refused != nil:
	case have == nil:
		g.refused = g.of.refuse("a record of %s, which is no cell of shard %v: measure the shard again", r.Cell.Name(), ours.Shard)
	case r.Run != ours.ID:
		g.refused = g.of.refuse("a record of run %s, and the run is %s: measure shard %v again", Quote(r.Run), ours.ID, ours.Shard)
	case r.Seed != ours.Seed && ours.Shard.Kernel == "":
		g.refused = g.of.refuse("a record of seed %d, and the run's is %d: measure shard %v again", r.Seed, ours.Seed, ours.Shard)
	default:
		have[r.Launch] = true
		if r.Outcome == Skipped || r.Outcome == Failed {
			g.settled[r.Cell.Asked()] = true
		}
	}
}

// end refuses a shard that lacks launches.
func (g *progress) end() error {
	lacking, as := 0, ""
	for _, c := range g.of.cells {
		if n := len(g.have[c]); n < g.launches && !g.settled[c] {
			if lacking++; as == "" {
				as = fmt.Sprintf("%s has %d of %s", c.Name(), n, Plural(g.launches, "launch"))
			}
		}
	}
	if g.refused != nil || lacking == 0 {
		return g.refused
	}
	remedy := "`ipcbench run --resume " + Quote(filepath.Clean(g.of.path)) + "` goes on"
	if g.of.header.Shard.Kernel != "" {
		remedy = fmt.Sprintf("run `ipcbench kernels --shard %v` again: it counts only what its cache lacks", g.of.header.Shard)
	}
	return g.of.refuse("shard %v is unfinished, %s of its %d cells lack launches, as %s: %s", g.of.header.Shard, fmt.Sprint(lacking), len(g.of.cells), as, remedy)
}
