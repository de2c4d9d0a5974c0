package runner

import (
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"ipcbench/results"
)

// ReadHost tells what the machine is, as far as root shows it: the tree that
// holds proc and sys, os.DirFS("/") outside tests. cpus are those the run was
// given and program is the version of ipcbench. What cannot be read stays
// empty; every string is one line of printable characters.
func ReadHost(root fs.FS, cpus []CPU, program string) results.Host {
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
		Sysctls:     t.sysctls(),
		Go:          runtime.Version(),
		GOMAXPROCS:  runtime.GOMAXPROCS(0),
		Program:     oneLine(program),
	}
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

// tree is where facts are read from. Its paths are absolute, as a reader of
// the machine would type them; an answer that cannot be had is "".
type tree struct{ fs.FS }

func (t tree) raw(name string) string {
	b, err := fs.ReadFile(t.FS, strings.TrimPrefix(name, "/"))
	if err != nil {
		return ""
	}
	return string(b)
}

func (t tree) text(name string) string { return oneLine(t.raw(name)) }

func (t tree) number(name string) (n int64, ok bool) {
	n, err := strconv.ParseInt(t.text(name), 10, 64)
	return n, err == nil
}

func (t tree) exists(name string) bool {
	_, err := fs.Lstat(t.FS, strings.TrimPrefix(name, "/"))
	return err == nil
}

// link returns where a symbolic link points, as in "pid:[4026531836]".
func (t tree) link(name string) string {
	s, err := fs.ReadLink(t.FS, strings.TrimPrefix(name, "/"))
	if err != nil {
		return ""
	}
	return s
}

// glob returns the matching paths in order of names.
func (t tree) glob(pattern string) []string {
	names, _ := fs.Glob(t.FS, strings.TrimPrefix(pattern, "/")) // the only error is a bad pattern
	for i := range names {
		names[i] = "/" + names[i]
	}
	return names
}

// field returns the value of the first "key: value" line of a file.
func (t tree) field(name, key string) string { return fieldOf(t.raw(name), key) }

func fieldOf(text, key string) string {
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return oneLine(v)
		}
	}
	return ""
}

// oneLine makes s fit for a line of its own: whatever does not print is a space.
func oneLine(s string) string {
	gap := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), gap), " ")
}

// distinct joins the different values in their first order; "" is no value.
func distinct(values []string) string {
	var seen []string
	for _, v := range values {
		if v != "" && !slices.Contains(seen, v) {
			seen = append(seen, v)
		}
	}
	return strings.Join(seen, ", ")
}

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

// turbo tells whether clocks above the nominal are allowed; the two drivers
// say it the opposite way.
func (t tree) turbo() string {
	const intel, generic = "/sys/devices/system/cpu/intel_pstate/no_turbo", "/sys/devices/system/cpu/cpufreq/boost"
	states := map[string]string{intel + " 0": "on", intel + " 1": "off", generic + " 1": "on", generic + " 0": "off"}
	if t.exists(intel) {
		return states[intel+" "+t.text(intel)]
	}
	return states[generic+" "+t.text(generic)]
}

// virt is "none", or what stands between this process and the machine: a
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

// hypervisor is "none", a name, "vm" where the name is not told, or "" where
// the tree says nothing. Only x86 has a flag that settles it.
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
