package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/compare"
	"ipcbench/external/declare"
	"ipcbench/kernels"
	"ipcbench/kernels/profile"
	"ipcbench/report"
	"ipcbench/results"
)

// profilesDir is where profiles are kept unless --out names another directory: beside
// runs, since a profile has no launches.
var profilesDir = filepath.Join("results", "profiles")

// whyFlags are the flags of `ipcbench kernels why`.
type whyFlags struct {
	kernels kernelsFlags // those that it has in common
	format  string
	in      []string
	seed    int
}

func newKernelsWhy() *cobra.Command { return new(whyFlags).command() }

func (f *whyFlags) command() *cobra.Command {
	c := &cobra.Command{
		Use:   "why [OLD] NEW CELL",
		Short: "Show which functions a cell's instructions are in, and which made it longer or shorter",
		Long: `Why boots each kernel, counts every instruction of one round of the CELL, by
function and call path, and lists what changed most. Of one kernel it lists where
the instructions are. In a CELL, as in PingPong/pipe, keys at their usual value may
be left out. It needs an x86-64 kernel and QEMU, and no debug symbols.

The round has 200 round trips, 1,000 messages, 400 wake-ups or 5,000 calls. Where
kernels judges the path, as in Stream, the round is one that counts it. Profiles are
cached as counts are: see ipcbench kernels cache.

A directory below --out gets the page with flame graphs, and for each kernel a
profile as JSON, which --in shows again, and one for "go tool pprof".

Exit status: 0 the profiles are shown; 2 usage, or a cell whose instructions mean
nothing; 3 a guest did not boot or gave no profile, or a file is unreadable; 4 QEMU
is not available, or the program for x86-64 guests is missing; 5 the control moved.`,
		Example: `  ipcbench kernels why vmlinuz-6.1=old vmlinuz-6.12=new PingPong/pipe
  ipcbench kernels why vmlinuz Stream/sysvmsg --format markdown
  ipcbench kernels why --kernel a:vmlinuz --kernel b:vmlinuz:psi=0 PingPong/socketpair
  ipcbench kernels why --in old.json,new.json --format folded`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.kernels.labeled, "kernel", nil, "LABEL:KERNEL[:OPTIONS], a kernel with boot options of its own; may be repeated")
	fl.StringVar(&f.kernels.append, "append", "", "boot options of every kernel, as in 'psi=0'")
	fl.IntVar(&f.seed, "seed", 1, "seed of the boots")
	fl.DurationVar(&f.kernels.silent, "boot-timeout", kernels.BootTimeout, "time without output after which a guest counts as hung, less the time in which QEMU waits for a CPU")
	fl.StringSliceVar(&f.in, "in", nil, "profiles that were kept, the old one first, in place of KERNELs and a CELL")
	fl.StringVar(&f.format, "format", report.WhyFormats[0], strings.Join(report.WhyFormats, ", "))
	fl.StringVar(&f.kernels.out, "out", profilesDir, "directory in which that of the profiles is made; with --in none, unless it is named")
	f.kernels.cache.register(c)
	f.kernels.cpus.register(c)
	fl.Lookup("cpus").Usage = "CPUs of this host that QEMU runs on, as in 2,3 or 0-3,8 (all)"
	c.MarkFlagDirname("out")
	c.MarkFlagFilename("in", "json")
	completeFrom(c, "format", report.WhyFormats)
	return c
}

func (f *whyFlags) run(c *cobra.Command, args []string) error {
	if !slices.Contains(report.WhyFormats, f.format) {
		return badValue("--format", f.format, report.WhyFormats)
	}
	if f.in != nil {
		return f.again(c, args)
	}
	if f.seed < 1 || f.seed > maxBoots {
		return fmt.Errorf("--seed %d: want 1 to %d", f.seed, maxBoots)
	}
	if len(args) == 0 {
		return takes(1, -1, "one or two KERNELs and a CELL", "vmlinuz-6.1 vmlinuz-6.12 PingPong/pipe")(c, args)
	}
	typed := args[len(args)-1]
	if _, err := os.Stat(typed); err == nil {
		return fmt.Errorf("%s is a file: the CELL comes last, as in PingPong/pipe", results.Quote(typed))
	}
	cell, err := kernels.CountedCell(typed)
	if err != nil {
		return err
	}
	compared, err := f.kernels.parseKernels(args[:len(args)-1])
	if err != nil {
		return err
	}
	if len(compared) < 1 || len(compared) > 2 {
		return fmt.Errorf("why takes one or two KERNELs before the CELL, and not %d", len(compared))
	}
	for i := range compared {
		if err := compared[i].Profilable(); err != nil {
			return err
		}
	}
	if err := cmp.Or(f.kernels.timeout(), compared[0].CheckExternals(cell)); err != nil {
		return err
	}
	if err := f.kernels.cpus.confine(c); err != nil {
		return err
	}
	qemu, err := findQEMU(c, compared[0].Arch)
	if err != nil {
		return err
	}
	return f.explain(c, qemu, compared, cell)
}

