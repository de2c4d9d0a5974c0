package ipcbench_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fewer are the ways into the kernel that take fewer than six arguments. What
// they leave in the registers of the others differs by architecture: on riscv64
// unix.RawSyscallNoError leaves what was there, and the kernel reads it.
var fewer = []string{"Syscall", "RawSyscall", "SyscallNoError", "RawSyscallNoError", "AllThreadsSyscall"}

// entries are the places of a file that enter the kernel with fewer arguments,
// by name or by linking to one.
func entries(t *testing.T, name string, src any) (found []string) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	say := func(at token.Pos, what string) { found = append(found, set.Position(at).String()+": "+what) }
	packages := map[string]bool{}
	for _, i := range f.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		if path != "syscall" && path != unix {
			continue
		}
		name := filepath.Base(path)
		if i.Name != nil {
			name = i.Name.Name
		}
		if name == "." {
			say(i.Pos(), "all of "+path+" without its name")
		}
		packages[name] = true
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && packages[x.Name] && slices.Contains(fewer, s.Sel.Name) {
				say(s.Pos(), x.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
	for _, group := range f.Comments {
		for _, c := range group.List {
			if link, ok := strings.CutPrefix(c.Text, "//go:linkname "); ok && strings.Contains(strings.ToLower(link), "syscall") {
				say(c.Pos(), link)
			}
		}
	}
	return found
}

// intoKernel is an instruction that enters the kernel, in Go's assembly of each
// architecture.
var intoKernel = regexp.MustCompile(`(?m)^\s*(SYSCALL|SYSENTER|INT\s+\$0x80|SVC|ECALL)\b`)

// Every call of the tree passes all six arguments: nothing enters the kernel by
// a way that takes fewer, and one function has the instruction.
func TestCallsPassAllArguments(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".go":
			files++
			for _, e := range entries(t, path, nil) {
				t.Errorf("%s: want Syscall6 or RawSyscall6 of syscall, or enter of internal/sys", e)
			}
		case ".s":
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			allowed, err := filepath.Match("internal/sys/enter_*.s", path)
			if err != nil {
				return err
			}
			if intoKernel.Match(text) != allowed {
				t.Errorf("%s: enters the kernel: %v; want that of internal/sys/enter_*.s and no other", path, !allowed)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("%d files of Go: the tree is not here", files)
	}
}

// The rule finds every such way, under whatever name.
func TestCallsWithFewerArgumentsAreFound(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{`import "syscall"; func f() { syscall.Syscall6(1, 2, 3, 4, 5, 6, 7); syscall.RawSyscall6(1, 2, 3, 4, 5, 6, 7) }`, 0},
		{`import "syscall"; func f() { syscall.RawSyscall(1, 2, 3, 4) }`, 1},
		{`import x "golang.org/x/sys/unix"; func f() { x.RawSyscallNoError(1, 2, 3, 4); x.Getppid() }`, 1},
		{`import "golang.org/x/sys/unix"; var f = unix.SyscallNoError`, 1},
		{`import . "syscall"; func f() { RawSyscall(1, 2, 3, 4) }`, 1},
		{"import _ \"unsafe\"\n//go:linkname f syscall.rawSyscallNoError\nfunc f()", 1},
	} {
		if got := entries(t, "file.go", "package p\n"+c.text); len(got) != c.want {
			t.Errorf("%s: found %q, want %d", c.text, got, c.want)
		}
	}
	for text, want := range map[string]bool{"\tSYSCALL\n": true, "\tINT\t$0x80\n": true, "\tECALL // x\n": true, "\tMOVQ AX, BX // SYSCALL\n": false} {
		if intoKernel.MatchString(text) != want {
			t.Errorf("%q: found %v", text, !want)
		}
	}
}
