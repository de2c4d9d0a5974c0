package turns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ipcbench/internal/reexec"
	"ipcbench/results"
)

// unhurried is long enough for what takes no time, on a busy machine.
const unhurried = time.Minute

// trial is a plan whose commands run in a directory of their own, and what came of it.
type trial struct {
	Plan
	dir   string
	text  [2]bytes.Buffer
	notes []string
}

func newTrial(t *testing.T, a, b string) *trial {
	t.Helper()
	p := &trial{dir: t.TempDir()}
	t.Chdir(p.dir)
	p.Plan = Plan{Commands: [2]string{a, b}, Pairs: 3, Timeout: unhurried, Seed: 1, Stderr: os.Stderr,
		Before: func(int) {}, First: func(_, _ *results.Figures) error { return nil }, Note: func(what string) { p.notes = append(p.notes, what) }}
	for side := range p.Sides {
		p.Sides[side] = results.NewTurnWriter(&p.text[side], p.Commands[side])
		p.Sides[side].Run, p.Sides[side].Host = "id-"+string("ab"[side]), &results.Host{Kernel: "Linux"}
	}
	return p
}

// figures are the results of a side, one a line.
func (p *trial) figures(side int) (all []string) {
	for line := range strings.Lines(p.text[side].String()) {
		if strings.HasPrefix(line, "Benchmark") {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

func (p *trial) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each side runs once a pair, in an order that varies, between --prepare and
// --conclude, with its own name.
func TestRun(t *testing.T) {
	p := newTrial(t, `echo "a" >>log; echo '5 ns/op'`, `echo "b" >>log; echo '6 ns/op'; echo '8 ns/op'`)
	p.Pairs, p.Prepare, p.Conclude = 8, `echo "prepare $IPCBENCH_SIDE" >>log`, `echo "conclude $IPCBENCH_SIDE" >>log`
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	orders := map[string]int{}
	words := strings.Split(strings.TrimSpace(p.read(t, "log")), "\n")
	for pair := range p.Pairs {
		var order string
		for turn := range 2 {
			block := words[6*pair+3*turn:][:3]
			side := block[1]
			order += side
			if want := []string{"prepare " + side, side, "conclude " + side}; fmt.Sprint(block) != fmt.Sprint(want) {
				t.Errorf("pair %d: %q, want %q", pair, block, want)
			}
		}
		orders[order]++
	}
	if orders["ab"]+orders["ba"] != p.Pairs || orders["ab"] == 0 || orders["ba"] == 0 || len(words) != 6*p.Pairs {
		t.Errorf("orders %v in %d lines", orders, len(words))
	}
	if a, b := p.figures(0), p.figures(1); len(a) != 8 || len(b) != 8 || a[7] != "Benchmarkcommand 1 5 ns/op" || b[7] != "Benchmarkcommand 1 7 ns/op" {
		t.Errorf("figures %q and %q", a, b)
	}
	if want := "[--b prints command several times in an execution: their median is the figure]"; fmt.Sprint(p.notes) != want {
		t.Errorf("notes %q, want %s", p.notes, want)
	}
}

// The time of a command is its figure, whatever it prints.
func TestRunWall(t *testing.T) {
	p := newTrial(t, "echo NaN ns/op", "true")
	p.Wall = true
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for side := range p.Sides {
		for _, line := range p.figures(side) {
			f := strings.Fields(line)
			wall, _ := strconv.ParseFloat(f[2], 64)
			if cpu, err := strconv.ParseFloat(f[4], 64); err != nil || f[3] != "ns/op" || f[5] != "cpu-ns/op" || wall <= 0 || cpu < 0 {
				t.Errorf("%q", line)
			}
		}
	}
}

// What goes wrong is one line, which names the side and what to do.
func TestRunFails(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		change     func(*Plan)
		want       string
	}{
		{"a command fails", "echo 5 ms", "echo 5 ms; echo first >&2; echo no such data >&2; exit 7", nil, "--b, pair 1: exit status 7: no such data"},
		{"it fails without a word on standard error", "echo FAIL; exit 1", "echo 5 ms", nil, "--a, pair 1: exit status 1: FAIL"},
		{"it is not there", "./missing", "echo 5 ms", nil, "--a, pair 1: exit status 127: "},
		{"a signal", "kill -SEGV $$", "echo 5 ms", nil, "--a, pair 1: signal 11 (segmentation fault) ended it"},
		{"it prints nothing", "echo 5 ms", "true", nil, "--b, pair 1: it prints no figure: want Go benchmark format, or lines such as `123.4 ns/op` or `lookup 5120 MB/s` on standard output; --measure wall takes the time of the command instead"},
		{"no number", "echo 5 ms", "echo ok; echo NaN ms", nil, "--b, pair 1: standard output:2: NaN ms: want a number: Benchmarkcommand 1 NaN ms"},
		{"other names", "echo get 5 ms; echo put 6 ms", "echo fetch 5 ms", nil, "no name is on both sides: --a prints get, put, --b prints fetch: print what is to be compared under one name"},
		{"too late", "echo 5 ms", "sleep 1000", func(p *Plan) { p.Timeout = 100 * time.Millisecond }, "--b, pair 1: it did not end within 100ms: --timeout gives it more"},
		{"too much", "head -c 17000000 /dev/zero; echo 5 ms", "echo 5 ms", nil, "--a, pair 1: it printed more than 16 MiB"},
		{"prepare fails", "echo 5 ms", "echo 5 ms", func(p *Plan) { p.Prepare = "exit 3" }, "--b, pair 1: --prepare: exit status 3"},
		{"conclude fails", "echo 5 ms", "echo 5 ms", func(p *Plan) { p.Conclude = "exit 4" }, "--b, pair 1: --conclude: exit status 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newTrial(t, tt.a, tt.b)
			if tt.change != nil {
				tt.change(&p.Plan)
			}
			err := p.Run(t.Context())
			// Either side may come first.
			got := strings.Replace(fmt.Sprint(err), "--a, pair 1: --", "--b, pair 1: --", 1)
			if err == nil || got != tt.want && !(strings.HasSuffix(tt.want, ": ") && strings.HasPrefix(got, tt.want)) || strings.Contains(got, "\n") {
				t.Errorf("%v, want %s", err, tt.want)
			}
			if p.text[0].Len()+p.text[1].Len() > 0 {
				t.Errorf("half of a pair was written: %s%s", p.text[0].String(), p.text[1].String())
			}
		})
	}
}

// --conclude runs after a command that failed: it cleans up.
func TestConcludeAfterFailure(t *testing.T) {
	p := newTrial(t, "exit 1", "exit 1")
	p.Conclude = "echo done >>log"
	if err := p.Run(t.Context()); err == nil || p.read(t, "log") != "done\n" {
		t.Errorf("%v; %q", err, p.read(t, "log"))
	}
}

// What one side alone prints is said once.
func TestNotCommon(t *testing.T) {
	p := newTrial(t, "printf 'get 5 ms\nput 6 ms\n'", "printf 'get 5 ms\n'")
	if err := p.Run(t.Context()); err != nil || fmt.Sprint(p.notes) != "[--a alone prints put: not compared]" {
		t.Errorf("%v, %q", err, p.notes)
	}
}

// gone waits for the end of the process whose number is in a file.
func gone(t *testing.T, p *trial, file string) {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(p.read(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(unhurried); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d goes on: %s", pid, stat)
		}
	}
}

// What --prepare leaves running is there for the command and for --conclude, and ends
// with the execution. So does what the command leaves.
func TestLeftRunning(t *testing.T) {
	p := newTrial(t, "kill -0 $(cat server) && sleep 1000 & echo $! >left; echo 5 ms", "echo 5 ms")
	p.Pairs, p.Prepare, p.Conclude = 1, "sleep 1000 & echo $! >server", "kill -0 $(cat server)"
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone(t, p, "server")
	gone(t, p, "left")
}

// Once ctx is done the group of the command ends, also if it heeds no SIGTERM.
func TestCancel(t *testing.T) {
	for name, command := range map[string]string{
		"heeds":   "sleep 1000 & echo $! >child; wait",
		"ignores": "trap '' TERM; sleep 1000 & echo $! >child; wait; sleep 1000",
	} {
		t.Run(name, func(t *testing.T) {
			p := newTrial(t, command, command)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for p.child() == "" {
					time.Sleep(time.Millisecond)
				}
				cancel()
			}()
			if err := p.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			gone(t, p, "child")
		})
	}
}

