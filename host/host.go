// Package host describes the machine: its facts, which of them spoil numbers, what
// it does during a launch, and which CPU a worker is given. It reads /proc and
// /sys and changes nothing.
package host

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"ipcbench/results"
)

// Root is the running system, for everything here that takes a tree.
var Root = os.DirFS("/")

// Read describes the machine as far as root shows it: the tree that holds proc and
// sys, os.DirFS("/") outside tests. cpus are those the run was
// given and program is the version of ipcbench. What cannot be read stays
// empty; every string is one line of printable characters.
func Read(root fs.FS, cpus []CPU, program string) results.Host {
	t := tree{root}
	kib, _ := strconv.ParseInt(strings.TrimSuffix(t.field("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	return results.Host{
		Kernel:      strings.TrimSpace(t.text("/proc/sys/kernel/ostype") + " " + t.text("/proc/sys/kernel/osrelease")),
		Build:       t.text("/proc/sys/kernel/version"),
		Arch:        runtime.GOARCH,
		CPU:         t.cpuModel(),
		CPUs:        len(cpus),
		Topology:    describe(cpus),
		Memory:      kib << 10,
		PageSize:    os.Getpagesize(),
		Virt:        t.virt(),
		Mitigations: t.mitigations(),
		Governor:    t.governor(cpus),
		Turbo:       t.turbo(),
		SMT:         t.text("/sys/devices/system/cpu/smt/control"),
		Clocksource: t.text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
		Cgroup:      t.cgroupLimits(),
		Scheduling:  t.scheduling(),
		Sysctls:     t.sysctls(),
		Go:          runtime.Version(),
		GOMAXPROCS:  runtime.GOMAXPROCS(0),
		Program:     oneLine(program),
	}
}

// policies are those of linux/sched.h, sched(7).
var policies = map[string]string{"0": "SCHED_OTHER", "1": "SCHED_FIFO", "2": "SCHED_RR", "3": "SCHED_BATCH", "5": "SCHED_IDLE", "6": "SCHED_DEADLINE", "7": "SCHED_EXT"}

// scheduling is the policy of this process with its priority or nice value,
// proc_pid_stat(5).
func (t tree) scheduling() string {
	const nice, priority, policy = 19 - 3, 40 - 3, 41 - 3 // counted from the state, behind a name that may hold anything
	stat := t.raw("/proc/self/stat")
	f := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(f) <= policy {
		return ""
	}
	name := policies[f[policy]]
	if name == "" {
		name = "policy " + f[policy]
	}
	if f[priority] != "0" {
		return name + " " + f[priority]
	}
	return name + ", nice " + f[nice]
}

// boundingSysctls are the settings that limit what a cell may ask for.
var boundingSysctls = []string{
	"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
	"kernel.shmmax", "kernel.shmall", "kernel.shmmni",
	"fs.mqueue.msg_max", "fs.mqueue.msgsize_max", "fs.mqueue.queues_max",
	"fs.pipe-max-size", "fs.pipe-user-pages-soft", "fs.pipe-user-pages-hard",
	"net.core.wmem_default", "net.core.wmem_max", "net.unix.max_dgram_qlen",
}

func (t tree) sysctls() map[string]string {
	values := map[string]string{}
	for _, name := range boundingSysctls {
		if v := t.text("/proc/sys/" + strings.ReplaceAll(name, ".", "/")); v != "" {
			values[name] = v
		}
	}
	return values
}

// mitigations is what the kernel does, or leaves undone, against the CPU's
// own faults: each costs something on every system call or switch.
func (t tree) mitigations() string {
	var in []string
	for arg := range strings.FieldsSeq(t.raw("/proc/cmdline")) {
		if v, ok := strings.CutPrefix(arg, "mitigations="); ok { // the last one holds
			if in = nil; v == "off" || strings.HasPrefix(v, "off,") || strings.HasPrefix(v, "off;") {
				in = []string{"mitigations=off"}
			}
		}
	}
	files := t.glob("/sys/devices/system/cpu/vulnerabilities/*")
	for _, file := range files {
		state := strings.ReplaceAll(t.text(file), ";", ",")
		done, mitigated := strings.CutPrefix(state, "Mitigation: ")
		if mitigated || strings.HasPrefix(state, "Vulnerable") {
			in = append(in, path.Base(file)+"="+done)
		}
	}
	if len(files) > 0 && len(in) == 0 {
		return "none needed"
	}
	return strings.Join(in, "; ")
}

func (t tree) governor(cpus []CPU) string {
	var all []string
	for _, c := range cpus {
		all = append(all, t.text(cpuDir(c.ID)+"/cpufreq/scaling_governor"))
	}
	return distinct(all)
}

// turbo is whether clocks above the nominal are allowed. The files of the two
// drivers have opposite values.
func (t tree) turbo() string {
	states := map[string]string{noTurbo + " 0": "on", noTurbo + " 1": "off", boost + " 1": "on", boost + " 0": "off"}
	if t.exists(noTurbo) {
		return states[noTurbo+" "+t.text(noTurbo)]
	}
	return states[boost+" "+t.text(boost)]
}

const noTurbo, boost = "/sys/devices/system/cpu/intel_pstate/no_turbo", "/sys/devices/system/cpu/cpufreq/boost"

// cpuModel names the CPU, or CPUs where cores differ.
func (t tree) cpuModel() string {
	var models []string
	for block := range strings.SplitSeq(t.raw("/proc/cpuinfo"), "\n\n") {
		model := armModel(fieldOf(block, "CPU implementer"), fieldOf(block, "CPU part"))
		for _, key := range []string{"model name", "Model Name", "uarch", "isa", "cpu model", "cpu"} {
			if model == "" {
				model = fieldOf(block, key)
			}
		}
		models = append(models, model)
	}
	return distinct(models)
}

// armModel names a part: arm64 kernels give numbers only. The numbers are
// MIDR_EL1's, as in the kernel's arch/arm64/include/asm/cputype.h.
func armModel(implementer, part string) string {
	switch name := armParts[implementer+" "+part]; {
	case implementer == "":
		return ""
	case name != "":
		return name
	}
	return "ARM implementer " + implementer + " part " + part
}

var armParts = map[string]string{
	"0x41 0xd03": "Cortex-A53", "0x41 0xd05": "Cortex-A55", "0x41 0xd07": "Cortex-A57", "0x41 0xd08": "Cortex-A72",
	"0x41 0xd09": "Cortex-A73", "0x41 0xd0a": "Cortex-A75", "0x41 0xd0b": "Cortex-A76", "0x41 0xd41": "Cortex-A78",
	"0x41 0xd0c": "Neoverse-N1", "0x41 0xd49": "Neoverse-N2", "0x41 0xd8e": "Neoverse-N3",
	"0x41 0xd40": "Neoverse-V1", "0x41 0xd4f": "Neoverse-V2", "0x41 0xd84": "Neoverse-V3",
	"0x43 0x0af": "ThunderX2", "0x46 0x001": "A64FX", "0x48 0xd01": "Kunpeng-920",
	"0xc0 0xac3": "Ampere-1", "0xc0 0xac4": "Ampere-1a",
}

// virt is "none", or what lies between this process and the machine: a
// hypervisor, a container, or both.
func (t tree) virt() string {
	vm, c := t.hypervisor(), t.container()
	switch {
	case c == "":
		return vm
	case vm == "" || vm == "none":
		return "container:" + c
	}
	return vm + ", container:" + c
}

// marks are signs of one thing or another: a name that is found in a text.
type marks []struct{ sign, name string }

func (m marks) find(text string) string {
	for _, mark := range m {
		if strings.Contains(text, mark.sign) {
			return mark.name
		}
	}
	return ""
}

var (
	clocksourceMarks = marks{{"kvm-clock", "kvm"}, {"hyperv_clocksource", "hyperv"}, {"xen", "xen"}}
	dmiMarks         = marks{
		{"KVM", "kvm"}, {"Amazon EC2", "kvm"}, {"Google Compute Engine", "kvm"}, {"OpenStack", "kvm"}, {"QEMU", "qemu"},
		{"VMware", "vmware"}, {"VirtualBox", "virtualbox"}, {"Microsoft Corporation Virtual Machine", "hyperv"},
		{"Xen", "xen"}, {"Parallels", "parallels"}, {"BHYVE", "bhyve"}, {"Apple Virtualization", "apple"},
	}
	deviceTreeMarks = marks{{"linux,kvm", "kvm"}, {"xen,xen", "xen"}, {"linux,dummy-virt", "vm"}}
)

// hypervisor is "none", a name, "vm" where the name is not known, or "" where the
// tree has no sign of either. Only x86 has a flag that settles it.
func (t tree) hypervisor() string {
	const dmi = "/sys/class/dmi/id/"
	flags := t.field("/proc/cpuinfo", "flags")
	if flags != "" && !slices.Contains(strings.Fields(flags), "hypervisor") {
		return "none"
	}
	board := t.text(dmi+"sys_vendor") + " " + t.text(dmi+"product_name") + " " + t.text(dmi+"bios_vendor")
	devices := t.text("/proc/device-tree/hypervisor/compatible") + " " + t.text("/proc/device-tree/compatible")
	if flags == "" && strings.Contains(board, ".metal") { // Amazon EC2's name for a machine without one
		return "none"
	}
	for _, name := range []string{
		t.text("/sys/hypervisor/type"),
		clocksourceMarks.find(t.text("/sys/devices/system/clocksource/clocksource0/available_clocksource")),
		dmiMarks.find(board),
		deviceTreeMarks.find(devices),
	} {
		if name != "" {
			return name
		}
	}
	switch {
	case flags != "":
		return "vm"
	case strings.TrimSpace(board+devices) != "":
		return "none"
	}
	return ""
}

// Settings are those of the machine that may change while a run measures.
type Settings struct {
	Online   string // CPUs, as the kernel lists them
	Governor string
	Turbo    string
	Cgroup   string // limits that bind this process
}

// ReadSettings reads them of the CPUs that the run was given.
func ReadSettings(root fs.FS, cpus []CPU) Settings {
	t := tree{root}
	return Settings{Online: t.text(onlineCPUs), Governor: t.governor(cpus), Turbo: t.turbo(), Cgroup: t.cgroupLimits()}
}

// Changed reports how s differs from what was before, in a phrase; "": it does
// not.
func (s Settings) Changed(before Settings) string {
	for _, v := range []struct{ name, now, before string }{
		{"the list of CPUs online", s.Online, before.Online},
		{"the governor", s.Governor, before.Governor},
		{"turbo", s.Turbo, before.Turbo},
		{"the cgroup's limit", s.Cgroup, before.Cgroup},
	} {
		if v.now != v.before {
			return fmt.Sprintf("%s is %s, and was %s", v.name, orNone(v.now), orNone(v.before))
		}
	}
	return ""
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
