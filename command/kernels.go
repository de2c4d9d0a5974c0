package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/compare"
	"ipcbench/kernels"
	"ipcbench/report"
	"ipcbench/results"
	"ipcbench/semantics"
)

// kernelsFlags are the flags of `ipcbench kernels`.
type kernelsFlags struct {
	accel, append, out string
	shard              string
	labeled, arms      []string
	workloads, mechs   []string
	sizes, places      []string
	seeds, boots       int
	time, silent       time.Duration
	gate, semantics    bool
	why                bool
	judge              compareFlags
	cpus               cpusFlag
	cache              cacheFlag
}

var accels = []string{"auto", string(kernels.ICount), string(kernels.KVM)}

func newKernels() *cobra.Command { return newKernelsOf(&kernelsFlags{}) }

// newKernelsOf is the command whose flags are f.
func newKernelsOf(f *kernelsFlags) *cobra.Command {
	c := &cobra.Command{
		Use:   "kernels KERNEL[=label]…",
		Short: "Boot kernels in QEMU, measure in each, and compare",
		Long: `Kernels boots each KERNEL, an image for amd64, arm64 or riscv64, in QEMU, with this
program as its first process. It measures in each kernel, and compares each with
the first. It needs QEMU, but no root, network, modules or disk image.

What runs in guests of other architectures is in the directory guests beside this
program, or in $IPCBENCH_GUESTS: "make guests" builds it. Kernels are compared with
the first of their architecture, and shown side by side.

If KVM works it measures real time (--accel kvm). A regression in real time then
changes the exit status only with --gate. Otherwise QEMU counts instructions
(--accel icount): one kernel gives the same numbers on any host, loaded or not.
They show whether the path got longer, not whether it got slower. The gate judges
insns/op. Where the scheduler decides how often processes switch, as in Stream, it
judges path-insns/op: what an operation takes without preemption.

Exit status: 0 no regression; 1 a regression, a cell that no longer works, or a
statement that no longer holds; 2 usage; 3 a guest did not boot or gave no result;
4 QEMU or KVM is not available; 5 the control moved, or something could not be
judged.`,
		Example: `  ipcbench kernels /boot/vmlinuz-6.1.0-9-amd64=old arch/x86/boot/bzImage=new
  ipcbench kernels --kernel base:vmlinuz --kernel nopsi:vmlinuz:psi=0 --mech pipe`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.accel, "accel", "auto", strings.Join(accels, ", ")+": count instructions, or measure real time; auto takes kvm if a probe boot succeeds")
	fl.StringArrayVar(&f.labeled, "kernel", nil, "LABEL:KERNEL[:OPTIONS], a kernel with boot options of its own; may be repeated")
	fl.StringArrayVar(&f.arms, "arm", nil, "the old name of --kernel")
	fl.MarkHidden("arm")
	fl.StringVar(&f.append, "append", "", "boot options of every kernel, as in 'psi=0'")
	fl.StringSliceVar(&f.workloads, "workload", []string{"pingpong", "stream"}, bench.Help(results.LookupAxis("workload")))
	fl.StringSliceVar(&f.mechs, "mech", bench.Core, bench.Help(results.LookupAxis("mech")))
	fl.StringSliceVar(&f.sizes, "size", []string{"64"}, "message sizes; instructions are counted up to 4KiB")
	fl.StringSliceVar(&f.places, "place", nil, "where processes run (same; with kvm also cross)")
	fl.IntVar(&f.seeds, "seeds", 6, "boots of each kernel with --accel icount, each with a seed of its own")
	fl.IntVar(&f.boots, "boots", 10, "boots of each kernel with --accel kvm, interleaved")
	fl.DurationVar(&f.time, "time", 90*time.Millisecond, "measured time of one launch with --accel kvm")
	fl.DurationVar(&f.silent, "boot-timeout", kernels.BootTimeout, "time without output after which a guest counts as hung, less the time in which QEMU waits for a CPU")
	fl.BoolVar(&f.gate, "gate", false, "fail on a regression with --accel kvm too")
	fl.BoolVar(&f.semantics, "semantics", false, "check in each kernel what the manual promises instead of measuring, and list the differences")
	fl.BoolVar(&f.why, "why", false, "profile each cell that moved, in both kernels, as kernels why does; counted instructions only")
	shardFlag(c, &f.shard)
	fl.StringVar(&f.out, "out", runsDir, "directory in which the runs of the kernels are made")
	f.cpus.register(c)
	fl.Lookup("cpus").Usage = "CPUs of this host that QEMU runs on, as in 2,3 or 0-3,8 (all)"
	f.cache.register(c)
	f.judge.register(c)
	fl.Lookup("threshold").DefValue, f.judge.threshold = "2%", "2%"
	c.MarkFlagDirname("out")
	c.AddCommand(newKernelsWhy(), newKernelsBisect(), newKernelsStep(), newKernelsCache())
	completeFrom(c, "accel", accels)
	for _, key := range []string{"workload", "mech", "size", "place"} {
		completeFrom(c, key, described(results.LookupAxis(key)))
	}
	return c
}

