package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// pipesFile holds capacities in bytes, beside the directory that every process
// of a session has as TMPDIR. One that begins with this file there takes a number
// off it for each pipe that it makes of the usual size, as a user gets smaller
// ones whose other pipes hold much.
const pipesFile = "pipes"

func init() {
	impersonates["quota"] = beyondQuota
	path := filepath.Join(filepath.Dir(os.TempDir()), pipesFile)
	if _, err := os.Stat(path); err != nil || os.Getenv(envProcess) == "" {
		return
	}
	pipe := mechanisms.Lookup("pipe")
	usual := pipe.New
	pipe.New = func(s mechanisms.Spec) (*mechanisms.Link, error) {
		l, err := usual(s)
		if err != nil || s.Queue > 0 {
			return l, err
		}
		text, err := os.ReadFile(path)
		first, rest, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
		if err != nil || first == "" {
			return l, err
		}
		n, err := strconv.Atoi(first)
		if err == nil {
			l.Given.Queue, err = unix.FcntlInt(uintptr(l.FDs[0]), unix.F_SETPIPE_SZ, n)
		}
		return l, errors.Join(err, os.WriteFile(path, []byte(rest), 0o600))
	}
}

// pipesOf returns what has sessions that start from now on make pipes of these
// capacities, in turn.
func pipesOf(t *testing.T) (give func(capacities ...int)) {
	t.Helper()
	path := filepath.Join(private, pipesFile)
	t.Cleanup(func() { os.Remove(path) })
	give = func(capacities ...int) {
		if err := os.WriteFile(path, []byte(strings.Trim(fmt.Sprint(capacities), "[]")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	give()
	return give
}

// measured is a record of a launch that was measured, trusted or not.
func measured(t *testing.T, s *Coordinator, c results.Cell) results.Record {
	t.Helper()
	rec, _ := s.Measure(c, Measurement{Time: 2 * time.Millisecond, Ops: 20, Exact: true, Plain: true})
	if rec.Outcome != results.OK && rec.Outcome != results.Untrusted {
		t.Fatalf("%s: %s %s", c.Name(), rec.Outcome, rec.Reason)
	}
	return rec
}

// Every link has a capacity of its own: it is recorded, with the messages that
// fit, makes a cell of its own where it is unusual, and is named with the limit.
func TestEachLinkHasItsCapacity(t *testing.T) {
	need.Time(t)
	page := os.Getpagesize()
	usual := 16 * page
	give := pipesOf(t)
	s := startSession(t, Options{})
	lifecycle := results.Cell{Workload: "Lifecycle", Mechanism: "pipe", Size: 64, Place: "free"}
	for _, c := range []struct {
		cell       results.Cell
		capacities []int // of the trial where there is one yet to come, and of the links
		links      []int
		given      string
	}{
		{pipePong, []int{usual, usual, usual}, []int{usual, usual}, ""},
		{pipePong, []int{2 * page, 2 * page}, []int{2 * page, 2 * page}, results.FormatBytes(2 * page)},
		{pipePong, []int{usual, 2 * page}, []int{usual, 2 * page}, results.FormatBytes(usual) + "+" + results.FormatBytes(2*page)},
		{pipePong, []int{page, usual}, []int{page, usual}, results.FormatBytes(page) + "+" + results.FormatBytes(usual)},
		{pipePong, nil, []int{usual, usual}, ""},
		// The session makes one, and the worker one to try, 20 and 20 again.
		{lifecycle, slices.Repeat([]int{2 * page}, 64), []int{2 * page}, results.FormatBytes(2 * page)},
	} {
		give(c.capacities...)
		rec := measured(t, s, c.cell)
		if rec.Cell.Given != c.given || rec.Cell.Asked() != c.cell {
			t.Errorf("%v: the cell is %s, want given=%s", c.capacities, rec.Cell.Name(), c.given)
		}
		if len(rec.Links) != len(c.links) {
			t.Fatalf("%v: %d links: %+v", c.capacities, len(rec.Links), rec.Links)
		}
		for i, n := range c.links {
			want := results.Link{Queue: n, After: n, Usual: usual, Source: "F_GETPIPE_SZ", InFlight: results.Known(int64(n / 64))}
			if rec.Links[i] != want {
				t.Errorf("%v: link %d: %+v, want %+v", c.capacities, i+1, rec.Links[i], want)
			}
		}
		if g := rec.Given; g == nil || *g != (results.Given{Queue: c.links[0], Source: "F_GETPIPE_SZ", InFlight: results.Known(int64(c.links[0] / 64))}) {
			t.Errorf("%v: given %+v", c.capacities, g)
		}
		said := slices.ContainsFunc(rec.Warnings, func(w string) bool {
			return strings.Contains(w, fmt.Sprintf("usual %d: ", usual)) && strings.Contains(w, "pipe(7)")
		})
		if said != (c.given != "") {
			t.Errorf("%v: warnings %q", c.capacities, rec.Warnings)
		}
	}
}

// A capacity is read at the ends of every mechanism, and in every workload, and is
// after the rounds what it was before.
func TestCapacityOfEveryLink(t *testing.T) {
	need.Time(t)
	s := startSession(t, Options{})
	seen := map[string]bool{}
	for _, c := range testCells(t) {
		m := mechanisms.Lookup(c.Mechanism)
		if seen[c.Mechanism] && c.Mechanism != "pipe" && !need.Long() {
			continue // of one mechanism every workload, of the others one
		}
		seen[c.Mechanism] = true
		rec := measured(t, s, c)
		if why := results.Changed(rec.Links); why != "" {
			t.Errorf("%s: %s", c.Name(), why)
		}
		for i, l := range rec.Links {
			if l.Queue <= 0 || l.After <= 0 || l.Source == "" || l.Tuned != m.Tunes || l.InFlight.Or(0) == 0 && c.Size < l.Queue/4 {
				t.Errorf("%s: link %d: %+v", c.Name(), i+1, l)
			}
		}
		if (len(rec.Links) > 0) != (rec.Given != nil) {
			t.Errorf("%s: links %+v, given %+v", c.Name(), rec.Links, rec.Given)
		}
	}
}

// A pipe that another process shrinks in the middle of a round makes the launch
// untrusted, with both capacities.
func TestCapacityChangedFromOutside(t *testing.T) {
	need.Time(t)
	s := startSession(t, Options{})
	for long := 50 * time.Millisecond; long < 10*time.Second; long *= 2 {
		done := make(chan results.Record, 1)
		go func() {
			rec, _ := s.Measure(pipePong, Measurement{Time: long, Plain: true})
			done <- rec
		}()
		shrunk, err := shrinkPipes(s.child.PID, done)
		rec := <-done
		if err != nil {
			t.Skip(err)
		}
		if !shrunk {
			continue // the launch was over first
		}
		if rec.Outcome != results.Untrusted || !strings.Contains(rec.Reason, "bytes before the rounds and "+fmt.Sprint(os.Getpagesize())+" after them (F_GETPIPE_SZ)") {
			t.Errorf("%s %s: %+v", rec.Outcome, rec.Reason, rec.Links)
		}
		return
	}
	t.Error("every launch was over before its pipes could be shrunk")
}

// shrinkPipes waits until the workers of the session have run for a while, and
// gives the pipes that two of them share one page, unless the launch is done
// first. An error says why this process may not.
func shrinkPipes(session int, done chan results.Record) (shrunk bool, err error) {
	var begun time.Duration
	for !shrunk && err == nil {
		select {
		case rec := <-done:
			done <- rec
			return false, nil
		default:
		}
		pids := childrenOf(session)
		if len(pids) != 2 {
			continue
		}
		ours, theirs := pipesOpenIn(pids[0]), pipesOpenIn(pids[1])
		attached := func(pipes map[int]string) bool { // the ends are open, and what was inherited is closed
			return len(pipes) == 2 && pipes[ticketFD] == "" && pipes[ticketFD+1] == ""
		}
		if !attached(ours) || !attached(theirs) {
			continue
		}
		if begun == 0 {
			begun = cpuTime(pids[0])
		}
		if cpuTime(pids[0]) < begun+15*time.Millisecond {
			continue
		}
		for fd := range ours {
			if err == nil {
				if err = shrinkPipe(pids[0], fd); errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EBADF) {
					err = nil // it has ended
				} else if err == nil {
					shrunk = true
				}
			}
		}
	}
	return shrunk, err
}

// childrenOf are the processes that the process has started.
func childrenOf(pid int) (children []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(field); err == nil {
				children = append(children, n)
			}
		}
	}
	return children
}

