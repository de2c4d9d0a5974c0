package report

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"ipcbench/choose"
	"ipcbench/internal/text"
	"ipcbench/results"
	"ipcbench/semantics"
)

// Run is a run among others: what it was, and what it came to.
type Run struct {
	N         int          `json:"n,omitempty"` // @N names it: 1 is the newest; 0: a run that is not listed
	ID        string       `json:"run"`
	Label     string       `json:"label,omitempty"`
	Note      string       `json:"note,omitempty"`
	Directory string       `json:"directory"`
	Started   time.Time    `json:"started,omitzero"`
	Program   string       `json:"program,omitempty"` // version of ipcbench
	Command   []string     `json:"command,omitempty"` // as it was typed, one argument each
	Host      *RunHost     `json:"host,omitempty"`    // missing where there is no record
	Outcome   string       `json:"outcome"`           // "ok", "unavailable", "untrusted", "unfinished", "failed", "check failed", "unreadable", or "running"
	Reason    string       `json:"reason,omitempty"`  // why it is not ok
	Counts    RunCounts    `json:"counts"`            // cells by their outcome, floors included
	Set       *results.Set `json:"-"`
}

// RunHost is the machine of a run.
type RunHost struct {
	Kernel string `json:"kernel"` // "Linux 6.18.44"
	CPU    string `json:"cpu"`    // model name
	CPUs   int    `json:"cpus"`   // that the run might use
	Arch   string `json:"arch"`   // "amd64"
	Virt   string `json:"virt,omitempty"`
}

// RunCounts are numbers of cells.
type RunCounts struct {
	Cells     int `json:"cells"` // all
	OK        int `json:"ok"`
	Skipped   int `json:"skipped"`
	Failed    int `json:"failed"`
	Untrusted int `json:"untrusted"`
}

// Outcomes of a run beside those that its records show: see results.Set.CameTo.
const (
	Running    = "running"    // a process writes it
	Unreadable = "unreadable" // its records can't be read
)

// NewRun is the run in dir as the set, read there, shows it.
func NewRun(dir string, set *results.Set, summaries []results.Summary) Run {
	r := Run{Directory: dir, Set: set}
	r.Outcome, r.Reason = set.CameTo(summaries)
	if h := set.Header; h != nil {
		r.of(h)
	}
	if hosts := set.Hosts(); len(hosts) > 0 {
		h := hosts[0]
		r.Host = &RunHost{results.Quote(h.Kernel), results.Quote(h.CPU), h.CPUs, results.Quote(h.Arch), results.Quote(h.Virt)}
	}
	r.Reason = results.Quote(r.Reason)
	r.Counts = RunCounts{len(summaries), countOutcome(summaries, results.OK), countOutcome(summaries, results.Skipped),
		countOutcome(summaries, results.Failed), countOutcome(summaries, results.Untrusted)}
	return r
}

func (r *Run) of(h *results.Header) {
	r.ID, r.Label, r.Note, r.Started, r.Program = h.ID, h.Label, h.Note, h.Started, results.Quote(h.Program)
	for _, arg := range h.Command {
		r.Command = append(r.Command, results.Quote(arg))
	}
}

// Runs is the runs of a directory.
type Runs struct {
	Directory string   `json:"directory"`
	Runs      []Run    `json:"runs"`   // the newest first
	Others    []NotRun `json:"others"` // directories beside them
}

// NotRun is a directory that is no run, or a damaged one.
type NotRun struct {
	Directory string `json:"directory"`
	Problem   string `json:"problem"`
}

// ReadRuns reads what the runs came to that were found in the directory, several at a
// time: one of the preset default takes 0.2 s.
func ReadRuns(ctx context.Context, directory string, found []results.Found) Runs {
	all := Runs{Directory: directory, Runs: []Run{}, Others: []NotRun{}}
	readable := found
	if i := slices.IndexFunc(found, func(f results.Found) bool { return f.Err != nil }); i >= 0 {
		readable = found[:i]
	}
	for _, f := range found[len(readable):] {
		all.Others = append(all.Others, NotRun{results.Quote(f.Dir), results.Quote(f.Err.Error())})
	}
	all.Runs = make([]Run, len(readable))
	var reading sync.WaitGroup
	at := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		reading.Go(func() {
			for i := range at {
				all.Runs[i] = readRun(ctx, &readable[i])
				all.Runs[i].N = i + 1
			}
		})
	}
	for i := range readable {
		at <- i
	}
	close(at)
	reading.Wait()
	return all
}

