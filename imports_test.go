// Package ipcbench_test holds the rules that no single package can.
package ipcbench_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "ipcbench"
	unix   = "golang.org/x/sys/unix"
)

// pkg is what `go list` reports of a package.
type pkg struct {
	ImportPath   string
	Standard     bool
	Imports      []string // without those of its tests
	TestImports  []string
	XTestImports []string
	CgoFiles     []string
}

// list asks the go command for packages and all that they depend on, for one
// architecture.
func list(t *testing.T, arch string, patterns ...string) map[string]pkg {
	t.Helper()
	c := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Standard,Imports,TestImports,XTestImports,CgoFiles"}, patterns...)...)
	c.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]pkg{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
	return all
}

func ours(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// layers says which packages of ours each package may import. A folder not
// named here is a new layer: say where it belongs.
var layers = map[string][]string{
	"internal/sys":                 {},
	"internal/reexec":              {"internal/sys"},
	"internal/objects":             {"internal/sys", "mechanisms"},
	"internal/golden":              {},
	"internal/need":                {},
	"internal/pty":                 {"internal/need"},
	"internal/sides":               {"results"},
	"internal/alias":               {},
	"internal/suggest":             {},
	"internal/text":                {"results"},
	"internal/words":               {},
	"internal/ciformat":            {"results"},
	"internal/emulate":             {"internal/need"},
	"internal/apart":               {"internal/sys"},
	"internal/denied":              {},
	"internal/sharedmem":           {"internal/sys"},
	"mechanisms":                   {"internal/suggest", "internal/sys"},
	"mechanisms/descriptor":        {"internal/sys", "mechanisms"},
	"mechanisms/sysv":              {"internal/sys", "mechanisms"},
	"mechanisms/pipes":             {"internal/sharedmem", "internal/sys", "mechanisms", "mechanisms/descriptor"},
	"mechanisms/shm":               {"internal/sharedmem", "internal/sys", "mechanisms", "mechanisms/descriptor", "mechanisms/sysv"},
	"mechanisms/sockets":           {"internal/sharedmem", "internal/sys", "mechanisms", "mechanisms/descriptor"},
	"mechanisms/queues":            {"internal/sys", "mechanisms", "mechanisms/descriptor", "mechanisms/pipes", "mechanisms/sysv"},
	"mechanisms/notify":            {"internal/sharedmem", "internal/sys", "mechanisms", "mechanisms/descriptor", "mechanisms/sysv"},
	"mechanisms/all":               {"mechanisms/notify", "mechanisms/pipes", "mechanisms/queues", "mechanisms/shm", "mechanisms/sockets"},
	"mechanisms/internal/linktest": {"mechanisms"},
	"mechanisms/sockets/netconn":   {"mechanisms/descriptor", "mechanisms/sockets"},
	"internal/compressed":          {},
	"internal/pagetext":            {},
	"internal/compressed/zstd":     {"internal/compressed"},
	"results":                      {"internal/compressed", "internal/suggest"},
	"export":                       {"results"},
	"plots":                        {"mechanisms", "results"},
	"report":                       {"choose", "compare", "history", "internal/ciformat", "internal/text", "internal/words", "kernels/profile", "mechanisms", "plots", "results", "semantics"},
	"kernels/profile":              {"results"},
	"choose":                       {"internal/text", "mechanisms", "results"},
	"compare/gate":                 {},
	"compare/steps":                {},
	"history":                      {"compare", "compare/steps", "results"},
	"compare":                      {"compare/gate", "results"},
	"host":                         {"internal/text", "mechanisms", "results"},
	"bench":                        {"internal/suggest", "mechanisms", "results", "internal/sys"},
	"runner":                       {"mechanisms/all", "mechanisms/sockets", "bench", "external", "host", "mechanisms", "results", "internal/objects", "internal/reexec", "internal/sys"},
	"external":                     {"bench", "internal/reexec", "internal/sys", "mechanisms", "results"},
	"external/declare":             {"bench", "external", "internal/suggest", "mechanisms", "results"},
	"external/conform":             {"bench", "external", "mechanisms", "results", "runner"},
	"runner/first":                 {"runner"},
	"turns":                        {"internal/reexec", "results"},
	"explain":                      {"bench", "internal/text", "mechanisms", "results", "runner"},
	"semantics":                    {"internal/ciformat", "internal/text", "mechanisms", "results", "internal/objects", "internal/reexec", "internal/sys"},
	"semantics/first":              {"internal/sys", "semantics"},
	// What stands above the engine may use all of it.
	"conformance":      nil,
	"kit":              {"internal/need"},
	"tools/overhead":   nil,
	"tools/gatesim":    nil,
	"tools/gatepower":  nil,
	"tools/blocks":     nil,
	"tools/slowdown":   {},
	"tools/dist":       {},
	"kernels":          nil,
	"command":          nil,
	"command/manpages": {},
	"cmd/ipcbench":     {"command", "runner/first", "semantics/first"},
}

// system are the packages that call the kernel.
var system = []string{"mechanisms", "mechanisms/descriptor", "mechanisms/sysv", "mechanisms/pipes", "mechanisms/shm", "mechanisms/sockets", "mechanisms/queues", "mechanisms/notify", "internal/sharedmem", "mechanisms/internal/linktest", "conformance", "external", "external/declare", "host", "runner", "semantics", "semantics/first", "kernels", "internal/sys", "internal/reexec", "internal/objects", "internal/denied", "internal/pty", "tools/slowdown"}

// The folders are layers, and imports point one way.
func TestImports(t *testing.T) {
	all := list(t, "amd64", "./...")
	seen := 0
	for path, p := range all {
		if !ours(path) {
			continue
		}
		seen++
		name := strings.TrimPrefix(path, module+"/")
		layer, known := layers[name]
		if path == module {
			continue // this test
		}
		if !known {
			t.Errorf("%s is in no layer: see layers in imports_test.go", path)
			continue
		}
		for _, imported := range p.Imports {
			to := strings.TrimPrefix(imported, module+"/")
			if ours(imported) && layer != nil && !slices.Contains(layer, to) {
				t.Errorf("%s imports %s: it may import %q of ours", name, to, layer)
			}
			if imported == unix && !slices.Contains(system, name) {
				t.Errorf("%s imports %s: only %q may", name, unix, system)
			}
		}
	}
	for _, name := range []string{"mechanisms", "results", "bench", "runner", "command"} {
		if _, ok := all[module+"/"+name]; !ok {
			t.Errorf("%s is gone, or `go list` does not show it: %d packages of ours", name, seen)
		}
	}
}

// The contract and its mechanisms need nothing but the system.
func TestMechanismsAreLight(t *testing.T) {
	for path, p := range list(t, "amd64", "./mechanisms/all") {
		if !p.Standard && !ours(path) && path != unix {
			t.Errorf("mechanisms depends on %s", path)
		}
	}
}

// Man pages take a Markdown parser that initialises in every process: only a
// build that writes them has it.
func TestWorkersInitialiseNoManPages(t *testing.T) {
	deps := list(t, "amd64", "./cmd/ipcbench")
	if _, ok := deps["github.com/spf13/cobra"]; !ok {
		t.Fatal("`go list` does not show cobra")
	}
	for _, path := range []string{module + "/command/manpages", "github.com/spf13/cobra/doc"} {
		if _, ok := deps[path]; ok {
			t.Errorf("the usual build of cmd/ipcbench depends on %s", path)
		}
	}
}

// No package needs a C compiler, on any architecture.
func TestNoCgo(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64", "386", "riscv64"} {
		for path, p := range list(t, arch, "./...") {
			if len(p.CgoFiles) > 0 || !p.Standard && slices.Contains(p.Imports, "C") {
				t.Errorf("%s on %s uses cgo", path, arch)
			}
			if ours(path) && (slices.Contains(p.TestImports, "C") || slices.Contains(p.XTestImports, "C")) {
				t.Errorf("tests of %s on %s use cgo", path, arch)
			}
		}
	}
}
