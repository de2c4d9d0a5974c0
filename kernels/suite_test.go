package kernels

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What of the conformance suite a guest runs: by default what needs a module
// that hardly any machine has loaded, without the rules that start processes by
// the hundred. -suite TestConformance -suite-skip - is all of it: an hour.
var (
	suiteRun  = flag.String("suite", "TestConformance/^vsock$", "tests of the conformance suite that a guest runs, as -run takes them")
	suiteSkip = flag.String("suite-skip", "TestConformance/.*/^(waits|batches|workload)$", "and those that it does not run")
)

// modules are those beside a kernel that make virtual sockets meet within one
// machine, in the order in which they are loaded.
func modules(t *testing.T, kernel string) (files []string) {
	t.Helper()
	for _, name := range []string{"vsock", "vmw_vsock_virtio_transport_common", "vsock_loopback"} {
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
	j := job{Suite: &suite{}}
	for _, file := range files {
		j.Suite.Modules = append(j.Suite.Modules, "/"+filepath.Base(file))
	}
	test := built(t, "conformance", "ipcbench/conformance", "test", "-c")
	j.Suite.Commands = [][]string{{"/conformance", "-test.v", "-test.timeout=0", "-test.run=" + *suiteRun, "-test.skip=" + *suiteSkip}}
	initrd, err := newInitrd(program(t), j, append(files, test)...)
	if err != nil {
		t.Fatal(err)
	}
	defer initrd.Close()
	limit := 10 * time.Minute
	if late, ok := t.Deadline(); ok {
		limit = time.Until(late) - 10*time.Second
	}
	b := boot{qemu: qemu.Path, initrd: initrd, limit: limit, args: append(qemu.arguments(ICount, kernel, ICount.commandLine(&Kernel{}), 1), "-initrd", initrdFile)}
	console, port, err := b.run(t.Context())
	t.Logf("%s", console)
	if err != nil {
		t.Fatal(err)
	}
	switch m, err := decodeLine(port); {
	case err != nil:
		t.Errorf("%v: %q", err, port)
	case m.End == nil:
		t.Error(m.Failed)
	case strings.Contains(string(console), "--- SKIP"), !strings.Contains(string(console), "--- PASS"):
		t.Error("a rule was skipped, or none was tried")
	}
}
