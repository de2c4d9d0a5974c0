package results

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// Failure is a package of which `go test` reports a failure that no benchmark
// of it explains: it was not built, a process died between two benchmarks, a
// test failed.
type Failure struct {
	File    string
	Line    int    // from 1: where the failure was known
	Package string // "" where the text does not have it
	Reason  string
}

// goTest follows what `go test` prints around the results of benchmarks: which
// one runs, and what fails. A failure that has a benchmark becomes a record of
// it; what is left is the package's.
type goTest struct {
	pkg     string          // of the latest pkg line
	open    bool            // a package has begun, and neither PASS nor its last line came
	failed  bool            // it printed FAIL, an exit status or the name of a failed test
	named   map[string]bool // its benchmarks that failed, and those that these are a part of
	running []byte          // the benchmark that was begun and has no result, with its "Benchmark"
	died    string          // what the process said last: "panic: …"; counts unless the package passes
	other   string          // the first failure without a benchmark: "--- FAIL: TestX", "exit status 2"
	log     string          // the line before, where a test logged it
	any     bool            // something in this file failed
}

// benchFailure is a benchmark that failed.
type benchFailure struct{ name, reason string }

// deaths are how the last words of a process begin.
var deaths = []string{"panic: ", "fatal error: ", "signal: ", "SIGSEGV: ", "SIGBUS: ", "SIGABRT: ", "SIGQUIT: ", "*** Test killed"}

// prints are what `go test` prints that looks like a configuration line and is
// none: the share of a package's statements that its tests cover would make a
// configuration of each package.
var prints = []string{"panic: ", "signal: ", "coverage: ", "testing: ", "runtime: ", "go: downloading "}

// see takes the next line; next is the one after it. It returns what it knows
// to have failed by now.
func (g *goTest) see(raw []byte, next func() string) (failures []benchFailure, pkg *Failure) {
	if bytes.HasPrefix(raw, []byte("Benchmark")) {
		return g.benchmark(raw, next), nil
	}
	line := string(raw)
	plain := strings.TrimLeft(line, " \t\x16") // 0x16: test2json's mark
	log := g.log
	g.log = ""
	switch {
	case strings.HasPrefix(plain, "--- FAIL: "):
		name, _ := cutField(strings.TrimPrefix(plain, "--- FAIL: "))
		if isBenchmark(name) {
			return g.fail(name, next(), log), nil
		}
		g.failed, g.any = true, true
		g.blame(plain)
	case begins(line, deaths) || isExit(line):
		g.die(line)
	case strings.TrimRight(line, " ") == "FAIL":
		if g.open || !g.any { // it comes again after the last package
			g.open, g.failed = true, true
		}
	case strings.HasPrefix(line, "FAIL\t"), strings.HasPrefix(line, "FAIL "):
		g.failed = true
		g.pkg, _ = cutField(strings.TrimLeft(line[len("FAIL"):], " \t"))
		g.blame(line)
		return g.end()
	case strings.TrimRight(line, " ") == "PASS", strings.HasPrefix(line, "ok  "), strings.HasPrefix(line, "ok \t"):
		g.begin("")
	case strings.HasPrefix(line, "goos: "), strings.HasPrefix(line, "pkg: "):
		if g.failed || g.died != "" {
			failures, pkg = g.end()
		}
		if name, ok := strings.CutPrefix(line, "pkg: "); ok {
			g.begin(strings.TrimSpace(name))
			g.open = true
		}
	case isLog(line):
		g.log = strings.TrimSpace(line)
	}
	return failures, pkg
}

// benchmark takes a line that begins with a benchmark's name: go test prints
// that, runs it, and then prints its numbers or what went wrong.
func (g *goTest) benchmark(line []byte, next func() string) []benchFailure {
	i := bytes.IndexFunc(line, unicode.IsSpace)
	if i < 0 {
		i = len(line)
	}
	g.open, g.log, g.running = true, "", append(g.running[:0], line[:i]...)
	rest := bytes.TrimLeftFunc(line[i:], unicode.IsSpace)
	if len(rest) == 0 || '0' <= rest[0] && rest[0] <= '9' {
		return nil
	}
	switch rest := string(rest); {
	case strings.HasPrefix(rest, "--- FAIL: "):
		return g.fail(string(g.running), next(), "")
	case begins(rest, deaths) || isExit(rest):
		g.die(rest)
	}
	return nil
}

