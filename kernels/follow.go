package kernels

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/external"
	"ipcbench/kernels/profile"
	"ipcbench/results"
)

// trace boots the kernel as a survey did, and follows the round that this found: QEMU
// logs every instruction from somewhat before on.
func (p *profiling) trace(ctx context.Context, round *surveyed, from int) ([]profile.Path, error) {
	socks, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(socks[0]), "monitor"), os.NewFile(uintptr(socks[1]), "monitor")
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	r, w, err := logPipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	defer w.Close()
	memory, err := unnamed("memory")
	if err != nil {
		return nil, err
	}
	defer memory.Close()
	f := &follower{profiling: p, round: round, from: from, memory: memory, ended: make(chan error, 2)}
	b := p.boot("-D", logFile, "-d", "mmu", "-chardev", fmt.Sprintf("socket,id=monitor,fd=%d", monitorFD), "-mon", "chardev=monitor,mode=control")
	b.files = []*os.File{w, theirs, memory}
	b.spoke = true // a guest whose instructions are logged is slow
	b.beside = func(ctx context.Context) error {
		theirs.Close()
		w.Close()
		defer context.AfterFunc(ctx, func() { conn.Close() })()
		var err error
		if f.monitor, err = openQMP(conn); err != nil {
			return ofMachine(err)
		}
		go func() { f.ended <- f.read(r) }() // until the machine has ended, at the latest
		return ofMachine(<-f.ended)
	}
	console, port, err := b.run(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err == nil && (f.stacks == nil || f.stacks.waits > 0) {
		_, err = decode(port)
		err = cmp.Or(err, errors.New("the guest ended before the profiled round did"))
	}
	if err == nil && f.outside != nil && len(f.stacks.readings) < 2 {
		return nil, fmt.Errorf("%s: no process of the program read the clock in the profiled round, by which it begins and ends", p.cell.Name())
	}
	switch {
	case errors.Is(err, errMissed):
		return nil, err
	case err != nil:
		return nil, p.failed(err, console)
	}
	return f.stacks.paths(), nil
}

// ofMachine is io.EOF for what shows only that the machine has ended.
func ofMachine(err error) error {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, os.ErrClosed, unix.ECONNRESET, unix.EPIPE} {
		if errors.Is(err, end) {
			return io.EOF
		}
	}
	return err
}

// errMissed is a log that began after the round had. On a busy host the machine may even
// have gone on until the processes had ended whose memory explore reads: their pages are
// not there any more, or others'.
var errMissed = errors.New("QEMU began to log instructions after the round had begun")

// follower follows a machine through a round that a survey has found.
type follower struct {
	*profiling
	round   *surveyed
	from    int        // the change of address spaces at which every instruction is asked for
	ended   chan error // the round has, or what did not go well
	monitor *qmp
	memory  *os.File
	stacks  *stacks // of the round; nil: it has not begun

	spaces int                 // how often the machine has changed its page tables
	latest logged              // the instruction, if any, that has not been taken back so far
	roles  map[space]string    // of parts
	names  map[uint64]string   // of tasks, by the address of their task_struct
	plays  map[uint64]*playing // of tasks of an external program, by the same
}

// read reads the log up to the end of the round.
func (f *follower) read(log io.Reader) error {
	begun := make(chan struct{}) // the log has every instruction
	return readLog(log, func(l logged, _ []byte) (bool, error) {
		switch l.kind {
		case spaceLine:
			if f.spaces++; f.spaces == f.from {
				go func() { // the machine goes on meanwhile, and what it logs must be read
					defer close(begun)
					if err := f.begin(); err != nil {
						f.ended <- err
					}
				}()
			}
		case takenLine:
			f.latest.kind = otherLine
		case traceLine:
			<-begun
			if f.latest.kind == traceLine {
				if ended, err := f.execute(f.latest); ended || err != nil {
					return ended, err
				}
			}
			f.latest = l
		}
		return false, nil
	})
}

