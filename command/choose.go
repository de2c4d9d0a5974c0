package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/choose"
	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

var (
	relations     = []string{"parent-child", "unrelated"}
	chooseFormats = []string{"text", "markdown", "json"}
	racesDir      = filepath.Join("results", "races")
)

// raceTime is the measured time of a launch of a race. What differs from launch to
// launch is far more than what differs within one: of 5, 10, 25 and 100 ms, 10 ms
// decided in the least time. Unpinned, 80 and 160 ms decided 1 of 12 races, 10 ms 2 of 6.
const raceTime = 10 * time.Millisecond

func patternNames() []string {
	return bench.NamesOf(choose.Patterns, func(p choose.Pattern) string { return p.Name })
}

// chooseFlags are the flags of `ipcbench choose`, and of `advise`, its former name.
type chooseFlags struct {
	choose.Question
	places, mechs           []string
	peers                   int
	variants                bool
	in, out, format, within string
	size, pattern, relation string // of advise; relation of both
	budget                  time.Duration
	seed                    uint64
	cpus                    cpusFlag
}

func newChoose() *cobra.Command {
	var f chooseFlags
	c := &cobra.Command{
		Use:   "choose PATTERN [SIZE]",
		Short: "Name the mechanism to use, by a race of half a minute",
		Long: `Choose launches the mechanisms that fit, in blocks, until it is known which is
fastest, or the budget is spent. A mechanism that is shown to be slower drops out.
It ends with a sentence, a table, and what is not decided. The patterns are
workloads: rpc is PingPong, stream is Stream, fanin is FanIn, pipeline is
Pipeline, notify is Notify, fanout is FanOut. Notifications have no SIZE.

A mechanism that spins costs a CPU while it waits: it is shown, and recommended
only with --spin. With --in it answers from a run, and measures nothing.

Exit status: 0 an answer, decided or with bounds; 2 usage; 3 something failed;
4 nothing fits, or nothing that fits was measured; 128+N ended by signal N, after
the answer so far.`,
		Example: `  ipcbench choose rpc 4KiB
  ipcbench choose stream 64KiB --unrelated --boundaries
  ipcbench choose rpc 64 --place same,cross --budget 1m
  ipcbench choose rpc 64 --in results/runs/ID`,
		Args: takes(0, 2, "a PATTERN and a SIZE", "rpc 4KiB"),
		RunE: func(c *cobra.Command, args []string) error {
			args = append(args, "", "")
			f.pattern, f.size = args[0], args[1]
			if err := f.parse(c); err != nil {
				return err
			}
			if c.Flags().Changed("in") {
				if err := f.measuresNothing(c); err != nil {
					return err
				}
				return f.fromRun(c)
			}
			return f.race(c)
		},
		ValidArgsFunction: completeQuestion,
	}
	f.common(c)
	fl := c.Flags()
	fl.BoolVar(&f.Unrelated, "unrelated", false, "only mechanisms that independently started processes can open")
	fl.BoolVar(&f.SurvivesCrash, "survives-crash", false, "a process must learn within a second that its peer was killed")
	fl.BoolVar(&f.PassesFDs, "fd-passing", false, "file descriptors must be passed")
	fl.BoolVar(&f.Spin, "spin", false, "a mechanism may keep a CPU busy while it waits")
	fl.StringSliceVar(&f.places, "place", []string{"free"}, "where processes run: free (unpinned), same, cross, smt, socket; with --in, all that were measured")
	fl.IntVar(&f.peers, "peers", 4, "senders of fanin, stages of pipeline, receivers of fanout")
	f.cpus.register(c)
	fl.StringSliceVar(&f.mechs, "mech", nil, "candidates (all that fit)")
	fl.BoolVar(&f.variants, "variants", false, "also those that do the work of another by other calls or in other memory, as vmsplice does that of pipe")
	fl.DurationVar(&f.budget, "budget", 30*time.Second, "time after which the race ends undecided")
	fl.StringVar(&f.within, "within", "5%", "by how much another may be faster that counts as the same")
	fl.StringVar(&f.out, "out", racesDir, "directory in which the race's own is made")
	fl.Uint64Var(&f.seed, "seed", 0, "of the order of launches (random)")
	fl.MarkHidden("relation")
	c.MarkFlagDirname("out")
	completeFrom(c, "place", described(results.LookupAxis("place")))
	completeFrom(c, "mech", described(results.LookupAxis("mech")))
	return c
}

