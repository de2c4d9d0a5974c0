// Package need is what tests do that need a program which may be missing.
package need

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Missing skips the test for the reason why, which names the remedy. Where
// IPCBENCH_REQUIRE, a list with commas, names what is needed, it fails the test
// instead: a skip must not pass for a success where the program ought to be.
func Missing(t testing.TB, what, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("IPCBENCH_REQUIRE"), ","), what) {
		t.Fatal(why)
	}
	t.Skip(why)
}

// Time skips a test that takes some seconds, under -short.
func Time(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes some seconds: -short leaves it out")
	}
}

// Long reports whether the tests are played at full length, which IPCBENCH_LONG=1
// asks for. Else a test that would take minutes plays a stated part.
func Long() bool { return os.Getenv("IPCBENCH_LONG") != "" }