// explain profiles the cell in the kernels, keeps the profiles and shows them.
func (f *whyFlags) explain(c *cobra.Command, qemu kernels.QEMU, compared []kernels.Kernel, cell results.Cell) error {
	var labels []string
	for _, k := range compared {
		labels = append(labels, k.Label)
	}
	fmt.Fprintf(c.ErrOrStderr(), "profiles of %s in %s, QEMU %s: some 30 s of a CPU for each that is not cached\n", cell.Name(), strings.Join(labels, " and "), qemu.Version)
	all := make([]*profile.Profile, len(compared))
	errs := make([]error, len(compared))
	cache := f.kernels.cache.open(c)
	jobs := make(chan struct{}, cmp.Or(len(f.kernels.cpus.ids), runtime.NumCPU()))
	var wg sync.WaitGroup
	for i, k := range compared {
		wg.Go(func() {
			jobs <- struct{}{}
			defer func() { <-jobs }()
			all[i], errs[i] = qemu.Profile(c.Context(), k, cell, f.seed, version(), kernels.ProfileOptions{Silent: f.kernels.silent, Cache: cache})
		})
	}
	wg.Wait()
	if c.Context().Err() != nil {
		return failed(errors.New("interrupted: no profile is whole, and none is kept"))
	}
	for _, err := range errs {
		if err != nil {
			return ofGuest(err, nil)
		}
	}
	return f.keep(c, all)
}

// again shows profiles that were kept.
func (f *whyFlags) again(c *cobra.Command, args []string) error {
	if len(args) > 0 || f.kernels.labeled != nil {
		return errors.New("--in shows profiles that were kept: leave out KERNEL and CELL")
	}
	if len(f.in) > 2 {
		return fmt.Errorf("--in: %d profiles: want one or two", len(f.in))
	}
	var all []*profile.Profile
	for _, path := range f.in {
		p, err := readProfile(path, profile.Read)
		if err != nil {
			return failed(fmt.Errorf("--in %s: %w", results.Quote(path), err))
		}
		all = append(all, p)
	}
	if c.Flags().Changed("out") {
		return f.keep(c, all)
	}
	return f.show(c, all)
}

func readProfile(path string, read func(io.Reader) (*profile.Profile, error)) (*profile.Profile, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // of a FIFO it would wait for a writer
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, cmp.Or(err, errors.New("it is no regular file: want the .json of a profile"))
	}
	return read(file)
}

// show writes the profiles to standard output.
func (f *whyFlags) show(c *cobra.Command, all []*profile.Profile) error {
	old, new := oldAndNew(all)
	return failed(report.WriteWhy(c.OutOrStdout(), f.format, screen(c.OutOrStdout()), old, new))
}

// oldAndNew are the old profile, nil where there is one, and the new one.
func oldAndNew(all []*profile.Profile) (old, new *profile.Profile) {
	if len(all) == 2 {
		old = all[0]
	}
	return old, all[len(all)-1]
}

// keep shows the profiles, and writes them and their page into a directory of their
// own.
func (f *whyFlags) keep(c *cobra.Command, all []*profile.Profile) error {
	if err := f.show(c, all); err != nil {
		return err
	}
	flush(c) // before what is printed on standard error
	path := filepath.Join(f.kernels.out, results.NewID(time.Now()))
	dir, err := results.OpenDir(path)
	if err != nil {
		return failed(err)
	}
	defer dir.Close()
	old, new := oldAndNew(all)
	type file struct {
		name  string
		write func(io.Writer) error
	}
	files := []file{
		{report.PageFile, func(w io.Writer) error { return report.WriteWhyPage(w, old, new) }},
		{"stacks.folded", func(w io.Writer) error { return profile.WriteFolded(w, old, new) }},
	}
	var names []string
	for i, p := range all {
		name := p.Kernel
		if old != nil && old.Kernel == new.Kernel {
			name = []string{"old-", "new-"}[i] + name
		}
		names = append(names, filepath.Join(path, name))
		files = append(files, file{name + ".json", p.Write}, file{name + ".pb.gz", p.WritePprof})
	}
	for _, file := range files {
		if err := dir.WriteFile(file.name, file.write); err != nil {
			return failed(err)
		}
	}
	console := c.ErrOrStderr()
	fmt.Fprintf(console, "the page with flame graphs: %s\n", filepath.Join(path, report.PageFile))
	pprof := "go tool pprof -top "
	if old != nil {
		pprof += "-diff_base " + shell(names[0]+".pb.gz") + " "
	}
	fmt.Fprintf(console, "in pprof: %s%s\n", pprof, shell(names[len(names)-1]+".pb.gz"))
	fmt.Fprintf(console, "again: %s kernels why --in %s\n", shell(os.Args[0]), shell(strings.Join(names, ".json,")+".json"))
	return nil
}

