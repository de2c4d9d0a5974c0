package compare

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchproc"
	"golang.org/x/perf/benchunit"

	"ipcbench/results"
)

// benchKey is the axis' key in the benchmark format.
func benchKey(a *results.Axis) string {
	if a.Key == "workload" {
		return ".name"
	}
	return "/" + a.Key
}

// ByKey is the key of a --by expression: "mech" of "mech@(pipe fifo)".
func ByKey(by string) string {
	key, _, _ := strings.Cut(by, "@")
	return key
}

// picker decides which records a comparison takes, and on which side.
type picker struct {
	metrics []string
	filter  *benchproc.Filter
	by      *benchproc.Projection
	forget  *results.Axis // whose values are the sides; nil: something else distinguishes them
	known   map[subject]picked
}

// subject is all that a filter and a projection can see of a record.
type subject struct {
	cell      results.Cell
	host      *results.Host
	text      *results.Configuration
	isolation string
	run, path string
}

type picked struct {
	ok      bool
	side    benchproc.Key
	cell    results.Cell
	unknown bool   // it lacks the key that would give its side
	metrics uint64 // a bit for each that the filter lets through
}

// newPicker parses a filter (go doc golang.org/x/perf/benchproc/syntax) and
// the key that distinguishes sides.
func newPicker(q Query) (*picker, error) {
	p := &picker{metrics: q.Metrics, forget: results.LookupAxis(ByKey(q.By)), known: map[subject]picked{}}
	var err error
	if p.filter, err = benchproc.NewFilter(q.Filter); err != nil {
		return nil, badQuery("--filter", q.Filter, err)
	}
	by := q.By
	if p.forget != nil {
		by = benchKey(p.forget) + strings.TrimPrefix(by, p.forget.Key)
	}
	var parser benchproc.ProjectionParser
	if p.by, err = parser.Parse(by, p.filter); err != nil {
		return nil, badQuery("--by", q.By, err)
	}
	return p, nil
}

// badQuery says what is wrong with a query, without the picture of it that
// benchproc draws below.
func badQuery(flag, query string, err error) error {
	what, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%s %s: %s", flag, results.Quote(query), results.Quote(what))
}

// pick decides over a record of the file path.
func (p *picker) pick(r *results.Record, path string) picked {
	key := subject{r.Cell, r.Host, r.Text(), r.Isolation, r.Run, path}
	if got, ok := p.known[key]; ok {
		return got
	}
	res := r.Benchmark()
	res.Values = nil
	for _, m := range p.metrics {
		v, unit := benchunit.Tidy(1, m)
		res.Values = append(res.Values, benchfmt.Value{Value: v, Unit: unit, OrigValue: 1, OrigUnit: m})
	}
	res.SetConfig("run", r.Run)
	res.SetConfig(".file", path)
	match, _ := p.filter.Match(res) // its error says why there is none
	got := picked{cell: r.Cell}
	for i := range res.Values {
		if match.Test(i) {
			got.ok = true
			got.metrics |= 1 << i
		}
	}
	if p.forget != nil {
		p.forget.Clear(&got.cell)
	}
	got.side = p.by.Project(res)
	if r.Cell.Other != "" && p.forget != nil { // it has no axes
		got.unknown = got.ok
		p.known[key] = got
		return got
	}
	got.unknown = got.ok && p.forget == nil && len(p.by.Fields()) > 0 && got.side.StringValues() == ""
	p.known[key] = got
	return got
}

// ByKeys are the keys that --by is usually given.
func ByKeys() []string {
	keys := []string{"kernel", "run", "cpu", "go"}
	for _, a := range results.Axes {
		keys = append(keys, a.Key)
	}
	slices.Sort(keys)
	return keys
}
