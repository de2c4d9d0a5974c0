package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/internal/reexec"
	"ipcbench/mechanisms"
)

// across sends the error over a control connection, so to speak.
func across(t *testing.T, err error) error {
	t.Helper()
	b, jsonErr := json.Marshal(encodeError(err))
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	var w wireError
	if jsonErr := json.Unmarshal(b, &w); jsonErr != nil {
		t.Fatal(jsonErr)
	}
	return w.decode()
}

var (
	rmid   = os.NewSyscallError("msgrcv", unix.EIDRM)
	recvd  = &mechanisms.Error{Op: "recv", Mechanism: "sysvmsg", Size: 64, Err: rmid}
	tooBig = &mechanisms.UnsupportedError{Mechanism: "sysvmsg", What: "message size", Value: 65536,
		Limit: mechanisms.Limit{N: 8192, Source: "/proc/sys/kernel/msgmax", Beyond: "msgsnd(2)", Errno: unix.EINVAL}}
)

func pong(phase string, err error) error {
	return &WorkerError{Role: "pong", PID: 8946, Phase: phase, Err: err}
}

// Errors keep their text, their types and what they are on the way.
func TestErrorsCross(t *testing.T) {
	for _, c := range []struct {
		err  error
		text string
		is   []error // all hold
		as   []any   // pointers to what errors.As must find
	}{
		{
			pong("timed round 2", recvd),
			"pong (pid 8946) in timed round 2: recv sysvmsg 64 B: msgrcv: identifier removed",
			[]error{unix.EIDRM}, []any{new(*WorkerError), new(*mechanisms.Error), new(*os.SyscallError), new(syscall.Errno)},
		},
		{
			tooBig,
			"sysvmsg: message size 65536 > 8192 (/proc/sys/kernel/msgmax): EINVAL, msgsnd(2)",
			[]error{errors.ErrUnsupported}, []any{new(*mechanisms.UnsupportedError)},
		},
		{
			&WorkerError{Role: "pong", PID: 8946, Phase: "timed round 2", Message: 4711, Err: &mechanisms.Error{Op: "recv", Mechanism: "pipe", Size: 64, Err: endOfFile("read")}},
			"pong (pid 8946) in timed round 2 at message 4711: recv pipe 64 B: read: end of file",
			[]error{io.EOF}, []any{new(*WorkerError), new(*mechanisms.Error)},
		},
		{
			pong("timed round 2", &bench.CheckError{What: "lost, doubled or reordered", Sender: 1, Want: 7, Got: 8}),
			"pong (pid 8946) in timed round 2: message from sender 1: lost, doubled or reordered: want 0x7, got 0x8",
			nil, []any{new(*WorkerError), new(*bench.CheckError)},
		},
		{
			pong("exit", &DeathError{Signal: unix.SIGKILL}),
			"pong (pid 8946) in exit: died of SIGKILL (killed)",
			nil, []any{new(*WorkerError), new(*DeathError)},
		},
		{pong("exit", &DeathError{Signal: unix.SIGKILL, Cause: "out of memory"}), "pong (pid 8946) in exit: died of SIGKILL: out of memory", nil, []any{new(*DeathError)}},
		{pong("exit", &DeathError{Signal: unix.SIGSYS}), "pong (pid 8946) in exit: was killed by a seccomp filter (SIGSYS), seccomp(2)", nil, []any{new(*DeathError)}},
		{pong("attach", &DeathError{Exit: 2}), "pong (pid 8946) in attach: exited with status 2", nil, []any{new(*DeathError)}},
		{
			pong("timed round 1", &HungError{Call: "read", State: "T", Wchan: "do_signal_stop", After: "2s", Others: []string{"ping in read (state S)"}}),
			"pong (pid 8946) in timed round 1: hung in read (state T, kernel in do_signal_stop): no answer within 2s; so did ping in read (state S)",
			nil, []any{new(*WorkerError), new(*HungError)},
		},
		{pong("timed round 1", io.EOF), "pong (pid 8946) in timed round 1: EOF", []error{io.EOF}, []any{new(*WorkerError)}},
		{
			&mechanisms.Error{Op: "recv", Mechanism: "pipe", Size: 8, Err: io.ErrUnexpectedEOF},
			"recv pipe 8 B: unexpected EOF", []error{io.ErrUnexpectedEOF}, []any{new(*mechanisms.Error)},
		},
		{
			&mechanisms.Error{Op: "open", Mechanism: "fifo", Size: 8, Err: fmt.Errorf("path /x: %w", mechanisms.ErrNotOurs)},
			"open fifo 8 B: path /x: not the object that was recorded", []error{mechanisms.ErrNotOurs}, []any{new(*mechanisms.Error)},
		},
		{
			fmt.Errorf("start worker: %w", os.NewSyscallError("clone", unix.EAGAIN)),
			"start worker: clone: resource temporarily unavailable", []error{unix.EAGAIN}, []any{new(syscall.Errno)},
		},
		{errors.Join(os.NewSyscallError("mount", unix.EPERM), io.EOF), "mount: operation not permitted\nEOF", []error{unix.EPERM, os.ErrPermission, io.EOF}, nil},
		{errors.New("answered out of turn"), "answered out of turn", nil, nil},
	} {
		got := across(t, c.err)
		if got.Error() != c.text {
			t.Errorf("text\n%q, want\n%q", got.Error(), c.text)
		}
		if c.err.Error() != c.text {
			t.Errorf("text before it crossed\n%q, want\n%q", c.err.Error(), c.text)
		}
		for _, target := range c.is {
			if !errors.Is(got, target) {
				t.Errorf("%v: is not %v on the other side", c.err, target)
			}
		}
		for _, target := range c.as {
			before := reflect.New(reflect.TypeOf(target).Elem()).Interface()
			if !errors.As(c.err, before) || !errors.As(got, target) {
				t.Errorf("%v: no %T on the other side", c.err, target)
			}
		}
		if rank(got) != rank(c.err) || fault(got) != fault(c.err) || Unsupported(got) != Unsupported(c.err) {
			t.Errorf("%v: another rank, fault or skip on the other side", c.err)
		}
		if twice := across(t, got); !reflect.DeepEqual(twice, got) {
			t.Errorf("%v: crossing twice gave %#v, then %#v", c.err, got, twice)
		}
	}
}

