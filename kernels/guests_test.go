package kernels

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ipcbench/internal/need"
	"ipcbench/results"
	"ipcbench/semantics"
)

// machine is one on which the suite is tried: a program, and the kernel of the guest
// that runs it.
type machine struct {
	goarch  string // of the program
	pattern string // of the kernel's release, as scripts/fetch-debian-kernel takes it
	suite   string // Debian's that has it; "": the system's own
}

// machines are all. 386 runs under a 64-bit kernel.
var machines = []machine{
	{"amd64", "6.1.*-cloud-amd64", ""},
	{"386", "6.1.*-cloud-amd64", ""},
	{"arm64", "6.1.*-cloud-arm64", ""},
	{"arm64", "6.12.*-cloud-arm64", "trixie"},
	{"arm64", "6.12.*-arm64-16k", "trixie"}, // pages of 16 KiB
	{"riscv64", "6.12.*[0-9]-riscv64", "trixie"},
}

var (
	guestRules = flag.String("guest-rules", "", "conformance of these mechanisms in guests, a regular expression; default: all")
	machinesIn = flag.String("machines", "", "write what guests came to into this file, docs/machines.json, and the table beside it")
)

func (m machine) name() string {
	release, _, _ := strings.Cut(m.pattern, ".*")
	if strings.HasSuffix(m.pattern, "-16k") {
		release += "-16k"
	}
	return m.goarch + "_" + release
}

// fetch is the command that fetches its kernel.
func (m machine) fetch() string {
	s := "scripts/fetch-debian-kernel '" + m.pattern + "'"
	if m.suite != "" {
		s = "SUITE=" + m.suite + " " + s
	}
	return s
}

// result is what a machine came to.
type result struct {
	Program     string         `json:"program"`
	Kernel      string         `json:"kernel"`
	Page        int            `json:"page"`
	Rules       map[string]int `json:"rules"` // of conformance, by PASS, SKIP and FAIL
	Of          string         `json:"of"`    // mechanisms whose rules were played; "": all
	Statements  map[string]int `json:"statements"`
	Differs     []string       `json:"differs,omitempty"` // IDs of statements, and rules that failed
	RuleSkips   map[string]int `json:"rule_skips,omitempty"`
	StatedSkips map[string]int `json:"statement_skips,omitempty"`
}

// TestGuests plays the rules of conformance and the statements of semantics in a guest of
// each machine.
func TestGuests(t *testing.T) {
	if !need.Long() {
		t.Skip("minutes of a CPU for each guest: make machines plays them")
	}
	for _, m := range machines {
		t.Run(m.name(), func(t *testing.T) { m.play(t) })
	}
}

func (m machine) play(t *testing.T) {
	k, err := ParseKernel(m.kernel(t))
	if err != nil {
		t.Fatal(err)
	}
	qemu, err := Find(t.Context(), k.Arch)
	if err != nil {
		need.Missing(t, k.Arch.debian, err.Error())
	}
	t.Setenv("GOARCH", m.goarch)
	p := result{Program: m.goarch, Of: *guestRules}
	image := program(t)
	m.state(t, &p, &Runner{QEMU: qemu, Kernels: []Kernel{k}, Image: image})
	m.conform(t, &p, qemu, &k, image)
	p.keep(t)
}

// kernel is the newest that fits.
func (m machine) kernel(t *testing.T) string {
	t.Helper()
	var all []string
	for _, dir := range kernelDirs(t) {
		if ok, _ := filepath.Match(m.pattern, filepath.Base(dir)); ok {
			all = append(all, filepath.Join(dir, "vmlinuz-"+filepath.Base(dir)))
		}
	}
	if all == nil {
		need.Missing(t, "kernel-"+m.goarch, "no kernel "+m.pattern+": "+m.fetch()+" fetches one")
	}
	return slices.Max(all)
}

