package command

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A step gives git a verdict, has it try another commit, or stops it: nothing that
// went wrong is taken for a bad kernel.
func TestStepScript(t *testing.T) {
	path := filepath.Join(t.TempDir(), "step")
	for _, tt := range []struct {
		build, step string
		want        int
	}{
		{"true", "true", 0},
		{"true", "sh -c 'exit 1'", 1},
		{"true", "sh -c 'exit 125'", exitNoVerdict},
		{"false", "true", exitNoVerdict},
		{"sh -c 'exit 2'", "true", exitNoVerdict},
		{"./missing", "true", exitStopBisect},
		{"sh -c 'kill -9 $$'", "true", exitStopBisect},
		{"true", "./missing", exitStopBisect},
		{"true", "sh -c 'exit 2'", exitStopBisect}, // Go's runtime, of a crash
		{"true", "sh -c 'exit 3'", exitStopBisect}, // output that can't be written
		{"true", "sh -c 'kill -9 $$'", exitStopBisect},
	} {
		text := fmt.Sprintf(stepScript, "PingPong/pipe", "takes 1 insns/op", "takes 2 insns/op", tt.build, tt.step)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("/bin/sh", path)
		c.Run() // its state says more
		if got := c.ProcessState.ExitCode(); got != tt.want {
			t.Errorf("build %q, step %q: exit status %d, want %d", tt.build, tt.step, got, tt.want)
		}
	}
}
