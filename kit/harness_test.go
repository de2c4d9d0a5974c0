package kit_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
)

// example is a transport of examples/, which plays on a kit.
type example struct {
	name  string
	pipes bool // its links are descriptors that the harness hands over
	build func(t testing.TB, out string) (command []string)

	building sync.Mutex
	command  []string // nil: it was not built
}

var examples = []*example{
	{name: "c-pipe", pipes: true, build: buildC("pipe")},
	{name: "c-socket", pipes: false, build: buildC("socket")},
	{name: "go-pipe", pipes: true, build: buildGo("pipe")},
	{name: "go-socket", pipes: false, build: buildGo("socket")},
	{name: "python-pipe", pipes: true, build: python("pipe.py")},
	{name: "python-socket", pipes: false, build: python("unixsocket.py")},
	{name: "readme", pipes: false, build: buildReadme},
	{name: "readme-python", pipes: false, build: readmePython},
}

var binaries string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if binaries, err = os.MkdirTemp("", "kit"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(binaries)
		return m.Run()
	}())
}

// program builds the example, once.
func (x *example) program(t testing.TB) []string {
	t.Helper()
	x.building.Lock()
	defer x.building.Unlock()
	if x.command == nil {
		x.command = x.build(t, filepath.Join(binaries, x.name))
	}
	return x.command
}

// compile runs a compiler, which may print nothing.
func compile(t testing.TB, dir, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
}

// strict are the options with which a user's compiler might look at the kit.
var strict = []string{"-O2", "-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror", "-I../../kit/c"}

// packages are Debian's that have a compiler.
var packages = map[string]string{"gcc": "gcc libc6-dev", "g++": "g++", "clang": "clang", "clang++": "clang", "musl-gcc": "musl-tools"}

func compiler(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		need.Missing(t, name, name+" is missing: on Debian, apt-get install "+packages[name])
	}
	return path
}

func buildC(name string) func(testing.TB, string) []string {
	return func(t testing.TB, out string) []string {
		t.Helper()
		compile(t, "../examples/c-"+name, compiler(t, "gcc"), append(strict, "-std=c99", "-o", out, name+".c")...)
		return []string{out}
	}
}

// buildReadme builds the program that README.md shows.
func buildReadme(t testing.TB, out string) []string {
	t.Helper()
	shown(t, "c", out+".c")
	compile(t, "../examples/c-pipe", compiler(t, "gcc"), append(strict, "-std=c99", "-o", out, out+".c")...)
	return []string{out}
}

// shown writes the first program in a language that README.md shows.
func shown(t testing.TB, language, path string) {
	t.Helper()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(page), "```"+language+"\n")
	program, _, _ = strings.Cut(program, "```")
	if err := os.WriteFile(path, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
}

func buildGo(name string) func(testing.TB, string) []string {
	return func(t testing.TB, out string) []string {
		t.Helper()
		compile(t, "../examples/go-"+name, "go", "build", "-o", out, ".")
		return []string{out}
	}
}

