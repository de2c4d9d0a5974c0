package kernels

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ipcbench/bench"
	"ipcbench/internal/golden"
	"ipcbench/internal/need"
)

// topology is a guest with several CPUs, in real time: what runs where can be seen,
// and no time means anything.
type topology struct {
	qemu   []string // its options of QEMU: CPUs, memory, nodes
	append string   // its kernel options
}

// cpuGuest is a machine of two nodes, each with half of the memory, or of one.
func cpuGuest(smp string, nodes ...string) topology {
	m := topology{qemu: []string{"-smp", smp, "-m", "1024"}}
	for i, cpus := range nodes {
		id := "memory" + strconv.Itoa(i)
		m.qemu = append(m.qemu, "-object", "memory-backend-ram,id="+id+",size="+strconv.Itoa(1024/len(nodes))+"M", "-numa", "node,nodeid="+strconv.Itoa(i)+",cpus="+cpus+",memdev="+id)
	}
	return m
}

// server is 2 sockets × 2 cores × 2 hardware threads, each socket a NUMA node.
func server() topology { return cpuGuest("8,sockets=2,cores=2,threads=2", "0-3", "4-7") }

// with adds options of the kernel.
func (m topology) with(options string) topology {
	m.append = options
	return m
}

// boot runs the commands in a guest and returns what they printed. The programs of
// files are in its root directory, beside /init, which is ipcbench.
func (m topology) boot(t *testing.T, kernel string, files []string, commands ...[]string) string {
	t.Helper()
	console, err := m.try(t, kernel, files, commands...)
	if err != nil {
		t.Fatalf("%v\n%s", err, console)
	}
	return console
}

// try is boot, with the error of the first command that failed.
func (m topology) try(t *testing.T, kernel string, files []string, commands ...[]string) (console string, err error) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: a guest takes a minute or more")
	}
	qemu, err := Find(t.Context(), amd64)
	if err != nil {
		lacking(t, err.Error())
	}
	args := append([]string{"-no-user-config", "-M", "q35", "-nodefaults", "-display", "none", "-no-reboot",
		"-accel", "tcg,thread=multi", "-cpu", "max,vendor=GenuineIntel", "-kernel", kernel,
		"-append", strings.TrimSpace("console=ttyS0 quiet panic=-1 no_timer_check cryptomgr.notests=1 " + m.append),
		"-serial", "file:" + consoleFile, "-serial", "file:" + portFile}, m.qemu...)
	if !qemu.Unconfined {
		args = append(args, "-sandbox", sandbox)
	}
	for range 3 {
		var failed string
		console, failed, err = playInGuest(t, qemu, args, program(t), suite{Commands: commands}, files...)
		if failed != "" {
			err = gaveUp(failed)
		}
		if !patching.MatchString(console) {
			break
		}
		t.Logf("QEMU let a CPU meet a breakpoint that another had taken back; booted again after\n%s", console)
	}
	return console, err
}

// patching is how a kernel dies whose code is patched while QEMU's other CPUs execute
// it: they trap on a breakpoint that is not there any more. One of some 20 guests did.
var patching = regexp.MustCompile(`Oops: int3: `)

// kernelFor is the newest kernel in the cache of that release, as "6.12", or any: none of
// these tests depends on it.
func kernelFor(t *testing.T, release string) string {
	t.Helper()
	any := cachedKernel(t)
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(any)), release+".*-amd64", "vmlinuz-*"))
	return slices.Max(append(found, any))
}

// seen are the files of /sys and /proc that placement reads.
var seen = []string{
	"/sys/devices/system/cpu/online", "/sys/devices/system/cpu/isolated",
	"/sys/devices/system/cpu/cpu[0-9]*/topology/thread_siblings_list", "/sys/devices/system/cpu/cpu[0-9]*/topology/physical_package_id",
	"/sys/devices/system/cpu/cpu[0-9]*/cpu_capacity", "/sys/devices/system/node/node[0-9]*/cpulist", "/proc/self/status",
}

// captured are the trees that host/testdata/topologies keeps, by the name of the file.
// Each is what /sys shows in a guest after the arguments of capture.
var captured = []struct {
	name    string
	machine topology
	trees   map[string][]string
}{
	{"server", server(), map[string][]string{
		"2x2x2":       nil,
		"one-thread":  {"cpus=0,2,4,6"},
		"two-offline": {"/sys/devices/system/cpu/cpu3/online=0", "/sys/devices/system/cpu/cpu6/online=0"},
	}},
	{"isolated", server().with("isolcpus=6,7"), map[string][]string{
		"isolated":      nil,
		"isolated-only": {"cpus=6,7"},
	}},
	{"eight", cpuGuest("8,sockets=1,cores=8,threads=1"), map[string][]string{"8-cores": nil}},
}

// The trees that tests of placement are made on are those of machines: a guest shows
// them again. -update writes them.
func TestTopologyCaptured(t *testing.T) {
	long(t)
	for _, c := range captured {
		t.Run(c.name, func(t *testing.T) {
			var names []string
			var commands [][]string
			for _, name := range slices.Sorted(maps.Keys(c.trees)) { // two-offline comes last
				names = append(names, name)
				commands = append(commands, slices.Concat([]string{"/capture"}, c.trees[name], seen))
			}
			console := c.machine.boot(t, kernelFor(t, "6.12"), []string{built(t, "capture", "./testdata/capture", "build")}, commands...)
			for i, name := range names {
				_, from, _ := strings.Cut(console, "-- sys/")
				tree, rest, ended := strings.Cut("-- sys/"+from, "-- end --\n")
				if console = rest; !ended {
					t.Fatalf("%s: its end is missing: %s", name, commands[i])
				}
				golden.Check(t, filepath.Join("..", "..", "host", "testdata", "topologies", name+".txtar"), []byte(tree))
			}
		})
	}
}

