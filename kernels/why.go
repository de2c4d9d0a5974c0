package kernels

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"ipcbench/bench"
	"ipcbench/kernels/profile"
	"ipcbench/results"
	"ipcbench/runner"
)

// ProfileOptions are the settings of a profile. The zero value suits every cell.
type ProfileOptions struct {
	Ops    int           // operations of the profiled round; 0: some 200 round trips, or 1,000 messages
	Image  string        // the program that becomes the guest; "": that of Arch.Program
	Silent time.Duration // after how long without a word a guest is taken for hung; 0: BootTimeout
	Cache  *Cache        // of profiles: one that it has takes no boot; nil: none
}

// profiledPart of the usual operations are in a profiled round, one in so many: 200 round
// trips through a pipe are 2.6 million instructions, and QEMU logs 1 million a second.
const profiledPart = 10

// Profile boots a kernel twice with one seed, in instruction-counted mode. Both boots
// execute the same, instruction by instruction. The first gives the round's count, and
// which task ran when; in the second QEMU logs every instruction of the round. The
// kernel's symbols take a boot more, once for each image. Program is the version, for
// records. A *BootError is the guest's failure; any other error is the host's.
func (q QEMU) Profile(ctx context.Context, kernel Kernel, cell results.Cell, seed int, program string, o ProfileOptions) (*profile.Profile, error) {
	if err := kernel.Profilable(); err != nil {
		return nil, err
	}
	if err := ICount.admit(cell); err != nil {
		return nil, fmt.Errorf("%s: %w", cell.Name(), err)
	}
	image := o.Image
	if image == "" {
		var err error
		if image, err = amd64.Program(); err != nil {
			return nil, err
		}
	}
	p := &profiling{qemu: q, kernel: kernel, cell: cell, seed: seed, image: image, program: program, silent: cmp.Or(o.Silent, BootTimeout), parts: map[string]bench.Part{}}
	for _, part := range bench.WorkloadOf(cell).Topology(cell.Peers).Parts {
		p.parts[part.Role] = part
	}
	var err error
	j := job{Program: program, Settle: settle, Tasks: []task{{cell, profiledMeasurement(cell, o.Ops)}}}
	var programs []string
	if j.External, programs, err = amd64.externals([]results.Cell{cell}); err != nil {
		return nil, err
	}
	initrd, err := newInitrd(p.image, j, programs...)
	if err != nil {
		return nil, err
	}
	defer initrd.Close()
	var id identity
	if o.Cache != nil {
		if id, err = p.identity(initrd); err != nil {
			return nil, err
		}
		if known := p.known(o.Cache, id); known != nil {
			return known, nil
		}
	}
	if err := p.prepare(ctx, programs); err != nil {
		return nil, err
	}
	p.initrd = initrd
	round, err := p.survey(ctx)
	if err != nil {
		return nil, err
	}
	paths, err := []profile.Path(nil), errMissed
	for _, from := range round.from { // on a busy host the log may begin too late
		if paths, err = p.trace(ctx, round, from); !errors.Is(err, errMissed) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	made := &profile.Profile{
		Kernel: kernel.Label, Image: kernel.Image, Options: ICount.commandLine(&kernel), Cell: cell.Name(), Seed: seed, QEMU: q.Version,
		Ops: int(round.counted.Ops), Counted: float64(round.counted.ElapsedNs) / float64(round.counted.Ops), Paths: paths,
	}
	if o.Cache != nil {
		p.keep(o.Cache, id, round.release, made)
	}
	return made, nil
}

// Profilable is nil for a kernel that Profile takes.
func (a *Kernel) Profilable() error {
	if a.arch() != amd64 {
		return fmt.Errorf("kernel %s is for %s: a profile needs an x86-64 kernel", a.Label, a.arch().Name)
	}
	return nil
}

// profiledMeasurement is how a cell is measured whose last round is profiled.
func profiledMeasurement(c results.Cell, ops int) runner.Measurement {
	m := ICount.measurement(c, 0)
	usual := m.Ops
	if ops == 0 {
		ops = usual / profiledPart
	}
	m.Ops, m.Steady = ops, false // a profile has the whole round
	if !bench.WorkloadOf(c).Paced {
		m.Ops *= 2 // in two rounds
	}
	if m.Calm > 0 { // the longer calm round is the last: the gate judges the path without preemption
		m.Calm = ops + ops/5
	}
	m.Time = m.Time * time.Duration(m.Ops) / time.Duration(usual) // a clock is read as often
	return m
}

// profiling is one profile in the making.
type profiling struct {
	qemu    QEMU
	kernel  Kernel
	cell    results.Cell
	seed    int
	image   string // the program that becomes the guest
	program string
	silent  time.Duration
	parts   map[string]bench.Part // of the cell, by role

	code      code
	landmarks map[string]uint64
	play      uint64 // address of the function that plays a round, or has a program play it
	played    uint64 // where it returns to, or what returns when the program has
	switches  uint64 // address of the kernel's __switch_to_asm
	initrd    *os.File
	booted    boots // latest

	outside *executable // of an external transport; nil: this program plays the parts
	clock   uint64      // address of the kernel's clock_gettime
}

// A machine whose instructions are logged inherits the log, and if it is stopped on its
// way, a connection to it and a file for its memory.
const (
	logFile    = "/proc/self/fd/6"
	monitorFD  = 7
	memoryFile = "/proc/self/fd/8"
)

func (p *profiling) boot(more ...string) boot {
	plan := Plan{Cells: []results.Cell{p.cell}}
	p.booted = p.kernel.boots(ICount)
	args := append(p.qemu.arguments(ICount, p.booted, ICount.commandLine(&p.kernel), p.seed), "-initrd", initrdFile)
	return boot{qemu: p.qemu.Path, initrd: p.initrd, limit: plan.limit(), silent: p.silent, args: append(args, more...)}
}

// failed is a guest that did not do what it was booted for.
func (p *profiling) failed(err error, console []byte) error {
	return &BootError{Label: p.kernel.Label, Seed: p.seed, Err: err, Console: console}
}

// prepare finds out where the code is that boots are followed by. The programs are those
// of the cell's external transport, if it has one.
func (p *profiling) prepare(ctx context.Context, programs []string) error {
	own, err := openExecutable(p.image)
	if err != nil {
		return err
	}
	p.code.user, p.code.segments = own.functions, own.segments
	play, wait, caller := "ipcbench/bench.(*Ends).Play", "", "ipcbench/runner.(*worker).round"
	if len(programs) > 0 { // a process beside each starts its rounds, and waits for their accounts
		play, wait, caller = "ipcbench/external.(*Part).Go", "ipcbench/external.(*Part).Finish", "ipcbench/runner.(*programHost).round"
		if p.outside, err = openExecutable(programs[0]); err != nil {
			return err
		}
	}
	if f := own.functions.named(play); f != nil && !own.pie {
		p.play, p.played = f.start, p.returns(cmp.Or(wait, play), caller)
	}
	if p.played == 0 {
		return errors.New("the guest's program does not play rounds as this one does: it is another version's, or built with -buildmode=pie")
	}
	if p.code.kernel, p.landmarks, err = p.kernelSymbols(ctx); err != nil {
		return err
	}
	changer, clock := p.code.kernel.named("__switch_to_asm"), p.code.kernel.named("__x64_sys_clock_gettime")
	if changer == nil || clock == nil {
		return fmt.Errorf("kernel %s has no __switch_to_asm or no __x64_sys_clock_gettime: a profile needs Linux 4.17 or later", p.kernel.Label)
	}
	p.switches, p.clock = changer.start, clock.start
	return nil
}

// returns is where a function returns to in its caller; 0: this does not call it.
func (p *profiling) returns(name, caller string) (to uint64) {
	called, calls := p.code.user.named(name), p.code.user.named(caller)
	if called == nil || calls == nil {
		return 0
	}
	for at := calls.start; at < calls.end; {
		in := p.code.at(at)
		if in.flow == call && in.target == called.start {
			to = in.next
		}
		at = max(at+1, in.next)
	}
	return to
}

// kernelSymbols are those that an earlier profile has kept, or the guest's.
func (p *profiling) kernelSymbols(ctx context.Context) (symbols, map[string]uint64, error) {
	file := symbolsFile(&p.kernel)
	if packed, err := os.ReadFile(file); err == nil {
		if code, at, err := kernelSymbols(packed); err == nil {
			return code, at, nil
		}
	}
	var err error
	if p.initrd, err = newInitrd(p.image, job{Program: p.program, Symbols: true}); err != nil {
		return nil, nil, err
	}
	defer p.initrd.Close()
	console, port, err := p.boot().run(ctx)
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	if p.kernel.whole(p.booted, console, port) {
		return p.kernelSymbols(ctx)
	}
	var m message
	if err == nil {
		m, err = decodeLine(port)
	}
	if err == nil && m.Symbols == nil {
		err = errors.New(cmp.Or(m.Failed, "the guest did not send its kernel's symbols"))
	}
	if err != nil {
		return nil, nil, p.failed(err, console)
	}
	code, at, err := kernelSymbols(m.Symbols)
	if err != nil {
		return nil, nil, fmt.Errorf("kernel %s: %w", p.kernel.Label, err)
	}
	keepSymbols(file, m.Symbols)
	return code, at, nil
}
