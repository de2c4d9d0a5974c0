package kernels

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What of the conformance suite a guest runs: by default what needs a module
// that hardly any machine has loaded, without the rules that start processes by
// the hundred. -suite TestConformance -suite-skip - is all of it: an hour.
var (
	suiteRun  = flag.String("suite", "TestConformance/^vsock$", "tests of the conformance suite that a guest runs, as -run takes them")
	suiteSkip = flag.String("suite-skip", "TestConformance/.*/^(waits|batches|workload)$", "and those that it does not run")
)

// socketModules make virtual sockets meet within one machine, in the order in which they
// are loaded.
var socketModules = []string{"vsock", "vmw_vsock_virtio_transport_common", "vsock_loopback"}

// modules are those files beside a kernel.
func modules(t *testing.T, kernel string) (files []string) {
	t.Helper()
	for _, name := range socketModules {
		file := filepath.Join(filepath.Dir(kernel), "modules", name+".ko")
		if _, err := os.Stat(file); err != nil {
			lacking(t, err.Error()+": scripts/fetch-debian-kernel fetches it with the kernel")
		}
		files = append(files, file)
	}
	return files
}

// A kernel that has what this machine's may lack is held to the contract, too.
func TestConformanceInGuest(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: a boot takes half a minute")
	}
	qemu, err := Find(t.Context(), amd64)
	if err != nil {
		lacking(t, err.Error())
	}
	kernel := cachedKernel(t)
	files := modules(t, kernel)
	s := suite{Commands: [][]string{{"/conformance", "-test.v", "-test.timeout=0", "-test.run=" + *suiteRun, "-test.skip=" + *suiteSkip}}}
	for _, file := range files {
		s.Modules = append(s.Modules, "/"+filepath.Base(file))
	}
	test := built(t, "conformance", "ipcbench/conformance", "test", "-c")
	console, failed, err := playInGuest(t, qemu, qemu.arguments(ICount, boots{file: kernel}, ICount.commandLine(&Kernel{}), 1), program(t), s, append(files, test)...)
	t.Log(console)
	switch {
	case err != nil:
		t.Error(err)
	case failed != "":
		t.Error(failed)
	case strings.Contains(console, "--- SKIP"), !strings.Contains(console, "--- PASS"):
		t.Error("a rule was skipped, or none was tried")
	}
}
