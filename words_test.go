package ipcbench_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// retired are the phrases that readers stumbled over, and what stands in their
// place. In a phrase, a regular expression, a space is any white space and case
// does not count. only limits a phrase to some paths.
var retired = []struct{ phrase, instead, only string }{
	// A process is a thing with a name.
	{phrase: `\b(who|whom|whoever|whomever)\b`, instead: "the thing: the waiter, the sender"},
	{phrase: `\b(nobody|somebody|anybody|no one|someone|anyone)\b`, instead: "no process, another process, a user"},
	{phrase: `\b(tells?|told)\b`, instead: "report, show, print, list, notify"},

	// One thing has one word: docs/words.md has them.
	{phrase: `\bplace (same|cross)\b|\bacross (cores|two CPUs)\b`, instead: "same CPU, different CPUs"},
	{phrase: `\bworth\b`, instead: "cost relative to the floor, vs floor"},
	{phrase: `\bdoubt(s|ed|ful)?\b`, instead: "warning"},
	{phrase: `\bwithin (the )?noise\b`, instead: "same, or can't tell"},
	{phrase: `\b(kept|broken|not shown)\b`, instead: "met, not met, undecided", only: `fidelity|^tools/overhead/`},
	{phrase: `\b(lend(s|er|ers|ing)?|lent|loan(s|ed)?|borrow(s|ed|er|ers|ing)?)\b`, instead: "in place"},
	{phrase: `\bin flight\b`, instead: "queued messages"},
	{phrase: `\barrangements?\b|\barms?\b`, instead: "side A and side B of ab, a kernel of kernels"},
	{phrase: `\bwaterline\b`, instead: "consumed"},
	{phrase: `\bnot to be trusted\b`, instead: "untrusted"},

	// Sentences that had to be read twice.
	{phrase: `\bby itself\b`, instead: "by default, alone"},
	{phrase: `\bfor ever\b`, instead: "never returns, without end"},
	{phrase: `\bchoose between\b`, instead: "what is measured, and of how many mechanisms"},
	{phrase: `\bdecides by a factor\b`, instead: "matters 5 to 10×"},
	{phrase: `\bone beyond them\b`, instead: "it never extrapolates"},
	{phrase: `\basks for what\b|\binherit(s|ed)? nothing from each other\b`, instead: "independently started processes"},
	{phrase: `\bon the spot\b`, instead: "live"},
	{phrase: `\bloss is speed\b`, instead: "lost messages fail the cell"},
	{phrase: `\bget through \w+ unseen\b`, instead: "may miss a broken lock"},
	{phrase: `±this\b`, instead: "±P"},
	{phrase: `\bbesides those\b`, instead: "extra"},
	{phrase: `\bleast size\b|\ba limit as any other\b`, instead: "minimum message size"},
	{phrase: `\bplays on lock\b|\bno mechanism of \w+ carries\b`, instead: "needs a lock, which pipe does not have: use futex"},
}

// stays are the places of a retired phrase in files of that path, and why each
// keeps it.
var stays = []struct{ path, text, why string }{
	{`\.`, `\bcan['’]t tell\b`, "it is the verdict"},
	{`\.`, `\b(people|user) who\b`, "people are no processes"},
	{`\.`, `--place (same|cross)\b`, "it is a flag and its value"},
	{`^(semantics/|docs/)`, `\bin flight over\b|\bwhile in flight\b`, "so unix(7) calls a descriptor that is being passed"},
	{`^(semantics/|docs/)`, `\bnobody reads\b`, "a statement's observation is compared with that of earlier reports"},
	{`^host/host\.go$`, `^ARM implementer\b`, "it is the maker of the CPU"},
	{`\.`, `\btoo few launches to tell\b`, "it is the reason of the verdict can't tell"},
	{`^report/csv\.go$`, `^(worth|doubts)$`, "the old names of columns are written for one release"},
	{`^command/kernels\.go$`, `^arm$`, "the old name of a flag is accepted, hidden, for one release"},
	{`^kernels/arch\.go$`, `^qemu-system-arm$`, "a package of Debian"},
	{`^ARCHITECTURE\.md$`, `\barms it\b`, "a worker arms itself for a round"},
}

// passage is text for readers that begins at a line of its file.
type passage struct {
	line int
	text string
}

var (
	unread = map[string]*regexp.Regexp{ // what in a file is not for readers
		".md":   regexp.MustCompile("`[^`\n]+`"),
		".tmpl": regexp.MustCompile(`(?s)\{\{.*?\}\}|<!--.*?-->|<style.*?</style>|\b(class|id|data-\w+)="[^"]*"`),
		".js":   regexp.MustCompile(`\$\{[^}]*\}`),
	}
	scriptText = regexp.MustCompile("//[^\n]*|\"(\\\\.|[^\"\\\\\n])*\"|'(\\\\.|[^'\\\\\n])*'|`(\\\\.|[^`\\\\])*`")
)

// blank replaces all but line ends by spaces.
func blank(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, text)
}

// prose is what a file shows to readers: all of a document without the names in
// its backquotes, what a template and a script print, and a program's strings.
func prose(t *testing.T, path string, src []byte) (all []passage) {
	t.Helper()
	kind := filepath.Ext(path)
	switch kind {
	case ".go":
		return literals(t, path, src)
	case ".js":
		for _, m := range scriptText.FindAllIndex(src, -1) {
			if quoted := src[m[0]:m[1]]; quoted[0] != '/' {
				all = append(all, passage{1 + bytes.Count(src[:m[0]], []byte("\n")), string(unread[kind].ReplaceAllFunc(quoted[1:len(quoted)-1], blank))})
			}
		}
		return all
	}
	return []passage{{1, string(unread[kind].ReplaceAllFunc(src, blank))}}
}

