package reexec

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// stateOf is the state of a process in proc_pid_stat(5).
func stateOf(t *testing.T, pid int) string {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	return string(stat[strings.LastIndexByte(string(stat), ')')+2])
}

// A group stops and goes on with this process, as one; a process that leads none
// does not.
func TestLead(t *testing.T) {
	leader, c := start(t, Command{Role: "parent", Name: "leader", Attr: syscall.SysProcAttr{Setpgid: true}})
	var child int
	if _, err := fmt.Sscan(receive(t, c), &child); err != nil {
		t.Fatal(err)
	}
	other, d := start(t, Command{Role: "echo", Name: "other"})
	for _, sig := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		stopped := sig == syscall.SIGSTOP
		Lead(sig)
		deadline := time.Now().Add(time.Minute)
		for _, pid := range []int{leader.PID, child} {
			for ; (stateOf(t, pid) == "T") != stopped; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%v: process %d is in state %s", sig, pid, stateOf(t, pid))
				}
			}
		}
		// The state is that of one thread. The parent hears of the stop when the last
		// one has stopped, waitpid(2).
		for ; !leader.TakeStops(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%v: its parent does not see it", sig)
			}
		}
	}
	if err := d.Send("x"); err != nil {
		t.Fatal(err)
	}
	receive(t, d)
	if other.TakeStops() {
		t.Error("a process that leads no group was stopped")
	}
}

// A follower is called until it leaves.
func TestFollow(t *testing.T) {
	var n atomic.Int32
	leave := Follow(func(syscall.Signal) { n.Add(1) })
	Lead(syscall.SIGCONT)
	leave()
	Lead(syscall.SIGCONT)
	if n.Load() != 1 {
		t.Errorf("called %d times, want 1", n.Load())
	}
}

// A deadline comes when its time has passed, not before, and not once it was ended.
func TestAfter(t *testing.T) {
	const d = 20 * time.Millisecond
	begun := time.Now()
	due, stop := After(d)
	<-due
	if took := time.Since(begun); took < d {
		t.Errorf("it came after %v, want %v", took, d)
	}
	stop()
	due, stop = After(time.Hour)
	stop()
	select {
	case <-due:
		t.Error("it came though it was ended")
	default:
	}
}

// waiter waits for a deadline, beside a process that was not stopped: it sends
// whether the deadline had come when it was continued.
func waiter() int {
	c := NewConn(FD(ControlFD), FD(ControlFD))
	var d time.Duration
	if c.Receive(&d) != nil {
		return 1
	}
	due, _ := After(d)
	c.Send("waits")
	var s string
	if c.Receive(&s) != nil {
		return 1
	}
	select {
	case <-due:
		s = "due"
	default:
		s = "not due"
	}
	c.Send(s)
	return 0
}

// The time in which a process was stopped does not make its deadline come, however
// long that was.
func TestDeadlineOutlastsStop(t *testing.T) {
	const d = 2 * time.Second
	p, c := start(t, Command{Role: "waiter", Name: "waiter", Attr: syscall.SysProcAttr{Setpgid: true}})
	if err := c.Send(d); err != nil {
		t.Fatal(err)
	}
	receive(t, c)
	Lead(syscall.SIGSTOP)
	for begun := time.Now(); time.Since(begun) < d+d/4 || stateOf(t, p.PID) != "T"; time.Sleep(time.Millisecond) {
	}
	if err := c.Send("now"); err != nil {
		t.Fatal(err)
	}
	Lead(syscall.SIGCONT)
	if got := receive(t, c); got != "not due" {
		t.Errorf("it was stopped for longer than its deadline, which is %s", got)
	}
}