// newAdvise is the command as it was called before it could measure.
func newAdvise() *cobra.Command {
	var f chooseFlags
	c := &cobra.Command{
		Use:    "advise --size SIZE --pattern PATTERN",
		Short:  "Name the mechanism to use, from a run: choose --in",
		Hidden: true,
		Args:   noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.parse(c); err != nil {
				return err
			}
			return f.fromRun(c)
		},
	}
	f.common(c)
	c.Flags().StringVar(&f.size, "size", "", "bytes in a message: 64, 4KiB, 1MiB (required)")
	c.Flags().StringVar(&f.pattern, "pattern", "", "how the processes exchange messages: "+strings.Join(patternNames(), ", ")+" (required)")
	completeFrom(c, "pattern", patternNames())
	return c
}

// common adds the flags of both commands.
func (f *chooseFlags) common(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.relation, "relation", relations[0], strings.Join(relations, ", ")+"; unrelated: only mechanisms that independently started processes can open")
	fl.BoolVar(&f.Boundaries, "boundaries", false, "the receiver must get each message as a unit")
	fl.StringVar(&f.in, "in", "", "run, race or file of records to answer from, - is standard input, @latest the newest run")
	takesRun(c, "in")
	fl.StringVar(&f.format, "format", chooseFormats[0], strings.Join(chooseFormats, ", "))
	completeFrom(c, "relation", relations)
	completeFrom(c, "format", chooseFormats)
}

// parse checks the flags and completes the question.
func (f *chooseFlags) parse(c *cobra.Command) (err error) {
	p, known := choose.LookupPattern(f.pattern)
	switch {
	case f.pattern == "":
		return fmt.Errorf("the pattern is missing: want one of %s, as in `ipcbench choose rpc 4KiB`", strings.Join(patternNames(), ", "))
	case !known:
		return badValue("pattern", f.pattern, patternNames())
	}
	f.Pattern = p.Name
	if size := bench.LookupWorkload(p.Workload).Size; size > 0 {
		if f.size != "" {
			return fmt.Errorf("size %s: notifications carry no message: leave it out", results.Quote(f.size))
		}
		f.Size = size
	} else if f.size == "" {
		return fmt.Errorf("the size is missing: bytes in a message, as in `ipcbench choose %s 4KiB`", f.pattern)
	} else if f.Size, err = bench.ParseSize(f.size); err != nil {
		return err
	}
	if !slices.Contains(relations, f.relation) {
		return badValue("--relation", f.relation, relations)
	}
	if !slices.Contains(chooseFormats, f.format) {
		return badValue("--format", f.format, chooseFormats)
	}
	f.Unrelated = f.Unrelated || f.relation == "unrelated"
	if c.Flags().Changed("within") {
		if f.Within, err = parseShare("--within", f.within, 0.01, 0.5); err != nil {
			return err
		}
	}
	for _, place := range f.places {
		if !slices.Contains(placeNames(), place) {
			return badValue("--place", place, placeNames())
		}
	}
	for i, mech := range f.mechs {
		if f.mechs[i], err = bench.Named(mech); err != nil {
			return fmt.Errorf("--mech %q: %w", mech, err)
		}
		if mechanisms.Lookup(f.mechs[i]) == nil {
			return badValue("--mech", mech, mechanismNames())
		}
	}
	if f.budget < 0 || f.budget > time.Hour {
		return fmt.Errorf("--budget %v: want 0s to 1h", f.budget)
	}
	return nil
}

// measuresNothing refuses flags of a race beside --in.
func (f *chooseFlags) measuresNothing(c *cobra.Command) error {
	for _, flag := range []string{"budget", "cpus", "out", "seed", "mech", "variants"} {
		if c.Flags().Changed(flag) {
			return fmt.Errorf("--%s: --in measures nothing: leave out one of both", flag)
		}
	}
	return nil
}

