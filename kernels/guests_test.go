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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ipcbench/internal/golden"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/sockets/netconn"
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
	{"amd64", "5.10.*-cloud-amd64", "bullseye-security"},
	{"amd64", "6.1.*-cloud-amd64", ""},
	{"amd64", "6.12.*-cloud-amd64", "trixie"},
	{"amd64", "7.2.*-cloud-amd64", "sid"},
	{"amd64", "7.3.*-cloud-amd64", "trixie-backports"},
	{"386", "6.1.*-cloud-amd64", ""},
	{"arm64", "6.1.*-cloud-arm64", ""},
	{"arm64", "6.12.*-cloud-arm64", "trixie"},
	{"arm64", "6.12.*-arm64-16k", "trixie"}, // pages of 16 KiB
	{"riscv64", "6.12.*[0-9]-riscv64", "trixie"},
}

var (
	guestRules      = flag.String("guest-rules", "", "conformance of these mechanisms in guests, a regular expression; default: all; none: -")
	guestStatements = flag.Bool("guest-statements", true, "check the statements of semantics in guests")
	machinesIn      = flag.String("machines", "", "write what guests came to into this file, docs/machines.json, and the table beside it; what is not played stays")
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
	Program     string            `json:"program"`
	Kernel      string            `json:"kernel"`
	Page        int               `json:"page"`
	Rules       map[string]*ruled `json:"rules"` // of conformance, by mechanism
	Statements  map[string]int    `json:"statements"`
	Differs     []string          `json:"differs,omitempty"` // IDs of statements
	StatedSkips map[string]int    `json:"statement_skips,omitempty"`
}

// ruled is what a mechanism's rules came to on a machine.
type ruled struct {
	Passed int            `json:"passed"`
	Skips  map[string]int `json:"skips,omitempty"` // by reason
	Failed []string       `json:"failed,omitempty"`
}

func (r *ruled) skipped() (n int) {
	for _, of := range r.Skips {
		n += of
	}
	return n
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
	image := program(t)
	p := result{Program: m.goarch, Kernel: "Linux " + strings.TrimPrefix(filepath.Base(k.Path), "vmlinuz-"), Page: pageOf(t, &k)}
	if *guestStatements {
		m.state(t, &p, &Runner{QEMU: qemu, Kernels: []Kernel{k}, Image: image})
	}
	if *guestRules != "-" {
		m.conform(t, &p, qemu, &k, image)
	}
	p.keep(t)
}

// pageOf is the size of the kernel's pages, in bytes. Only an Image for arm64 may have
// others than of 4 KiB, and states it in its flags (Documentation/arch/arm64/booting.rst).
func pageOf(t *testing.T, k *Kernel) int {
	t.Helper()
	if k.Arch != arm64 {
		return 4 << 10
	}
	f, err := os.Open(k.file())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var flags [8]byte
	if _, err := f.ReadAt(flags[:], 24); err != nil {
		t.Fatal(err)
	}
	return 4 << 10 << (2 * max(0, int(flags[0]>>1&3)-1))
}

