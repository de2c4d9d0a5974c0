package sys

import (
	"os/exec"
	"regexp"
	"slices"
	"testing"
)

// The compiler copies an attempt into its caller, so that no frame stands
// between the loop and enter (see Dedicate). Its budget is 80; an attempt with
// six arguments costs 76.
func TestAttemptsAreInlined(t *testing.T) {
	out, err := exec.Command("go", "build", "-gcflags=-m", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var inlined []string
	for _, m := range regexp.MustCompile(`can inline (\w+)\n`).FindAllSubmatch(out, -1) {
		inlined = append(inlined, string(m[1]))
	}
	for _, name := range []string{
		"TryRead", "TryWrite", "TrySemop", "TryMsgsnd", "TryMqTimedsend", "TryMqTimedreceive", "TryTgkill", "TryVmsplice", "Getppid", "SchedYield", "LetGoroutinesRun",
	} {
		if !slices.Contains(inlined, name) {
			t.Errorf("%s is not inlined", name)
		}
	}
}