// state checks every statement. One that differs has its explanation, and one that is
// skipped its reason.
func (m machine) state(t *testing.T, p *result, r *Runner) {
	r.Plan = Plan{Accel: ICount, Boots: 1, Statements: true, Silent: 10 * time.Minute}
	r.Sink = func(int, results.Record) error { return nil }
	r.Checked = func(_ int, s *semantics.Report) error {
		p.Kernel, p.Page = s.Host.Kernel, s.Host.PageSize
		p.Statements, p.StatedSkips = map[string]int{}, map[string]int{}
		for _, f := range s.Findings {
			p.Statements[string(f.Verdict)]++
			switch f.Verdict {
			case semantics.Differs, semantics.Broken:
				p.Differs = append(p.Differs, f.ID)
				if explained[f.ID] == "" {
					t.Errorf("%s %s: %s: expected %s, observed %s %s", f.ID, f.Verdict, f.Statement, f.Expect, f.Observed, f.Reason)
				}
			case semantics.Skipped:
				p.StatedSkips[f.Reason]++
				if f.Reason == "" {
					t.Errorf("%s is skipped without a reason", f.ID)
				}
			}
		}
		return nil
	}
	if err := r.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// explained are the statements that differ on some machine, and why.
var explained = map[string]string{
	"the rules were not played to their end": "a guest of 256 MiB runs out of memory at pages of 16 KiB",
}

// conform plays the rules of conformance.
func (m machine) conform(t *testing.T, p *result, qemu QEMU, k *Kernel, image string) {
	test := built(t, "conformance", "ipcbench/conformance", "test", "-c")
	commands := [][]string{{"/conformance", "-test.v", "-test.timeout=0", "-test.run=TestConformance/" + cmp.Or(p.Of, "."), "-test.skip=TestConformance/.*/^(waits|batches|workload)$"}}
	console, gave, err := playInGuest(t, qemu, qemu.arguments(ICount, k.file(), ICount.commandLine(k), 1), image, suite{Commands: commands}, test)
	if err != nil {
		t.Fatalf("%v\n%s", err, console)
	}
	p.Rules, p.RuleSkips = map[string]int{}, map[string]int{}
	failed := p.count(console)
	if p.Rules["PASS"]+p.Rules["FAIL"] == 0 {
		p.Differs = append(p.Differs, "the rules were not played to their end")
	}
	if gave != "" || p.Rules["PASS"] == 0 || failed != nil {
		t.Errorf("%s; failed: %q\n%s", gave, failed, console)
	}
	if n := p.RuleSkips[""]; n > 0 {
		t.Errorf("%d rules are skipped without a reason", n)
	}
}

var (
	testNamed = regexp.MustCompile(`^=== (?:RUN|NAME|CONT) +(\S+)`)
	testSaid  = regexp.MustCompile(`^ +\w+\.go:\d+: (.*)`)
	testEnded = regexp.MustCompile(`^ *--- (PASS|SKIP|FAIL): (\S+)`)
)

// count counts the rules that a test with -test.v printed, and returns those that failed.
func (p *result) count(console string) (failed []string) {
	said, ended := map[string]string{}, map[string]string{}
	at := ""
	for lines := bufio.NewScanner(strings.NewReader(console)); lines.Scan(); {
		line := lines.Text()
		if f := testNamed.FindStringSubmatch(line); f != nil {
			at = f[1]
		} else if f := testSaid.FindStringSubmatch(line); f != nil {
			said[at] = f[1]
		} else if f := testEnded.FindStringSubmatch(line); f != nil {
			ended[f[2]] = f[1]
		}
	}
	for name, how := range ended {
		if how != "SKIP" && slices.ContainsFunc(slices.Collect(maps.Keys(ended)), func(n string) bool { return strings.HasPrefix(n, name+"/") }) {
			continue // it is its rules
		}
		p.Rules[how]++
		switch how {
		case "SKIP":
			p.RuleSkips[said[name]]++
		case "FAIL":
			failed = append(failed, name)
		}
	}
	slices.Sort(failed)
	p.Differs = append(p.Differs, failed...)
	return failed
}

var keeping sync.Mutex

// keep puts what a machine came to in the place of what it came to before.
func (p result) keep(t *testing.T) {
	if *machinesIn == "" {
		return
	}
	keeping.Lock()
	defer keeping.Unlock()
	all, err := readMachines(*machinesIn)
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(q result) bool { return q.Program == p.Program && q.Kernel == p.Kernel })
	all = append(all, p)
	slices.SortFunc(all, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.Program, b.Program), cmp.Compare(a.Kernel, b.Kernel))
	})
	text, err := json.MarshalIndent(all, "", "  ")
	if err == nil {
		err = os.WriteFile(*machinesIn, append(text, '\n'), 0o644)
	}
	if err == nil {
		err = os.WriteFile(strings.TrimSuffix(*machinesIn, ".json")+".md", machinesPage(all), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readMachines(path string) (all []result, err error) {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	return all, err
}

// machinesPage is docs/machines.md.
func machinesPage(all []result) []byte {
	var b bytes.Buffer
	b.WriteString(`# Machines

Guests in which the rules of conformance and the statements of ` + "`ipcbench semantics`" + ` were played, by ` + "`make machines`" + `. QEMU emulates each on an x86-64 host, and counts
instructions. The processor of a guest has one CPU: no order of memory was tried here. The rules ` + "`waits`, `batches` and `workload`" + ` are left out: they start processes by the hundred.

| program | kernel | page | rules of | passed | skipped | failed | statements hold | recorded | skipped | differ |
|---|---|---:|---|---:|---:|---:|---:|---:|---:|---:|
`)
	for _, p := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d | %d | %d | %d | %d | %d | %d |\n", p.Program, results.EscapeMarkdown(p.Kernel), results.FormatBytes(p.Page), results.EscapeMarkdown(cmp.Or(strings.Trim(p.Of, "^()$"), "all mechanisms")),
			p.Rules["PASS"], p.Rules["SKIP"], p.Rules["FAIL"], p.Statements["holds"], p.Statements["recorded"], p.Statements["skipped"], p.Statements["differs"]+p.Statements["broken"])
	}
	b.WriteString("\n## Skipped, by reason\n\n| program | kernel | what | number | reason |\n|---|---|---|---:|---|\n")
	for _, p := range all {
		for _, skips := range []struct {
			what string
			by   map[string]int
		}{{"rules", p.RuleSkips}, {"statements", p.StatedSkips}} {
			for _, reason := range slices.Sorted(maps.Keys(skips.by)) {
				fmt.Fprintf(&b, "| %s | %s | %s | %d | %s |\n", p.Program, results.EscapeMarkdown(p.Kernel), skips.what, skips.by[reason], results.EscapeMarkdown(reason))
			}
		}
	}
	b.WriteString("\n## Differ\n\n")
	none := true
	for _, p := range all {
		for _, id := range p.Differs {
			none = false
			fmt.Fprintf(&b, "* %s, %s: %s: %s\n", p.Program, results.EscapeMarkdown(p.Kernel), results.EscapeMarkdown(id), cmp.Or(explained[id], "not explained"))
		}
	}
	if none {
		b.WriteString("None.\n")
	}
	return b.Bytes()
}