func (f *kernelsFlags) run(c *cobra.Command, args []string) error {
	o, err := f.judge.options()
	if err != nil {
		return err
	}
	if f.semantics {
		if err := f.judge.statementForm(); err != nil {
			return err
		}
	}
	compared, err := f.parseKernels(args)
	if err != nil {
		return err
	}
	if len(compared) == 0 {
		return errors.New("kernels needs a KERNEL: an image, as in /boot/vmlinuz-6.1.0-9-amd64")
	}
	switch {
	case f.why && (len(compared) < 2 || f.semantics):
		return errors.New("--why explains cells that moved between two kernels: name two, and leave out --semantics; ipcbench kernels why KERNEL CELL profiles one")
	case f.why && slices.ContainsFunc(compared, func(k kernels.Kernel) bool { return k.Profilable() != nil }):
		return errors.New("--why profiles x86-64 kernels alone: leave it out, or the kernels of other architectures")
	case f.why && !slices.Contains([]string{"text", "markdown"}, f.judge.format):
		return fmt.Errorf("--why --format %s: profiles are shown behind the comparison in text or markdown only", results.Quote(f.judge.format))
	}
	var parts []results.Shard
	if f.shard != "" {
		if parts, err = f.shards(); err != nil {
			return err
		}
	}
	if err := f.cpus.confine(c); err != nil {
		return err
	}
	groups := kernels.ByArch(compared)
	if len(groups) > 1 && !f.semantics && !slices.Contains([]string{"text", "markdown"}, f.judge.format) {
		return fmt.Errorf("--format %s: kernels of different architectures are not compared: name those of one, or take text or markdown", results.Quote(f.judge.format))
	}
	var runners []*kernels.Runner
	for _, group := range groups { // what one of them lacks is found out before the first boot
		r, err := f.runner(c, group)
		if err != nil {
			return err
		}
		r.Cache = f.cache.open(c)
		runners = append(runners, r)
	}
	if o.Shared = len(compared) - len(groups); !f.semantics && o.Shared > 0 && runners[0].Plan.Boots < o.Least() {
		warn(c, fmt.Sprintf("%s of each kernel: only equal counts get a verdict; others need %d", results.Plural(runners[0].Plan.Boots, "boot"), o.Least()))
	}
	var dirs []string
	var sides [][]string // by architecture
	for _, r := range runners {
		ran, err := record(c, r, f.out, results.Header{Threshold: o.Threshold, CPUs: f.cpus.ids}, parts...)
		if err != nil {
			return err
		}
		dirs, sides = append(dirs, ran...), append(sides, ran)
	}
	if len(parts) == 1 {
		for _, dir := range dirs {
			fmt.Fprintln(c.OutOrStdout(), dir)
		}
		return nil // the verdict is that of all shards together
	}
	if f.semantics {
		if len(dirs) == 1 {
			r, err := semantics.ReadFile(c.Context(), dirs[0])
			if err != nil {
				return failed(err)
			}
			return failed(r.WriteText(c.OutOrStdout(), screen(c.OutOrStdout())))
		}
		var reports []string
		for _, dir := range dirs {
			reports = append(reports, filepath.Join(dir, semantics.File))
		}
		_, err := f.judge.statements(c, newInputs(c.Context()), reports)
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "the page: ipcbench report %s\n", strings.Join(dirs, " "))
	if len(dirs) == 1 {
		return f.showOne(c, dirs[0])
	}
	for i, r := range runners {
		if len(sides[i]) > 1 {
			err = worse(err, f.verdict(c, r, sides[i]))
		}
	}
	if len(groups) > 1 {
		err = worse(err, f.sideBySide(c, dirs))
	}
	return err
}