// readmePython has the kit beside the program, as README.md asks.
func readmePython(t testing.TB, out string) []string {
	t.Helper()
	kit, err := os.ReadFile("python/ipcbench.py")
	if err == nil {
		err = errors.Join(os.Mkdir(out, 0o700), os.WriteFile(out+"/ipcbench.py", kit, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	shown(t, "python", out+"/mine.py")
	return []string{interpreter(t), "-S", out + "/mine.py"}
}

func python(file string) func(testing.TB, string) []string {
	return func(t testing.TB, out string) []string {
		t.Helper()
		path, err := filepath.Abs("../examples/" + filepath.Base(out) + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		return []string{interpreter(t), "-S", path}
	}
}

// interpreter is that of Python: python3 may be a script that looks for it, 300 ms a start.
func interpreter(t testing.TB) string {
	t.Helper()
	path, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		need.Missing(t, "python3", "python3 is missing: on Debian, apt-get install python3")
	}
	return strings.TrimSpace(string(path))
}

// patience is how long a program may take for an answer: only a hang misses it.
const patience = time.Minute

// process is a started example and the harness's end of its control descriptor.
type process struct {
	t       testing.TB
	what    string
	cmd     *exec.Cmd
	control *os.File
	lines   *bufio.Reader
	stderr  bytes.Buffer
	ended   func() error
}

// start starts a program with these descriptors, from 4 on.
func start(t testing.TB, command []string, what string, fds ...*os.File) *process {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(pair[0], true); err != nil { // for the deadline
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "control")
	p := &process{t: t, what: what, control: os.NewFile(uintptr(pair[0]), "control")}
	p.lines = bufio.NewReader(p.control)
	p.control.SetDeadline(time.Now().Add(patience))
	p.cmd = exec.Command(command[0], command[1:]...)
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = append(os.Environ(), "PYTHONPYCACHEPREFIX="+binaries)
	p.cmd.Stderr = &p.stderr
	p.cmd.ExtraFiles = append([]*os.File{theirs}, fds...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	p.ended = sync.OnceValue(func() error {
		hang := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
		defer hang.Stop()
		return p.cmd.Wait()
	})
	t.Cleanup(func() {
		p.control.Close()
		p.cmd.Process.Kill()
		p.ended()
	})
	return p
}

// say sends a line.
func (p *process) say(format string, args ...any) {
	p.t.Helper()
	p.control.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(p.control, format+"\n", args...); err != nil {
		p.t.Fatalf("%s: %v", p.what, err)
	}
}

// line is the next answer.
func (p *process) line() string {
	p.t.Helper()
	line, err := p.lines.ReadString('\n')
	if err != nil {
		p.t.Fatalf("%s: no answer but %q: %v\n%s", p.what, line, err, &p.stderr)
	}
	return strings.TrimSuffix(line, "\n")
}

// want is the answer, whose word must be this one, by the names of its fields.
func (p *process) want(word string) map[string]string {
	p.t.Helper()
	line := p.line()
	words := strings.Split(line, " ")
	if words[0] != word {
		p.t.Fatalf("%s: answer %q, want %s\n%s", p.what, line, word, &p.stderr)
	}
	fields := map[string]string{}
	for _, f := range words[1:] {
		key, value, ok := strings.Cut(f, "=")
		if !ok && word != "unsupported" {
			p.t.Fatalf("%s: answer %q: %q is no field", p.what, line, f)
		}
		fields[key] = value
	}
	return fields
}

// leave waits for the end of the process and returns its status.
func (p *process) leave() int {
	p.t.Helper()
	var status *exec.ExitError
	if err := p.ended(); err != nil && !errors.As(err, &status) {
		p.t.Fatalf("%s: %v", p.what, err)
	}
	if s := p.cmd.ProcessState.Sys().(syscall.WaitStatus); s.Signaled() {
		p.t.Fatalf("%s: ended by signal %v\n%s", p.what, s.Signal(), &p.stderr)
	}
	return p.cmd.ProcessState.ExitCode()
}

// part is what one process of a workload does, on which links; -1: none.
type part struct {
	play    string
	out, in int
	origin  int
	share   int // of the operations, in 1/2
}

// workload is a set of parts. All play on a kit.
type workload struct {
	name    string
	senders []int // by link
	parts   []part
}

var workloads = []workload{
	{"stream", []int{1}, []part{{"send", 0, -1, 0, 2}, {"receive", -1, 0, 0, 2}}},
	{"pingpong", []int{1, 1}, []part{{"call", 0, 1, 0, 2}, {"forward", 1, 0, 0, 2}}},
	{"fanin", []int{2}, []part{{"receive", -1, 0, 0, 2}, {"send", 0, -1, 0, 1}, {"send", 0, -1, 1, 1}}},
	{"pipeline", []int{1, 1}, []part{{"send", 0, -1, 0, 2}, {"forward", 1, 0, 0, 2}, {"receive", -1, 1, 0, 2}}},
}

// launch is the processes of a workload, up to the lines of their links.
func launch(t testing.TB, x *example, w workload, size int) (all []*process) {
	t.Helper()
	dir := t.TempDir()
	pipes := make([][2]*os.File, len(w.senders))
	for i := range pipes {
		if x.pipes {
			r, s, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer s.Close()
			pipes[i] = [2]*os.File{r, s}
		}
	}
	for i, a := range w.parts {
		var links []string
		var fds []*os.File
		for n := range w.senders {
			for way, link := range []int{a.in, a.out} {
				if link != n {
					continue
				}
				line := fmt.Sprintf("link number=%d way=%s senders=%d receivers=1 colour=blue", n, []string{"receive", "send"}[way], w.senders[n])
				if way == 1 {
					line += " origin=" + strconv.Itoa(a.origin)
				}
				if x.pipes {
					line += " fd=" + strconv.Itoa(4+len(fds))
					fds = append(fds, pipes[n][way])
				}
				links = append(links, line)
			}
		}
		p := start(t, x.program(t), fmt.Sprintf("%s of part %d", a.play, i), fds...)
		p.say("part play=%s workload=Test role=part%d size=%d queue=0 dir=%s colour=blue", a.play, i, size, dir)
		for _, line := range links {
			p.say("%s", line)
		}
		all = append(all, p)
	}
	return all
}

// open goes on up to the first round. False: a part cannot play, and its reason is
// the one to be expected.
func open(t testing.TB, all []*process, unsupported string) bool {
	t.Helper()
	for _, p := range all {
		if hello := p.want("hello"); hello["protocol"] != "1" || hello["name"] == "" || hello["version"] == "" || hello["kit"] == "" {
			t.Fatalf("%s: hello with %v", p.what, hello)
		}
	}
	for _, step := range [][2]string{{"make", "made"}, {"open", "ready"}} {
		for _, p := range all {
			p.say("%s", step[0])
		}
		for _, p := range all {
			line := p.line()
			if why, ok := strings.CutPrefix(line, "unsupported "); ok && unsupported != "" && strings.Contains(why, unsupported) {
				return false
			}
			if line != step[1] {
				t.Fatalf("%s: answer %q, want %s\n%s", p.what, line, step[1], &p.stderr)
			}
		}
	}
	if unsupported != "" {
		t.Fatalf("all parts can play; want one that answers: unsupported … %s …", unsupported)
	}
	return true
}

func now() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}