// pipesOpenIn are the pipes that the process has open and this one has not, by
// number.
func pipesOpenIn(pid int) map[int]string {
	inherited := pipesIn("/proc/self/fd") // the test's parent may have left some open
	pipes := map[int]string{}
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		target, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
		if err == nil && strings.HasPrefix(target, "pipe:") && !inherited[target] {
			pipes[fd] = target
		}
	}
	return pipes
}

// shrinkPipe gives the pipe one page, pidfd_getfd(2).
func shrinkPipe(pid, fd int) error {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(process)
	pipe, err := unix.PidfdGetfd(process, fd, 0)
	if err != nil {
		return os.NewSyscallError("pidfd_getfd", err)
	}
	defer unix.Close(pipe)
	for { // EBUSY while there is more in it
		if _, err = unix.FcntlInt(uintptr(pipe), unix.F_SETPIPE_SZ, os.Getpagesize()); !errors.Is(err, unix.EBUSY) {
			return os.NewSyscallError("fcntl", err)
		}
	}
}

// beyondQuota measures a cell as a user whose pipes hold more pages than
// pipe-user-pages-soft, and prints the records.
func beyondQuota() int {
	var held []int // pipes of the largest size: few descriptors for many pages
	for least := 16 * os.Getpagesize(); ; {
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			fmt.Fprintln(os.Stderr, "after", len(held), "pipes:", err)
			return 1
		}
		unix.Close(p[1])
		if n, _ := unix.FcntlInt(uintptr(p[0]), unix.F_GETPIPE_SZ, 0); n < least {
			unix.Close(p[0])
			break
		}
		for n := 1 << 20; n > least; n /= 2 {
			if _, err := unix.FcntlInt(uintptr(p[0]), unix.F_SETPIPE_SZ, n); err == nil {
				break
			}
		}
		held = append(held, p[0])
	}
	s, err := Start(Options{Timeout: 5 * time.Second})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, w := range []string{"PingPong", "Stream"} {
		rec, _ := s.Measure(results.Cell{Workload: w, Mechanism: "pipe", Size: 64, Place: "free"}, Measurement{Time: 2 * time.Millisecond, Ops: 20, Exact: true, Plain: true})
		if err := json.NewEncoder(os.Stdout).Encode(rec); err != nil {
			return 1
		}
	}
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// A user above pipe-user-pages-soft gets small pipes from the kernel: the record
// says so, with the limit's value. Root may be any user, and is one that no other
// test is, whose pipes would be small too.
func TestUserAboveThePipeQuota(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not run as root: the pipes of this user's other processes would be small meanwhile")
	}
	text, err := os.ReadFile("/proc/sys/fs/pipe-user-pages-soft")
	soft := strings.TrimSpace(string(text))
	if n, e := strconv.Atoi(soft); err != nil || e != nil || n == 0 || n > 1<<16 {
		t.Skipf("fs.pipe-user-pages-soft is %q: no user is held to it within 200 pipes", soft)
	}
	cmd, stderr := impersonate(t, "quota")
	asUser(t, cmd, 1<<20+os.Getpid())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr())
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		var rec results.Record
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatal(err)
		}
		n++
		small := results.Unusual(rec.Links)
		if small == "" || rec.Cell.Given != small || rec.Given.Queue != rec.Links[0].Queue {
			t.Errorf("%s: %+v", rec.Cell.Name(), rec.Links)
		}
		for _, l := range rec.Links {
			if l.InFlight != results.Known(int64(l.Queue/64)) {
				t.Errorf("%s: %+v", rec.Cell.Name(), l)
			}
		}
		if !slices.ContainsFunc(rec.Warnings, func(w string) bool {
			return strings.Contains(w, "more than "+soft+" pages") && strings.Contains(w, "pipe-user-pages-soft")
		}) {
			t.Errorf("warnings %q", rec.Warnings)
		}
	}
	if n != 2 {
		t.Errorf("%d records: %s", n, out)
	}
}