// verdict compares the kernels of one architecture.
func (f *kernelsFlags) verdict(c *cobra.Command, r *kernels.Runner, dirs []string) error {
	var reports []*compare.Report
	f.judge.compared = func(all []*compare.Report) { reports = all }
	err := f.judge.compare(c, dirs)
	if r.Plan.Accel == kernels.ICount {
		if f.why {
			if why := f.explainMoved(c, r.QEMU, r.Kernels, reports); err == nil {
				err = why
			} else if why != nil {
				warn(c, why.Error()) // the verdict has the exit status
			}
		} else if r.Kernels[0].Profilable() == nil {
			suggestWhy(c, r.Kernels, reports)
		}
	}
	var e *exitError
	if r.Plan.Accel == kernels.KVM && !f.gate && errors.As(err, &e) && e.status == exitNo {
		fmt.Fprintf(c.ErrOrStderr(), "%v: not a gate in real time; --gate makes it one\n", e)
		return nil
	}
	return err
}

// worse is the verdict of two that has the exit status: a regression before what could
// not be judged.
func worse(a, b error) error {
	var e *exitError
	if a == nil || errors.As(b, &e) && e.status == exitNo {
		return cmp.Or(b, a)
	}
	return a
}

// sideBySide writes the cells of all kernels, whose architectures differ.
func (f *kernelsFlags) sideBySide(c *cobra.Command, dirs []string) error {
	var sets []*results.Set
	for _, dir := range dirs {
		set, err := results.Read(dir)
		if err != nil {
			return failed(err)
		}
		sets = append(sets, set)
	}
	return failed(report.WriteSideBySide(c.OutOrStdout(), f.judge.format, screen(c.OutOrStdout()), sets))
}

// showOne writes the cells of the only kernel: nothing is compared.
func (f *kernelsFlags) showOne(c *cobra.Command, dir string) error {
	if f.judge.format != "text" {
		warn(c, "--format "+f.judge.format+" is for a comparison, and there is one kernel: name another")
	}
	set, err := results.Read(dir)
	if err != nil {
		return failed(err)
	}
	return failed(report.WriteTable(c.OutOrStdout(), set.Summaries(), screen(c.OutOrStdout())))
}

func (f *kernelsFlags) parseKernels(args []string) (compared []kernels.Kernel, err error) {
	for _, arg := range args {
		a, err := kernels.ParseKernel(arg)
		if err != nil {
			return nil, err
		}
		compared = append(compared, a)
	}
	for _, arg := range append(f.labeled, f.arms...) {
		a, err := kernels.ParseLabeled(arg)
		if err != nil {
			return nil, err
		}
		compared = append(compared, a)
	}
	for i := range compared {
		compared[i].Append = strings.TrimSpace(f.append + " " + compared[i].Append)
	}
	return compared, kernels.CheckKernels(compared)
}

func (f *kernelsFlags) timeout() error {
	if f.silent < time.Second {
		return fmt.Errorf("--boot-timeout %v: want at least 1s", f.silent)
	}
	return nil
}

