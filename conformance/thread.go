package conformance

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ipcbench/mechanisms"
)

// call is a function that runs on a thread of its own, in this process or another.
type call struct {
	pid, tid int // pid 0: this process
	done     chan error
}

// file is a file of its thread in /proc.
func (c call) file(name string) string {
	if c.pid == 0 {
		return fmt.Sprintf("/proc/self/task/%d/%s", c.tid, name)
	}
	return fmt.Sprintf("/proc/%d/task/%d/%s", c.pid, c.tid, name)
}

// switches is how often its thread has stopped running, willing or not.
func (c call) switches() (n int, err error) {
	path := c.file("status")
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	lines := 0
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		if !strings.HasSuffix(name, "voluntary_ctxt_switches") {
			continue
		}
		add, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil {
			return 0, fmt.Errorf("%s: %s: %w", path, name, err)
		}
		n, lines = n+add, lines+1
	}
	if lines != 2 {
		return 0, fmt.Errorf("%s: %d counts of switches, want 2", path, lines)
	}
	return n, nil
}

// thread runs f on a thread of its own.
func (b *bed) thread(f func() error) call {
	c := call{done: make(chan error, 1)}
	tid := make(chan int)
	b.run(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		tid <- syscall.Gettid()
		c.done <- f()
	})
	c.tid = <-tid
	return c
}

// stay keeps the caller on its thread until what it returns is called: the
// thread is what a signal is sent to.
func stay() (leave func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

// errReturned is a call that came back where it should have slept.
var errReturned = errors.New("returned, should wait")

// waits waits until the call is seen to wait, as the mechanism declares that a
// hop does: asleep, or awake.
func (b *bed) waits(c call, hop mechanisms.Hop) error {
	if b.m.Spins || slices.Contains(hop.Waits, "sched_yield") {
		return c.awake()
	}
	return c.asleep()
}

// asleep waits until the kernel shows that the thread sleeps, in one look after
// another, and did not run between them. A thread that only waits for its turn in this
// process gets it meanwhile: with one processor of Go's it sleeps whenever another
// looks.
func (c call) asleep() error {
	const looks = 10
	slept, before := 0, -1
	ok, err := until(time.Millisecond, settled, func() (bool, error) {
		select {
		case err := <-c.done:
			if err != nil {
				return false, fmt.Errorf("%w: %w", errReturned, err)
			}
			return false, errReturned
		default:
		}
		stat, err := readStat(c.file("stat"))
		if err != nil {
			return false, err
		}
		switches, err := c.switches()
		if err != nil {
			return false, err
		}
		if slept++; stat[statState] != "S" || switches != before {
			slept = 0
		}
		before = switches
		return slept == looks, nil
	})
	if err == nil && !ok {
		err = fmt.Errorf("thread %d does not sleep", c.tid)
	}
	return err
}

// awake waits a while, in which the call must not return, whatever its thread
// does meanwhile.
func (c call) awake() error {
	select {
	case err := <-c.done:
		return errors.Join(errReturned, err)
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}

// Fields of /proc/PID/stat after the name, proc(5).
const (
	statState  = 0
	statParent = 1
	statUser   = 11
	statSystem = 12
)

// readStat returns the fields of a stat file after the name, which may hold
// anything.
func readStat(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) <= statSystem {
		return nil, fmt.Errorf("%s: %d fields after the name", path, len(fields))
	}
	return fields, nil
}
