package declare

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ipcbench/external"
	_ "ipcbench/mechanisms/all" // what examples are built on
)

const examples = "../../examples"

// Every example states what it measures and how it is built, and its declarations
// can be read. Nothing is built: this test has no library.
func TestExamples(t *testing.T) {
	dirs, err := filepath.Glob(examples + "/[^.]*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	ignored, err := os.ReadFile(examples + "/.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, dir := range dirs {
		name := filepath.Base(dir)
		if mod, _ := os.ReadFile(dir + "/go.mod"); strings.Contains(string(mod), "replace ipcbench => ") {
			continue // it is a command, which the tests of package command build
		}
		build := readBuild(t, dir)
		declarations, _ := filepath.Glob(dir + "/*.yaml")
		if len(declarations) == 0 {
			t.Errorf("examples/%s: no declaration", name)
		}
		for _, path := range declarations {
			d := readExample(t, path)
			if other := names[d.Name]; other != "" {
				t.Errorf("%s and %s both have the name %s", path, other, d.Name)
			}
			if names[d.Name] = path; d.Summary == "" || d.BuiltOn == "" {
				t.Errorf("%s: summary %q, built_on %q: want both", path, d.Summary, d.BuiltOn)
			}
			program := filepath.Base(d.Command[0])
			switch {
			case build["build"] != "none":
				if !slices.Contains(strings.Fields(string(ignored)), "/"+name+"/"+program) {
					t.Errorf("examples/.gitignore lacks /%s/%s, which is built", name, program)
				}
			case strings.Contains(d.Command[0], "/"):
				if _, err := executable(dir + "/" + program); err != nil {
					t.Errorf("%s: build: none, and %v", path, err)
				}
			}
		}
	}
}

// buildKeys are those of a file build.
var buildKeys = []string{"library", "licence", "packages", "needs", "build"}

func readBuild(t *testing.T, dir string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(dir + "/build")
	if err != nil {
		t.Error(err)
	}
	build := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		if !slices.Contains(buildKeys, key) || build[key] != "" {
			t.Errorf("%s/build: line %q: want each of %v once", dir, line, buildKeys)
		}
		build[key] = strings.TrimSpace(value)
	}
	for _, key := range buildKeys {
		if build[key] == "" {
			t.Errorf("%s/build: no %s", dir, key)
		}
	}
	return build
}

// readExample reads a declaration as if its program had been built.
func readExample(t *testing.T, path string) *external.Declaration {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := parse(text)
	if err != nil || len(d.Command) == 0 {
		t.Fatalf("%s: command %v: %v", path, d, err)
	}
	dir := t.TempDir()
	if strings.Contains(d.Command[0], "/") {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(d.Command[0])), nil, 0o755); err != nil {
			t.Fatal(err)
		}
		d.Command[0] = "./" + filepath.Base(d.Command[0])
	}
	if err := complete(d, dir); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return d
}

// An example whose package is missing is named and left out; one that does not
// compile fails the build of all, and not before the others are built.
func TestBuildExamples(t *testing.T) {
	script, err := os.ReadFile("../../scripts/build-examples")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("scripts/build-examples", string(script), 0o755)
	write("examples/absent/build", "packages: libabsent-dev make\nneeds: false\nbuild: touch made\n", 0o644)
	write("examples/broken/build", "packages: libc6\nneeds: true\nbuild: \"$CC\" x.c\n", 0o644)
	write("examples/good/build", "packages: libc6\nneeds: test -f build\nbuild: touch made\n", 0o644)
	write("examples/script/build", "packages: python3\nneeds: true\nbuild: none\n", 0o644)
	for _, test := range []struct {
		names  string
		status int
		want   string
	}{
		{"", 1, "examples/absent: not built, a package is missing: apt-get install libabsent-dev make\n" +
			"examples/broken: the build failed: \"$CC\" x.c\n" +
			"examples/good: built\nexamples/script: nothing to build\n"},
		{"absent good", 0, "examples/absent: not built, a package is missing: apt-get install libabsent-dev make\nexamples/good: built\n"},
		{"strange", 2, "build-examples: there is no examples/strange/build: ls examples shows the names\n"},
		{"-h", 0, ""},
		{"-x", 2, ""},
	} {
		c := exec.Command(filepath.Join(dir, "scripts/build-examples"), strings.Fields(test.names)...)
		c.Env = append(os.Environ(), "CC=false")
		out, _ := c.CombinedOutput()
		if got := c.ProcessState.ExitCode(); got != test.status || !strings.Contains(string(out), test.want) {
			t.Errorf("build-examples %s: status %d, want %d\n%s\nwant\n%s", test.names, got, test.status, out, test.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "examples/good/made")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "examples/absent/made")); err == nil {
		t.Error("an example was built whose needs are missing")
	}
}

// The plan of libraries has every library, and what each is built on.
func TestPlanOfLibraries(t *testing.T) {
	text, err := os.ReadFile("../../plan-libraries.yaml")
	if err != nil {
		t.Fatal(err)
	}
	paths, _ := filepath.Glob(examples + "/*/*.yaml")
	for _, path := range paths {
		example := strings.TrimPrefix(path, "../../")
		if build := readBuild(t, filepath.Dir(path)); strings.HasPrefix(build["library"], "none") {
			continue // an example of a kit
		}
		base := readExample(t, path).BuiltOn
		if !strings.Contains(string(text), "- exec:./"+example+"\n") || !strings.Contains(string(text), "- "+base+"\n") {
			t.Errorf("plan-libraries.yaml lacks %s, or %s that it is built on", example, base)
		}
	}
}

// A program that make examples builds, and that is not there, is a mechanism that is
// missing. Without a file build beside it, it is an error.
func TestUnbuilt(t *testing.T) {
	dir := t.TempDir()
	declaration := filepath.Join(dir, "transport.yaml")
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("transport.yaml", "name: unbuilt\ncommand: [./unbuilt]\nbuilt_on: pipe\n", 0o600)
	if _, err := Read(declaration); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a program that is not there: %v", err)
	}
	write(BuildFile, "build: make\n", 0o600)
	d, err := Read(declaration)
	if err != nil || !strings.Contains(d.Unbuilt, "is not built: `make examples` builds it") {
		t.Fatalf("%+v, %v", d, err)
	}
	if err := d.Register().Available(); err == nil || !strings.Contains(err.Error(), d.Unbuilt) {
		t.Errorf("available: %v", err)
	}
	if err := Unchanged(d); err != nil {
		t.Errorf("a run goes on without it: %v", err)
	}
	write("unbuilt", "#!/bin/sh\n", 0o700)
	if err := Unchanged(d); err == nil {
		t.Error("a run goes on with another program than it began with")
	}
	write("transport.yaml", "name: built\ncommand: [./unbuilt]\nbuilt_on: pipe\n", 0o600)
	if d, err = Read(declaration); err != nil || d.Unbuilt != "" || d.Program.BuiltOn != "pipe" {
		t.Errorf("%+v, %v", d, err)
	}
}
