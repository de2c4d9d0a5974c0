package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

func init() { impersonates["filtered"] = filtered }

// filtered measures a launch of each mechanism in MECHANISMS, each of which
// prepares the next, under a filter that kills what makes a call: a process, or
// with THREAD the thread alone. It prints the records.
func filtered() int {
	var call uint32
	fmt.Sscan(os.Getenv("CALL"), &call)
	action := uint32(unix.SECCOMP_RET_KILL_PROCESS)
	if os.Getenv("THREAD") != "" {
		action = unix.SECCOMP_RET_KILL_THREAD
	}
	if err := filterAll(call, action); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	s, err := Start(Options{Timeout: unhurried})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer s.Close()
	out := json.NewEncoder(os.Stdout)
	var cells []results.Cell
	for _, name := range strings.Split(os.Getenv("MECHANISMS"), ",") {
		cells = append(cells, roundTrip(mechanisms.Lookup(name)))
	}
	for i, c := range cells {
		m := Measurement{Time: time.Millisecond, Ops: 40, Exact: true}
		if i+1 < len(cells) {
			m.Next = &cells[i+1]
		}
		rec, _ := s.Measure(c, m)
		out.Encode(rec)
	}
	_, traced := s.Trace(cells[0], 10)
	out.Encode(results.Record{Reason: fmt.Sprint(traced)})
	return 0
}

// filterAll puts a filter into force on all threads of this process, and on what
// they start.
func filterAll(call, action uint32) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: action},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil { // which the other threads take over
		return os.NewSyscallError("prctl", err)
	}
	_, _, errno := syscall.Syscall6(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&f)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return nil
}

// measureFiltered returns the records of filtered, and why its trace failed.
func measureFiltered(t *testing.T, env ...string) (records []results.Record, traced string) {
	t.Helper()
	c, stderr := impersonate(t, "filtered", env...)
	var out strings.Builder
	c.Stdout = &out
	if err := unlessHung(c.Start, c.Wait, func() { c.Process.Kill() }); err != nil {
		if strings.Contains(stderr(), "seccomp: ") || strings.Contains(stderr(), "prctl: ") {
			t.Skip("no filter can be put into force here: " + stderr())
		}
		t.Fatalf("%v: %s", err, stderr())
	}
	for line := range strings.Lines(out.String()) {
		var r results.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	nothingLeft(t)
	return records[:len(records)-1], records[len(records)-1].Reason
}

const bySeccomp = `was killed by a seccomp filter \(SIGSYS\), seccomp\(2\)`

// A filter that kills what one mechanism calls fails that mechanism alone, with
// the process and the signal, though the session prepares it beside another. The
// death is in the other's record. A filter that kills threads costs no deadline.
func TestFilterKills(t *testing.T) {
	need.Time(t)
	for _, thread := range []string{"", "1"} {
		t.Run("thread="+thread, func(t *testing.T) {
			begin := time.Now()
			records, _ := measureFiltered(t, "THREAD="+thread, fmt.Sprint("CALL=", unix.SYS_MSGGET), "MECHANISMS=pipe,sysvmsg,pipe")
			for i, want := range []struct {
				failed           bool
				reason, warnings string
			}{
				{false, "", `session \(pid \d+\) in (preparation of the next launch|open): ` + bySeccomp},
				{true, `^session \(pid \d+\) in open: ` + bySeccomp + "$", ""},
				{false, "", ""},
			} {
				r := records[i]
				if want.failed != (r.Outcome == results.Failed) || want.failed && (r.Fault != results.FaultDeath || !regexp.MustCompile(want.reason).MatchString(r.Reason)) {
					t.Errorf("%s: %s %s %q, want %q", r.Cell.Name(), r.Outcome, r.Fault, r.Reason, want.reason)
				}
				if all := strings.Join(slices.Concat(records[0].Warnings, records[1].Warnings), "\n"); i == 0 && !regexp.MustCompile(want.warnings).MatchString(all) {
					t.Errorf("%s: warnings %q, want %q", r.Cell.Name(), all, want.warnings)
				}
			}
			if took := time.Since(begin); took > unhurried {
				t.Errorf("it took %v, as long as a deadline", took)
			}
		})
	}
}

// A worker whose main thread alone is killed has died, though others of its
// threads live.
func TestFilterKillsMainThread(t *testing.T) {
	need.Time(t)
	records, _ := measureFiltered(t, "THREAD=1", fmt.Sprint("CALL=", unix.SYS_SCHED_GETATTR), "MECHANISMS=pipe")
	if r := records[0]; r.Fault != results.FaultDeath || !regexp.MustCompile(`^p[io]ng \(pid \d+\) in attach: `+bySeccomp+"$").MatchString(r.Reason) {
		t.Errorf("%s %s %q", r.Outcome, r.Fault, r.Reason)
	}
}

// A filter that kills what calls ptrace kills neither the command nor its thread.
func TestFilterKillsTracer(t *testing.T) {
	need.Time(t)
	for _, thread := range []string{"", "1"} {
		records, traced := measureFiltered(t, "THREAD="+thread, fmt.Sprint("CALL=", unix.SYS_PTRACE), "MECHANISMS=pipe")
		if records[0].Outcome == results.Failed || !regexp.MustCompile(`^cannot trace: ptrace\(2\): .* `+bySeccomp+"$").MatchString(traced) {
			t.Errorf("thread=%s: %s %q, and the trace: %s", thread, records[0].Outcome, records[0].Reason, traced)
		}
	}
}

// The death of a worker of a launch that is prepared is in the record of that
// launch, which is started again.
func TestDeathInPreparation(t *testing.T) {
	need.Time(t)
	s := startSession(t, Options{})
	next := pipePong
	next.Size = 4096
	how := Measurement{Time: time.Millisecond, Ops: 40, Exact: true, Next: &next}
	if rec, _ := s.Measure(pipePong, how); rec.Outcome == results.Failed {
		t.Fatal(rec.Reason)
	}
	all := ourProcesses()
	i := slices.IndexFunc(all, func(p proc) bool { return p.parent == s.child.PID && strings.HasSuffix(p.command, " pong") })
	if i < 0 {
		t.Fatalf("no worker is prepared among %v", all)
	}
	if err := all[i].signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// A process whose memory is gone has not ended yet: its parent cannot reap it.
	if !eventually(func() bool {
		p, err := readProc(fmt.Sprintf("/proc/%d", all[i].pid))
		return p.state == "Z" || errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH)
	}) {
		t.Fatalf("process %d does not die", all[i].pid)
	}
	how.Next = nil
	rec, _ := s.Measure(next, how)
	want := fmt.Sprintf("pong (pid %d) in attach: died of SIGKILL (killed)", all[i].pid)
	if rec.Outcome == results.Failed || !strings.Contains(strings.Join(rec.Warnings, "\n"), want) {
		t.Errorf("%s %s, warnings %q, want %q", rec.Outcome, rec.Reason, rec.Warnings, want)
	}
	if rec, _ := s.Measure(next, how); strings.Contains(strings.Join(rec.Warnings, "\n"), want) {
		t.Errorf("the launch after it has the warning too: %q", rec.Warnings)
	}
}