func readRun(ctx context.Context, f *results.Found) Run {
	r := Run{Directory: f.Dir, Outcome: Unreadable}
	set, err := results.Glance(ctx, f.Dir)
	if err = cmp.Or(ctx.Err(), err); err == nil {
		r = NewRun(f.Dir, set, set.Summaries())
		r.Set = nil // a table holds many
	} else {
		r.of(&f.Header)
		r.Reason = results.Quote(err.Error())
	}
	if results.Written(f.Dir) {
		r.Outcome, r.Reason = Running, ""
	}
	return r
}

func markOf(outcome string) text.Mark {
	switch outcome {
	case "ok":
		return text.Good
	case "failed", "check failed", Unreadable:
		return text.Bad
	}
	return text.Doubt
}

// WriteText writes a table, a row a run, and a line for each directory that is none.
func (all Runs) WriteText(w io.Writer, s text.Screen) error {
	buf := bufio.NewWriter(w)
	if len(all.Runs) == 0 {
		fmt.Fprintf(buf, "no run below %s: measure one with `ipcbench run`\n", all.Directory)
	} else {
		columns := []text.Column{{Head: "RUN"}, {Head: "LABEL", Least: 8}, {Head: "DATE"}, {Head: "HOST", Drop: 2, Least: 12}, {Head: "KERNEL", Drop: 1},
			{Head: "CELLS", Right: true}, {Head: "OUTCOME"}, {Head: "ID", Drop: 3}, {Head: "NOTE", Prose: true}}
		var rows [][]string
		for _, r := range all.Runs {
			host, kernel := "–", "–"
			if r.Host != nil {
				host, kernel = joined(text.Shorten(r.Host.CPU, 28), results.Plural(r.Host.CPUs, "CPU")), strings.TrimPrefix(r.Host.Kernel, "Linux ")
			}
			outcome := r.Outcome
			if n := map[string]int{"failed": r.Counts.Failed, "untrusted": r.Counts.Untrusted}[outcome]; n > 0 {
				outcome = fmt.Sprint(n, " ", outcome)
			}
			rows = append(rows, []string{fmt.Sprintf("@%d", r.N), cmp.Or(r.Label, "–"), r.Started.UTC().Format("2006-01-02 15:04"), host, kernel,
				fmt.Sprint(r.Counts.Cells), s.Paint(markOf(r.Outcome), outcome), r.ID, r.Note})
		}
		if !slices.ContainsFunc(all.Runs, func(r Run) bool { return r.Note != "" }) {
			columns = columns[:len(columns)-1]
		}
		dropped, _ := s.Table(buf, "", columns, rows) // a bufio.Writer keeps its error
		if note := text.Dropped(dropped, "`ipcbench runs --format json`"); note != "" {
			s.Wrap(buf, "", "  ", note)
		}
	}
	for i, n := range all.Others {
		if i == 0 {
			buf.WriteByte('\n')
		}
		s.Wrap(buf, "no run: ", "  ", n.Directory+": "+n.Problem)
	}
	return buf.Flush()
}

// WriteHead writes what the run was, above what it came to.
func (r *Run) WriteHead(w io.Writer, s text.Screen) error {
	buf := bufio.NewWriter(w)
	name := r.ID
	if r.Label != "" {
		name = r.Label + ", " + r.ID
	}
	fmt.Fprintln(buf, s.Paint(text.Strong, name))
	line := func(what, value string) {
		if value != "" {
			s.Wrap(buf, what+": ", "  ", value)
		}
	}
	line("note", r.Note)
	line("began", joined(r.Started.UTC().Format("2006-01-02 15:04:05 UTC"), r.Program))
	if h := r.Host; h != nil {
		line("host", joined(h.CPU, results.Plural(h.CPUs, "CPU"), h.Kernel, h.Virt))
	}
	if r.Set != nil && r.Set.Header != nil {
		line("command", r.Set.Header.CommandLine())
	}
	outcome := s.Paint(markOf(r.Outcome), r.Outcome)
	if r.Reason != "" {
		outcome += ": " + r.Reason
	}
	line("outcome", outcome)
	buf.WriteByte('\n')
	return buf.Flush()
}

// RunResult is a run with its decisions and its cells.
type RunResult struct {
	Run
	Planned   int           `json:"planned"`        // cells of the plan; 0: not known
	Until     float64       `json:"until,omitzero"` // the half width of intervals that was asked for, as a share of the median
	Wide      []string      `json:"wide,omitempty"` // cells that did not reach it
	Warnings  []string      `json:"warnings"`       // what spoiled numbers without voiding them
	Decisions []RunDecision `json:"decisions"`      // the fastest mechanism at each point
	Cells     []RunCell     `json:"cells"`          // floors included
	Next      string        `json:"next"`           // the command that is the most useful next
}

