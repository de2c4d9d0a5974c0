// The benchmarks of this directory run the suite's engine under `go test
// -bench`, one sub-benchmark per cell:
//
//	go test -bench . ./bench
//	go test -bench 'Stream/mech=pipe$/' -count 10 ./bench > new.txt
//	benchstat new.txt
//
// Each -count is a launch in fresh processes. The workloads that people meet
// first run with every expression that matches them; the others are named in
// it, as with -bench Burst, or asked for with -all. Every axis is a flag:
//
//	go test -bench Stream ./bench -mech pipe -wait block,epoll -batch 1,16
//
// Flags of the benchmarks come after the package. A line has ns/op, MB/s and
// p99-ns; -units all prints all that a launch measures. -cpu changes names alone.
//
// The benchmark of each workload is in workloads_test.go, which
// `make generate` writes.
package bench_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ipcbench/bench"
	_ "ipcbench/mechanisms/sockets/netconn"
	"ipcbench/results"
	"ipcbench/runner"
)

// axisFlags are the values of the axes that flags give, by key.
type axisFlags map[string]*string

// usual are the values of those that were not given: a launch takes 100 ms, and
// all of an axis would take hours.
var usual = map[string]string{"size": "64,4KiB,64KiB", "queue": "default", "place": "same,cross", "peers": "4"}

// register adds a flag for every axis that a plan may ask for. Workloads are
// named by -bench.
func (f axisFlags) register(flags *flag.FlagSet) {
	for i := range results.Axes {
		if x := &results.Axes[i]; x.Key != "workload" && !x.Found {
			f[x.Key] = flags.String(x.Key, usual[x.Key], bench.Help(x))
		}
	}
}

// span is the block of cells that the flags ask for, of all workloads. An option
// that a workload does not take is at its usual value there.
func (f axisFlags) span() (a bench.Axes, err error) {
	a.Mechanisms = bench.Values(results.LookupAxis("mech"))
	for i := range results.Axes {
		x := &results.Axes[i]
		if values := f[x.Key]; values != nil && *values != "" {
			if x.Key == "mech" {
				a.Mechanisms = nil
			}
			if err := a.Set(x, strings.Split(*values, ",")); err != nil {
				return a, fmt.Errorf("-%s %w", x.Key, err)
			}
		}
	}
	a.Workloads = bench.Values(results.LookupAxis("workload"))
	return a, a.Check()
}

var (
	axes  = axisFlags{}
	all   bool
	units shownUnits
)

var coordinator *runner.Coordinator