// result notes that the latest benchmark has its numbers.
func (g *goTest) result() { g.running = g.running[:0] }

// fail names a benchmark that failed, once, unless it failed because a part of
// it did. Its reason is what it logged: after its name, or before it with -v.
func (g *goTest) fail(name, next, before string) []benchFailure {
	g.open, g.failed, g.any = true, true, true
	g.result()
	if g.named[name] {
		return nil
	}
	g.explain(name)
	reason := "go test reports --- FAIL"
	switch {
	case isLog(next):
		reason = strings.TrimSpace(next)
	case before != "":
		reason = before
	}
	return []benchFailure{{name, reason}}
}

// explain notes a benchmark that is known to have failed, and those that it is a
// part of: go test says of each that it failed.
func (g *goTest) explain(name string) {
	if g.named == nil {
		g.named = map[string]bool{}
	}
	for part := name; ; {
		g.named[part] = true
		i := strings.LastIndexByte(part, '/')
		if i < 0 {
			return
		}
		part = part[:i]
	}
}

// die notes last words, of which the first say most.
func (g *goTest) die(words string) {
	g.open = true
	if isExit(words) {
		g.failed = true
		g.blame(words)
		return
	}
	if g.died == "" {
		g.died = strings.TrimSpace(words)
	}
}

func (g *goTest) blame(line string) {
	if g.other == "" {
		g.other = strings.Join(strings.Fields(line), " ")
	}
}

// end is the end of a package that did not pass: what it did not say of a
// benchmark happened to the one that was running, or else to the package.
func (g *goTest) end() (failures []benchFailure, pkg *Failure) {
	reason := g.died
	if reason == "" && len(g.named) == 0 && g.failed {
		if reason = g.other; reason == "" {
			reason = "go test reports FAIL"
		}
	}
	switch {
	case reason == "": // passed, or failed by what is named
	case len(g.running) > 0:
		failures = []benchFailure{{string(g.running), reason}}
		g.any = true
	default:
		pkg = &Failure{Package: g.pkg, Reason: reason}
		g.any = true
	}
	g.begin("")
	return failures, pkg
}

// begin forgets all about the package before.
func (g *goTest) begin(pkg string) { *g = goTest{pkg: pkg, any: g.any, running: g.running[:0]} }

// cutField splits a line after its first field.
func cutField(s string) (field, rest string) {
	i := strings.IndexFunc(s, unicode.IsSpace)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeftFunc(s[i:], unicode.IsSpace)
}

func begins(line string, with []string) bool {
	for _, w := range with {
		if strings.HasPrefix(line, w) {
			return true
		}
	}
	return false
}

// isBenchmark reports whether go test runs a function of that name as a
// benchmark.
func isBenchmark(name string) bool { return strings.HasPrefix(name, "Benchmark") }

// isExit reports whether the line is go test's of a process that failed.
func isExit(line string) bool {
	n, ok := strings.CutPrefix(line, "exit status ")
	return ok && strings.Trim(strings.TrimSpace(n), "0123456789") == ""
}

// isLog reports whether a test or benchmark logged the line: "    x_test.go:31: text".
func isLog(line string) bool {
	place, _, ok := strings.Cut(strings.TrimLeft(line, " \t"), ": ")
	return ok && line != "" && (line[0] == ' ' || line[0] == '\t') && strings.Contains(place, ".go:") && !strings.ContainsAny(place, " \t")
}

// failMark is the unit of the line that stands for a benchmark that failed.
// The reader of the format gives it the place and the configuration that a
// result would have.
const failMark = "ipcbench-failed"

// line is the benchmark line that stands for the failure.
func (f benchFailure) line() []byte { return fmt.Appendf(nil, "%s 1 1 %s\n", f.name, failMark) }

// peek is the beginning of the line after the latest; "" at the end.
func (l *lines) peek() string {
	head, _ := l.r.Peek(512) // an error comes again with next
	if i := bytes.IndexByte(head, '\n'); i >= 0 {
		head = head[:i]
	}
	return string(head)
}
