// Fidelity measures how much of the suite's numbers is the suite: the engine
// against hand-written C, round by round in turn; the instructions of both;
// what stamps and checks cost; `go test -bench` against `ipcbench run`; and
// the tools of others. It writes docs/fidelity.json, and docs/fidelity.md from
// it.
//
//	go run ./tools/overhead              # about 30 minutes, on a quiet machine
//	go run ./tools/overhead -page        # docs/fidelity.md from docs/fidelity.json
//	go run ./tools/overhead -cells '^Stream/mech=pipe/' -launches 6   # a part, printed
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"golang.org/x/term"

	_ "ipcbench/internal/compressed/zstd"
	"ipcbench/results"
	"ipcbench/runner"
)

// Fidelity is what a run of this program found.
type Fidelity struct {
	Date         string         `json:"date"` // of the measurement, UTC
	Host         *results.Host  `json:"host"`
	Compiler     string         `json:"compiler"` // of the twins
	Launches     int            `json:"launches"`
	Pace         []Pace         `json:"pace"`
	Instructions []Instructions `json:"instructions"`
	Stamps       []Stamps       `json:"stamps"`
	Same         []Same         `json:"same"`
	Against      []Against      `json:"against"`
}

// fidelity is this program at work.
type fidelity struct {
	coordinator *runner.Coordinator
	twins       *twins
	launches    int
	round       time.Duration // how long a round is to take: far more than the tens of µs by which two workers begin apart
}

func main() {
	runner.Init()
	f := &fidelity{}
	flag.IntVar(&f.launches, "launches", 20, "interleaved launches of each cell")
	flag.DurationVar(&f.round, "round", 20*time.Millisecond, "time of a round")
	cells := flag.String("cells", "", "measure only the pace of cells that match this expression, and print it")
	page := flag.Bool("page", false, "only write the page from what was measured before")
	flag.Parse()
	if err := f.main(*cells, *page); err != nil {
		fmt.Fprintln(os.Stderr, "fidelity:", err)
		os.Exit(1)
	}
}

var (
	dataFile = filepath.Join("docs", "fidelity.json")
	pageFile = filepath.Join("docs", "fidelity.md")
)

func (f *fidelity) main(cells string, page bool) (err error) {
	if page {
		return writePage()
	}
	only, err := regexp.Compile(cells)
	if err != nil {
		return fmt.Errorf("-cells: %w", err)
	}
	if f.launches < 6 {
		return fmt.Errorf("-launches %d: want at least 6, below which a median has no interval at 95 %%", f.launches)
	}
	if f.twins, err = compile(); err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, f.twins.remove()) }()
	if f.coordinator, err = runner.Start(runner.Options{}); err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, f.coordinator.Close()) }()
	if cells != "" {
		paces, err := f.pace(slices.DeleteFunc(paceCells(), func(c results.Cell) bool { return !only.MatchString(c.Name()) }))
		f.progress("")
		for _, p := range paces {
			fmt.Printf("%-64s %10.1f ns  C %10.1f ns  engine/C %s  with an idle thread %s\n", p.Cell.Name(), p.Engine, p.Plain, bracketed(p.Ratio), bracketed(p.Threaded))
		}
		return err
	}
	found := &Fidelity{Date: time.Now().UTC().Format(time.DateOnly), Host: f.coordinator.Host("fidelity"), Compiler: f.twins.compiler, Launches: f.launches}
	if err := f.measure(found); err != nil {
		return err
	}
	f.progress("")
	data, err := json.MarshalIndent(found, "", "\t")
	if err != nil {
		return err
	}
	if err := write(dataFile, append(data, '\n')); err != nil {
		return err
	}
	return writePage()
}

// measure finds out all that the page shows.
func (f *fidelity) measure(found *Fidelity) (err error) {
	if found.Instructions, err = f.instructions(); err != nil {
		return err
	}
	if found.Same, err = f.same(); err != nil {
		return err
	}
	if found.Stamps, err = f.stamps(); err != nil {
		return err
	}
	if found.Against, err = f.against(); err != nil {
		return err
	}
	if found.Pace, err = f.pace(paceCells()); err != nil {
		return err
	}
	return f.again(found)
}

// progress shows on a terminal what is under way, in one line.
func (f *fidelity) progress(format string, args ...any) {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprintf(os.Stderr, "\r\033[K"+format, args...)
	}
}

func writePage() error {
	data, err := os.ReadFile(dataFile)
	if err != nil {
		return err
	}
	var f Fidelity
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("%s: %w", dataFile, err)
	}
	var page bytes.Buffer
	if err := f.render(&page); err != nil {
		return err
	}
	return write(pageFile, page.Bytes())
}

// write gives a file a new content, whole or not at all.
func write(path string, content []byte) error {
	beside := path + ".new"
	if err := os.WriteFile(beside, content, 0o644); err != nil {
		os.Remove(beside)
		return err
	}
	return os.Rename(beside, path)
}