func TestMain(m *testing.M) {
	runner.Init()
	axes.register(flag.CommandLine)
	flag.BoolVar(&all, "all", false, "also the workloads that -bench does not name in full")
	asked := flag.String("units", usualUnits, "units to print, separated by commas; all: every one")
	flag.Parse()
	var err error
	if units, err = parseUnits(*asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	pipeQueues = !given["queue"]
	if !given["test.benchtime"] {
		// A launch measures for 100 ms here as in ipcbench run; a second each
		// would take a quarter of an hour.
		flag.Set("test.benchtime", "100ms")
	}
	status := m.Run()
	if coordinator != nil {
		if err := coordinator.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// pipeQueues adds F_SETPIPE_SZ settings where a first workload varies them.
var pipeQueues bool

// benchmark runs a workload. A plain -bench . has time only for those that
// people meet first.
func benchmark(b *testing.B, workload string) {
	w := bench.LookupWorkload(workload)
	if !w.First && !all && !strings.Contains(flag.Lookup("test.bench").Value.String(), w.Name) {
		fmt.Printf("# %s is left out: name it, as in -bench %s, or give -all\n", w.Name, w.Name)
		b.SkipNow() // which prints nothing without -v
	}
	run(b, cells(b, w))
}

func BenchmarkFloor(b *testing.B) {
	run(b, bench.FloorCells(append(cells(b, bench.PingPong), cells(b, bench.Stream)...)))
}

// start starts the coordinator and prints the configuration, once, before the
// first benchmark line.
func start(b *testing.B) {
	if coordinator != nil {
		return
	}
	s, err := runner.Start(runner.Options{})
	if err != nil {
		b.Fatal(err)
	}
	coordinator = s
	if cpus := flag.Lookup("test.cpu").Value.String(); cpus != "" {
		fmt.Printf("# -cpu %s changes names alone: the processes that are measured have a GOMAXPROCS of their own\n", cpus)
	}
	if err := results.WriteConfig(os.Stdout, *s.Host("go test"), results.Setting{Key: "isolation", Value: s.Isolation}); err != nil {
		b.Fatal(err)
	}
}

func run(b *testing.B, cells []results.Cell) {
	start(b)
	for _, c := range cells {
		_, name, _ := strings.Cut(c.Name(), "/")
		var l *launch
		if !b.Run(name, func(b *testing.B) {
			if b.N == 1 {
				l.close(b)
				l = open(b, c)
			}
			l.round(b)
		}) {
			continue
		}
		l.close(b)
	}
}

// cells spans the axes for one workload.
func cells(b *testing.B, w *bench.Workload) []results.Cell {
	a, err := axes.span()
	if err != nil {
		b.Fatal(err)
	}
	a.Workloads = []string{w.Name}
	blocks := []bench.Axes{a}
	if pipeQueues && w.First && w.Queues != nil {
		pipes := a
		pipes.Queues = []int{4 << 10, 1 << 20}
		pipes.Mechanisms = nil
		for _, m := range a.Mechanisms {
			if slices.Contains(bench.Pipes, m) {
				pipes.Mechanisms = append(pipes.Mechanisms, m)
			}
		}
		blocks = append(blocks, pipes)
	}
	var out []results.Cell
	for _, block := range blocks {
		out = append(out, block.Cells()...)
	}
	return out
}

// launch is the fresh processes of one -count of one sub-benchmark. The
// testing package runs the function again with growing b.N; b.N == 1 is where
// a new launch begins.
type launch struct {
	*runner.Launch
	workload *bench.Workload
	perOp    time.Duration // of the last round
}

func open(b *testing.B, c results.Cell) *launch {
	l, err := coordinator.Open(c)
	if runner.Unsupported(err) {
		// b.Skip prints nothing without -v.
		fmt.Print(results.Comment(results.Record{Cell: c, Outcome: results.Skipped, Reason: errors.Unwrap(err).Error()}))
		b.SkipNow()
	}
	if err != nil {
		b.Fatal(err)
	}
	if given := results.Unusual(l.Links); given != "" {
		c.Options.Given = given // which is in no name that the testing package prints
		_, err := l.Close()
		fmt.Print(results.Comment(results.Record{Cell: c, Outcome: results.Untrusted, Reason: strings.Join(l.Warnings, "; ")}))
		if err != nil {
			b.Fatal(err)
		}
		b.SkipNow()
	}
	return &launch{Launch: l, workload: bench.WorkloadOf(c)}
}

func (l *launch) close(b *testing.B) {
	if l == nil {
		return
	}
	if _, err := l.Close(); err != nil {
		b.Error(err)
	}
	if why := results.Changed(l.Links); why != "" {
		b.Error(why)
	}
}

// A round that was disturbed is played again, up to attempts times in all, and
// until that has taken patience. One that is shorter than judged says little, and
// the testing package goes on to longer ones.
const (
	attempts = 5
	patience = 5 * time.Second
	judged   = 10 * time.Millisecond
)

// round plays b.N operations and reports what the workers measured: the
// coordinator's own clock would count the control traffic. Where each attempt was
// disturbed there is no number.
func (l *launch) round(b *testing.B) {
	var rec results.Record
	begin := time.Now()
	for attempt := 1; ; attempt++ {
		var timed *runner.Round
		rec = results.Record{Cell: l.Cell, Given: l.Given, Workers: slices.Clone(l.Workers)}
		observed, err := l.Observe(func() (err error) {
			timed, err = l.play(b, &rec)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		void, _ := observed.Judge()
		if void == "" || timed.Elapsed < judged {
			break
		}
		if attempt == attempts || time.Since(begin) > patience {
			// Skipped after a first round, a benchmark prints NaN.
			fmt.Print(results.Comment(results.Record{Cell: l.Cell, Outcome: results.Untrusted, Reason: void}))
			b.ReportMetric(0, "ns/op") // leaves it out
			return
		}
	}
	b.ReportMetric(0, "ns/op") // leaves out the testing package's own
	for _, m := range units.of(rec.Measurements()) {
		b.ReportMetric(m.Value, m.Unit)
	}
}

// play plays the rounds of b.N operations, and fills in what they gave.
func (l *launch) play(b *testing.B, rec *results.Record) (timed *runner.Round, err error) {
	expected := time.Duration(b.N) * l.perOp
	b.ResetTimer() // b.N grows by this timer: starting processes must not count
	played, err := l.Play(expected, runner.Ask{Kind: runner.Timed, N: b.N, Marks: bench.MarksFor(expected)})
	b.StopTimer()
	if err != nil {
		return nil, err
	}
	timed = played[0]
	l.perOp = timed.Elapsed / time.Duration(b.N)
	runner.Account(rec, l.workload, played)
	if l.workload.Timed() && b.N > 1 {
		d, err := l.Play(timed.Elapsed, runner.Ask{Kind: runner.Latency, N: max(1, b.N/4), Marks: bench.MarksFor(timed.Elapsed / 4)})
		if err != nil {
			return nil, err
		}
		if rec.Latency, err = d[0].Latency(); err != nil {
			return nil, err
		}
	}
	return timed, nil
}