// plan is what the flags ask for, in these places or else in those that they name.
func (f *kernelsFlags) plan(places []string) *planFlags {
	if places == nil {
		places = f.places
	}
	return &planFlags{axes: axisFlags{"workload": &f.workloads, "mech": &f.mechs, "size": &f.sizes, "place": &places}}
}

// maxBoots bounds the boots of each kernel: each takes some seconds.
const maxBoots = 100

// runner finds QEMU, chooses how it is to run, and plans.
func (f *kernelsFlags) runner(c *cobra.Command, compared []kernels.Kernel) (*kernels.Runner, error) {
	if !slices.Contains(accels, f.accel) {
		return nil, badValue("--accel", f.accel, accels)
	}
	for _, n := range []struct {
		flag  string
		value int
	}{{"--seeds", f.seeds}, {"--boots", f.boots}} {
		if n.value < 1 || n.value > maxBoots {
			return nil, fmt.Errorf("%s %d: want 1 to %d", n.flag, n.value, maxBoots)
		}
	}
	if err := f.timeout(); err != nil {
		return nil, err
	}
	if _, err := f.plan(nil).asked(); err != nil { // before a probe boot
		return nil, err
	}
	qemu, err := findQEMU(c, compared[0].Arch)
	if err != nil {
		return nil, err
	}
	accel, why, err := qemu.Choose(c.Context(), f.accel, &compared[0])
	if err != nil {
		return nil, &exitError{exitUnavailable, err}
	}
	if why != "" {
		fmt.Fprintf(c.ErrOrStderr(), "no KVM, instructions are counted: %s\n", why)
	}
	plan := kernels.Plan{Accel: accel, Boots: f.seeds, Time: f.time, Program: version(), Jobs: cmp.Or(len(f.cpus.ids), runtime.NumCPU()), Silent: f.silent}
	places := f.places
	if len(places) == 0 {
		places = []string{"same"}
	}
	if accel == kernels.KVM {
		plan.Boots = f.boots
		if len(f.places) == 0 {
			places = append(places, "cross")
		}
	}
	if f.semantics {
		plan.Boots, plan.Statements = 1, true
		return &kernels.Runner{QEMU: qemu, Plan: plan, Kernels: compared}, nil
	}
	axes, err := f.plan(places).asked()
	if err != nil {
		return nil, err
	}
	if f.why && accel == kernels.KVM {
		return nil, errors.New("--why counts instructions: add --accel icount")
	}
	plan.Cells = bench.NewPlan([]bench.Axes{axes.orDefaults()}, plan.Boots, f.time, false, 0).Cells
	if err := compared[0].CheckExternals(plan.Cells...); err != nil {
		return nil, err
	}
	return &kernels.Runner{QEMU: qemu, Plan: plan, Kernels: compared}, nil
}

// shards are those that --shard asks for: one, or all of so many, one after the other.
func (f *kernelsFlags) shards() (all []results.Shard, err error) {
	if f.semantics || f.why || f.gate {
		return nil, errors.New("--shard measures a part of the cells, and has no verdict: leave out --semantics, --why and --gate")
	}
	of, every := strings.CutPrefix(f.shard, "all/")
	if every {
		of = "1/" + of
	} else {
		of = f.shard
	}
	s, err := results.ParseShard(of)
	if err != nil {
		return nil, fmt.Errorf("--shard %w", err)
	}
	if s.Program, err = sumOf(self); err != nil {
		return nil, failed(err)
	}
	for all = append(all, s); every && s.Index < s.Of; all = append(all, s) {
		s.Index++
	}
	return all, nil
}