// given is a side whose launches are given these capacities in turn; 0 ends as
// untrusted, and was given 8 KiB.
func (s *script) given(capacities ...int) *Side {
	a := s.side()
	a.Measure = func(c results.Cell, m Measurement) (results.Record, int) {
		queue := capacities[s.count[c]]
		s.count[c]++
		rec := results.Record{Cell: c, Outcome: results.OK}
		if queue == 0 {
			rec.Outcome, queue = results.Untrusted, 8<<10
		}
		rec.Links = []results.Link{{Queue: queue, After: queue, Usual: 64 << 10, Source: "F_GETPIPE_SZ"}}
		rec.Cell.Options.Given = results.Unusual(rec.Links)
		return rec, 7
	}
	return a
}

// A launch is done, or owed, whatever its links were given: a plan has as many
// launches as it asks for, retries and a run that goes on included.
func TestPlanWhateverIsGiven(t *testing.T) {
	const usual, small = 64 << 10, 8 << 10
	a := &script{}
	run := Run{Plan: planOf(5, "x"), Sides: []*Side{a.given(usual, small, 0, usual, small, usual)}}
	if err := run.Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, want := launchesOf(a.kept, "x"), "1.1 2.1 3.1 3.2 4.1 5.1"; got != want {
		t.Errorf("launches %s, want %s", got, want)
	}
	rows := results.Summarize(a.kept)
	if len(rows) != 2 || rows[0].Launches != 3 || rows[1].Launches != 2 {
		t.Errorf("rows %+v", rows)
	}
	b := &script{}
	side := b.given(usual)
	side.Earlier = earlierOf(false, a.kept[:5]...) // it was interrupted before launch 5
	run = Run{Plan: planOf(5, "x"), Sides: []*Side{side}}
	if err := run.Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := launchesOf(b.kept, "x"); got != "5.1" {
		t.Errorf("a run that goes on has the launches %s, want 5.1", got)
	}
	both := [2]*script{{diary: new([]string), name: "A"}, {diary: new([]string), name: "B"}}
	run = Run{Plan: planOf(2, "x"), Sides: []*Side{both[0].given(usual, usual), both[1].given(small, small)}}
	if err := run.Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "8KiB"} {
		if kept := both[i].kept; len(kept) != 2 || kept[0].Cell.Given != want || kept[1].Cell.Given != want {
			t.Errorf("side %s: %+v", both[i].name, kept)
		}
	}
}

