package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/choose"
	"ipcbench/plots"
	"ipcbench/results"
	"ipcbench/semantics"
)

// Page is a report as data: everything that is shown, and nothing else.
type Page struct {
	Title      string            `json:"title"` // the machine and the date
	Hosts      []Host            `json:"hosts"`
	Warnings   []Warning         `json:"warnings"`
	Mechanisms []string          `json:"mechanisms"` // by name
	Looks      []plots.Look      `json:"looks"`      // of Mechanisms
	Metrics    []Metric          `json:"metrics"`    // what Cell.Numbers has
	TwoWay     []string          `json:"two_way"`    // workloads whose messages go there and back: their time counts, and not their throughput
	Places     map[string]string `json:"places"`     // in words
	Cells      []Cell            `json:"cells"`      // in the order of results.Summarize
	Answers    []results.Answer  `json:"-"`          // the page has them as text
	Charts     []plots.Chart     `json:"charts"`
	Again      Again             `json:"again"`

	// Records are the names of the files with the records, oldest first, where they
	// lie beside the page.
	Records []string `json:"-"`

	booted     string                                   // what the kernel of the guest is called; "": it was no guest
	origin     string                                   // the host with its kernel, and the date
	launches   map[string]int                           // of cells, by name, that count
	roundTrips map[string]*hdrhistogram.PackedHistogram // of cells that have any, by name

	Advice []choose.Advice `json:"advice"` // of every question that there is data for; what a choice costs is in its cell
	Facts  []choose.Fact   `json:"facts"`  // of the mechanisms that this program knows

	Libraries []libraryTable `json:"-"`

	Absences []absence `json:"-"` // why cells have no number

	// Semantics is what the manual promises, checked where the run was; nil
	// where it was not.
	Semantics *semantics.Report `json:"-"`

	// Comparisons are with other runs, where more than one is reported.
	Comparisons []Comparison `json:"comparisons,omitempty"`
}

// Host is a machine in one strip: what names it, and every setting.
type Host struct {
	Strip    []string          `json:"strip"`
	Settings []results.Setting `json:"settings"`
}

// Warning is what spoils numbers without voiding them.
type Warning struct {
	Text  string `json:"text"`
	Cells int    `json:"cells"` // that it holds for; 0: it is about the machine, or the files
}

// Cell is one cell of the plan with its numbers; null where there is none.
type Cell struct {
	results.Cell
	Unusual   string                      `json:"options,omitempty"` // its options, as results.Options.String has them
	Name      string                      `json:"name"`
	Outcome   results.Outcome             `json:"outcome"`
	Reasons   []string                    `json:"reasons,omitempty"`
	Warnings  []int                       `json:"warnings,omitempty"`   // indices in Page.Warnings
	N         int                         `json:"n"`                    // launches that count
	Numbers   map[string]results.Estimate `json:"numbers,omitempty"`    // by Metric.Key
	FloorUnit string                      `json:"floor_unit,omitempty"` // of Numbers["floor"]: "copies"
	InFlight  results.Count               `json:"inflight,omitzero"`    // messages; 0: not even one
	Given     int                         `json:"given,omitempty"`      // bytes of queue
	Launches  []float64                   `json:"launches,omitempty"`   // ns of an operation, each
	Kept      string                      `json:"kept,omitempty"`       // where the scheduler kept unpinned processes

	transport string           // of an external transport, its name and version
	builtOn   *results.BuiltOn // of a library; nil: it names nothing

	recommended    bool   // at its point
	recommendation string // how sure that is, as choose.Verdict has it
}

// Again is how to repeat the run.
type Again struct {
	Command string   `json:"command,omitempty"`
	Started string   `json:"started,omitempty"`
	Seeds   []string `json:"seeds"` // a float64, which is all that JavaScript has, cannot hold one
	Program string   `json:"program,omitempty"`
	Spent   string   `json:"spent,omitempty"` // where the run's time went
}

