package ipcbench_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestMain explains flags of the benchmarks that stand before their package. Go test
// hands a flag that it does not know, and all that follows, to the package of the
// current directory, which is this one.
func TestMain(m *testing.M) {
	if why := misplaced(os.Args[1:]); why != "" {
		fmt.Fprintln(os.Stderr, why)
		os.Exit(2)
	}
	os.Exit(m.Run())
}

// misplaced is what to type where args have the package behind its flags, else "".
func misplaced(args []string) string {
	var known, further []string
	found := false
	for _, arg := range args {
		flag, ours := strings.CutPrefix(arg, "-test.")
		switch name, value, _ := strings.Cut(flag, "="); {
		case strings.TrimSuffix(strings.TrimPrefix(arg, "./"), "/") == "bench":
			found = true
		case !ours:
			further = append(further, arg)
		case name != "paniconexit0" && name != "timeout": // which go test adds
			known = append(known, "-"+name, value)
		}
	}
	if !found {
		return ""
	}
	return fmt.Sprintf("flags of the benchmarks come after the package: go test %s ./bench %s", strings.Join(known, " "), strings.Join(further, " "))
}

func TestMisplaced(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"-test.paniconexit0 -test.timeout=10m0s -test.bench=. -units all ./bench", "go test -bench . ./bench -units all"},
		{"-test.bench=Stream -test.count=10 -mech pipe ./bench/ -size 64", "go test -bench Stream -count 10 ./bench -mech pipe -size 64"},
		{"-test.run=Imports", ""},
		{"-test.bench=./bench", ""},
	} {
		got := misplaced(strings.Fields(tt.args))
		if want := "flags of the benchmarks come after the package: " + tt.want; got != want && (tt.want != "" || got != "") {
			t.Errorf("%s: %q, want %q", tt.args, got, want)
		}
	}
}
