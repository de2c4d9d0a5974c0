package kernels

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"

	"ipcbench/bench"
	"ipcbench/results"
)

// stop is an instruction that a survey looks at: where a part begins a round or has
// ended it, or where the kernel switches to another task.
type stop struct {
	pc            uint64
	ax, si, di    uint64 // registers before it
	space         space
	changedSpaces int    // how often the machine changed it before
	task          uint64 // of a part: address of the task_struct that runs; 0: not known
}

// space is an address space.
type space struct {
	tables uint64 // address of its page tables
	levels int    // of them
}

// surveyed is a round as a boot went through it.
type surveyed struct {
	release string // of the kernel
	counted results.Round
	stops   []stop // from its first instruction to behind its last
	from    []int  // a log that begins at such a change of address spaces has all of the round, later ones less besides
}

// survey boots the kernel and notes where it is and which task runs, without touching
// the machine: of all blocks QEMU logs those that begin at a few addresses, with the
// registers. A guest executes the same as without a log.
func (p *profiling) survey(ctx context.Context) (*surveyed, error) {
	r, w, err := logPipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	defer w.Close()
	b := p.boot("-D", logFile, "-d", "exec,cpu,mmu", "-dfilter", fmt.Sprintf("%#x+1,%#x+1,%#x+1", p.play, p.played, p.switches))
	b.files = []*os.File{w}
	var log stopLog
	b.beside = func(context.Context) error {
		w.Close()
		return log.read(r)
	}
	console, port, err := b.run(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if p.kernel.whole(p.booted, console, port) {
		return p.survey(ctx)
	}
	heard, unheard := decode(port)
	if err = cmp.Or(err, unheard); err != nil {
		return nil, p.failed(err, console)
	}
	if got, off := moved(heard.control, spinInsns); off {
		return nil, &ControlError{p.kernel.Label, p.seed, got, spinInsns}
	}
	rec := heard.records[0]
	// Other processes ran for 1.9 of 7.2 ms beside a program's 400 round trips, before and
	// behind its rounds: that much is not trusted, and is no part of a profile.
	if rec.Outcome != results.OK && (rec.Outcome != results.Untrusted || p.outside == nil) {
		return nil, fmt.Errorf("kernel %s: %s: %s: %s", p.kernel.Label, p.cell.Name(), rec.Outcome, results.Quote(rec.Reason))
	}
	s, err := p.round(log.stops)
	if err != nil {
		return nil, p.failed(err, console)
	}
	s.release, s.counted = heard.hello.Host.Kernel, rec.Rounds[len(rec.Rounds)-1]
	return s, nil
}

// stopLog is what a log with registers has told so far.
type stopLog struct {
	stops  []stop
	latest *stop // has not been taken back so far
	spaces int
}

func (g *stopLog) read(log io.Reader) error {
	commit := func() {
		if g.latest != nil {
			g.stops = append(g.stops, *g.latest)
			g.latest = nil
		}
	}
	return readLog(log, func(l logged, line []byte) (bool, error) {
		switch l.kind {
		case traceLine:
			commit()
			g.latest = &stop{pc: l.pc, changedSpaces: g.spaces}
		case takenLine:
			g.latest = nil
		case spaceLine:
			commit()
			g.spaces++
		case otherLine:
			if g.latest != nil {
				g.latest.register(line)
			}
		}
		return false, nil
	})
}

// register reads what `log cpu` has on a line: "RAX=0000000000000000 RBX=…".
func (s *stop) register(line []byte) {
	for _, field := range bytes.Fields(line) {
		name, text, _ := bytes.Cut(field, []byte("="))
		n, ok := parseHex(text)
		if !ok {
			continue
		}
		switch string(name) {
		case "RAX":
			s.ax = n
		case "RSI":
			s.si = n
		case "RDI":
			s.di = n
		case "CR3":
			s.space.tables = n &^ 0xfff // without tags of the TLB
		case "CR4":
			s.space.levels = 4 + int(n>>12&1)
		}
	}
}

// round finds the last round among all stops of a boot.
func (p *profiling) round(stops []stop) (*surveyed, error) {
	var begins []int // of each round
	playing := map[space]bool{}
	task := uint64(0)
	for i, s := range stops {
		if s.pc == p.switches {
			task = s.si
		}
		if s.pc != p.play {
			continue
		}
		stops[i].task = task
		if len(playing) == 0 {
			begins = append(begins, i)
		}
		if playing[s.space] = true; len(playing) == len(p.parts) {
			clear(playing)
		}
	}
	want := 3 // a warm-up and two timed ones
	if bench.WorkloadOf(p.cell).Paced {
		want = 2
	}
	if profiledMeasurement(p.cell, 0).Calm > 0 {
		want += 2
	}
	if len(begins) != want || len(playing) > 0 {
		return nil, fmt.Errorf("the guest played %d rounds, not %d", len(begins), want)
	}
	last, before := stops[begins[want-1]:], stops[begins[want-2]:begins[want-1]]
	return &surveyed{stops: last, from: []int{p.late(before), before[0].changedSpaces, stops[begins[0]].changedSpaces}}, nil
}

// late is a change of address spaces towards the end of a round; at its beginning where
// there are too few to be in time for the next.
func (p *profiling) late(round []stop) int {
	first, last := 0, 0
	for _, s := range round {
		switch s.pc {
		case p.play:
			first = s.changedSpaces
		case p.played:
			last = s.changedSpaces
		}
	}
	if last-first < 16 {
		return round[0].changedSpaces
	}
	return last - (last-first)/3
}
