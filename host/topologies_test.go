package host

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// sysTree is a tree of /sys and the CPUs that a process of it may run on.
type sysTree struct {
	fstest.MapFS
	mask []int
}

// capturedMachine is a tree of testdata/topologies: what a guest of QEMU showed. The
// tests of package kernels boot these guests, and compare.
func capturedMachine(t *testing.T, name string) sysTree {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", "topologies", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	m := sysTree{MapFS: fstest.MapFS{}}
	for _, f := range archive.Files {
		m.MapFS[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	if m.mask, err = ParseCPUList(tree{m}.field("/proc/self/status", "Cpus_allowed_list")); err != nil {
		t.Fatal(err)
	}
	return m
}

// generated is the tree of a machine whose CPUs are numbered thread by thread, as
// QEMU's are: sockets of cores of threads, a NUMA node a socket where there are
// nodes. TestGenerated holds it against captured ones. Capacity, of each CPU, is
// none where it is nil.
func generated(sockets, cores, threads int, nodes bool, capacity func(id int) int) sysTree {
	m := sysTree{MapFS: fstest.MapFS{}}
	put := func(path, text string) { m.MapFS[path[1:]] = &fstest.MapFile{Data: []byte(text + "\n")} }
	span := func(first, n int) string { // as the kernel prints a list
		if n == 1 {
			return strconv.Itoa(first)
		}
		return strconv.Itoa(first) + "-" + strconv.Itoa(first+n-1)
	}
	all := sockets * cores * threads
	for id := range all {
		m.mask = append(m.mask, id)
		put(cpuDir(id)+"/topology/thread_siblings_list", span(id/threads*threads, threads))
		put(cpuDir(id)+"/topology/physical_package_id", strconv.Itoa(id/(cores*threads)))
		if capacity != nil {
			put(cpuDir(id)+"/cpu_capacity", strconv.Itoa(capacity(id)))
		}
	}
	if !nodes {
		put("/sys/devices/system/node/node0/cpulist", span(0, all))
	}
	for s := range sockets {
		if nodes {
			put("/sys/devices/system/node/node"+strconv.Itoa(s)+"/cpulist", span(s*cores*threads, cores*threads))
		}
	}
	put(onlineCPUs, span(0, all))
	put(isolatedCPUs, "")
	put("/proc/self/status", "Cpus_allowed_list:\t"+span(0, all))
	return m
}

// The generator makes what guests show, file by file.
func TestGenerated(t *testing.T) {
	for name, m := range map[string]sysTree{"2x2x2": generated(2, 2, 2, true, nil), "8-cores": generated(1, 8, 1, false, nil)} {
		want := capturedMachine(t, name)
		for file, f := range want.MapFS {
			if got, err := m.ReadFile(file); string(got) != string(f.Data) {
				t.Errorf("%s: %s is %q, %v; want %q", name, file, got, err, f.Data)
			}
		}
		if len(m.MapFS) != len(want.MapFS) || !slices.Equal(m.mask, want.mask) {
			t.Errorf("%s: %d files and CPUs %v, want %d and %v", name, len(m.MapFS), m.mask, len(want.MapFS), want.mask)
		}
	}
}

// bigLittle are 4 slow CPUs and 4 fast ones in one socket, as an arm64 phone has them.
func bigLittle() sysTree {
	return generated(1, 8, 1, false, func(id int) int { return []int{446, 1024}[id/4] })
}

// Where workers go on real machines, and what is said about it.
func TestAssignOnMachines(t *testing.T) {
	big := generated(2, 64, 2, true, nil) // 256 CPUs
	const (
		shares = "place cross: 9 processes share 8 CPUs: take fewer --peers, or a machine with more"
		leaves = " processes are on 2 sockets: take fewer --peers, or a machine with more cores a socket"
		uneven = " processes are on CPUs of different capacity (cpu_capacity): take fewer --peers, or --cpus of one capacity"
	)
	for _, c := range []struct {
		name    string
		machine sysTree
		place   string
		n       int
		want    string // CPUs in order, or the refusal
		says    string
	}{
		{"2x2x2", capturedMachine(t, "2x2x2"), "same", 3, "7 7 7", ""},
		{"2x2x2", capturedMachine(t, "2x2x2"), "smt", 2, "7 6", ""},
		{"2x2x2", capturedMachine(t, "2x2x2"), "smt", 3, "7 6 7", "place smt: 3 processes share 2 CPUs: take fewer --peers, or a machine with more"},
		{"2x2x2", capturedMachine(t, "2x2x2"), "cross", 2, "7 5", ""},
		{"2x2x2", capturedMachine(t, "2x2x2"), "cross", 4, "7 5 3 1", "place cross: 4" + leaves},
		{"2x2x2", capturedMachine(t, "2x2x2"), "cross", 5, "7 5 3 1 6", "place cross: 5 processes share 4 cores, as hardware threads: take fewer --peers, or a machine with more; 5" + leaves},
		{"2x2x2", capturedMachine(t, "2x2x2"), "cross", 9, "7 5 3 1 6 4 2 0 7", shares + "; 9" + leaves},
		{"2x2x2", capturedMachine(t, "2x2x2"), "socket", 2, "7 3", ""},
		{"2x2x2", capturedMachine(t, "2x2x2"), "socket", 5, "7 3 5 1 6", "place socket: 5 processes share 4 cores, as hardware threads: take fewer --peers, or a machine with more"},
		{"8 cores", capturedMachine(t, "8-cores"), "cross", 8, "7 6 5 4 3 2 1 0", ""},
		{"8 cores", capturedMachine(t, "8-cores"), "cross", 9, "7 6 5 4 3 2 1 0 7", shares},
		{"8 cores", capturedMachine(t, "8-cores"), "smt", 2, "place smt: no two are hardware threads of one core among the CPUs 0-7 that may be used (cpu*/topology/thread_siblings_list in /sys/devices/system/cpu)", ""},
		{"8 cores", capturedMachine(t, "8-cores"), "socket", 2, "place socket: no two are of different sockets among the CPUs 0-7 that may be used (cpu*/topology/physical_package_id in /sys/devices/system/cpu)", ""},
		// 3 and 6 are offline, and their siblings are alone on their cores.
		{"two offline", capturedMachine(t, "two-offline"), "cross", 5, "7 5 2 1 4", "place cross: 5 processes share 4 cores, as hardware threads: take fewer --peers, or a machine with more; 5" + leaves},
		{"two offline", capturedMachine(t, "two-offline"), "smt", 2, "5 4", ""},
		// A cpuset with one thread of each core.
		{"one thread", capturedMachine(t, "one-thread"), "smt", 2, "place smt: no two are hardware threads of one core among the CPUs 0,2,4,6 that may be used (cpu*/topology/thread_siblings_list in /sys/devices/system/cpu)", ""},
		{"one thread", capturedMachine(t, "one-thread"), "cross", 5, "6 4 2 0 6", "place cross: 5 processes share 4 CPUs: take fewer --peers, or a machine with more; 5" + leaves},
		{"one thread", capturedMachine(t, "one-thread"), "socket", 4, "6 2 4 0", ""},
		// No process starts on isolated CPUs; one that is sent there is not moved.
		{"isolated", capturedMachine(t, "isolated"), "cross", 2, "3 1", ""},
		{"isolated", capturedMachine(t, "isolated"), "free", 2, "", ""},
		{"isolated only", capturedMachine(t, "isolated-only"), "smt", 2, "7 6", ""},
		{"isolated only", capturedMachine(t, "isolated-only"), "free", 2, "", "place free: the scheduler moves no process from CPU to CPU on 6-7 (/sys/devices/system/cpu/isolated): pin processes by another place, or take other --cpus"},
		{"big.LITTLE", bigLittle(), "same", 2, "7 7", ""},
		{"big.LITTLE", bigLittle(), "cross", 4, "7 6 5 4", ""},
		{"big.LITTLE", bigLittle(), "cross", 5, "7 6 5 4 3", "place cross: 5" + uneven},
		{"LITTLE.big", generated(1, 8, 1, false, func(id int) int { return []int{1024, 446}[id/4] }), "cross", 3, "3 2 1", ""},
		{"256 CPUs", big, "cross", 3, "255 253 251", ""},
		{"256 CPUs", big, "cross", 65, "", "place cross: 65" + leaves},
		{"256 CPUs", big, "socket", 2, "255 127", ""},
	} {
		cpus, err := readCPUs(tree{c.machine}, c.machine.mask)
		if err != nil {
			t.Fatal(c.name, err)
		}
		ids, err := Assign(cpus, c.place, c.n)
		got := strings.Trim(strings.Join(strings.Fields(strings.Trim(stringOf(ids), "[]")), " "), " ")
		if err != nil {
			got = err.Error()
		}
		if c.n > 9 {
			got = "" // too many to list: keepsPromise holds them
		}
		if got != c.want {
			t.Errorf("%s, %s × %d: %s\nwant %s", c.name, c.place, c.n, got, c.want)
		}
		if says := Departures(cpus, c.place, ids); err == nil && says != c.says {
			t.Errorf("%s, %s × %d says %q\nwant %q", c.name, c.place, c.n, says, c.says)
		}
		for n := range 20 {
			for _, place := range []string{"same", "smt", "cross", "socket"} {
				keepsPromise(t, cpus, place, n)
			}
		}
	}
}

func stringOf(ids []int) (s string) {
	for _, id := range ids {
		s += strconv.Itoa(id) + " "
	}
	return s
}

// The NUMA node that memory-node asks for.
func TestMemoryNode(t *testing.T) {
	server := capturedMachine(t, "2x2x2")
	server.MapFS["sys/devices/system/node/has_memory"] = &fstest.MapFile{Data: []byte("0-1\n")}
	one := capturedMachine(t, "8-cores")
	one.MapFS["sys/devices/system/node/has_memory"] = &fstest.MapFile{Data: []byte("0\n")}
	for _, c := range []struct {
		machine sysTree
		which   string
		ids     []int
		want    int
		refuses string
	}{
		{server, "local", []int{7, 3}, 1, ""},
		{server, "remote", []int{7, 3}, 0, ""},
		{server, "local", []int{2, 0}, 0, ""},
		{server, "remote", []int{2, 0}, 1, ""},
		{server, "local", nil, 0, "memory-node local: processes that are not pinned are near no NUMA node"},
		{one, "remote", []int{7}, 0, "memory-node remote: only NUMA node 0 has memory (/sys/devices/system/node/has_memory), and near and far need two, numa(7)"},
		{sysTree{MapFS: fstest.MapFS{}, mask: []int{0, 1}}, "local", []int{1}, 0, "memory-node local: the NUMA nodes cannot be read (/sys/devices/system/node/has_memory): the kernel is built without, or /sys is not mounted"},
	} {
		cpus, err := readCPUs(tree{c.machine}, c.machine.mask)
		if err != nil {
			t.Fatal(err)
		}
		node, err := MemoryNode(c.machine, cpus, c.which, c.ids)
		if got := errorText(err); got != c.refuses || err == nil && node != c.want {
			t.Errorf("%s of %v: %d, %q; want %d, %q", c.which, c.ids, node, got, c.want, c.refuses)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// counting counts the files that are read of a tree.
type counting struct {
	fstest.MapFS
	reads *int
}

func (c counting) ReadFile(name string) ([]byte, error) {
	*c.reads++
	return c.MapFS.ReadFile(name)
}

// A machine with 256 CPUs is read with a few files a CPU.
func TestManyCPUs(t *testing.T) {
	m := generated(2, 64, 2, true, nil)
	reads := 0
	cpus, err := readCPUs(tree{counting{m.MapFS, &reads}}, m.mask)
	if err != nil || len(cpus) != 256 || describe(cpus) != "256 CPUs, 128 cores, 2 sockets" {
		t.Fatal(describe(cpus), err)
	}
	if most := 4*len(cpus) + 16; reads > most {
		t.Errorf("%d files were read of 256 CPUs, want at most %d", reads, most)
	}
	// A plan asks for each of its cells, 27,000 of the preset full.
	for _, place := range []string{"same", "smt", "cross", "socket"} {
		asks := func() {
			ids, err := Assign(cpus, place, 9)
			if err != nil {
				t.Fatal(err)
			}
			Departures(cpus, place, ids)
		}
		if made := testing.AllocsPerRun(10, asks); made > 500 {
			t.Errorf("place %s of 256 CPUs makes %v allocations", place, made)
		} else {
			t.Logf("place %s: %v allocations", place, made)
		}
	}
}
