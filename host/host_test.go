package host

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"ipcbench/results"
)

// machine reads a tree from one file of testdata: a line of words about
// it, then "-- /path --" before each file and "-- /path -> target --" for a
// symbolic link.
func machine(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	root := fstest.MapFS{}
	var file *fstest.MapFile
	for line := range strings.Lines(string(b)) {
		header, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "-- /")
		header, closed := strings.CutSuffix(header, " --")
		if !ok || !closed {
			if file != nil {
				file.Data = append(file.Data, line...)
			}
			continue
		}
		path, target, link := strings.Cut(header, " -> ")
		file = &fstest.MapFile{Mode: 0o444}
		if link {
			file.Mode, file.Data = fs.ModeSymlink|0o777, []byte(target)
		}
		if root[path] != nil {
			t.Fatalf("%s: /%s comes twice", name, path)
		}
		root[path] = file
	}
	return root
}

// host reads a machine's host with a mask of CPUs.
func host(t testing.TB, name string, mask ...int) (fstest.MapFS, results.Host) {
	t.Helper()
	root := machine(t, name)
	cpus, err := readCPUs(tree{root}, mask)
	if err != nil {
		t.Fatal(err)
	}
	return root, Read(root, cpus, "v1")
}

func TestReadHost(t *testing.T) {
	for _, c := range []struct {
		machine string
		mask    []int
		want    results.Host
	}{
		{"x86-vm", []int{0, 1}, results.Host{
			Kernel: "Linux 6.18.44", Build: "#1 SMP PREEMPT_DYNAMIC @0", CPU: "Intel(R) Xeon(R) Processor",
			CPUs: 2, Topology: "2 CPUs, 2 cores, 1 socket", Memory: 24684092 << 10, Virt: "kvm",
			Mitigations: "retbleed=Vulnerable; spectre_v2=Retpolines, STIBP: disabled, RSB filling",
			SMT:         "notsupported", Clocksource: "tsc", Cgroup: "none", Scheduling: "SCHED_OTHER, nice 0",
			Sysctls: map[string]string{"kernel.msgmax": "8192", "kernel.sem": "32000 1024000000 500 32000", "fs.pipe-user-pages-soft": "512"},
		}},
		{"arm64-metal", []int{0, 4, 7}, results.Host{
			Kernel: "Linux 6.12.25-rt9", Build: "#1 SMP PREEMPT_RT Debian 6.12.25-1 (2025-04-25)",
			CPU:  "Cortex-A55, Cortex-A76, ARM implementer 0x99 part 0x123",
			CPUs: 2, Topology: "2 CPUs, 2 cores", Memory: 8052340 << 10, Virt: "none",
			Mitigations: "mitigations=off; spectre_v2=Vulnerable", Governor: "performance", Turbo: "off",
			SMT: "notimplemented", Clocksource: "arch_sys_counter", Cgroup: "none", Scheduling: "SCHED_FIFO 1",
			Sysctls: map[string]string{"fs.pipe-user-pages-soft": "16384"},
		}},
		{"container-v2", []int{0}, results.Host{
			Kernel: "Linux 6.8.0-45-generic", Build: "#45-Ubuntu SMP PREEMPT_DYNAMIC", CPU: "AMD EPYC 7543 32-Core Processor",
			CPUs: 1, Topology: "1 CPU, 1 core, 1 socket", Virt: "container:podman",
			Mitigations: "none needed", Governor: "powersave", Turbo: "on", SMT: "on", Clocksource: "hpet",
			Cgroup: "cpu.max 150000/100000, memory.max 512MiB, pids.max 512", Scheduling: "SCHED_OTHER, nice 10",
			Sysctls: map[string]string{},
		}},
		{"container-v1", []int{0}, results.Host{
			CPU:  "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
			CPUs: 1, Topology: "1 CPU, 1 core, 1 socket", Virt: "kvm, container:docker",
			Cgroup:  "cpu.cfs_quota_us 50000/100000, pids.max 100",
			Sysctls: map[string]string{},
		}},
	} {
		t.Run(c.machine, func(t *testing.T) {
			_, got := host(t, c.machine, c.mask...)
			if got.Program != "v1" || got.Arch == "" || got.PageSize < 4096 || got.GOMAXPROCS < 1 || got.Go == "" {
				t.Errorf("facts about this process: %+v", got)
			}
			c.want.Arch, c.want.PageSize, c.want.Go, c.want.GOMAXPROCS, c.want.Program = got.Arch, got.PageSize, got.Go, got.GOMAXPROCS, got.Program
			was, want := reflect.ValueOf(got), reflect.ValueOf(c.want)
			for i := range was.NumField() {
				if g, w := was.Field(i).Interface(), want.Field(i).Interface(); !reflect.DeepEqual(g, w) {
					t.Errorf("%s:\n got %v\nwant %v", was.Type().Field(i).Name, g, w)
				}
			}
		})
	}
}