// roomy gives a guest of the suite 512 MiB, and as many times that as its pages are larger
// than 4 KiB: what a process holds is counted in pages. With 256 MiB one of 16 KiB
// pages has no memory left for the runtimes of a launch's processes.
func roomy(args []string, page int) []string {
	args = slices.Clone(args)
	args[slices.Index(args, "-m")+1] = strconv.Itoa(512 * page / 4096)
	return args
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
		if s.Host.Kernel != p.Kernel || s.Host.PageSize != p.Page {
			t.Errorf("the guest is %s with pages of %d bytes, want %s with %d", s.Host.Kernel, s.Host.PageSize, p.Kernel, p.Page)
		}
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

// explained are the statements and rules that differ on some machine, and why.
var explained = map[string]string{}

// conform plays the rules of conformance.
func (m machine) conform(t *testing.T, p *result, qemu QEMU, k *Kernel, image string) {
	files := []string{built(t, "conformance", "ipcbench/conformance", "test", "-c")}
	s := suite{Commands: [][]string{{"/conformance", "-test.v=test2json", "-test.timeout=0", "-test.run=TestConformance/" + cmp.Or(*guestRules, "."), "-test.skip=TestConformance/.*/^(waits|batches|workload)$"}}}
	for _, name := range socketModules { // built into some kernels
		if file := filepath.Join(filepath.Dir(k.Path), "modules", name+".ko"); exists(file) {
			files, s.Modules = append(files, file), append(s.Modules, "/"+name+".ko")
		}
	}
	console, gave, err := playInGuest(t, qemu, roomy(qemu.arguments(ICount, k.boots(ICount), ICount.commandLine(k), 1), p.Page), image, s, files...)
	p.count(console)
	if err != nil {
		t.Errorf("%v\n%s", err, console)
	}
	unexplained := gave != "" && len(p.failed()) == 0 || len(p.Rules) == 0
	for _, name := range p.failed() {
		unexplained = unexplained || explained[name] == ""
	}
	if unexplained {
		t.Errorf("%s; failed: %q\n%s", gave, p.failed(), console)
	}
	for name, r := range p.Rules {
		if n := r.Skips[""]; n > 0 {
			t.Errorf("%s: %d rules are skipped without a reason", name, n)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// failed are the rules that failed, as mechanism/rule.
func (p *result) failed() (all []string) {
	for _, name := range slices.Sorted(maps.Keys(p.Rules)) {
		for _, rule := range p.Rules[name].Failed {
			all = append(all, name+"/"+rule)
		}
	}
	return all
}

var (
	testNamed = regexp.MustCompile(`^\x16?=== (?:RUN|NAME|CONT) +(\S+)`)
	testSaid  = regexp.MustCompile(`^ +\w+\.go:\d+: (.*)`)
	testEnded = regexp.MustCompile(`^\x16? *--- (PASS|SKIP|FAIL): (\S+)`)
)

// unended is a rule that began, and of which no end was printed: its guest died.
const unended = " (it did not end)"

// count counts the rules that a test with -test.v=test2json printed, as soon as each
// ended. What fits no rule, as a mechanism that is skipped as a whole, counts as one.
func (p *result) count(console string) {
	p.Rules = map[string]*ruled{}
	said, ended := map[string]string{}, map[string]string{}
	var begun []string
	at := ""
	for lines := bufio.NewScanner(strings.NewReader(console)); lines.Scan(); {
		line := lines.Text()
		if f := testNamed.FindStringSubmatch(line); f != nil {
			at = f[1]
			if !slices.Contains(begun, at) {
				begun = append(begun, at)
			}
		} else if f := testSaid.FindStringSubmatch(line); f != nil {
			said[at] = f[1]
		} else if f := testEnded.FindStringSubmatch(line); f != nil {
			ended[f[2]] = f[1]
		}
	}
	for _, name := range begun {
		parts := strings.SplitN(name, "/", 3)
		if len(parts) < 2 {
			continue
		}
		r := p.Rules[parts[1]]
		if r == nil {
			r = &ruled{Skips: map[string]int{}}
			p.Rules[parts[1]] = r
		}
		whole := len(parts) == 2
		if whole && ended[name] != "SKIP" && slices.ContainsFunc(begun, func(n string) bool { return strings.HasPrefix(n, name+"/") }) {
			continue // it is its rules
		}
		rule := "all"
		if !whole {
			rule = parts[2]
		}
		switch ended[name] {
		case "PASS":
			r.Passed++
		case "SKIP":
			r.Skips[said[name]]++
		case "FAIL":
			r.Failed = append(r.Failed, rule)
		default:
			r.Failed = append(r.Failed, rule+unended)
		}
	}
}

var keeping sync.Mutex

// keep puts what was played on a machine in the place of what that came to before.
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
	all = slices.DeleteFunc(all, func(q result) bool {
		if q.Program != p.Program || q.Kernel != p.Kernel {
			return false
		}
		if p.Statements == nil {
			p.Statements, p.Differs, p.StatedSkips = q.Statements, q.Differs, q.StatedSkips
		}
		rules := maps.Clone(q.Rules)
		maps.Copy(rules, p.Rules)
		p.Rules = rules
		return true
	})
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
	names := mechanismNames()
	fmt.Fprintf(&b, `# Machines

Guests in which the rules of conformance and the statements of `+"`ipcbench semantics`"+` were played, by `+"`make machines`"+`. QEMU emulates each on an x86-64 host, and counts
instructions. The processor of a guest has one CPU: no order of memory was tried here. The rules `+"`waits`, `batches` and `workload`"+` are left out: they start processes by the hundred.
A guest with pages of 4 KiB has 512 MiB of memory, one with larger pages as many times that. There are %d mechanisms.

| program | kernel | page | mechanisms | rules passed | skipped | failed | statements hold | recorded | skipped | differ |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
`, len(names))
	for _, p := range all {
		passed, skipped, failed := 0, 0, 0
		for _, r := range p.Rules {
			passed, skipped, failed = passed+r.Passed, skipped+r.skipped(), failed+len(r.Failed)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d | %d | %d | %d | %d | %d |\n", p.Program, results.EscapeMarkdown(p.Kernel), results.FormatBytes(p.Page), len(p.Rules),
			passed, skipped, failed, p.Statements["holds"], p.Statements["recorded"], p.Statements["skipped"], p.Statements["differs"]+p.Statements["broken"])
	}
	b.WriteString(`
## Rules, by mechanism

How many rules of a mechanism passed; behind + those that were skipped, behind − those that failed. A dash: they were not played on this machine.

`)
	played := slices.DeleteFunc(slices.Clone(all), func(p result) bool { return len(p.Rules) == 0 })
	same := map[string][]string{} // by the count: mechanisms that have it on every machine
	differ := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		if len(played) == 0 {
			return true
		}
		count := played[0].Rules[name].String()
		for _, p := range played {
			if p.Rules[name].String() != count {
				return false
			}
		}
		same[count] = append(same[count], "`"+name+"`")
		return true
	})
	b.WriteString("| on each of these machines | mechanisms |\n|---:|---|\n")
	for _, count := range slices.Sorted(maps.Keys(same)) {
		fmt.Fprintf(&b, "| %s | %s |\n", count, strings.Join(same[count], ", "))
	}
	if len(differ) > 0 {
		b.WriteString("\n| mechanism |")
		for _, p := range played {
			fmt.Fprintf(&b, " %s, %s |", p.Program, results.EscapeMarkdown(strings.TrimPrefix(p.Kernel, "Linux ")))
		}
		b.WriteString("\n|---|" + strings.Repeat("---:|", len(played)) + "\n")
	}
	for _, name := range differ {
		fmt.Fprintf(&b, "| %s |", name)
		for _, p := range played {
			b.WriteString(" " + p.Rules[name].String() + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## Skipped, by reason\n\n| program | kernel | what | number | reason |\n|---|---|---|---:|---|\n")
	for _, p := range all {
		rules := map[string]int{}
		for _, r := range p.Rules {
			for reason, n := range r.Skips {
				rules[ofCell.ReplaceAllString(reason, "")] += n
			}
		}
		for _, skips := range []struct {
			what string
			by   map[string]int
		}{{"rules", rules}, {"statements", p.StatedSkips}} {
			for _, reason := range slices.Sorted(maps.Keys(skips.by)) {
				fmt.Fprintf(&b, "| %s | %s | %s | %d | %s |\n", p.Program, results.EscapeMarkdown(p.Kernel), skips.what, skips.by[reason], "`"+strings.ReplaceAll(reason, "|", `\|`)+"`")
			}
		}
	}
	b.WriteString("\n## Differ\n\n")
	none := true
	for _, p := range all {
		for _, id := range slices.Concat(p.Differs, p.failed()) {
			none = false
			fmt.Fprintf(&b, "* %s, %s: %s: %s\n", p.Program, results.EscapeMarkdown(p.Kernel), results.EscapeMarkdown(id), cmp.Or(explained[id], "not explained"))
		}
	}
	if none {
		b.WriteString("None.\n")
	}
	return b.Bytes()
}

// ofCell is the name of the cell before a reason.
var ofCell = regexp.MustCompile(`^\S+/mech=\S+: `)

// mechanismNames are those of the mechanisms that are built in, sorted: other tests
// declare programs.
func mechanismNames() (names []string) {
	for _, m := range mechanisms.All() {
		if m.Program == nil {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return names
}

// String is the cell of a table.
func (r *ruled) String() string {
	if r == nil {
		return "–"
	}
	s := strconv.Itoa(r.Passed)
	if n := r.skipped(); n > 0 {
		s += " +" + strconv.Itoa(n)
	}
	if n := len(r.Failed); n > 0 {
		s += " −" + strconv.Itoa(n)
	}
	return s
}

// What is played again takes the place of what it came to before, and the rest stays. The
// page has the counts, the skips by reason and what differs.
func TestMachinesPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "machines.json")
	was := *machinesIn
	*machinesIn = path
	t.Cleanup(func() { *machinesIn = was })
	arm := func(p result) result {
		p.Program, p.Kernel, p.Page = "arm64", "Linux 6.12", 16<<10
		return p
	}
	arm(result{Rules: map[string]*ruled{"pipe": {Failed: []string{"order"}}, "fifo": {Passed: 30}}, Statements: map[string]int{"holds": 1}}).keep(t)
	result{Program: "riscv64", Kernel: "Linux 6.12"}.keep(t)
	arm(result{Rules: map[string]*ruled{"pipe": {Passed: 10, Skips: map[string]int{"needs root": 2}, Failed: []string{"gone" + unended}}}}).keep(t)
	arm(result{Statements: map[string]int{"holds": 150, "skipped": 1, "differs": 1}, StatedSkips: map[string]int{"no hugepages": 1}, Differs: []string{"X99"}}).keep(t)
	page, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| arm64 | Linux 6.12 | 16KiB | 2 | 40 | 2 | 1 | 150 | 0 | 1 | 1 |\n| riscv64 |",
		"\n| 30 | `fifo` |\n", "`futex`", "\n| 10 +2 −1 | `pipe` |\n",
		"| arm64 | Linux 6.12 | rules | 2 | `needs root` |", "| statements | 1 | `no hugepages` |", "* arm64, Linux 6.12: X99: not explained\n* arm64, Linux 6.12: pipe/gone (it did not end): not explained\n",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

// Mechanisms whose counts differ from machine to machine have a table.
func TestMachinesPageOfTwo(t *testing.T) {
	rules := func(fifo int) map[string]*ruled {
		return map[string]*ruled{"fifo": {Passed: fifo}, "pipe": {Passed: 30}}
	}
	if page := string(machinesPage([]result{{Program: "386", Kernel: "Linux 6.12"}})); strings.Contains(page, "`fifo`") {
		t.Errorf("no rules were played:\n%s", page)
	}
	page := string(machinesPage([]result{{Program: "386", Kernel: "Linux 6.12", Rules: rules(29)}, {Program: "arm64", Kernel: "Linux 6.12", Rules: rules(30)}}))
	for _, want := range []string{"\n| 30 | `pipe` |\n", "\n| mechanism | 386, 6.12 | arm64, 6.12 |\n|---|---:|---:|\n| fifo | 29 | 30 |\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

// The page is the one of the counts beside it, and of the mechanisms that there are.
func TestMachinesPageIsUpToDate(t *testing.T) {
	all, err := readMachines(filepath.Join("..", "docs", "machines.json"))
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, filepath.Join("..", "..", "docs", "machines.md"), machinesPage(all))
}

// Rules are counted from what a test prints, each skip with its reason. A rule that did not
// end, since its guest died, is one that failed.
func TestRulesCounted(t *testing.T) {
	var p result
	p.count("\x16=== RUN   TestConformance\n\x16=== RUN   TestConformance/pipe\n\x16=== RUN   TestConformance/pipe/ends\n\x16--- PASS: TestConformance/pipe/ends (0.00s)\n\x16=== RUN   TestConformance/pipe/killed\n    mechtest.go:90: needs root\n" +
		"\x16--- SKIP: TestConformance/pipe/killed (0.00s)\n\x16=== RUN   TestConformance/pipe/limit\n\x16=== NAME  TestConformance/pipe/limit\n    mechtest.go:9: no\n\x16--- FAIL: TestConformance/pipe/limit (0.00s)\n\x16=== NAME  TestConformance/pipe\n\x16--- FAIL: TestConformance/pipe (2.00s)\n" +
		"\x16=== RUN   TestConformance/fifo\n    mechtest.go:12: no directory\n\x16--- SKIP: TestConformance/fifo (0.00s)\n\x16=== RUN   TestConformance/dgram\n\x16=== RUN   TestConformance/dgram/ends\n[   9.1] Kernel panic\n")
	if got, want := p.failed(), []string{"dgram/ends" + unended, "pipe/limit"}; !slices.Equal(got, want) {
		t.Errorf("failed: %q, want %q", got, want)
	}
	pipe, fifo := p.Rules["pipe"], p.Rules["fifo"]
	if pipe.Passed != 1 || pipe.Skips["needs root"] != 1 || fifo.Passed != 0 || fifo.Skips["no directory"] != 1 {
		t.Errorf("pipe %+v, fifo %+v", pipe, fifo)
	}
}
