package command

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A process of a run does not initialise what draws pictures or serves the
// command line: every launch would pay for it once a worker.
func TestWorkersComeFirst(t *testing.T) {
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), "IPCBENCH_PROCESS=worker", "IPCBENCH_TOKEN=x", "GODEBUG=inittrace=1")
	out, _ := c.CombinedOutput()
	if status := c.ProcessState.ExitCode(); status != 2 {
		t.Fatalf("a worker without a parent: exit status %d, want 2\n%s", status, out)
	}
	if !strings.Contains(string(out), "\ninit ipcbench/mechanisms/pipes ") {
		t.Fatalf("the trace lacks what a worker needs:\n%s", out)
	}
	for _, late := range []string{"gonum.org/v1/plot", "html/template", "net/http", "crypto/tls", "ipcbench/plots", "ipcbench/report", "ipcbench/semantics", "ipcbench/kernels", "github.com/spf13/cobra"} {
		if strings.Contains(string(out), "\ninit "+late+" ") {
			t.Errorf("%s has initialised: it came before ipcbench/runner/first", late)
		}
	}
}