// placed are the workloads whose places are tried in guests, each guest with some: a
// launch of two processes takes a second, and one of nine on one CPU several.
var placed = map[string][]string{
	"two":  {"Burst", "Duplex", "Lifecycle", "Notify", "OpenLoop", "PingPong", "Select", "Stream"},
	"vie":  {"Compete", "Contend"},
	"in":   {"FanIn", "FanInPoll"},
	"out":  {"FanOut", "Pipeline"},
	"each": {"Pairs"},
}

// The whole path on a machine with sockets, cores, hardware threads, NUMA nodes and
// huge pages: every place, the node of a link's memory, and many processes. Without
// IPCBENCH_LONG=1 places are tried with three workloads, else with all, each with 2 to
// 9 processes.
func TestTopology(t *testing.T) {
	m := server().with("hugepages=64")
	play := func(t *testing.T, commands ...string) string {
		t.Helper()
		var all [][]string
		for _, run := range commands {
			all = append(all, []string{"/runner", "-test.v", "-test.run=" + run})
		}
		console := m.boot(t, kernelFor(t, "6.12"), []string{built(t, "runner", "ipcbench/runner", "test", "-c")}, all...)
		t.Log(console)
		return console
	}
	const whole = "^(TestFillsMachine|TestHugePages|TestNodesOfLinks)$"
	t.Run("machine", func(t *testing.T) {
		commands, tests := []string{"^TestLaunchIsWhatIsAsked$/^memory(-node)?$", whole}, []string{"TestFillsMachine", "TestHugePages", "TestNodesOfLinks", "TestLaunchIsWhatIsAsked"}
		if !need.Long() { // one guest for all
			commands, tests = append(commands, "^TestPlaces$"), append(tests, "TestPlaces")
		}
		console := play(t, commands...)
		passed(t, console, tests...)
		if want := "64 huge pages are free"; !strings.Contains(console, want) {
			t.Errorf("the guest is not the machine that was asked for: no %q", want)
		}
		for _, what := range []string{"huge", "local", "remote"} {
			if strings.Contains(console, what+": left out") {
				t.Errorf("the guest has what memory=huge and memory-node need, and %s was left out", what)
			}
		}
	})
	if !need.Long() {
		return
	}
	m = m.with("hugepages=64 IPCBENCH_LONG=1") // which the kernel hands to its first process
	var all []string
	for _, workloads := range placed {
		all = append(all, workloads...)
	}
	for _, w := range bench.Workloads {
		if !slices.Contains(all, w.Name) {
			t.Errorf("no guest tries the places of %s", w.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(placed)) {
		t.Run(name, func(t *testing.T) {
			console := play(t, "^TestPlaces$/^("+strings.Join(placed[name], "|")+")$")
			for _, w := range placed[name] {
				passed(t, console, "TestPlaces/"+w)
			}
			if want := "8 CPUs, 4 cores, 2 sockets"; !strings.Contains(console, want) {
				t.Errorf("the guest is not the machine that was asked for: no %q", want)
			}
		})
	}
}

// Pairs and senders for each of 16 CPUs of one socket.
func TestTopologyMany(t *testing.T) {
	long(t)
	console := cpuGuest("16,sockets=1,cores=16,threads=1").boot(t, kernelFor(t, "6.12"), []string{built(t, "runner", "ipcbench/runner", "test", "-c")},
		[]string{"/runner", "-test.v", "-test.run=^TestFillsMachine$"})
	t.Log(console)
	passed(t, console, "TestFillsMachine")
}

// The static program runs on every kernel in the cache, and states what each lacks.
func TestTopologyKernels(t *testing.T) {
	long(t)
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(cachedKernel(t))), "*-amd64", "vmlinuz-*"))
	for _, kernel := range found {
		release := strings.TrimPrefix(filepath.Base(kernel), "vmlinuz-")
		t.Run(release, func(t *testing.T) {
			console := cpuGuest("2").boot(t, kernel, []string{built(t, "runner", "ipcbench/runner", "test", "-c")},
				[]string{"/runner", "-test.v", "-test.run=^TestEveryMechanismHere$"})
			t.Log(console)
			passed(t, console, "TestEveryMechanismHere")
		})
	}
}

// long skips a test that boots guests for minutes.
func long(t *testing.T) {
	t.Helper()
	if !need.Long() {
		t.Skip("IPCBENCH_LONG=1 boots the guests, some minutes")
	}
}

// passed fails unless the tests passed in a guest, none skipped.
func passed(t *testing.T, console string, tests ...string) {
	t.Helper()
	for _, name := range tests {
		if !strings.Contains(console, "--- PASS: "+name+" ") || strings.Contains(console, "--- SKIP") {
			t.Errorf("%s did not pass in the guest, or something was skipped:\n%s", name, console)
		}
	}
}