// The whole chain, as a user sees it.
func TestCellErrorText(t *testing.T) {
	err := error(&CellError{Cell: "PingPong/mech=sysvmsg/size=64/queue=default/place=same", Err: across(t, pong("timed round 3", recvd))})
	const want = "PingPong/mech=sysvmsg/size=64/queue=default/place=same: pong (pid 8946) in timed round 3: recv sysvmsg 64 B: msgrcv: identifier removed"
	if err.Error() != want {
		t.Errorf("%q, want\n%q", err, want)
	}
	if !errors.Is(err, unix.EIDRM) {
		t.Error("is not EIDRM")
	}
	if got := reason(err); got != want[len("PingPong/mech=sysvmsg/size=64/queue=default/place=same: "):] {
		t.Errorf("reason %q repeats the cell", got)
	}
}

// A bare errno is a failure until a reason is shown, wherever it comes from.
func TestBareErrnoIsNoSkip(t *testing.T) {
	for _, err := range []error{
		os.NewSyscallError("msgget", unix.ENOSYS),
		fmt.Errorf("start worker: %w", os.NewSyscallError("clone", unix.ENOSYS)),
		across(t, fmt.Errorf("start worker: %w", os.NewSyscallError("clone", unix.EOPNOTSUPP))),
	} {
		if Unsupported(err) {
			t.Errorf("%v counts as a skip", err)
		}
	}
}