// profilesOf is where the profiles are of cells whose runs are made in a directory:
// beside it.
func profilesOf(runs string) string {
	return filepath.Join(filepath.Dir(filepath.Clean(runs)), filepath.Base(profilesDir))
}

// explained are the pairs of profiles that are kept for a run, the oldest first, with
// their pages as a page in the directory out reaches them. What is no profile is left
// out.
func explained(run, out string) (all []report.Explained) {
	out, _ = filepath.Abs(out)
	run, _ = filepath.Abs(run)
	pages, _ := filepath.Glob(filepath.Join(profilesOf(filepath.Dir(run)), "*", report.PageFile))
	for _, page := range pages {
		var heads []*profile.Profile
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(page), "*.json"))
		for _, file := range files {
			if p, err := readProfile(file, profile.ReadHead); err == nil {
				heads = append(heads, p)
			}
		}
		rel, err := filepath.Rel(out, page)
		if len(heads) != 2 || err != nil {
			continue
		}
		address := (&url.URL{Path: filepath.ToSlash(rel)}).String()
		all = append(all, report.Explained{Old: heads[0], New: heads[1], Page: address}, report.Explained{Old: heads[1], New: heads[0], Page: address})
	}
	return all
}

// movedCell is a cell whose count changed, in the comparison of that number.
type movedCell struct {
	comparison int
	cell       results.Cell
	by         float64 // the natural logarithm of the ratio
}

// movedCells are the cells whose instructions changed by more than the threshold, the
// largest change first, and floors last.
func movedCells(reports []*compare.Report, verdicts ...compare.Verdict) (all []movedCell) {
	for i, r := range reports {
		for _, row := range r.Rows {
			if counted := row.Metric == "insns/op" || row.Metric == "path-insns/op"; counted && slices.Contains(verdicts, row.Verdict) {
				all = append(all, movedCell{i, row.Cell, math.Log(float64(row.Ratio.Center))})
			}
		}
	}
	floor := func(m movedCell) int {
		if m.cell.Workload == results.FloorWorkload {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b movedCell) int {
		return cmp.Or(floor(a)-floor(b), -cmp.Compare(math.Abs(a.by), math.Abs(b.by)))
	})
	return all
}

// suggestWhy prints the command that explains the cell that got longer most.
func suggestWhy(c *cobra.Command, compared []kernels.Kernel, reports []*compare.Report) {
	if all := movedCells(reports, compare.Slower); all != nil {
		worst := all[0]
		fmt.Fprintf(c.ErrOrStderr(), "which functions made it longer: %s\n", whyCommand(compared[0], compared[worst.comparison+1], worst.cell))
	}
}

// whyCommand is a command line that profiles a cell in two kernels.
func whyCommand(old, new kernels.Kernel, cell results.Cell) string {
	words := []string{os.Args[0], "kernels", "why"}
	for _, k := range []kernels.Kernel{old, new} {
		if old.Append == new.Append {
			words = append(words, k.Path+"="+k.Label)
		} else {
			words = append(words, "--kernel", strings.TrimSuffix(k.Label+":"+k.Path+":"+k.Append, ":"))
		}
	}
	if old.Append == new.Append && old.Append != "" {
		words = append(words, "--append", old.Append)
	}
	return shell(append(words, typedCell(cell))...)
}

// typedCell is a cell as it is typed in another process.
func typedCell(cell results.Cell) string {
	return strings.Replace(cell.Name(), "mech="+cell.Mechanism+"/", "mech="+declare.Typed(cell.Mechanism)+"/", 1)
}

// explainMoved profiles each cell that moved, in the kernels of its comparison.
func (f *kernelsFlags) explainMoved(c *cobra.Command, qemu kernels.QEMU, compared []kernels.Kernel, reports []*compare.Report) error {
	all := movedCells(reports, compare.Slower, compare.Faster)
	if all == nil {
		fmt.Fprintln(c.ErrOrStderr(), "no cell moved: there is nothing to explain")
	}
	flush(c) // the comparison
	w := whyFlags{kernels: kernelsFlags{out: profilesOf(f.out), silent: f.silent, cpus: f.cpus, cache: f.cache}, format: "text", seed: 1}
	if f.judge.format == "markdown" {
		w.format = f.judge.format
	}
	for _, m := range all {
		fmt.Fprintln(c.OutOrStdout())
		if err := w.explain(c, qemu, []kernels.Kernel{compared[0], compared[m.comparison+1]}, m.cell); err != nil {
			return err
		}
	}
	return nil
}
