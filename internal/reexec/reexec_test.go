package reexec

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const processes = Variable("IPCBENCH_TEST_REEXEC")

func TestMain(m *testing.M) {
	processes.Become(map[string]func() int{"echo": echo, "parent": parent, "waiter": waiter})
	os.Exit(m.Run())
}

// echo sends back what it receives, and its environment.
func echo() int {
	c := NewConn(FD(ControlFD), FD(ControlFD))
	for {
		var s string
		if c.Receive(&s) != nil {
			return 3
		}
		if c.Send(s+" "+os.Args[1]+" "+processes.Role()+strings.Join(os.Environ(), " ")) != nil {
			return 4
		}
	}
}

// parent starts an echo in its process group, and sends its number.
func parent() int {
	p, err := processes.Start(Command{Role: "echo", Name: "child", Stdio: [3]int{Null, 2, 2}})
	if err != nil {
		return 1
	}
	NewConn(FD(ControlFD), FD(ControlFD)).Send(fmt.Sprint(p.PID))
	p.Wait()
	return 0
}

func start(t *testing.T, c Command) (*Process, *Conn) {
	t.Helper()
	c.Stdio = [3]int{Null, 2, 2}
	p, err := processes.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		p.Wait()
		unix.Close(p.Control)
	})
	return p, NewConn(FD(p.Control), FD(p.Control))
}

func receive(t *testing.T, c *Conn) (s string) {
	t.Helper()
	if err := c.Receive(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// A process has its role, its argument and its environment, and none of what is
// not handed on; it ends when its connection closes.
func TestStart(t *testing.T) {
	t.Setenv("SECRET", "x")
	t.Setenv("HANDED", "on")
	p, c := start(t, Command{Role: "echo", Name: "name", Env: []string{"OWN=1"}, HandOn: []string{"HANDED", "ABSENT"}})
	if err := c.Send("hello"); err != nil {
		t.Fatal(err)
	}
	got := receive(t, c)
	if !strings.HasPrefix(got, "hello name GORACE=") || !strings.Contains(got, "OWN=1") || !strings.Contains(got, "HANDED=on") || strings.Contains(got, "SECRET") || strings.Contains(got, "ABSENT") {
		t.Errorf("it sent %q", got)
	}
	if status, ended := p.Reap(); ended {
		t.Errorf("it ended with %v", status)
	}
	unix.Shutdown(p.Control, unix.SHUT_WR)
	for range 2 {
		if status := p.Wait(); status.ExitStatus() != 3 {
			t.Errorf("exit status %d, want 3", status.ExitStatus())
		}
	}
	if status, ended := p.Reap(); !ended || status.ExitStatus() != 3 {
		t.Errorf("afterwards: %v, %v", status, ended)
	}
	if err := c.Receive(&got); !errors.Is(err, io.EOF) {
		t.Errorf("of a process that has gone it reads %v, want EOF", err)
	}
	if err := c.Send("x"); !errors.Is(err, unix.EPIPE) {
		t.Errorf("to a process that has gone it writes with %v, want EPIPE", err)
	}
}

// The whole group is killed, and what comes after the leader was reaped is not.
func TestKillGroup(t *testing.T) {
	p, c := start(t, Command{Role: "parent", Name: "leader", Attr: syscall.SysProcAttr{Setpgid: true}})
	var child int
	if _, err := fmt.Sscan(receive(t, c), &child); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.PidfdOpen(child, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	p.KillGroup()
	if status := p.Wait(); status.Signal() != syscall.SIGKILL {
		t.Errorf("the leader ended with %v", status)
	}
	ended := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(ended, 60_000)
		if err == unix.EINTR {
			continue
		}
		if n != 1 || err != nil {
			t.Errorf("process %d of the group lives: %v", child, err)
			unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		}
		break
	}
	p.Kill() // its number may be another's: nothing to see but that it returns
	p.KillGroup()
}
