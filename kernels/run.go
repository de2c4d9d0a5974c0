package kernels

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"ipcbench/host"
	"ipcbench/results"
	"ipcbench/semantics"
)

// Plan is what is measured in each kernel.
type Plan struct {
	Accel      Accel
	Boots      int // of each kernel; in instruction-counted mode the seeds 1, 2, …
	Cells      []results.Cell
	Time       time.Duration // of one launch, in real time
	Program    string        // version, for records
	Jobs       int           // boots at a time; in real time always one
	Statements bool          // check what the manual promises, too
	Statement  string        `json:",omitempty"` // ID of the only one to check; "": all
	Silent     time.Duration `json:"-"`          // after how long without a word a guest is taken for hung; 0: BootTimeout
}

// settle is how long a guest sleeps before it measures. In
// instruction-counted mode that costs nothing: time jumps.
const settle = 10 * time.Second

// limit is how long a boot may take on the host. Instruction-counted ones take
// 10 to 20 s, and twice that on a loaded host.
func (p *Plan) limit() time.Duration {
	if p.Statements {
		return 10 * time.Minute
	}
	return 3*time.Minute + time.Duration(len(p.Cells))*(15*time.Second+2*p.Time)
}

// Runner boots the plan.
type Runner struct {
	QEMU    QEMU
	Plan    Plan
	Kernels []Kernel
	Sink    func(kernel int, r results.Record) error    // one at a time
	Started func(kernel, seed int)                      // one at a time; optional
	Ended   func(kernel, seed int)                      // of a boot that was started; one at a time; optional
	Died    func(*BootError)                            // of a guest that ended in a cell, which fails; one at a time; nil: it ends the run
	Checked func(kernel int, r *semantics.Report) error // one at a time; where the plan has statements
	Known   func(counts, of int)                        // how many counts the cache has, before the first boot; optional
	Image   string                                      // the program that becomes the guest; "": that of Arch.Program
	Cache   *Cache                                      // of boots in instruction-counted mode; nil: none

	initrd *os.File
	fixed  identity // what all boots have in common
	mu     sync.Mutex
}

// bootJob is a boot of a kernel.
type bootJob struct{ kernel, seed int }

// bootJobs interleaves the kernels: A B, B A, A B …
func (r *Runner) bootJobs() (all []bootJob) {
	for seed := 1; seed <= r.Plan.Boots; seed++ {
		for i := range r.Kernels {
			if seed%2 == 0 {
				i = len(r.Kernels) - 1 - i
			}
			all = append(all, bootJob{i, seed})
		}
	}
	return all
}