// record executes the plan with a run for each kernel, whose header has what h
// says, and returns their directories. Of several shards each has boots of its own: a
// count depends a little on the other cells of its boot.
func record(c *cobra.Command, r *kernels.Runner, out string, h results.Header, parts ...results.Shard) (dirs []string, err error) {
	console := c.ErrOrStderr()
	raw, err := json.Marshal(r.Plan)
	if err != nil {
		return nil, failed(err)
	}
	h.Started, h.Program, h.Command, h.Plan = time.Now().UTC(), version(), os.Args, raw
	if r.Plan.Accel == kernels.KVM {
		h.LaunchNs = int64(r.Plan.Time)
	}
	id := results.NewID(h.Started)
	var runs []*results.Run
	var booted []string
	for _, a := range r.Kernels {
		booted = append(booted, strings.TrimSpace(a.Label+" "+a.Image+" "+a.Append))
	}
	whole := r.Plan.Cells
	for _, a := range r.Kernels {
		h := h
		h.ID = id + "-" + a.Label
		if len(parts) == 1 {
			s := parts[0]
			s.Kernel, s.Booted = a.Label, booted
			if _, err := h.Cut(s); err != nil {
				return nil, failed(err)
			}
			r.Plan.Cells = h.Asked().Cells
		}
		dir, err := results.Create(out, h)
		if err != nil {
			return nil, failed(err)
		}
		defer dir.Close()
		runs, dirs = append(runs, dir), append(dirs, dir.Dir)
	}
	fmt.Fprintf(console, "%s × %s × %s, %s, QEMU %s\n", results.Plural(len(r.Kernels), "kernel"), results.Plural(r.Plan.Boots, "boot"), results.Plural(len(r.Plan.Cells), "cell"), r.Plan.Accel, r.QEMU.Version)
	r.Sink = func(i int, rec results.Record) error { return runs[i].Append(rec) }
	r.Checked = func(i int, s *semantics.Report) error { return runs[i].WriteFile(semantics.File, s.WriteJSON) }
	pieces := [][]results.Cell{r.Plan.Cells}
	if len(parts) > 1 {
		pieces = nil
		for _, s := range parts {
			pieces = append(pieces, slices.DeleteFunc(slices.Clone(whole), func(c results.Cell) bool { return !s.Has(c, true) }))
		}
	}
	for _, cells := range pieces {
		if len(cells) == 0 && !r.Plan.Statements || err != nil {
			continue
		}
		r.Plan.Cells = cells
		progress := bootProgress(console, r)
		r.Known = func(counts, of int) {
			if counts > 0 {
				fmt.Fprintf(console, "%d of %d counts from the cache\n", counts, of)
				progress.known(counts, of)
			}
		}
		r.Started, r.Ended = progress.started, progress.ended
		r.Died = func(e *kernels.BootError) {
			progress.finish()
			keepConsole(e, runs)
			warn(c, e.Error())
		}
		err = r.Execute(c.Context())
		progress.finish()
	}
	if err != nil {
		return nil, ofGuest(err, runs)
	}
	for _, dir := range runs {
		if err := dir.WriteBench(); err != nil {
			return nil, failed(err)
		}
	}
	return dirs, nil
}

// keepConsole writes what a guest's console said beside the records of its kernel.
func keepConsole(e *kernels.BootError, runs []*results.Run) {
	keep := func(w io.Writer) error { _, err := w.Write(e.Console); return err }
	if len(e.Console) == 0 {
		return
	}
	if err := runs[e.Kernel].WriteFile(results.ConsoleFile, keep); err == nil {
		e.Kept = filepath.Join(runs[e.Kernel].Dir, results.ConsoleFile)
	}
}

// ofGuest gives what ended a run of guests its exit status.
func ofGuest(err error, runs []*results.Run) error {
	var moved *kernels.ControlError
	var boot *kernels.BootError
	switch {
	case errors.As(err, &boot) && boot.Kernel < len(runs):
		keepConsole(boot, runs)
	case errors.As(err, &moved):
		return &exitError{exitUntrusted, err}
	case errors.Is(err, context.Canceled):
		var dirs []string
		for _, r := range runs {
			dirs = append(dirs, r.Dir)
		}
		if dirs == nil {
			return failed(errors.New("interrupted"))
		}
		return failed(fmt.Errorf("interrupted; what was measured is in %s", strings.Join(dirs, ", ")))
	}
	return failed(err)
}
