package external

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Part is a part of a workload that a program plays.
type Part struct {
	*Process
	Name    string // of the transport, as it says; a version may follow
	Role    string // in the workload, as in "ping"; a profile of a guest reads it there
	BuiltOn string // the mechanism of the suite that it stands on; "": none is named
	does    bench.Outside
	size    int
	next    map[int]uint64 // by origin: the stamp of its next message
	cpus    []int
	before  usage
	round   Round
	first   uint64 // of the round, of what it originates
	started int64  // CLOCK_MONOTONIC when the round was started, ns
}

// Open is what a part is to play, and on what.
type Open struct {
	Program   *mechanisms.Program
	Workload  *bench.Workload
	Cell      results.Cell
	Part      int
	Seed      bench.Seed
	Dir       string              // private, of all parts
	Senders   []mechanisms.Ticket // of the links, in the order of the part's Sends
	Receivers []mechanisms.Ticket
	Timeout   time.Duration
}

// Round is one that is asked for.
type Round struct {
	Kind    string
	N       int // operations of the whole round
	Sealed  bool
	Latency bool
	Rest    time.Duration // from the program's account on, before what it used is read
	Timeout time.Duration
}

// Account is what a part did in a round.
type Account struct {
	Start, End int64 // CLOCK_MONOTONIC, ns
	Used       results.Worker
	Verified   int64           // messages whose bytes were checked
	Latencies  map[int64]int64 // by ns: how many operations; nil: none were asked for
	CPUs       []int           // that it may run on now
}

// Begin starts the program of a part, on the CPUs of the calling thread, and has it
// make what others need to find its links.
func Begin(o Open) (*Part, error) {
	topology := o.Workload.Topology(o.Cell.Peers)
	does, ok := o.Workload.Outside(topology, o.Part)
	if !ok {
		return nil, fmt.Errorf("%s: external transports do not play it", o.Workload.Name)
	}
	part := topology.Parts[o.Part]
	p := &Part{Role: part.Role, does: does, size: o.Cell.Size, next: map[int]uint64{}}
	for id := range topology.Parts {
		p.next[id] = o.Seed.First(id)
	}
	type end struct {
		wire   int
		sends  bool
		ticket mechanisms.Ticket
	}
	var ends []end
	for i, wire := range part.Sends {
		ends = append(ends, end{wire, true, o.Senders[i]})
	}
	for i, wire := range part.Receives {
		ends = append(ends, end{wire, false, o.Receivers[i]})
	}
	slices.SortFunc(ends, func(a, b end) int { return a.wire - b.wire })
	var files []int
	for _, e := range ends {
		files = append(files, e.ticket.FDs...)
	}
	var err error
	if p.Process, err = Start(o.Program, o.Dir, files); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(o.Timeout)
	fail := func(err error) (*Part, error) {
		err = p.explain(err)
		p.Kill()
		return nil, err
	}
	hello, err := p.hear("hello", deadline)
	if err != nil {
		return fail(err)
	}
	if v := hello.fields["protocol"]; v != strconv.Itoa(Version) {
		return fail(fmt.Errorf("it speaks version %q of the protocol, this ipcbench version %d: build it with the kit of this ipcbench", short(v), Version))
	}
	p.Name = strings.TrimSpace(short(hello.fields["name"]) + " " + short(hello.fields["version"]))
	if p.BuiltOn = cmp.Or(o.Program.BuiltOn, hello.fields["built_on"]); p.BuiltOn != "" && !mechanisms.ValidName(p.BuiltOn) {
		return fail(&ProtocolError{fmt.Sprintf("hello: built_on is %q: want the name of a mechanism", short(p.BuiltOn))})
	}
	p.say("part play=%s workload=%s role=%s size=%d queue=%d dir=%s", does.Play, o.Workload.Name, part.Role, o.Cell.Size, o.Cell.Queue, o.Dir)
	fd := 4
	for _, e := range ends {
		text := fmt.Sprintf("link number=%d way=receive senders=%d receivers=1", e.wire, topology.Wires[e.wire].Senders)
		if e.sends {
			text = fmt.Sprintf("link number=%d way=send senders=%d receivers=1 origin=%d", e.wire, topology.Wires[e.wire].Senders, does.ID)
		}
		if len(e.ticket.FDs) > 0 {
			text += fmt.Sprintf(" fd=%d", fd)
			fd += len(e.ticket.FDs)
		}
		p.say("%s", text)
	}
	p.say("make")
	if _, err := p.hear("made", deadline); err != nil {
		return fail(err)
	}
	return p, nil
}

// Times reports whether the part takes the time of single operations.
func (p *Part) Times() bool { return p.does.Play == "call" }

// Receives reports whether its last message may end a round.
func (p *Part) Receives() bool { return p.does.Play != "send" }

// Attach has the program open its ends, once all parts have begun.
func (p *Part) Attach(timeout time.Duration) error {
	p.say("open")
	if _, err := p.hear("ready", time.Now().Add(timeout)); err != nil {
		return p.explain(err)
	}
	var err error
	p.cpus, err = affinity(p.PID)
	return err
}

// Arm has the program get ready for a round.
func (p *Part) Arm(r Round) error {
	p.round = r
	text := fmt.Sprintf("round kind=%s count=%d", r.Kind, p.does.Share(r.N))
	if p.does.Originates() {
		p.first = p.next[p.does.ID]
		text += fmt.Sprintf(" first=%x", p.first)
	}
	if r.Sealed {
		text += " sealed=1"
	}
	if r.Latency {
		text += " latency=1"
	}
	p.say("%s", text)
	_, err := p.hear("armed", time.Now().Add(r.Timeout))
	if err != nil {
		return p.explain(err)
	}
	p.before = used()
	return nil
}