// NewPage builds the page of one run.
func NewPage(set *results.Set) *Page {
	summaries := set.Summaries()
	p := &Page{Metrics: pageMetrics(), Again: newAgain(set), Absences: absences(summaries), Warnings: newWarnings(set, summaries), TwoWay: []string{}, Places: map[string]string{}, launches: map[string]int{}, roundTrips: map[string]*hdrhistogram.PackedHistogram{}}
	p.Title = pageTitle(set)
	machine, kernel, date := originOf(set)
	p.origin = joined(machine, kernel, date)
	for _, h := range set.Hosts() {
		p.Hosts = append(p.Hosts, newHost(h))
	}
	for i := range summaries {
		p.Cells = append(p.Cells, p.newCell(&summaries[i]))
		name := p.Cells[i].Name
		p.launches[name] = summaries[i].N
		if h := summaries[i].RoundTrips; h != nil {
			p.roundTrips[name] = h
		}
		p.Places[summaries[i].Cell.Place] = results.PlaceTitle(summaries[i].Cell.Place)
		if c := summaries[i].Cell; c.Workload != results.FloorWorkload {
			p.Mechanisms = append(p.Mechanisms, c.Mechanism)
			if twoWay(c) && !slices.Contains(p.TwoWay, c.Workload) {
				p.TwoWay = append(p.TwoWay, c.Workload)
			}
		}
	}
	slices.Sort(p.Mechanisms)
	p.Mechanisms = slices.Compact(p.Mechanisms)
	for _, m := range p.Mechanisms {
		p.Looks = append(p.Looks, plots.LookOf(m))
	}
	p.Libraries = libraries(summaries)
	p.Answers = choose.Answers(summaries)
	p.recommend()
	p.Advice, p.Facts = advice(summaries), choose.Facts(p.Mechanisms)
	p.Charts = append(Charts(summaries), Distributions(summaries)...)
	p.color(p.Charts)
	brief(p.Charts)
	return p
}

// recommend notes in each cell that was ranked what is recommended there.
func (p *Page) recommend() {
	at := map[string]*Cell{}
	for i := range p.Cells {
		at[p.Cells[i].Name] = &p.Cells[i]
	}
	for _, a := range p.Answers {
		verdict := choose.Verdict(a)
		for _, r := range a.Ranked {
			c := at[r.Cell.Name()]
			c.recommended, c.recommendation = len(a.Best) > 0 && r.Cell.Mechanism == a.Best[0], verdict
		}
	}
}

// pageTitle is the label, the machine and the date: "AMD EPYC, 2 CPUs, 2026-11-30".
// What a file does not say is left out; where it says nothing the title is the run's
// name.
func pageTitle(set *results.Set) string {
	machine, _, date := originOf(set)
	label, _ := labelOf(set)
	return cmp.Or(joined(label, machine, date), results.Quote(set.Name()))
}

// labelled is the label of the run, where it has one, and its name.
func labelled(set *results.Set, name string) string {
	label, _ := labelOf(set)
	return joined(label, results.Quote(name))
}

// labelOf is the label of the run and the note about it, "" where there is none.
func labelOf(set *results.Set) (label, note string) {
	if set.Header == nil {
		return "", ""
	}
	return results.Quote(set.Header.Label), results.Quote(set.Header.Note)
}

// originOf is the first machine, its kernel, and the day on which the run began.
func originOf(set *results.Set) (machine, kernel, date string) {
	if hosts := set.Hosts(); len(hosts) > 0 {
		h := hosts[0]
		machine, kernel = results.Quote(cmp.Or(h.CPU, h.Kernel)), results.Quote(h.Kernel)
		if h.CPUs > 0 {
			machine = joined(machine, results.Plural(h.CPUs, "CPU"))
		}
		if more := len(hosts) - 1; more > 0 {
			machine += " and " + results.Plural(more, "other host")
		}
	}
	if h := set.Header; h != nil && !h.Started.IsZero() {
		date = h.Started.UTC().Format(time.DateOnly)
	}
	return machine, kernel, date
}

// joined leaves out what is empty.
func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// color gives each mechanism its look in all charts. Lines that are none have
// the look of their place in the chart.
func (p *Page) color(charts []plots.Chart) {
	for _, c := range charts {
		for i := range c.Lines {
			c.Lines[i].Look = plots.OtherLook(i)
			if _, ok := slices.BinarySearch(p.Mechanisms, c.Lines[i].Name); ok {
				c.Lines[i].Look = plots.LookOf(c.Lines[i].Name)
			}
		}
	}
}

func newHost(h *results.Host) Host {
	var out Host
	for _, s := range h.Settings() {
		out.Settings = append(out.Settings, results.Setting{Key: results.Quote(s.Key), Value: results.Quote(s.Value)})
	}
	for _, part := range []string{h.Kernel, h.Arch, h.CPU, h.Topology, h.Virt, h.Clocksource} {
		if part != "" {
			out.Strip = append(out.Strip, results.Quote(part))
		}
	}
	return out
}

