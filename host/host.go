// Package host describes the machine: its facts, which of them spoil numbers, what
// it does during a launch, and which CPU a worker is given. It reads /proc and
// /sys and changes nothing.
package host

import (
	"io/fs"
	"os"
	"path"
	"runtime"
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
	const intel, generic = "/sys/devices/system/cpu/intel_pstate/no_turbo", "/sys/devices/system/cpu/cpufreq/boost"
	states := map[string]string{intel + " 0": "on", intel + " 1": "off", generic + " 1": "on", generic + " 0": "off"}
	if t.exists(intel) {
		return states[intel+" "+t.text(intel)]
	}
	return states[generic+" "+t.text(generic)]
}