// Runs reports whether a thread of the program's family runs now, or waits for a CPU.
func (p *Part) Runs() bool {
	for _, pid := range descendants() {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", outside(pid)))
		if slices.ContainsFunc(tasks, func(file string) bool { return stateIn(file) == "R" }) {
			return true
		}
	}
	return false
}

// Patience sets how long the next Finish waits for the account.
func (p *Part) Patience(d time.Duration) { p.round.Timeout = d }

// Go starts the round.
func (p *Part) Go() error {
	p.started = sys.Monotonic()
	if err := p.say("go"); err != nil {
		return p.explain(err)
	}
	return nil
}

// Finish waits for the account of the round, which it checks.
func (p *Part) Finish() (*Account, error) {
	done, err := p.hear("done", time.Now().Add(p.round.Timeout))
	if err != nil {
		return nil, p.explain(err)
	}
	ended := sys.Monotonic()
	time.Sleep(p.round.Rest)
	a := &Account{Used: used().since(p.before)}
	if err := p.check(done, a, ended); err != nil {
		return nil, fmt.Errorf("program %s: %w", results.Quote(p.path), err)
	}
	if a.CPUs, err = affinity(p.PID); err != nil {
		return nil, p.explain(err)
	}
	return a, nil
}

// check holds the account of a round against what was asked for.
func (p *Part) check(done line, a *Account, ended int64) (err error) {
	if a.Start, err = done.number("start"); err != nil {
		return &ProtocolError{err.Error()}
	}
	if a.End, err = done.number("end"); err != nil {
		return &ProtocolError{err.Error()}
	}
	if a.Start < p.started || a.End < a.Start || a.End > ended {
		return fmt.Errorf("its round lasted from %d to %d ns, and ipcbench's clock (CLOCK_MONOTONIC) had %d when it was started and %d when it was over", a.Start, a.End, p.started, ended)
	}
	share := p.does.Share(p.round.N)
	sends := p.does.Play != "receive"
	sent, err := done.number("sent")
	switch {
	case err != nil && sends:
		return &ProtocolError{err.Error()}
	case sends && sent != int64(share):
		return fmt.Errorf("it sent %d messages, and the round has %d", sent, share)
	}
	if p.does.Originates() {
		p.next[p.does.ID] += uint64(share)
	}
	if p.does.Play != "send" {
		if err := p.checkReceived(done, a); err != nil {
			return err
		}
	}
	if p.round.Latency {
		if a.Latencies, err = done.latencies(share); err != nil {
			return &ProtocolError{err.Error()}
		}
	}
	return nil
}

// checkReceived holds what was received against what was sent: counts, the digest of
// the stamps and, in sealed rounds, the CRC over all bytes.
func (p *Part) checkReceived(done line, a *Account) error {
	k := p.does.Peers
	counts, err := done.list("received", k, 10)
	if err != nil {
		return &ProtocolError{err.Error()}
	}
	digests, err := done.list("digest", k, 16)
	if err != nil {
		return &ProtocolError{err.Error()}
	}
	var crcs []uint64
	if p.round.Sealed {
		if crcs, err = done.list("crc", k, 16); err != nil {
			return &ProtocolError{err.Error()}
		}
	}
	for i := range k {
		origin := p.does.From + i
		n := bench.ShareOf(i, k, p.round.N)
		if counts[i] != uint64(n) {
			return &bench.CheckError{What: "lost or doubled: number of messages", Sender: origin, Want: uint64(n), Got: counts[i]}
		}
		first := p.next[origin]
		if p.does.Play == "call" {
			first = p.first // its own, which come back
		}
		if want := bench.Digest(first, n, p.size); digests[i] != want {
			return &bench.CheckError{What: "lost, doubled, reordered, cut or of another launch: digest of the round's stamps", Sender: origin, Want: want, Got: digests[i]}
		}
		if p.round.Sealed {
			if want := uint64(bench.PayloadCRC(first, n, p.size)); crcs[i] != want {
				return &bench.CheckError{What: "CRC-32 of the payloads of the round", Sender: origin, Want: want, Got: crcs[i]}
			}
			a.Verified += int64(n)
		}
		if p.does.Play != "call" {
			p.next[origin] += uint64(n)
		}
	}
	return nil
}

// latencies reads the distribution of n operations.
func (l line) latencies(n int) (map[int64]int64, error) {
	all, sum := map[int64]int64{}, int64(0)
	for pair := range strings.SplitSeq(l.fields["latencies"], ",") {
		ns, count, _ := strings.Cut(pair, ":")
		t, err := strconv.ParseInt(ns, 10, 64)
		c, err2 := strconv.ParseInt(count, 10, 64)
		if errors.Join(err, err2) != nil || t < 0 || c < 1 || c > int64(n) {
			return nil, fmt.Errorf("latencies: %q: want ns:count", short(pair))
		}
		all[t] += c
		sum += c
	}
	if sum != int64(n) {
		return nil, fmt.Errorf("latencies of %d operations, and the round has %d", sum, n)
	}
	return all, nil
}

// Leave has the program close its ends and end.
func (p *Part) Leave(timeout time.Duration) error {
	p.say("close")
	late := time.After(timeout)
	var said *SaidError
	if _, err := p.hear("nothing", time.Now().Add(timeout)); errors.As(err, &said) {
		return p.explain(err)
	}
	select {
	case <-p.ended:
	case <-late:
		err := fmt.Errorf("program %s: it did not end within %v of close (state %s)", results.Quote(p.path), timeout, state(p.PID))
		p.Kill()
		return err
	}
	p.f.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if status := *p.status; !status.Exited() || status.ExitStatus() != 0 {
		return fmt.Errorf("program %s: after close it ended with %s, not with status 0", results.Quote(p.path), describe(status))
	}
	return nil
}