// newWarnings are those of the machine, of the files, and of cells.
func newWarnings(set *results.Set, summaries []results.Summary) (all []Warning) {
	for _, h := range set.Hosts() {
		for _, w := range h.Warnings {
			all = append(all, Warning{Text: results.Quote(w.String())})
		}
	}
	for _, w := range set.Warnings {
		all = append(all, Warning{Text: w})
	}
	ofCells := len(all)
	for _, s := range summaries {
		for _, w := range s.Warnings {
			i := indexOf(all[ofCells:], w)
			if i < 0 {
				i = len(all) - ofCells
				all = append(all, Warning{Text: results.Quote(w)})
			}
			all[ofCells+i].Cells++
		}
	}
	return all
}

// indexOf is where the warning of a cell stands, -1: nowhere.
func indexOf(all []Warning, w string) int {
	w = results.Quote(w)
	return slices.IndexFunc(all, func(v Warning) bool { return v.Cells > 0 && v.Text == w })
}

func (p *Page) newCell(s *results.Summary) Cell {
	c := Cell{
		Cell: s.Cell, Unusual: s.Cell.Options.String(), Name: s.Cell.Name(), Outcome: s.Outcome, N: s.N, InFlight: s.InFlight, Given: s.Queue, Kept: s.Kept.String(),
		transport: s.Transport, builtOn: s.BuiltOn,
		Numbers: map[string]results.Estimate{},
	}
	for _, m := range results.Metrics {
		if e := s.Of(m.Key); (m.Title != "" || m.CSV) && e.Known() {
			c.Numbers[m.Key] = rounded(e)
		}
	}
	if s.RelativeCost != nil {
		c.Numbers[floorKey], c.FloorUnit = rounded(relativeCost(s)), s.RelativeCost.Unit
	}
	for _, r := range s.Reasons {
		c.Reasons = append(c.Reasons, results.Quote(r))
	}
	for _, w := range s.Warnings {
		c.Warnings = append(c.Warnings, indexOf(p.Warnings, w))
	}
	for _, t := range s.Times {
		c.Launches = append(c.Launches, digits(t))
	}
	return c
}

// rounded is the estimate to five digits, without the number of launches.
func rounded(e results.Estimate) results.Estimate {
	return results.Estimate{Center: digits(e.Center), Lo: digits(e.Lo), Hi: digits(e.Hi), Capped: e.Capped}
}

func roundedRatio(r results.Ratio) results.Ratio {
	return results.Ratio{Center: digits(r.Center), Lo: digits(r.Lo), Hi: digits(r.Hi)}
}

// Metric is a number of cells: see results.Metric.
type Metric struct {
	Key    string        `json:"key"`
	Title  string        `json:"title"`
	Column string        `json:"column"`
	Unit   results.Class `json:"unit"`
	More   bool          `json:"more"` // is better
}

// floorKey is that of the cost relative to the floor, which is no number of a
// launch.
const floorKey = "floor"

// pageMetrics are those that the page has.
func pageMetrics() (all []Metric) {
	for _, m := range results.Metrics {
		if m.Title != "" {
			all = append(all, Metric{m.Key, m.Title, m.Column, m.Class, m.Better == "higher"})
		}
	}
	return append(all, Metric{floorKey, "cost relative to the machine's floor", "vs floor", results.Number, false})
}

// digits rounds to five: a page has thousands of numbers, and no sixth digit
// is ever measured.
func digits[F ~float64](number F) F {
	v := float64(number)
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return number
	}
	scale := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(v))))
	return F(math.Round(v*scale) / scale)
}

func newAgain(set *results.Set) Again {
	var a Again
	if hosts := set.Hosts(); len(hosts) > 0 {
		a.Program = results.Quote(hosts[0].Program)
	}
	if h := set.Header; h != nil {
		a.Program = results.Quote(h.Program)
		a.Command = h.CommandLine()
		a.Started = h.Started.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	if spent, ok := set.Spent(); ok {
		a.Spent = spent.String()
	}
	for _, s := range set.Seeds() {
		a.Seeds = append(a.Seeds, fmt.Sprint(s))
	}
	return a
}

// advice leaves out what Page.Cells has already.
func advice(summaries []results.Summary) []choose.Advice {
	all := choose.All(summaries, choose.Needs...)
	for _, a := range all {
		for i := range a.Ranked {
			c := &a.Ranked[i]
			c.Cost, c.Ratio = nil, roundedRatio(c.Ratio)
		}
	}
	return all
}
