package conform

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/external"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/runner"
)

func TestMain(m *testing.M) {
	if len(os.Args) >= 3 && os.Args[1] == "rogue" {
		rogueMain(os.Args[2])
	}
	runner.Init()
	if len(os.Args) == 3 && os.Args[1] == "coordinate" {
		coordinate(os.Args[2])
	}
	expected = 100 * time.Millisecond // one of them stops in every workload
	flag.Parse()
	flag.Set("test.parallel", "8") // most tests wait for a deadline
	os.Exit(m.Run())
}

// What a declaration leaves out is skipped with the reason, and the rules about a
// receiver that waits are tried on the workload that is left.
func TestOneWorkload(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for sin, death := range map[string]Verdict{"none": Keeps, "blind": Breaks} {
		d := &external.Declaration{Name: "rogueone" + sin, Framing: "stream", Descriptors: "pipe", Senders: "many", PeerDeath: "error", Workloads: []string{"PingPong"},
			Program: mechanisms.Program{Command: []string{self, "rogue", sin}, Ends: "pipe", Plays: []string{"PingPong"}}}
		d.Sizes.Least, d.Sizes.Most = 64, 64
		if mechanisms.Lookup(d.Name) == nil { // -count 2
			d.Register()
		}
		timeout := time.Minute
		if sin == "blind" {
			timeout = 4 * time.Second // which passes
		}
		co, err := runner.Start(runner.Options{Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		defer co.Close()
		want := map[string]Verdict{"pingpong": Keeps, "stream": Skipped, "fanin": Skipped, "pipeline": Skipped, "sleeps": Keeps, "death": death, "unrelated": Skipped}
		for _, f := range Run(co, d, func(Finding) {}) {
			if f.Verdict != want[f.Rule] {
				t.Errorf("%s: %s %s: %s, want %s", sin, f.Rule, f.Verdict, f.Reason, want[f.Rule])
			}
			if f.Rule == "stream" && !strings.Contains(f.Reason, "Stream: its declaration has workloads: PingPong") {
				t.Errorf("Stream is skipped: %s", f.Reason)
			}
		}
	}
}

// A transport that keeps every rule breaks none, and each sin is named. Without
// IPCBENCH_LONG one sin of each kind is tried.
func TestRogues(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		sin, rule, want string // want: a pattern in the reason; "": it keeps every rule
	}{
		{sin: "none"},
		{"loses", "stream", `hung|lost|it sent no "done" in time`},
		{"doubles", "stream", `lost, doubled`},
		{"reorders", "stream", `reordered`},
		{"damages", "stream", `digest of the round's stamps`},
		{"damages the end", "stream", `CRC-32 of the payloads`},
		{"unsealed", "pingpong", `CRC-32 of the payloads`},
		{"cuts", "stream", `digest|it sent no "done" in time|hung`},
		{"few", "pingpong", `it sent \d+ messages, and the round has \d+`},
		{"early", "pingpong", `number of messages|it sent 0 messages`},
		{"clock", "pingpong", `ipcbench's clock \(CLOCK_MONOTONIC\)`},
		{"dies", "stream", `died of SIGKILL`},
		{"crashes", "pingpong", `died of SIGSEGV|exited with status 2`},
		{"stops", "pingpong", `it sent no "\w+" in time \(state T\)`},
		{"mute", "pingpong", `it sent no "\w+" in time`},
		{"exits", "pingpong", `exited with status 3: program .*: cannot find my configuration`},
		{"flood", "pingpong", `wrote more than 1MiB to its standard output and error, and was killed`},
		{"garbage", "pingpong", `does not keep to the protocol: .*GET`},
		{"endless line", "pingpong", `a line is longer than 1MiB`},
		{"closes control", "pingpong", `closed its control descriptor`},
		{"version", "pingpong", `speaks version "7" of the protocol, this ipcbench version 1`},
		{"out of turn", "pingpong", `it sent "done start=1 end=2" where "ready" was due`},
		{"says error", "pingpong", `it reports: connect: no such service`},
		{"stays", "pingpong", `did not end within .* of close`},
		{"status", "pingpong", `after close it ended with status 5, not with status 0`},
		{"base", "pingpong", `hello: built_on is "../pipe": want the name of a mechanism`},
		{"closes badly", "pingpong", `it reports: close: no such link`},
		{"children", "pingpong", `processes and threads, more than 256, and was killed`},
		{"spins", "sleeps", `did not sleep for .* of the time in which it waited`},
		{"blind", "death", `still waited a second later`},
	} {
		if !need.Long() && !slices.Contains([]string{"none", "damages", "dies", "stops", "exits", "flood", "garbage", "version", "children", "spins", "blind"}, test.sin) {
			continue
		}
		name := "rogue" + strings.ReplaceAll(test.sin, " ", "")
		d := &external.Declaration{Name: name, Framing: "stream", Descriptors: "pipe", Senders: "many", PeerDeath: "error",
			Program: mechanisms.Program{Command: []string{self, "rogue", test.sin}, Ends: "pipe"}}
		d.Sizes.Least, d.Sizes.Most = 64, 64
		if mechanisms.Lookup(name) == nil { // -count 2
			d.Register()
		}
		t.Run(test.sin, func(t *testing.T) {
			t.Parallel()           // most wait for a deadline
			timeout := time.Minute // on a busy machine to start takes seconds
			if slices.Contains([]string{"loses", "cuts", "stops", "mute", "stays", "blind", "out of turn"}, test.sin) {
				timeout = 4 * time.Second // which passes
			}
			co, err := runner.Start(runner.Options{Timeout: timeout})
			if err != nil {
				t.Fatal(err)
			}
			defer co.Close()
			var all []Finding
			for f := range findings(co, d) { // no further than to the rule that is broken
				all = append(all, f)
				switch broken := f.Verdict == Breaks; {
				case broken && f.Rule == test.rule:
					if !regexp.MustCompile(test.want).MatchString(f.Reason) {
						t.Errorf("%s: %s\nwant %s", f.Rule, f.Reason, test.want)
					}
					return
				case broken && test.rule == "":
					t.Errorf("%s: %s", f.Rule, f.Reason)
				}
			}
			if test.rule != "" {
				t.Errorf("rule %s is not broken: %+v", test.rule, all)
			}
		})
	}
}

// A receiver that waits for a CPU before it can sleep is looked at again.
func TestLook(t *testing.T) {
	failed := errors.New("it did not start")
	for _, test := range []struct {
		launches []idling
		want     idling
	}{
		{[]idling{{awake: 0.1, saw: "end"}}, idling{awake: 0.1, saw: "end"}},
		{[]idling{{awake: 0.75}, {awake: 0.2, saw: "end"}}, idling{awake: 0.2, saw: "end"}},
		{[]idling{{awake: 1}, {awake: 0.9}, {awake: 0.8}}, idling{awake: 0.8}},
		{[]idling{{awake: 1}, {err: failed}}, idling{err: failed}},
	} {
		n := 0
		got := look(3, func() *idling { n++; return &test.launches[n-1] })
		if *got != test.want || n != len(test.launches) {
			t.Errorf("launches %+v: %+v after %d", test.launches, *got, n)
		}
	}
}

// What a declaration does not state, or no message showed, is skipped rather than kept.
func TestUnrelated(t *testing.T) {
	r := rules[slices.IndexFunc(rules, func(r rule) bool { return r.name == "unrelated" })]
	for _, test := range []struct {
		unrelated   bool
		descriptors string
		tried       map[string]bool
		want        string
	}{
		{false, "", map[string]bool{"Stream": true}, "does not state unrelated: true"},
		{true, "", nil, "no message passed"},
		{true, "pipe", map[string]bool{"Stream": true}, "its parts inherit their ends"},
		{true, "", map[string]bool{"Stream": true}, ""},
	} {
		_, err := r.try(&bed{d: &external.Declaration{Unrelated: test.unrelated, Descriptors: test.descriptors}, tried: test.tried})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test, err)
		}
		if breaks := err != nil && !runner.Unsupported(err); breaks != (test.descriptors != "") {
			t.Errorf("%+v: breaks %v", test, breaks)
		}
	}
}

