package runner

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

func init() { impersonates["limited"] = limited }

// limited is a coordinator that may open no more than FILES descriptors.
func limited() int {
	n, err := strconv.ParseUint(os.Getenv("FILES"), 10, 32)
	if err == nil {
		err = syscall.Setrlimit(unix.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n})
	}
	if err == nil {
		err = onePingPong(Options{Shared: os.Getenv("SHARED") != "", Timeout: unhurried})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func onePingPong(o Options) error {
	s, err := Start(o)
	if err != nil {
		return err
	}
	return errors.Join(play(s, pipePong, 10, func(string) {}), s.Close())
}

// emfile is how a line must begin and end that says why there is no session.
var emfile = regexp.MustCompile(`^\S.*: too many open files\n$`)

// A coordinator that may open too few descriptors prints one line, however
// few they are.
func TestTooFewFiles(t *testing.T) {
	need.Time(t)
	for isShared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				if n > 4*minFiles {
					t.Fatalf("%d descriptors are not enough", n)
				}
				c, stderr := impersonate(t, "limited", shared(isShared), fmt.Sprint("FILES=", n))
				err := unlessHung(c.Start, c.Wait, func() { c.Process.Kill() })
				nothingLeft(t)
				if err == nil && stderr() == "" {
					t.Logf("%d descriptors are enough", n)
					return
				}
				if err == nil || err.Error() != "exit status 1" || !emfile.MatchString(stderr()) {
					t.Fatalf("with %d descriptors: %v\n%s", n, err, stderr())
				}
			}
		})
	}
}

// unhurried is a deadline that nothing misses but what hangs, however busy the
// machine is.
const unhurried = time.Minute

// unlessHung runs a process and kills it if it hangs.
func unlessHung(start, wait func() error, kill func()) error {
	if err := start(); err != nil {
		return err
	}
	late := time.AfterFunc(unhurried, kill)
	defer late.Stop()
	return wait()
}

// A session in which the Nth call for a descriptor fails refuses the launch
// with the call's error, leaves nothing behind, and goes on.
func TestSessionOutOfFiles(t *testing.T) {
	need.Time(t)
	for isShared, name := range isolated {
		for _, m := range mechanisms.All() {
			if isShared && !need.Long() && !slices.Contains(ofEachKind, m.Name) {
				continue // a mechanism makes the same calls in both
			}
			t.Run(name+"/"+m.Name, func(t *testing.T) {
				s := startSession(t, Options{Shared: isShared, Timeout: unhurried})
				c := roundTrip(m)
				if err := Admit(c, s.cpus); Unsupported(err) {
					t.Skip(err)
				}
				outOfFiles(t, s, c)
			})
		}
	}
}

func outOfFiles(t *testing.T, s *Coordinator, c results.Cell) {
	session := s.child.PID
	var limit unix.Rlimit
	if err := unix.Prlimit(session, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
		t.Fatal(err)
	}
	failures := map[string]int{}
	for limit.Cur = uint64(len(footprintOf(t, session).files)); ; limit.Cur++ { // what it has open it keeps
		if limit.Cur > 4*minFiles {
			t.Fatalf("%d descriptors are not enough beside %q: %v", limit.Cur, footprintOf(t, session).files, failures)
		}
		if err := unix.Prlimit(session, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
			t.Fatal(err)
		}
		err := play(s, c, 10, func(string) {})
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EMFILE) || strings.Contains(err.Error(), "\n") {
			t.Errorf("with %d descriptors: %v", limit.Cur, err)
		}
		failures[err.Error()]++
		nothingLeft(t)
		if s.child == nil || s.child.PID != session {
			t.Fatalf("with %d descriptors the session died: %v", limit.Cur, err)
		}
	}
	t.Log(failures)
	if len(failures) < 2 {
		t.Errorf("only %d calls failed", len(failures))
	}
}