// A machine that is played again takes the place of what it came to, and the page has its
// counts, its skips by reason and what differs.
func TestMachinesPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "machines.json")
	was := *machinesIn
	*machinesIn = path
	t.Cleanup(func() { *machinesIn = was })
	p := result{Program: "arm64", Kernel: "Linux 6.12", Page: 16 << 10, Of: "^(pipe|shmfutex)$", Rules: map[string]int{"PASS": 40, "SKIP": 2}, RuleSkips: map[string]int{"needs root": 2},
		Statements: map[string]int{"holds": 150, "skipped": 1, "differs": 1}, StatedSkips: map[string]int{"no hugepages": 1}, Differs: []string{"X99"}}
	(&result{Program: "riscv64", Kernel: "Linux 6.12"}).keep(t)
	(&result{Program: "arm64", Kernel: "Linux 6.12"}).keep(t)
	p.keep(t)
	page, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| arm64 | Linux 6.12 | 16KiB | pipe\\|shmfutex | 40 | 2 | 0 | 150 | 0 | 1 | 1 |\n| riscv64 |",
		"| arm64 | Linux 6.12 | rules | 2 | needs root |", "| statements | 1 | no hugepages |", "* arm64, Linux 6.12: X99: not explained",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

// Rules are counted from what a test prints, each skip with its reason.
func TestRulesCounted(t *testing.T) {
	p := result{Rules: map[string]int{}, RuleSkips: map[string]int{}}
	failed := p.count("=== RUN   TestConformance\n=== RUN   TestConformance/pipe\n=== RUN   TestConformance/pipe/ends\n=== RUN   TestConformance/pipe/killed\n    mechtest.go:90: needs root\n" +
		"=== RUN   TestConformance/pipe/limit\n=== RUN   TestConformance/fifo\n    mechtest.go:12: no directory\n--- FAIL: TestConformance (3.00s)\n    --- FAIL: TestConformance/pipe (2.00s)\n" +
		"        --- PASS: TestConformance/pipe/ends (0.00s)\n        --- SKIP: TestConformance/pipe/killed (0.00s)\n        --- FAIL: TestConformance/pipe/limit (0.00s)\n    --- SKIP: TestConformance/fifo (0.00s)\n")
	if !slices.Equal(failed, []string{"TestConformance/pipe/limit"}) || p.Rules["PASS"] != 1 || p.Rules["SKIP"] != 2 || p.RuleSkips["needs root"] != 1 || p.RuleSkips["no directory"] != 1 {
		t.Errorf("%q, %+v", failed, p)
	}
}