// document is the answer as JSON.
type document struct {
	Run      string          `json:"run"`
	Advice   []choose.Advice `json:"advice"`
	CantTell []string        `json:"cant_tell"` // of all advice
}

// fromRun answers from records.
func (f *chooseFlags) fromRun(c *cobra.Command) error {
	if f.in == "newest" {
		f.in = ""
	}
	set, err := readRun(c, f.in, nil)
	if err != nil {
		return err
	}
	return f.answer(c, set)
}

// answer writes what records answer.
func (f *chooseFlags) answer(c *cobra.Command, set *results.Set) error {
	summaries := set.Summaries()
	doc := document{Run: runName(set), CantTell: choose.Machine(set.Hosts())}
	answered := false
	for _, q := range choose.Everywhere(summaries, f.Question) {
		if fl := c.Flags().Lookup("place"); fl != nil && fl.Changed && !slices.Contains(f.places, q.Place) {
			continue
		}
		a := choose.Advise(summaries, q)
		answered = answered || a.Answered()
		doc.Advice = append(doc.Advice, a)
	}
	if doc.Advice == nil {
		f.Question.Place = ""
		return unanswered(fmt.Errorf("%s has nothing of the pattern %s: `%s` measures it", doc.Run, f.Pattern, f.Question.Command("")))
	}
	if err := f.write(c, doc); err != nil {
		return err
	}
	if !answered {
		return unanswered(errors.New("nothing that fits was measured at this size"))
	}
	return nil
}

func (f *chooseFlags) write(c *cobra.Command, doc document) error {
	out := c.OutOrStdout()
	switch f.format {
	case "markdown":
		fmt.Fprintf(out, "From %s.\n\n", results.EscapeMarkdown(doc.Run))
		return failed(choose.WriteMarkdown(out, doc.Advice, doc.CantTell))
	case "json":
		return failed(text.WriteJSON(out, doc))
	}
	tell(out, text.Plain, "from", doc.Run)
	return failed(choose.WriteText(out, doc.Advice, doc.CantTell, screen(out)))
}

func unanswered(err error) error { return &exitError{exitUnavailable, err} }

// race measures what fits, and answers from that.
func (f *chooseFlags) race(c *cobra.Command) (err error) {
	if err := f.cpus.confine(c); err != nil {
		return err
	}
	heats, refused, err := f.heats()
	if err != nil {
		return err
	}
	coordinator, err := runner.Start(runner.Options{})
	if err != nil {
		return failed(err)
	}
	defer func() { err = errors.Join(err, failed(coordinator.Close())) }()
	defer context.AfterFunc(c.Context(), func() { coordinator.Interrupt() })()
	host := coordinator.Host(version())
	if !c.Flags().Changed("seed") {
		f.seed = rand.Uint64()
	}
	dir, err := f.create(heats)
	if err != nil {
		return failed(err)
	}
	defer func() { err = errors.Join(err, failed(dir.Close())) }()
	ranking := f.Ranking()
	ranking.Within = cmp.Or(f.Within, results.Within)
	progress := newProgress(c.ErrOrStderr())
	race := runner.Race{
		Side:  runner.Side{ID: dir.Header.ID, Measure: coordinator.Measure, Host: host, Sink: dir.Append},
		Heats: heats, Ranking: ranking, Time: raceTime, Budget: f.budget, Seed: f.seed, Progress: func(h *runner.Heat) { progress.race(h, f.budget) },
	}
	begin := time.Now()
	stopped := race.Execute(c.Context())
	progress.finish()
	if stopped != nil && !errors.Is(stopped, context.Canceled) {
		return failed(stopped)
	}
	took := time.Since(begin)
	set, err := results.Digest(dir.Dir, nil)
	if err != nil {
		return failed(err)
	}
	tell(c.ErrOrStderr(), text.Strong, dir.Dir+":", fmt.Sprintf("%s in %s", raced(heats), took.Round(100*time.Millisecond)))
	if refused != "" {
		tell(c.ErrOrStderr(), text.Plain, "left out by rule:", refused)
	}
	if err := f.answer(c, set); err != nil {
		return err
	}
	if stopped != nil {
		return &exitError{exitFailed, errors.New("interrupted: the answer rests on what was measured until then")}
	}
	return nil
}