// literals are the strings of a Go file but for tags and imports. Strings that
// are joined by + are one.
func literals(t *testing.T, path string, src []byte) (all []passage) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var visit func(ast.Node) bool
	var join func(ast.Expr) string
	join = func(x ast.Expr) string {
		switch x := x.(type) {
		case *ast.BinaryExpr:
			if x.Op == token.ADD {
				return join(x.X) + join(x.Y)
			}
		case *ast.BasicLit:
			if x.Kind == token.STRING {
				s, _ := strconv.Unquote(x.Value)
				return s
			}
		}
		ast.Inspect(x, visit)
		return "…"
	}
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			ast.Inspect(n.Type, visit)
			return false
		case *ast.BinaryExpr:
			if n.Op == token.ADD {
				all = append(all, passage{set.Position(n.Pos()).Line, join(n)})
				return false
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				all = append(all, passage{set.Position(n.Pos()).Line, join(n)})
			}
		}
		return true
	}
	ast.Inspect(f, visit)
	return all
}

var compiled = map[string]*regexp.Regexp{}

// compile is a phrase as it is searched.
func compile(phrase string) *regexp.Regexp {
	if compiled[phrase] == nil {
		compiled[phrase] = regexp.MustCompile(`(?i)` + strings.ReplaceAll(phrase, " ", `\s+`))
	}
	return compiled[phrase]
}

// search returns where the text of a file has retired phrases, and counts in
// used the exceptions that it needed.
func search(t *testing.T, path string, src []byte, used map[string]int) (found []string) {
	t.Helper()
	for _, p := range prose(t, path, src) {
		for _, s := range stays {
			if !compile(s.path).MatchString(path) {
				continue
			}
			p.text = compile(s.text).ReplaceAllStringFunc(p.text, func(text string) string {
				used[s.text]++
				return string(blank([]byte(text)))
			})
		}
		for _, r := range retired {
			if r.only != "" && !compile(r.only).MatchString(path) {
				continue
			}
			for _, m := range compile(r.phrase).FindAllStringIndex(p.text, -1) {
				line := p.line + strings.Count(p.text[:m[0]], "\n")
				found = append(found, path+":"+strconv.Itoa(line)+": "+strconv.Quote(p.text[m[0]:m[1]])+": instead: "+r.instead)
			}
		}
	}
	return found
}

// No retired phrase stands in a document, a page, a help text or a message.
// CHANGELOG.md names things as they were, and is not searched.
func TestRetiredPhrases(t *testing.T) {
	used, files := map[string]int{}, map[string]int{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case "testdata", "thirdparty", "bin", "node_modules":
				return fs.SkipDir
			}
			return nil
		}
		kind := filepath.Ext(path)
		if kind != ".go" && unread[kind] == nil || strings.HasSuffix(path, "_test.go") || path == "CHANGELOG.md" {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files[kind]++
		for _, f := range search(t, path, src, used) {
			t.Error(f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files[".go"] < 100 || files[".md"] < 10 || files[".js"] < 5 || files[".tmpl"] < 2 {
		t.Errorf("%v files: the tree is not here", files)
	}
	for _, s := range stays {
		if used[s.text] == 0 {
			t.Errorf("%s in %s (%s): nothing needs this exception any more", s.text, s.path, s.why)
		}
	}
}

// The search finds each phrase, in every kind of file, also across lines and
// strings, and leaves names alone.
func TestRetiredPhrasesAreFound(t *testing.T) {
	for _, c := range []struct {
		path, text string
		want       int
	}{
		{"a.md", "It is measured for every mechanism that people\nchoose between.", 1},
		{"a.md", "Placement decides by a factor of five.", 1},
		{"a.md", "Of a size between two it says what holds at both, of one beyond them nothing", 1},
		{"a.md", "it asks for what processes can open that inherit nothing from each other", 2},
		{"a.md", "is counted on the spot. Limits are told. Nobody's loss is speed. A run tells what it costs", 5},
		{"a.md", "a lock may get through Contend unseen; both wait for ever; within ±this", 3},
		{"a.md", "floors besides those that a plan has by itself", 2},
		{"a.md", "those are not to be trusted. A least size is a limit as any other", 3},
		{"a.md", "workload contend plays on lock, which no mechanism of pipe carries", 2},
		{"a.md", "place same, across cores: a wake-up's worth. Doubts: same within noise", 5},
		{"a.md", "it lends, a Loan, lent, a Borrower; messages in flight; arrangement, arm; waterline", 8},
		{"a.md", "whoever sleeps wakes who waits for whom, somebody or anyone", 5},
		{"docs/fidelity.md", "kept, broken or not shown", 3},
		{"docs/other.md", "kept, broken or not shown", 0},
		{"a.md", "can't tell: people who use `nobody` and --place same", 0},
		{"p.tmpl", "<b class=\"doubt\">{{.Doubt}}</b> a doubt", 1},
		{"p.js", "const worth = {a: c.worth} // worth\nshow(`${c.worth} times`, 'its worth')", 1},
		{"p.go", "package p\nimport _ \"worth\"\ntype worth struct{ Doubt int `json:\"doubt\"` }\nvar lend = 1 // lend", 0},
		{"p.go", "package p\nvar s = \"a \" + \"wor\" +\n\"th\" + f(\"lent\")\nvar r = `by\nitself`", 3},
	} {
		if got := search(t, c.path, []byte(c.text), map[string]int{}); len(got) != c.want {
			t.Errorf("%s: %s: found %q, want %d", c.path, c.text, got, c.want)
		}
	}
}
