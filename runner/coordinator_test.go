package runner

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ipcbench/internal/need"
)

func init() { impersonates["coordinator"] = coordinate }

// coordinate is a coordinator in a process of its own: it plays launches until
// it is killed, and prints the name of each step before it.
func coordinate() int {
	shared := os.Getenv("SHARED") != ""
	s, err := Start(Options{Shared: shared})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer s.Close()
	cells := testCells(quiet{})
	next := rand.IntN(len(cells))
	for ; ; next++ {
		n := 10
		if os.Getenv("LONG") != "" {
			n = 1 << 24
		}
		err := play(s, cells[next%len(cells)], n, func(step string) { fmt.Println(step) })
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
}

// quiet is what testCells reports to outside of a test.
type quiet struct{ testing.TB }

func (quiet) Helper()             {}
func (quiet) Logf(string, ...any) {}
func (quiet) Fatal(args ...any)   { panic(fmt.Sprint(args...)) }

// impersonate prepares a process that runs impersonates[kind], with what it
// writes to standard error in a file of the test.
func impersonate(t *testing.T, kind string, env ...string) (c *exec.Cmd, stderr func() string) {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	c = exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), append(env, envImpersonate+"="+kind)...)
	c.Stderr = f
	return c, func() string {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

// victimise starts a coordinator, kills it when aim returns, and checks that
// nothing is left of it. Aim is given the steps, line by line.
func victimise(t *testing.T, aim func(steps *bufio.Scanner), env ...string) {
	t.Helper()
	c, stderr := impersonate(t, "coordinator", env...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c.Stdout = w
	err = c.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	aim(bufio.NewScanner(r))
	c.Process.Kill()
	if err := c.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the coordinator ended before it was killed: %v\n%s", err, stderr())
	}
	io.Copy(io.Discard, r)
	nothingLeft(t)
	if strings.Contains(stderr(), "goroutine ") {
		t.Errorf("a process left a trace:\n%s", stderr())
	}
}

// A killed coordinator takes everything with it, whenever.
func TestKillCoordinatorAnytime(t *testing.T) {
	r := random(t)
	for i := range max(1, killsOf(*kills)/4) {
		delay := time.Duration(r.Float64() * float64(120*time.Millisecond)) // start and some launches
		victimise(t, func(*bufio.Scanner) { <-time.After(delay) }, shared(i%2 == 1))
	}
}

// A killed coordinator takes everything with it, in every phase.
func TestKillCoordinatorInPhase(t *testing.T) {
	need.Time(t)
	for isShared, name := range isolated {
		for _, phase := range []string{"open", "round", "exit"} {
			t.Run(name+"/"+phase, func(t *testing.T) {
				env := []string{shared(isShared)}
				if phase == "round" {
					env = append(env, "LONG=1")
				}
				victimise(t, func(steps *bufio.Scanner) {
					for steps.Scan() && steps.Text() != phase {
					}
					if steps.Text() != phase {
						t.Errorf("no step %q", phase)
					}
				}, env...)
			})
		}
	}
}

// A session that is stopped dies with its coordinator all the same.
func TestKillCoordinatorOfStoppedSession(t *testing.T) {
	s := startSession(t, Options{})
	if s.journal != "" {
		t.Skip(s.Isolation) // it must notice, to clean up
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	victimise(t, func(steps *bufio.Scanner) {
		steps.Scan() // it is about to open the first launch: the session is up
		for _, p := range ourProcesses() {
			if strings.HasPrefix(p.command, "ipcbench-session") {
				halt(t, p)
			}
		}
	}, shared(false))
}

func shared(on bool) string {
	if on {
		return "SHARED=1"
	}
	return "SHARED="
}