// A line of the protocol has no place for a directory with a blank.
func TestBlankInTMPDIR(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	d := parent("blank") // before the session starts, which knows the mechanisms of now
	co, err := runner.Start(runner.Options{Shared: true, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer co.Close()
	if l, err := co.Open((&bed{d: d}).cell("Stream", 64)); err == nil || !strings.Contains(err.Error(), "set TMPDIR to another") {
		t.Errorf("%v, %v", l, err)
	}
}

// An object in POSIX shared memory that is named after the program's directory goes
// with the launch, also where it is in no namespace of the run.
func TestNamedObject(t *testing.T) {
	token := rand.Text()
	d := parent(token)
	co, err := runner.Start(runner.Options{Shared: true, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer co.Close()
	l, err := co.Open((&bed{d: d}).cell("Stream", 64))
	if err != nil {
		t.Fatal(err)
	}
	left := func() []string {
		paths, _ := filepath.Glob("/dev/shm/*" + token)
		return paths
	}
	if len(left()) == 0 {
		t.Skip("the program can't make an object in /dev/shm")
	}
	for pid, args := range with(token) {
		if strings.Contains(args, "rogue parent") {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	l.Close() // which fails: its programs have died
	if all := left(); len(all) > 0 {
		t.Errorf("left: %v", all)
	}
}

// A launch that is given up leaves nothing, also where no PID namespace ends what a
// program has started.
func TestGivenUp(t *testing.T) {
	token := rand.Text()
	d := parent(token)
	co, err := runner.Start(runner.Options{Shared: true, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := co.Open((&bed{d: d}).cell("Stream", 64)); err != nil {
		co.Close()
		t.Fatal(err)
	}
	all := with(token)
	if len(all) != 4 {
		t.Errorf("want two programs with a child each, there is %v", all)
	}
	co.Close()
	ends(t, slices.Collect(maps.Keys(all)), 4)
}

// What a program does not support is skipped, with its reason.
func TestUnsupportedIsSkipped(t *testing.T) {
	self, _ := os.Executable()
	d := &external.Declaration{Name: "rogueunsupported", Framing: "stream", Descriptors: "pipe", Senders: "many", PeerDeath: "error", Sizes: external.Sizes{Least: 64, Most: 64},
		Program: mechanisms.Program{Command: []string{self, "rogue", "unsupported"}, Ends: "pipe"}}
	if mechanisms.Lookup(d.Name) == nil {
		d.Register()
	}
	co, err := runner.Start(runner.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer co.Close()
	for _, f := range Run(co, d, func(Finding) {})[:4] {
		if f.Verdict != Skipped || !strings.Contains(f.Reason, "the daemon is not installed") {
			t.Errorf("%s: %s, %s", f.Rule, f.Verdict, f.Reason)
		}
	}
}

// parent is a rogue that keeps every rule and has a child, of which the token is an
// argument.
func parent(token string) *external.Declaration {
	self, _ := os.Executable()
	d := &external.Declaration{Name: "rogue" + strings.ToLower(token) + "withachild", Framing: "stream", Descriptors: "pipe", Senders: "many", PeerDeath: "error",
		Program: mechanisms.Program{Command: []string{self, "rogue", "parent " + token}, Ends: "pipe"}}
	if mechanisms.Lookup(d.Name) == nil {
		d.Register()
	}
	return d
}

// coordinate opens a launch of a program with a child, and waits to be killed.
func coordinate(token string) {
	d := parent(token)
	co, err := runner.Start(runner.Options{Timeout: time.Minute})
	if err == nil {
		_, err = co.Open((&bed{d: d}).cell("Stream", 64))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("open")
	halt()
}

// with are the processes that have the token in an argument, and how each begins.
func with(token string) map[int]string {
	all := map[int]string{}
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		if pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file))); bytes.Contains(text, []byte(token)) {
			all[pid] = string(bytes.ReplaceAll(text, []byte{0}, []byte{' '}))
		}
	}
	return all
}

// below are the processes of a kind below a process: the first of their arguments
// begins with it.
func below(t *testing.T, pid int, kind string) (pids []int) {
	t.Helper()
	children, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range children {
		text, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(text)) {
			child, _ := strconv.Atoi(field)
			name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
			if bytes.HasPrefix(name, []byte(kind)) {
				pids = append(pids, child)
			}
			pids = append(pids, below(t, child, kind)...)
		}
	}
	return pids
}

// ends waits until so many of the processes have ended.
func ends(t *testing.T, pids []int, n int) {
	t.Helper()
	var fds []unix.PollFd
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if err == unix.ESRCH {
			n-- // it has already
			continue
		} else if err != nil {
			t.Skipf("pidfd_open: %v", err)
		}
		defer unix.Close(fd)
		fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	for ; n > 0; n-- {
		if ready, err := unix.Poll(fds, 60_000); err != nil && err != unix.EINTR || ready == 0 {
			t.Fatalf("%d processes more should have ended: %v", n, err)
		} else if err == unix.EINTR {
			n++
			continue
		}
		at := slices.IndexFunc(fds, func(f unix.PollFd) bool { return f.Revents != 0 })
		fds = slices.Delete(fds, at, at+1)
	}
}

// After kill -9 of the program, of its host, of the session or of the coordinator,
// neither a program nor a child of one is left. With a program or its host only that
// program and its child go: the session ends the rest when it is asked to.
func TestNothingIsLeft(t *testing.T) {
	for victim, gone := range map[string]int{"rogue parent": 2, "ipcbench-external": 2, "ipcbench-session": 4, "coordinate": 4} {
		t.Run(victim, func(t *testing.T) {
			t.Parallel()
			token := rand.Text()
			self, _ := os.Executable()
			c := exec.Command(self, "coordinate", token)
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { c.Process.Kill(); c.Wait() }()
			if line, _ := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
				t.Fatalf("no launch: %s", line)
			}
			all := with(token)
			delete(all, c.Process.Pid)
			if len(all) != 4 {
				t.Fatalf("want two programs with a child each, there is %v", all)
			}
			pid := c.Process.Pid
			switch {
			case victim == "rogue parent":
				for p, args := range all {
					if strings.Contains(args, victim) {
						pid = p
					}
				}
			case victim != "coordinate":
				hosts := below(t, pid, victim)
				if len(hosts) == 0 {
					t.Fatalf("there is no process %s", victim)
				}
				pid = hosts[0]
			}
			pids := slices.Collect(maps.Keys(all))
			syscall.Kill(pid, syscall.SIGKILL)
			ends(t, pids, gone)
		})
	}
}
