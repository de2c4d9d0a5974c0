package declare

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/pipes" // one name is taken
)

// write writes a declaration beside a program that can be executed and one that
// cannot.
func write(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"mine": 0o755, "data": 0o644, "transport.yaml": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "transport.yaml")
}

// Each mistake in a declaration has its line: the thing, the value, what is wanted.
func TestMistakes(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "nothing is in it: want keys such as name"},
		{"- a\n", "line 1: a declaration: want keys with values"},
		{"name: mine\ncomand: [./mine]\n", `line 2: unknown key "comand": did you mean command?`},
		{"name: mine\n", "no command: want the program and its arguments"},
		{"name: Mine\ncommand: [./mine]\n", `name "Mine": want small letters and digits`},
		{"name: pipe\ncommand: [./mine]\n", `name "pipe": there is such a mechanism`},
		{"name: mine\ncommand: [./data]\n", "can't be executed: chmod +x"},
		{"name: mine\ncommand: [./absent]\n", "absent: no such file or directory"},
		{"name: mine\ncommand: [./]\n", "is no regular file: want a program"},
		{"name: mine\ncommand: [./mine]\nframing: packets\n", `framing "packets": did you mean packet?`},
		{"name: mine\ncommand: [./mine]\ndescriptors: fifo\n", `descriptors "fifo": want pipe or socketpair`},
		{"name: mine\ncommand: [./mine]\nsizes: {most: 0}\n", `sizes: most "0"`},
		{"name: mine\ncommand: [./mine]\nsizes: {least: 1MiB, most: 4KiB}\n", "sizes: least 1048576 is more than most 4096"},
		{"name: mine\ncommand: [./mine]\nsizes: {larges: 4KiB}\n", `line 3: unknown key "larges": want least or most`},
		{"name: mine\ncommand: [./mine]\nspins: maybe\n", `line 3: "maybe": want true or false`},
		{"name: mine\ncommand: ./mine\n", `line 2: "./mine": want a list, as in [./mine]`},
		{"name: mine\ncommand: [./mine]\nenvironment: A=1\n", `line 3: "A=1": want names with values`},
		{"name: mine\ncommand: [./mine]\nsenders: 1\n", `senders "1": want one or many`},
		{"name: mine\ncommand: [./mine]\nbuilt_on: pipes\n", `built_on "pipes": did you mean pipe?`},
		{"name: mine\ncommand: [./mine]\nworkloads: [Steam]\n", `workloads: "Steam": did you mean Stream?`},
		{"name: mine\ncommand: [./mine]\nworkloads: [Burst]\n", `workloads: "Burst": want one of PingPong, Stream, FanIn, Pipeline`},
		{"name: mine\ncommand: [./mine]\nenvironment: {A=B: c}\n", `environment: "A=B" is no name of a variable`},
		{"name: mine\ncommand: &a [./mine, *a]\n", "transport.yaml: "},
		{strings.Repeat("# x\n", 5000), "longer than 16KiB: want a declaration"},
	} {
		_, err := Read(write(t, test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v\nwant one line with %s", test.text[:min(len(test.text), 80)], err, test.want)
		}
	}
}

// A declaration is completed: paths are relative to its file, and what it leaves out
// has its usual value.
func TestRead(t *testing.T) {
	path := write(t, "name: mine\ncommand: [./mine, --fast]\nenvironment: {B: 2, A: 1}\nsizes: {least: 8, most: 64KiB}\n")
	d, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	p := d.Program
	if p.Command[0] != filepath.Join(filepath.Dir(path), "mine") || p.Command[1] != "--fast" || !strings.HasPrefix(strings.Join(p.Env, " "), "A=1 B=2 HOME=") || len(p.Sum) != 64 {
		t.Errorf("program %+v", p)
	}
	if d.Framing != "stream" || d.Senders != "one" || d.PeerDeath != "nothing" || d.Sizes.Least != 8 || d.Sizes.Most != 64<<10 {
		t.Errorf("declaration %+v", d)
	}
	if err := Unchanged(d); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(p.Command[0], []byte("another"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Unchanged(d); err == nil || !strings.Contains(err.Error(), "another SHA-256") {
		t.Errorf("a program that changed: %v", err)
	}
}

// A program without a declaration is named for its file, and twice the same is one
// mechanism.
func TestValue(t *testing.T) {
	dir := t.TempDir()
	for file, want := range map[string]string{"My-Transport_2.py": "mytransport", "pipe": "externalpipe", "42": "external"} {
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if name, err := Value(Prefix + path); err != nil || name != want || mechanisms.Lookup(name).Program == nil {
				t.Errorf("%s: %q, %v, want %s", file, name, err, want)
			}
		}
	}
	if _, err := Value(Prefix + "bare"); err == nil || !strings.Contains(err.Error(), "want a path with a slash") {
		t.Errorf("a bare name: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("name: mine\ncommand: [./mine]\nsizes: {least: 1}\n"))
	f.Add([]byte("a: &a [*a, *a]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := parse(text)
		if (d == nil) == (err == nil) && err == nil {
			t.Error("neither a declaration nor an error")
		}
	})
}

// The declarations of the documents are read, and the first shows every key.
func TestDocumentedDeclarations(t *testing.T) {
	text, err := os.ReadFile("../../docs/usage.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		if !bytes.Contains(block[1], []byte("\ncommand:")) {
			continue // a plan
		}
		for _, key := range Keys {
			if found == 0 && !bytes.Contains(block[1], []byte("\n"+key+":")) && !bytes.HasPrefix(block[1], []byte(key+":")) {
				t.Errorf("docs/usage.md does not show the key %s", key)
			}
		}
		found++
		if _, err := parse(block[1]); err != nil {
			t.Errorf("%v\n%s", err, block[1])
		}
	}
	if found == 0 {
		t.Error("docs/usage.md declares no transport")
	}
}