// A launch that was prepared is used once: the next one of its cell has processes
// of its own.
func TestPreparedOnce(t *testing.T) {
	s := startSession(t, Options{})
	how := Measurement{Time: time.Millisecond, Ops: 40, Exact: true, Next: &pipePong}
	seen := map[int]bool{}
	for launch := 1; launch <= 3; launch++ {
		rec, _ := s.Measure(pipePong, how)
		how.Next = nil
		if rec.Outcome == results.Failed || len(rec.Workers) != 2 {
			t.Fatalf("launch %d: %s %s, %d workers", launch, rec.Outcome, rec.Reason, len(rec.Workers))
		}
		for _, w := range rec.Workers {
			if seen[w.PID] {
				t.Errorf("launch %d: process %d has measured before", launch, w.PID)
			}
			seen[w.PID] = true
		}
	}
}

// Of two victims the first is blamed, in whatever order they report, with the
// message that it was at.
func TestFirstVictimIsBlamed(t *testing.T) {
	eof := event{part: 1, reply: workerReply{At: 100, Message: 4711}, err: across(t, &mechanisms.Error{Op: "recv", Mechanism: "pipe", Size: 64, Err: endOfFile("read")})}
	pipe := event{part: 0, reply: workerReply{At: 200, Message: 4720}, err: &mechanisms.Error{Op: "send", Mechanism: "pipe", Size: 64, Err: os.NewSyscallError("write", unix.EPIPE)}}
	earlier := pipe
	earlier.reply.At = 50
	for _, c := range []struct {
		first, second event
		want          string
	}{
		{eof, pipe, "b (pid 1) in exit at message 4711: recv pipe 64 B: read: end of file"},
		{pipe, eof, "b (pid 1) in exit at message 4711: recv pipe 64 B: read: end of file"},
		{eof, earlier, "a (pid 1) in exit at message 4720: send pipe 64 B: write: broken pipe"},
		{earlier, eof, "a (pid 1) in exit at message 4720: send pipe 64 B: write: broken pipe"},
	} {
		l := twoParts()
		l.events <- c.second
		if got := l.blame(c.first); got.Error() != c.want {
			t.Errorf("%v, then %v: blamed %q, want %q", c.first.err, c.second.err, got, c.want)
		}
	}
	if !errors.Is(eof.err, io.EOF) {
		t.Errorf("%v is no end of file on the other side", eof.err)
	}
}
