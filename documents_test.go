package ipcbench_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// documents are the pages that people read, by their paths.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "deploy/*.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			pages[path] = string(text)
		}
	}
	if len(pages) < 10 {
		t.Fatalf("%d documents: the tree is not here", len(pages))
	}
	return pages
}

// The README is read in a minute, and the map at one sitting.
func TestDocumentsAreShort(t *testing.T) {
	pages := documents(t)
	if n := len(pages["README.md"]); n > 9000 {
		t.Errorf("README.md: %d bytes, %d too many: move details to docs/", n, n-9000)
	}
	for i, line := range strings.Split(pages["README.md"], "\n") {
		if n := utf8.RuneCountInString(line); n > 160 {
			t.Errorf("README.md:%d: %d characters, %d too many", i+1, n, n-160)
		}
	}
	if n := strings.Count(pages["ARCHITECTURE.md"], "\n"); n > 120 {
		t.Errorf("ARCHITECTURE.md: %d lines, %d too many: reasons belong in docs/decisions.md", n, n-120)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	code    = regexp.MustCompile("(?ms)^```.*?^```$")
	quoted  = regexp.MustCompile("`([a-z]+/[A-Za-z0-9_./-]+)`")
)

// anchors are the fragments by which a page's headings are linked to: those of
// GitHub, lower case, without punctuation, with "-" for spaces.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
		all[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, h[1])] = true
	}
	return all
}

// dead are the links of a page, and the paths it names in backquotes, that lead
// nowhere. exists reports whether a path of the repository is there.
func dead(path, text string, pages map[string]string, exists func(string) bool) (bad []string) {
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		file, fragment, _ := strings.Cut(m[1], "#")
		to := path
		if file != "" {
			to = filepath.Join(filepath.Dir(path), file)
		}
		if !exists(to) || fragment != "" && !anchors(pages[to])[fragment] {
			bad = append(bad, m[1])
		}
	}
	for _, m := range quoted.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
		first, _, _ := strings.Cut(m[1], "/")
		made := slices.ContainsFunc([]string{"runs/", "races/", "profiles/", "ab"}, func(dir string) bool { return strings.HasPrefix(m[1], "results/"+dir) })
		if exists(first) && first != "bin" && !made && !exists(m[1]) {
			bad = append(bad, m[1])
		}
	}
	return bad
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Every link of a document leads somewhere, and every file it names is there.
func TestDocumentsLinkToWhatExists(t *testing.T) {
	pages := documents(t)
	for path, text := range pages {
		if path == "CHANGELOG.md" { // names files as they were
			continue
		}
		for _, to := range dead(path, text, pages, exists) {
			t.Errorf("%s: %s is not there", path, to)
		}
	}
}

// The rule finds each way of leading nowhere.
func TestDeadLinksAreFound(t *testing.T) {
	pages := map[string]string{"docs/a.md": "# What it can't see\n"}
	there := func(path string) bool { return path == "docs" || path == "docs/a.md" || path == "docs/b.md" }
	for text, want := range map[string]int{
		"[a](a.md) [a](a.md#what-it-cant-see) [x](https://example.org/x) `docs/a.md` `other/x`": 0,
		"[a](c.md)":                 1,
		"[a](a.md#what-it-can-see)": 1,
		"[b](#b)":                   1,
		"`docs/c.md`":               1,
	} {
		if got := dead("docs/b.md", text, pages, there); len(got) != want {
			t.Errorf("%s: found %q, want %d", text, got, want)
		}
	}
}