// RunPoint is where mechanisms are held against each other.
type RunPoint struct {
	Workload string   `json:"workload"`
	Size     int      `json:"size"`            // bytes of a message
	Queue    int      `json:"queue,omitempty"` // capacity of a link that was asked for, bytes; missing: what the kernel gives
	Place    string   `json:"place"`           // "free", "same", "cross", "smt", "socket"
	Peers    int      `json:"peers,omitempty"`
	Options  []string `json:"options,omitempty"` // that are not at their usual value: "wait=epoll"
}

// RunDecision is which mechanism is fastest at a point.
type RunDecision struct {
	RunPoint
	Mechanism string           `json:"mechanism"` // the leader
	Decision  results.Decision `json:"decision"`  // "fastest", "none faster", "can't tell", "too few launches", "only one"
	Within    float64          `json:"within"`    // the share by which another may be faster that counts as the same
	Others    []RunRival       `json:"others"`    // by their time
}

// RunRival is a mechanism against the leader.
type RunRival struct {
	Mechanism string        `json:"mechanism"`
	Ratio     results.Ratio `json:"ratio"`           // of its time to the leader's, with the bounds of its interval
	Same      bool          `json:"same,omitempty"`  // as good a choice
	Aside     bool          `json:"aside,omitempty"` // spins: it is recommended only with --spin
}

// RunCell is a cell and its numbers.
type RunCell struct {
	Name string `json:"cell"` // its name, as benchmarks have it
	RunPoint
	Mechanism string                      `json:"mechanism"`
	Outcome   results.Outcome             `json:"outcome"`
	Reasons   []string                    `json:"reasons,omitempty"` // why it is not ok
	Warnings  []string                    `json:"warnings,omitempty"`
	Launches  int                         `json:"launches"`            // that there are
	N         int                         `json:"n"`                   // of these, those that the numbers are from
	Numbers   map[string]results.Estimate `json:"numbers,omitempty"`   // by unit, as in bench.txt: the median of the launches and its 95 % interval
	VsFloor   *results.RelativeCost       `json:"vs_floor,omitempty"`  // the cost relative to the floor
	Transport string                      `json:"transport,omitempty"` // of an external transport, its name and version
	BuiltOn   *results.BuiltOn            `json:"built_on,omitempty"`  // of a library, what it costs over the mechanism that it is built on
}

func pointOf(c results.Cell) RunPoint {
	return RunPoint{c.Workload, c.Size, c.Queue, c.Place, c.Peers, c.Options.Parts()}
}

// Result is what the end of a run shows, as data. A run that was interrupted is
// unfinished.
func (e End) Result() RunResult {
	r := RunResult{
		Run: NewRun(e.Run, e.Set, e.Summaries), Planned: e.Planned, Until: e.Until, Wide: e.Wide,
		Warnings: []string{}, Decisions: []RunDecision{}, Cells: []RunCell{}, Next: e.next(),
	}
	for _, w := range newWarnings(e.Set, e.Summaries) {
		r.Warnings = append(r.Warnings, w.Text)
	}
	answers, _, _ := decide(e.Summaries)
	spins := choose.Question{}.Ranking().Aside
	for _, a := range answers {
		d := RunDecision{RunPoint: pointOf(a.Cell), Mechanism: a.Cell.Mechanism, Decision: a.Decision, Within: a.Within, Others: []RunRival{}}
		for _, x := range a.Ranked[1:] {
			d.Others = append(d.Others, RunRival{x.Cell.Mechanism, roundedRatio(x.Ratio), x.Equal, spins(x.Cell.Mechanism)})
		}
		r.Decisions = append(r.Decisions, d)
	}
	for i := range e.Summaries {
		s := &e.Summaries[i]
		c := RunCell{Name: s.Cell.Name(), RunPoint: pointOf(s.Cell), Mechanism: s.Cell.Mechanism, Outcome: s.Outcome, Launches: s.Launches, N: s.N, VsFloor: s.RelativeCost}
		if c.Transport = results.Quote(s.Transport); s.BuiltOn != nil && s.BuiltOn.N > 0 {
			c.BuiltOn = s.BuiltOn
		}
		for _, m := range results.Metrics {
			if x := s.Of(m.Key); m.Unit != "" && x.Known() {
				if c.Numbers == nil {
					c.Numbers = map[string]results.Estimate{}
				}
				c.Numbers[m.Unit] = rounded(x)
			}
		}
		for _, reason := range s.Reasons {
			c.Reasons = append(c.Reasons, results.Quote(reason))
		}
		for _, w := range s.Warnings {
			c.Warnings = append(c.Warnings, results.Quote(w))
		}
		r.Cells = append(r.Cells, c)
	}
	return r
}

// Wrote reports whether a report, or what is added to one, has a file of that name.
func Wrote(name string) bool {
	if slices.Contains([]string{PageFile, MarkdownFile, CSVFile, semantics.File}, name) {
		return true
	}
	if of := pictureFile.FindStringSubmatch(name); of != nil {
		for _, p := range pictured {
			if p.family == of[1] {
				return true
			}
		}
	}
	return false
}