// Where no usual capacity is known, launches are held against those before them:
// of the same run, and before it was interrupted.
func TestCapacityMovesBetweenLaunches(t *testing.T) {
	side := func(s *script, capacities ...int) *Side {
		a := s.given(capacities...)
		inner := a.Measure
		a.Measure = func(c results.Cell, m Measurement) (results.Record, int) {
			rec, ops := inner(c, m)
			rec.Links[0].Usual, rec.Links[0].Source, rec.Cell.Options.Given = 0, "SO_SNDBUF", ""
			return rec, ops
		}
		return a
	}
	a := &script{}
	if err := (&Run{Plan: planOf(3, "x"), Sides: []*Side{side(a, 212992, 212992, 425984)}}).Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	b := &script{}
	resumed := side(b, 425984)
	resumed.Earlier = earlierOf(false, a.kept[:2]...)
	if err := (&Run{Plan: planOf(3, "x"), Sides: []*Side{resumed}}).Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, last := range []results.Record{a.kept[2], b.kept[0]} {
		if last.Launch != 3 || last.Cell.Given != "416KiB" {
			t.Errorf("launch %d is one of %s", last.Launch, last.Cell.Name())
		}
	}
	if a.kept[0].Cell.Given != "" || a.kept[1].Cell.Given != "" {
		t.Errorf("the launches before: %+v", a.kept[:2])
	}
}