// heats are the questions of a race, with the mechanisms that fit, and how many
// do not, in a clause. What this machine can't launch is skipped with its reason.
func (f *chooseFlags) heats() (heats []*runner.Heat, refused string, err error) {
	p, _ := choose.LookupPattern(f.Pattern)
	w := bench.LookupWorkload(p.Workload)
	var fit []string
	reasons := map[string]int{}
	for _, m := range mechanisms.All() {
		if len(f.mechs) > 0 && !slices.Contains(f.mechs, m.Name) {
			continue
		}
		if why := f.Unfit(m); why != "" {
			reasons[why]++
		} else if m.VariantOf != "" && !f.variants && len(f.mechs) == 0 {
			reasons["a variant of another (--variants)"]++
		} else {
			fit = append(fit, m.Name)
		}
	}
	var all []string
	for _, why := range slices.SortedFunc(maps.Keys(reasons), func(a, b string) int { return cmp.Or(reasons[b]-reasons[a], strings.Compare(a, b)) }) {
		all = append(all, fmt.Sprintf("%d: %s", reasons[why], why))
	}
	if all != nil {
		refused = strings.Join(all, "; ")
	}
	if fit == nil {
		return nil, "", unanswered(fmt.Errorf("no mechanism fits: %s: ask for less, or list them with `ipcbench list`", refused))
	}
	for _, place := range f.places {
		h := &runner.Heat{}
		for _, mech := range fit {
			cell := results.Cell{Workload: w.Name, Mechanism: mech, Size: f.Size, Place: place}
			if w.Peers != "" {
				cell.Peers = f.peers
			}
			h.Left = append(h.Left, cell)
		}
		heats = append(heats, h)
	}
	plan := bench.Plan{Launches: 1, Time: raceTime}
	for _, h := range heats {
		plan.Cells = append(plan.Cells, h.Left...)
	}
	return heats, refused, plan.Check()
}

// create makes the directory of a race. Its plan has the cells and the length of
// a launch.
func (f *chooseFlags) create(heats []*runner.Heat) (*results.Run, error) {
	plan := bench.Plan{Launches: results.RaceLooks[len(results.RaceLooks)-1], Time: raceTime, Seed: f.seed}
	for _, h := range heats {
		plan.Cells = append(plan.Cells, h.Left...)
	}
	raw, err := json.Marshal(plan)
	if err != nil {
		return nil, err
	}
	declared, err := externals()
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	return results.Create(f.out, results.Header{
		ID: results.NewID(now), Started: now, Seed: f.seed, Program: version(), Command: os.Args, Plan: raw, BudgetNs: int64(f.budget), CPUs: f.cpus.ids, External: declared,
	})
}

// raced is how much was measured, in words.
func raced(heats []*runner.Heat) string {
	var all []string
	for _, h := range heats {
		blocks := results.Plural(h.Blocks, "block")
		if h.Pinned > 0 {
			blocks += fmt.Sprintf(" unpinned, %d pinned", h.Pinned)
		}
		all = append(all, fmt.Sprintf("%s, %s", results.Plural(h.Of, "mechanism"), blocks))
	}
	return strings.Join(all, "; ")
}

// readRun reads the run of that name, or the newest one, and passes on what
// there is to warn of. It hands each record to also, which may be nil.
func readRun(c *cobra.Command, name string, also func(*results.Record)) (*results.Set, error) {
	name, err := namedRun(c.ErrOrStderr(), cmp.Or(name, "@latest"))
	if err != nil {
		return nil, failed(err)
	}
	in, err := results.OpenInput(c.Context(), name)
	if err != nil {
		return nil, failed(err)
	}
	set, err := in.Digest(also)
	if err != nil {
		return nil, failed(err)
	}
	for _, w := range set.Odd() {
		warn(c, w)
	}
	return set, nil
}

// runName names a run by its ID, records that are elsewhere by their path.
func runName(set *results.Set) string {
	if set.Header == nil {
		return results.Quote(set.Path)
	}
	return results.Quote(set.Header.ID)
}