// Execute boots every kernel as often as planned and hands each record to Sink.
// The first boot that fails ends it: a *BootError, or a *ControlError where a
// guest's numbers mean nothing.
func (r *Runner) Execute(ctx context.Context) (err error) {
	j := r.job()
	var programs []string
	g := cmp.Or(r.QEMU.Arch, amd64)
	for _, k := range r.Kernels {
		if k.arch() != g {
			return fmt.Errorf("kernel %s is for %s, and the others for %s: boot each architecture in a run of its own", k.Label, k.arch().Name, g.Name)
		}
	}
	program := r.Image
	if program == "" {
		if program, err = g.Program(); err != nil {
			return err
		}
	}
	if j.External, programs, err = g.externals(r.Plan.Cells); err != nil {
		return err
	}
	if r.initrd, err = newInitrd(program, j, programs...); err != nil {
		return err
	}
	defer r.initrd.Close()
	if err := r.skip(); err != nil {
		return err
	}
	r.startAlike()
	jobs, err := r.known(r.bootJobs())
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	due := make(chan bootJob)
	go func() {
		defer close(due)
		for _, t := range jobs {
			select {
			case due <- t:
			case <-ctx.Done():
				return
			}
		}
	}()
	atOnce := max(1, r.Plan.Jobs)
	if r.Plan.Accel == KVM {
		atOnce = 1
	}
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for t := range due {
				err := r.boot(ctx, t)
				r.tell(r.Ended, t)
				if err != nil {
					stop(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

func (r *Runner) job() job {
	j := job{Program: r.Plan.Program, Settle: settle, Statements: r.Plan.Statements, Statement: r.Plan.Statement}
	for _, c := range r.Plan.Cells {
		if r.Plan.Accel.admit(c) == nil {
			j.Tasks = append(j.Tasks, task{c, r.Plan.Accel.measurement(c, r.Plan.Time)})
		}
	}
	return j
}

// skip hands on a record of each cell that has no number in this mode.
func (r *Runner) skip() error {
	for _, c := range r.Plan.Cells {
		err := r.Plan.Accel.admit(c)
		if err == nil {
			continue
		}
		for i := range r.Kernels {
			if err := r.Sink(i, results.Record{Schema: results.Schema, Time: time.Now().UTC(), Cell: c, Launch: 1, Attempt: 1, Outcome: results.Skipped, Reason: err.Error()}); err != nil {
				return err
			}
		}
	}
	return nil
}

// tell calls a function of a boot, where there is one.
func (r *Runner) tell(of func(kernel, seed int), t bootJob) {
	if of != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		of(t.kernel, t.seed)
	}
}

// boot runs one guest and hands on its records.
func (r *Runner) boot(ctx context.Context, t bootJob) error {
	r.tell(r.Started, t)
	return r.bootOnce(ctx, t)
}

func (r *Runner) bootOnce(ctx context.Context, t bootJob) error {
	kernel := &r.Kernels[t.kernel]
	begin := time.Now().UTC()
	boots := kernel.boots(r.Plan.Accel)
	b := boot{qemu: r.QEMU.Path, initrd: r.initrd, limit: r.Plan.limit(), silent: cmp.Or(r.Plan.Silent, BootTimeout), spoke: r.Plan.Statements, onCPUs: r.Plan.Accel == KVM,
		args: append(r.QEMU.arguments(r.Plan.Accel, boots, r.Plan.Accel.commandLine(kernel), t.seed), "-initrd", initrdFile)}
	console, port, err := b.run(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if kernel.whole(boots, console, port) {
		return r.bootOnce(ctx, t)
	}
	if now, e := sumOf(kernel.Path); kernel.Image != "" && now != kernel.Image {
		return fmt.Errorf("kernel %s: %s changed during its boots: copy it to where no build writes: %w", kernel.Label, results.Quote(kernel.Path), cmp.Or(e, errors.New("its SHA-256 is another")))
	}
	heard, unheard := decode(port)
	if err = cmp.Or(err, unheard); err == nil && broken.Match(console) {
		err = errors.New("the kernel oopsed, and went on")
	}
	if err != nil {
		died := &BootError{Kernel: t.kernel, Label: kernel.Label, Seed: t.seed, Err: err, Console: console}
		if r.Died == nil || errors.Is(err, ErrQEMU) || !heard.blame(r.job().Tasks, died) {
			return died
		}
		r.mu.Lock()
		r.Died(died)
		r.mu.Unlock()
	}
	want := float64(spinInsns)
	if r.Plan.Accel == KVM {
		want = heard.control[0] // the other reading of the same boot
	}
	if got, off := moved(heard.control, want); off {
		return &ControlError{kernel.Label, t.seed, got, want}
	}
	r.keep(t, begin, heard, port)
	return r.sink(kernel, t, begin, heard)
}

func (r *Runner) sink(kernel *Kernel, t bootJob, begin time.Time, s *transcript) error {
	h := *s.hello.Host
	h.Guest = &results.Guest{
		Label: kernel.Label, Accel: string(r.Plan.Accel), QEMU: r.QEMU.Version, Processor: kernel.arch().model(r.Plan.Accel), CommandLine: r.Plan.Accel.commandLine(kernel),
		Image: kernel.Image, Config: cmp.Or(s.hello.Config, kernel.Config), Idle: s.hello.Idle,
		Start: r.QEMU.starts(kernel.known(r.Plan.Accel)),
	}
	if r.Plan.Accel == KVM { // numbers of the other mode don't depend on it
		h.Guest.Host = hostInWords()
	}
	h.Warnings = nil
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Plan.Statements {
		if s.statements == nil {
			return &BootError{Kernel: t.kernel, Label: kernel.Label, Seed: t.seed, Err: errors.New("the guest reported no statements")}
		}
		if err := r.Checked(t.kernel, s.statements); err != nil {
			return err
		}
	}
	for _, rec := range s.records {
		rec.Launch, rec.Attempt, rec.Seed, rec.Time, rec.Host = t.seed, 1, uint64(t.seed), begin, &h
		rec.Cached = s.cached
		if r.Plan.Accel == ICount {
			rec = counted(rec)
		}
		if err := r.Sink(t.kernel, rec); err != nil {
			return err
		}
	}
	return nil
}

// hostInWords is what a guest in real time runs on.
func hostInWords() string {
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		return ""
	}
	h := host.Read(host.Root, cpus, "")
	return fmt.Sprintf("%s, %s, %s", h.Kernel, h.CPU, h.Topology)
}

// Choose picks the accelerator: KVM where a probe boot comes up, else the
// instruction-counted mode, with the reason.
func (q QEMU) Choose(ctx context.Context, asked string, a *Kernel) (Accel, string, error) {
	if asked == string(ICount) {
		return ICount, "", nil
	}
	err := q.Probe(ctx, a)
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case err == nil:
		return KVM, "", nil
	case asked == string(KVM):
		return "", "", fmt.Errorf("KVM is not available here: %w", err)
	}
	return ICount, err.Error(), nil
}