// child is the number that a command has written, whole.
func (p *trial) child() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "child"))
	number, whole := strings.CutSuffix(string(text), "\n")
	if !whole {
		return ""
	}
	return number
}

// A pair in which an execution was stopped is run again: its time says nothing.
func TestStopped(t *testing.T) {
	// The shell starts no process while it waits: one that is stopped between vfork and
	// execve would leave the shell waiting for it (D), and never stopped (T).
	p := newTrial(t, "echo x >>runs; if [ ! -e stopped ]; then echo $$ >child; while [ ! -e stopped ]; do :; done; fi; echo 5 ms", "echo 5 ms")
	p.Pairs = 2
	go func() {
		for p.child() == "" {
			time.Sleep(time.Millisecond)
		}
		for stat := ""; !strings.Contains(stat, ") T "); time.Sleep(time.Millisecond) {
			reexec.Lead(syscall.SIGSTOP) // it may not follow yet
			text, _ := os.ReadFile("/proc/" + p.child() + "/stat")
			stat = string(text)
		}
		os.WriteFile(filepath.Join(p.dir, "stopped"), nil, 0o600)
		reexec.Lead(syscall.SIGCONT)
	}()
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if runs, written := strings.Count(p.read(t, "runs"), "x"), len(p.figures(0)); runs != 3 || written != 2 {
		t.Errorf("%d executions and %d figures of 2 pairs, of which one was stopped", runs, written)
	}
}