// pictureFile is the name of a picture, or of its distributions, with the family.
var pictureFile = regexp.MustCompile(`^([a-z0-9]+)(?:-[a-z0-9-]+)?\.(?:svg|png|hgrm)$`)

// RunsDiff is two runs, what differs in their plans and hosts, and the comparison of
// their cells.
type RunsDiff struct {
	A           Run             `json:"a"`
	B           Run             `json:"b"`           // held against A
	Differs     []Difference    `json:"differs"`     // what both state, and not alike
	Comparisons json.RawMessage `json:"comparisons"` // as `ipcbench compare --format json` prints them
}

// Difference is a fact that differs.
type Difference struct {
	Of   string `json:"of"`   // "plan", "host"
	What string `json:"what"` // "launches", "kernel"
	A    string `json:"a"`    // "": it is not stated
	B    string `json:"b"`    // "" as well
}

// Compare finds what differs.
func (d *RunsDiff) Compare() {
	d.Differs = []Difference{}
	add := func(of, what, a, b string) {
		if a != b {
			d.Differs = append(d.Differs, Difference{of, what, results.Quote(a), results.Quote(b)})
		}
	}
	a, b := plannedBy(&d.A), plannedBy(&d.B)
	for i := range a {
		add("plan", a[i].Key, a[i].Value, b[i].Value)
	}
	onlyA, onlyB := lacking(&d.A, &d.B), lacking(&d.B, &d.A)
	add("plan", "cells that the other lacks", onlyA, onlyB)
	settings := func(r *Run) map[string]string {
		all := map[string]string{}
		if hosts := r.Set.Hosts(); len(hosts) > 0 {
			for _, s := range hosts[0].Settings() {
				all[s.Key] = s.Value
			}
		}
		return all
	}
	hostA, hostB := settings(&d.A), settings(&d.B)
	keys := maps.Clone(hostA)
	maps.Copy(keys, hostB)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		add("host", key, hostA[key], hostB[key])
	}
}

// plannedBy are the facts of a run's plan beside its cells.
func plannedBy(r *Run) []results.Setting {
	var h results.Header
	if r.Set.Header != nil {
		h = *r.Set.Header
	}
	plan := h.Asked()
	text := func(ns int64) string {
		if ns == 0 {
			return ""
		}
		return time.Duration(ns).String()
	}
	until := ""
	if h.Until > 0 {
		until = results.Percent(h.Until) + " in at most " + text(h.BudgetNs)
	}
	return []results.Setting{{Key: "program", Value: h.Program}, {Key: "launches of a cell", Value: fmt.Sprint(plan.Launches)}, {Key: "time of a launch", Value: text(h.LaunchNs)},
		{Key: "until", Value: until}, {Key: "verified", Value: map[bool]string{true: "yes", false: "no"}[plan.Verify]}}
}

// lacking is how many cells a plan has that the other has not, with the first of them.
func lacking(r, other *Run) string {
	asked := func(r *Run) []results.Cell {
		if r.Set.Header == nil {
			return nil
		}
		return r.Set.Header.Asked().Cells
	}
	has := map[results.Cell]bool{}
	for _, c := range asked(other) {
		has[c] = true
	}
	all := slices.DeleteFunc(asked(r), func(c results.Cell) bool { return has[c] })
	switch len(all) {
	case 0:
		return "0"
	case 1:
		return all[0].Name()
	}
	return fmt.Sprintf("%d, as %s", len(all), all[0].Name())
}

// WriteText writes what differs; the comparison follows.
func (d *RunsDiff) WriteText(w io.Writer, s text.Screen) error {
	buf := bufio.NewWriter(w)
	for i, r := range []*Run{&d.A, &d.B} {
		s.Wrap(buf, "AB"[i:i+1]+"  ", "   ", joined(cmp.Or(r.Label, r.ID), r.Started.UTC().Format("2006-01-02 15:04"))+": "+r.Directory)
	}
	buf.WriteByte('\n')
	if len(d.Differs) == 0 {
		fmt.Fprintf(buf, "The plan, the host and the kernel are the same.\n\n")
		return buf.Flush()
	}
	var rows [][]string
	for _, x := range d.Differs {
		rows = append(rows, []string{x.Of, x.What, cmp.Or(x.A, "–"), cmp.Or(x.B, "–")})
	}
	s.Table(buf, "", []text.Column{{Head: "OF"}, {Head: "WHAT DIFFERS"}, {Head: "A", Least: 12}, {Head: "B", Prose: true}}, rows)
	buf.WriteByte('\n')
	return buf.Flush()
}