// execute follows an instruction, if it is of the round.
func (f *follower) execute(l logged) (ended bool, err error) {
	if f.stacks == nil {
		first := f.round.stops[0].changedSpaces
		switch {
		case f.spaces > first:
			return false, errMissed
		case f.spaces < first || l.pc != f.play:
			return false, nil
		}
		receivers := 0
		for _, part := range f.parts {
			if part.Origins > 0 {
				receivers++
			}
		}
		s := stacks{code: &f.code, play: f.play, played: f.played, switches: f.switches, waits: receivers, events: f.event}
		if f.outside != nil {
			s.clock, s.lasted = f.clock, f.round.counted.ElapsedNs
		}
		f.stacks = newStacks(s)
	}
	return f.stacks.execute(l.pc, l.kernel)
}

// event is the next stop of the round, as the survey has seen it.
func (f *follower) event() (event, error) {
	if len(f.round.stops) == 0 {
		return event{}, errors.New("the round does not end where it did without a log")
	}
	s := f.round.stops[0]
	f.round.stops = f.round.stops[1:]
	role := f.roles[s.space]
	e := event{pc: s.pc, role: role, receives: f.parts[role].Origins > 0, from: s.di, to: s.si, name: f.names[s.si], plays: f.plays[s.si]}
	if e.plays != nil {
		e.name = e.plays.role
	}
	if f.outside != nil {
		e.role = hostName // beside the program that plays the part
	}
	return e, nil
}

// hostName is what a profile calls the processes beside external programs.
const hostName = "ipcbench"

// begin has QEMU log each instruction that it executes: blocks of one, and not chained.
// It looks at what does not change any more, while the machine stands.
func (f *follower) begin() error {
	if err := f.monitor.do("stop", nil, nil); err != nil {
		return err
	}
	if err := f.explore(); ofMachine(err) == io.EOF {
		return err
	} else if err != nil {
		return fmt.Errorf("%w: %w", errMissed, err)
	}
	if f.monitor.human("one-insn-per-tb on") != nil { // it is called so from 8.1 on
		if err := f.monitor.human("singlestep on"); err != nil {
			return err
		}
	}
	if err := f.monitor.human("log exec,nochain,mmu"); err != nil {
		return err
	}
	return f.monitor.do("cont", nil, nil)
}