// The machine that runs the test has at least a kernel, a CPU and memory, and
// no value that would break a line.
func TestReadHostHere(t *testing.T) {
	cpus, err := ReadCPUs(os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	h := Read(os.DirFS("/"), cpus, "two\nlines")
	if !strings.HasPrefix(h.Kernel, "Linux ") || h.CPUs < 1 || h.Memory < 1<<20 || h.Sysctls["fs.pipe-max-size"] == "" {
		t.Errorf("too little is known: %+v", h)
	}
	if h.Program != "two lines" {
		t.Errorf("program = %q, want one line", h.Program)
	}
	v := reflect.ValueOf(h)
	for i := range v.NumField() {
		if v.Field(i).Kind() != reflect.String {
			continue
		}
		s := v.Field(i).String()
		if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) || s != strings.TrimSpace(s) {
			t.Errorf("%s = %q: want one printable line", v.Type().Field(i).Name, s)
		}
	}
}

func TestReadHostKnowsNothing(t *testing.T) {
	h := Read(fstest.MapFS{}, nil, "")
	h.Arch, h.PageSize, h.Go, h.GOMAXPROCS = "", 0, "", 0
	want := results.Host{Topology: "0 CPUs", Sysctls: map[string]string{}}
	if !reflect.DeepEqual(h, want) {
		t.Errorf("an empty tree gave %+v, want nothing", h)
	}
}

func TestVirt(t *testing.T) {
	const x86, guest = "flags\t: fpu tsc", "flags\t: fpu hypervisor"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"nothing shown", nil, ""},
		{"x86 without a hypervisor, whatever its board is called", map[string]string{"proc/cpuinfo": x86, "sys/class/dmi/id/sys_vendor": "Amazon EC2"}, "none"},
		{"x86 guest of no known maker", map[string]string{"proc/cpuinfo": guest}, "vm"},
		{"VMware", map[string]string{"proc/cpuinfo": guest, "sys/class/dmi/id/sys_vendor": "VMware, Inc."}, "vmware"},
		{"Hyper-V", map[string]string{"proc/cpuinfo": guest, "sys/class/dmi/id/sys_vendor": "Microsoft Corporation", "sys/class/dmi/id/product_name": "Virtual Machine"}, "hyperv"},
		{"Xen", map[string]string{"proc/cpuinfo": guest, "sys/hypervisor/type": "xen\n"}, "xen"},
		{"QEMU without KVM", map[string]string{"proc/cpuinfo": guest, "sys/class/dmi/id/sys_vendor": "QEMU"}, "qemu"},
		{"arm64 guest", map[string]string{"sys/class/dmi/id/sys_vendor": "Amazon EC2", "sys/class/dmi/id/product_name": "m6g.large"}, "kvm"},
		{"arm64 metal", map[string]string{"sys/class/dmi/id/sys_vendor": "Amazon EC2", "sys/class/dmi/id/product_name": "m6g.metal"}, "none"},
		{"device tree of a guest", map[string]string{"proc/device-tree/compatible": "linux,dummy-virt\x00"}, "vm"},
		{"cgroup of a pod", map[string]string{"proc/cpuinfo": x86, "proc/1/cgroup": "0::/kubepods.slice/pod1"}, "container:kubernetes"},
		{"docker's mark", map[string]string{"proc/cpuinfo": x86, ".dockerenv": ""}, "container:docker"},
		{"systemd's mark", map[string]string{"proc/cpuinfo": guest, "run/systemd/container": "systemd-nspawn\n"}, "vm, container:systemd-nspawn"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for path, text := range c.files {
				root[path] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := (tree{root}).virt(); got != c.want {
				t.Errorf("virt = %q, want %q", got, c.want)
			}
		})
	}
}

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " a \n\tb ": "a b", "a\x00b\x1b[0m": "a b [0m", "\xff": "?", "ü…": "ü…",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("oneLine(%q) = %q, want %q", in, got, want)
		}
	}
}