// Of two failures that come together the one nearer to the cause is blamed,
// whichever comes first.
func TestRank(t *testing.T) {
	op := func(err error) error { return &mechanisms.Error{Op: "send", Mechanism: "pipe", Size: 1, Err: err} }
	groups := [][]error{ // from victim to root
		{io.EOF, op(io.ErrUnexpectedEOF), op(os.NewSyscallError("write", unix.EPIPE)), recvd, op(os.NewSyscallError("read", unix.ECONNRESET)), op(os.NewSyscallError("write", unix.ECONNREFUSED)), op(os.NewSyscallError("semtimedop", unix.EINVAL))},
		{op(os.NewSyscallError("write", unix.EIO)), errors.New("answered out of turn")},
		{&bench.CheckError{What: "damaged"}},
		{&DeathError{Signal: unix.SIGSEGV}, &DeathError{Exit: 2}, &DeathError{}},
	}
	for i, victims := range groups {
		for _, roots := range groups[i+1:] {
			for _, v := range victims {
				for _, r := range roots {
					if rank(across(t, pong("exit", v))) >= rank(across(t, pong("exit", r))) {
						t.Errorf("%v is blamed rather than %v", v, r)
					}
				}
			}
		}
	}
}

// twoParts is a launch of two workers. The process with PID 1, which does not end, stands for both.
func twoParts() *sessionLaunch {
	return &sessionLaunch{
		topology: bench.Topology{Parts: []bench.Part{{Role: "a"}, {Role: "b"}}},
		workers:  []*process{{Process: &reexec.Process{PID: 1}}, {Process: &reexec.Process{PID: 1}}},
		events:   make(chan event, 8),
		phase:    "exit",
	}
}

// blame finds the root in every order in which events may arrive.
func TestBlame(t *testing.T) {
	eof := event{part: 1, err: across(t, io.EOF)}
	one := event{part: 1, ended: true, err: &DeathError{Exit: 1}}
	killed := event{part: 0, ended: true, err: &DeathError{Signal: unix.SIGKILL}}
	check := event{part: 0, err: &bench.CheckError{What: "damaged"}}
	silent := event{part: 0, ended: true}
	for _, c := range []struct {
		events []event
		want   string
	}{
		{[]event{eof, one, silent}, "b (pid 1) in exit: EOF"}, // status 0 is what was asked for
		{[]event{eof, one, killed}, "a (pid 1) in exit: died of SIGKILL (killed)"},
		{[]event{eof, killed, one}, "a (pid 1) in exit: died of SIGKILL (killed)"},
		{[]event{killed, eof, one}, "a (pid 1) in exit: died of SIGKILL (killed)"},
		{[]event{eof, one, check}, "a (pid 1) in exit: damaged"},
		{[]event{eof, one, silent}, "a (pid 1) in round: exited with status 0"},
		{[]event{eof, one}, "b (pid 1) in exit: EOF"},
		{[]event{one}, "b (pid 1) in exit: exited with status 1"},
	} {
		l := twoParts()
		if strings.Contains(c.want, " in round: ") {
			l.phase = "round"
		}
		for _, e := range c.events[1:] {
			l.events <- e
		}
		if got := l.blame(c.events[0]).Error(); got != c.want {
			t.Errorf("%v: blamed %q, want %q", c.events, got, c.want)
		}
	}
}

// A worker that was killed is blamed, also where a busy machine lets its parent learn of
// it long after its peer has found the end of file.
func TestLateDeathIsBlamed(t *testing.T) {
	victim := exec.Command("sleep", "1000")
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	defer victim.Wait()
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool { return isExiting(victim.Process.Pid) }) {
		t.Fatal("a process that was killed does not end")
	}
	if isExiting(os.Getpid()) {
		t.Error("this process is taken for one that ends")
	}
	l := twoParts()
	l.workers[0].PID = victim.Process.Pid
	time.AfterFunc(2*hearOut, func() { l.events <- event{part: 0, ended: true, err: &DeathError{Signal: unix.SIGKILL}} })
	if got := l.blame(event{part: 1, err: across(t, io.EOF)}); rank(got) != rankDeath {
		t.Errorf("blamed %v", got)
	}
}