// explore reads the kernel's code, as it is patched for this machine, and how tasks and
// parts of the round are called.
func (f *follower) explore() error {
	const most = 4 << 20 // bytes of a file: see maxOutput
	from, to := f.landmarks["_stext"], f.landmarks["_etext"]
	if from < kernelHalf || to <= from || to-from > 256<<20 {
		return fmt.Errorf("the kernel's code is from %#x to %#x by its symbols", from, to)
	}
	for ; from < to; from += most {
		code, err := f.save("memsave", from, min(most, to-from))
		if err != nil {
			return err
		}
		f.code.segments = append(f.code.segments, segment{from, code})
	}
	f.roles, f.names, f.plays = map[space]string{}, map[uint64]string{}, map[uint64]*playing{}
	hosts := map[uint64]string{} // roles of the programs that these tasks have started
	comm := uint64(0)            // where a task_struct has the task's name
	if at := f.landmarks["init_task"]; at > 0 {
		idle, err := f.save("memsave", at, 8<<10)
		if err != nil {
			return err
		}
		// The idle task's name is known: init_idle in kernel/sched/core.c.
		comm = uint64(max(0, bytes.Index(idle, []byte("swapper"))))
	}
	for _, s := range f.round.stops {
		switch {
		case s.pc == f.play && f.roles[s.space] == "":
			role, err := f.role(s)
			if err != nil {
				return err
			}
			f.roles[s.space], hosts[s.task] = role, role
		case s.pc == f.switches && f.names[s.si] == "" && comm > 0:
			text, err := f.save("memsave", s.si, max(page, comm+16))
			if err != nil {
				return err
			}
			name, _, _ := strings.Cut(string(text[comm:comm+16]), "\x00")
			f.names[s.si] = results.Quote(name)
			if role := hosts[parent(text, hosts)]; f.outside != nil && role != "" {
				if err := f.program(s, role); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// program notes that a task is one of an external program, which plays a part. All
// processes of a program have it at the same addresses: these are not random.
func (f *follower) program(s stop, role string) error {
	p := &playing{role: role, receives: f.parts[role].Origins > 0}
	for _, other := range f.plays {
		p.code = other.code
	}
	if p.code == nil {
		by, vdso, err := f.outside.locate(func(at, n uint64) ([]byte, error) { return f.load(s.space, at, n) })
		if err != nil {
			return err
		}
		p.code = f.outside.code(&f.code, by, vdso)
	}
	f.plays[s.si] = p
	return nil
}

// parent finds which of the tasks has started the one with this task_struct: real_parent
// and parent stand side by side in it (include/linux/sched.h).
func parent(task []byte, of map[uint64]string) uint64 {
	for ; len(task) >= 16; task = task[8:] {
		p := binary.LittleEndian.Uint64(task)
		if _, known := of[p]; known && p == binary.LittleEndian.Uint64(task[8:]) {
			return p
		}
	}
	return 0
}

// role is that of the part which begins a round.
func (f *follower) role(s stop) (string, error) {
	// Go passes a method's receiver in RAX (cmd/compile/abi-internal.md), and its
	// compiler has laid out the guest's program as this one.
	part, _ := reflect.TypeFor[bench.Ends]().FieldByName("part")
	name, _ := part.Type.FieldByName("Role")
	at := part.Offset + name.Offset
	if f.outside != nil {
		name, _ = reflect.TypeFor[external.Part]().FieldByName("Role")
		at = name.Offset
	}
	head, err := f.load(s.space, s.ax+uint64(at), 16)
	if err != nil {
		return "", err
	}
	text, err := f.load(s.space, binary.LittleEndian.Uint64(head), min(binary.LittleEndian.Uint64(head[8:]), 100))
	if err != nil {
		return "", err
	}
	if _, known := f.parts[string(text)]; !known {
		return "", fmt.Errorf("a part in the guest has the role %s: its program is another version's", results.Quote(string(text)))
	}
	return string(text), nil
}

// save is what QEMU's memsave or pmemsave has of the guest's memory.
func (f *follower) save(how string, at, n uint64) ([]byte, error) {
	if err := f.monitor.do(how, map[string]any{"val": int64(at), "size": n, "filename": memoryFile}, nil); err != nil {
		return nil, fmt.Errorf("%d bytes at %#x: %w", n, at, err)
	}
	text := contents(f.memory)
	if uint64(len(text)) != n {
		return nil, fmt.Errorf("%d of %d bytes at %#x of the guest's memory arrived", len(text), n, at)
	}
	return text, nil
}

// load is n bytes of memory of another address space.
func (f *follower) load(s space, at, n uint64) (all []byte, err error) {
	for n > 0 {
		physical, left, err := f.walk(s, at)
		if err != nil {
			return nil, err
		}
		text, err := f.save("pmemsave", physical, min(left, n))
		if err != nil {
			return nil, err
		}
		all = append(all, text...)
		at, n = at+uint64(len(text)), n-uint64(len(text))
	}
	return all, nil
}

// walk finds where page tables map an address to, and how many bytes the page has from
// there on (Intel SDM, volume 3, chapter 5.5; AMD64 APM, volume 2, chapter 5.3).
func (f *follower) walk(s space, at uint64) (physical, left uint64, err error) {
	const address, present, large = 0x000f_ffff_ffff_f000, 1, 1 << 7
	table := s.tables & address
	shift := 39
	if s.levels == 5 {
		shift = 48
	}
	for ; ; shift -= 9 {
		raw, err := f.save("pmemsave", table+8*(at>>shift&511), 8)
		if err != nil {
			return 0, 0, err
		}
		entry := binary.LittleEndian.Uint64(raw)
		if entry&present == 0 {
			return 0, 0, fmt.Errorf("the guest has no memory at %#x", at)
		}
		table = entry & address
		if size := uint64(1) << shift; shift == 12 || shift <= 30 && entry&large != 0 {
			in := at & (size - 1)
			return table&^(size-1) | in, size - in, nil
		}
	}
}
