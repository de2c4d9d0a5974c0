package host

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// State is what a rule found.
type State string

const (
	Fine    State = "fine"
	Warned  State = "warning"
	Unknown State = "unknown" // not in the tree
)

// Finding is one rule and what it saw. Warning is set where State is Warned.
type Finding struct {
	Rule     string          `json:"rule"`             // "governor"
	State    State           `json:"state"`            // "fine", "warning" or "unknown"
	Observed string          `json:"observed"`         // "governor is powersave"; where it was looked for if State is Unknown
	Spoils   []Use           `json:"spoils"`           // what a warning of this rule spoils
	Warning  results.Warning `json:"warning,omitzero"` // what, why, and the remedy
	Fixes    []Fix           `json:"fixes,omitempty"`  // commands on this host that mend it, of a warning
}

// Check applies every rule to the host and the tree at root
// (os.DirFS("/") outside tests), in a fixed order.
func Check(root fs.FS, h results.Host) []Finding {
	var all []Finding
	for _, r := range rules {
		f := Finding{Rule: r.name, State: Fine, Spoils: r.spoils}
		var spoils bool
		f.Observed, spoils = r.look(tree{root}, h)
		switch {
		case f.Observed == "":
			f.State, f.Observed = Unknown, "could not find out: "+r.source
		case spoils:
			f.State, f.Warning = Warned, results.Warning{What: f.Observed, Why: r.why, Remedy: r.remedy}
			if r.mend != nil {
				f.Fixes = r.mend(tree{root}, h)
			}
		}
		all = append(all, f)
	}
	return all
}

// Warnings are the warnings among the findings, for every number of a run. What
// spoils nothing but guests is none of its numbers.
func Warnings(findings []Finding) (all []results.Warning) {
	for _, f := range findings {
		if f.State == Warned && !slices.Equal(f.Spoils, []Use{Guests}) {
			all = append(all, f.Warning)
		}
	}
	return all
}

// rule is one thing that spoils numbers. look returns what it observed, "" where
// it could not find out, and whether that is a reason for a warning. mend finds
// the commands that mend it on this host; nil: none does.
type rule struct {
	name        string
	source      string
	spoils      []Use
	look        func(tree, results.Host) (observed string, warns bool)
	why, remedy string
	mend        func(tree, results.Host) []Fix
}

// readsClockInUser are the clocksources that need no system call, vdso(7).
var readsClockInUser = []string{"tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page", "riscv_clocksource", "timebase", "tod"}

// smtStates are words of the kernel's for SMT in plain words.
var smtStates = map[string]string{"notsupported": "not supported", "notimplemented": "not implemented", "forceoff": "off for good"}

var rules = []rule{
	{"cpus", "sched_getaffinity(2)", []Use{Many, Tails}, func(_ tree, h results.Host) (string, bool) {
		return reading(h.CPUs > 0, plural(h.CPUs, "CPU")+" to run on"), h.CPUs < 4
	}, "workers share CPUs with the coordinator and the kernel's own threads, and at one CPU with each other", "give it at least 4 CPUs", nil},

	{"governor", "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor", []Use{Mechanisms, Runs, SameCPU, DifferentCPUs}, func(_ tree, h results.Host) (string, bool) {
		return is("governor", h.Governor), h.Governor != "performance"
	}, "the clock rises and falls with the load, so waiting mechanisms are measured at a lower one", "cpupower frequency-set -g performance", mendGovernor},

	{"turbo", "/sys/devices/system/cpu/{intel_pstate/no_turbo,cpufreq/boost}", []Use{Runs, Many}, func(_ tree, h results.Host) (string, bool) {
		return is("turbo", h.Turbo), h.Turbo != "off"
	}, "the clock depends on heat and on what other cores do, so launches drift", "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or echo 0 > /sys/devices/system/cpu/cpufreq/boost", mendTurbo},

	{"frequency", "/sys/devices/system/cpu/cpu*/cpufreq/cpuinfo_max_freq", []Use{Mechanisms, Runs}, lookFrequency,
		"CPUs of different speed: the number depends on which of them a worker got", "choose CPUs of one kind: taskset -c LIST ipcbench …", mendFrequency},

	{"smt", "/sys/devices/system/cpu/smt/control", []Use{Many, Tails}, func(_ tree, h results.Host) (string, bool) {
		return is("SMT", cmp.Or(smtStates[h.SMT], h.SMT)), h.SMT == "on"
	}, "whatever runs on a worker's sibling thread takes a share of its core", "echo off > /sys/devices/system/cpu/smt/control, or keep the siblings idle", mendSMT},

	{"power", "/sys/class/power_supply", []Use{Runs, SameCPU, DifferentCPUs, Others}, lookPower,
		"firmware and kernel save energy, so clocks are lower and wake-ups slower", "connect the mains", nil},

	{"virtual machine", "/proc/cpuinfo, /sys/class/dmi/id", []Use{Runs, DifferentCPUs, Tails, Others}, func(_ tree, h results.Host) (string, bool) {
		vm := !strings.HasPrefix(h.Virt, "none") && !strings.HasPrefix(h.Virt, "container:")
		return is("virtualisation", h.Virt), vm
	}, "wake-ups across CPUs cost an exit to the hypervisor, and neighbours on the host take time unseen", "compare only with runs of this machine, or measure on hardware of your own", nil},

	{"steal", "/proc/stat", []Use{Runs, DifferentCPUs, Large, Tails}, lookSteal,
		"the hypervisor runs others on these CPUs", "move to a host that is not shared", nil},

	{"load", "/proc/loadavg", []Use{Mechanisms, Runs, SameCPU, DifferentCPUs, Large, Many, Tails}, lookLoad,
		"other processes compete for the CPUs and caches", "stop them, or wait until the load is gone: uptime", nil},

	{"cpu quota", "/proc/self/cgroup, /proc/self/mountinfo", []Use{Runs, DifferentCPUs, Large, Many, Tails}, func(_ tree, h results.Host) (string, bool) {
		return is("cgroup limit", h.Cgroup), strings.Contains(h.Cgroup, "cpu.")
	}, "once the quota is spent every worker stands still to the end of the period, and the launch is untrusted", "lift it: cpu.max or cpu.cfs_quota_us, docker run without --cpus", mendQuota},

	{"scheduling", "/proc/self/stat", []Use{SameCPU, Others}, func(_ tree, h results.Host) (string, bool) {
		return is("scheduling", h.Scheduling), h.Scheduling != "SCHED_OTHER, nice 0"
	}, "workers inherit it: the kernel wakes and switches them by other rules than most programs", "start it without chrt(1) and nice(1): chrt -o 0 ipcbench …, or nice back to 0", mendScheduling},

	{"seccomp", "/proc/self/status", []Use{Mechanisms, SameCPU, Others}, func(t tree, _ results.Host) (string, bool) {
		mode := t.field("/proc/self/status", "Seccomp")
		return is("seccomp mode", mode), mode != "0"
	}, "every system call runs through a filter first, seccomp(2)", "docker run --security-opt seccomp=unconfined, or run outside the container", nil},

	{"tracer", "/proc/self/status", []Use{Mechanisms, Runs, SameCPU, DifferentCPUs, Large, Many, Tails, Others}, func(t tree, _ results.Host) (string, bool) {
		pid := t.field("/proc/self/status", "TracerPid")
		return is("tracer pid", pid), pid != "0"
	}, "a tracer stops the process at its system calls, ptrace(2)", "run without strace or debugger", nil},

	{"clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource", []Use{Tails}, func(_ tree, h results.Host) (string, bool) {
		return is("clocksource", h.Clocksource), !slices.Contains(readsClockInUser, h.Clocksource)
	}, "each reading of the clock is a slow access to a device or a system call, and is in every percentile", "boot with clocksource=tsc where the CPU's is stable", mendClocksource},

	{"kernel", "/proc/sys/kernel/version", []Use{Others}, lookKernel,
		"locks are sleeping or checked ones: the numbers are not those of a kernel as distributions ship it", "boot a kernel without it, or compare only with the same", nil},

	{"mitigations", "/sys/devices/system/cpu/vulnerabilities", []Use{Others}, func(_ tree, h results.Host) (string, bool) {
		off := strings.HasPrefix(h.Mitigations, "mitigations=off")
		if !off && h.Mitigations != "" {
			return "mitigations not switched off", false
		}
		return is("command line has", h.Mitigations), off
	}, "system calls and switches are cheaper than on machines as they are run", "boot without mitigations=off, or compare only with the same", nil},

	{"privilege", "/proc/self/status", []Use{Others}, lookPrivilege,
		"links are made past limits that bind other users, such as fs.pipe-max-size and kernel.msgmnb", "run as an ordinary user: nothing here needs root", mendPrivilege},

	{"pipe pages", "F_GETPIPE_SZ of a new pipe, fcntl(2)", []Use{Mechanisms, Large, Others}, lookPipePages,
		"the pipes of this user hold more pages than fs.pipe-user-pages-soft, so that new ones get 1 or 2 instead of 16, without an error, pipe(7)", "close pipes of this user, or sysctl -w fs.pipe-user-pages-soft=0", setTo("/proc/sys/fs/pipe-user-pages-soft", "0", "no user has a limit on the memory of all pipes together")},

	{"namespaces", "/proc/sys/user/max_user_namespaces", []Use{Isolation}, forbids("/proc/sys/user/max_user_namespaces", "0", false),
		noNamespace, "sysctl -w user.max_user_namespaces=10000", setTo("/proc/sys/user/max_user_namespaces", "10000", mayNamespace)},
	{"namespaces (Debian)", "/proc/sys/kernel/unprivileged_userns_clone", []Use{Isolation}, forbids("/proc/sys/kernel/unprivileged_userns_clone", "0", true),
		noNamespace, "sysctl -w kernel.unprivileged_userns_clone=1", setTo("/proc/sys/kernel/unprivileged_userns_clone", "1", mayNamespace)},
	{"namespaces (AppArmor)", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", []Use{Isolation}, forbids("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", true),
		noNamespace, "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile that grants userns", setTo("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "0", mayNamespace)},

	{"hardware counters", "/proc/sys/kernel/perf_event_paranoid", []Use{Counters}, func(t tree, _ results.Host) (string, bool) {
		level, ok := t.number("/proc/sys/kernel/perf_event_paranoid")
		return reading(ok, fmt.Sprintf("perf_event_paranoid is %d", level)), level > 2 && !t.exempt(unix.CAP_PERFMON, unix.CAP_SYS_ADMIN)
	}, "no cycles and cache misses beside the times, so an odd number is harder to explain", "sysctl -w kernel.perf_event_paranoid=2", setTo("/proc/sys/kernel/perf_event_paranoid", "2", "users may count events of their own processes")},

	{"binary", "/proc/self/exe", []Use{Guests}, lookBinary,
		"a guest of `ipcbench kernels` has no other file, so the program cannot start there", "build it with CGO_ENABLED=0, as make build does", nil},
}

const noNamespace = "the run cannot have an IPC namespace of its own: others' objects count against its limits, and a crash leaves its own for ipcbench clean"

// reading is what was observed, "" where it is not known.
func reading(known bool, observed string) string {
	if !known {
		return ""
	}
	return observed
}

func is(what, value string) string { return reading(value != "", what+" is "+value) }

// holds reports whether one of the capabilities is effective, by number and
// never by uid 0: root in a container may lack any.
func (t tree) holds(capabilities ...int) bool {
	effective, err := strconv.ParseUint(t.field("/proc/self/status", "CapEff"), 16, 64)
	return err == nil && slices.ContainsFunc(capabilities, func(c int) bool { return effective>>c&1 == 1 })
}

// exempt reports whether one of the capabilities lifts limits of the machine: a
// user namespace's own capabilities lift only the namespace's,
// user_namespaces(7). The first one's number is fixed; a kernel without user
// namespaces has no link.
func (t tree) exempt(capabilities ...int) bool {
	ns := t.link("/proc/self/ns/user")
	return (ns == "" || ns == "user:[4026531837]") && t.holds(capabilities...)
}

// forbids is the look of a rule about a setting that keeps the unprivileged
// out of user namespaces. Optional ones exist on some kernels only.
func forbids(file, value string, optional bool) func(tree, results.Host) (string, bool) {
	return func(t tree, _ results.Host) (string, bool) {
		switch v := t.text(file); {
		case t.holds(unix.CAP_SYS_ADMIN):
			return "CAP_SYS_ADMIN is held: none needed", false
		case optional && !t.exists(file):
			return "this kernel has no such setting", false
		default:
			return is(file, v), v == value
		}
	}
}

func lookFrequency(t tree, _ results.Host) (string, bool) {
	var mhz []int64
	for _, file := range t.glob("/sys/devices/system/cpu/cpu[0-9]*/cpufreq/cpuinfo_max_freq") {
		if khz, ok := t.number(file); ok {
			mhz = append(mhz, khz/1000)
		}
	}
	if len(mhz) == 0 {
		return "", false
	}
	low, high := slices.Min(mhz), slices.Max(mhz)
	return fmt.Sprintf("highest clocks of the CPUs are %d to %d MHz", low, high), high*20 > low*21 // favoured cores differ by less than 5 %
}

func lookPower(t tree, _ results.Host) (string, bool) {
	if !t.exists("/sys/class/power_supply") {
		return "", false
	}
	for _, dir := range t.glob("/sys/class/power_supply/*") { // scope Device: the battery of a mouse
		if t.text(dir+"/type") == "Battery" && t.text(dir+"/scope") != "Device" && t.text(dir+"/status") == "Discharging" {
			return "running on battery", true
		}
	}
	return "no battery in use", false
}

func lookSteal(t tree, _ results.Host) (string, bool) {
	first, _, _ := strings.Cut(t.raw("/proc/stat"), "\n")
	f := strings.Fields(first) // cpu user nice system idle iowait irq softirq steal …, proc_stat(5)
	if len(f) < 9 || f[0] != "cpu" {
		return "", false
	}
	var sum float64
	for _, v := range f[1:9] { // guest time is within user time
		n, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return "", false
		}
		sum += n
	}
	steal, _ := strconv.ParseFloat(f[8], 64) // parsed above
	share := steal / max(sum, 1)
	return fmt.Sprintf("steal is %.1f %% of the time since boot", 100*share), share >= 0.01
}

func lookLoad(t tree, _ results.Host) (string, bool) {
	minute, _, _ := strings.Cut(t.text("/proc/loadavg"), " ")
	load, err := strconv.ParseFloat(minute, 64)
	online := t.online()
	if err != nil || online == 0 {
		return "", false
	}
	return fmt.Sprintf("load average is %.2f on %s", load, plural(online, "CPU")), load > 0.5*float64(online)
}

// online is how many CPUs the machine has, as /proc/stat counts them where /sys
// shows none; 0: that is not known.
func (t tree) online() (n int) {
	if all, err := ParseCPUList(t.text(onlineCPUs)); err == nil && len(all) > 0 {
		return len(all)
	}
	for line := range strings.Lines(t.raw("/proc/stat")) {
		if name, _, _ := strings.Cut(line, " "); strings.HasPrefix(name, "cpu") && name != "cpu" {
			n++
		}
	}
	return n
}

func lookKernel(t tree, h results.Host) (string, bool) {
	if h.Build == "" {
		return "", false
	}
	for _, sign := range []string{"PREEMPT_RT", "KASAN", "LOCKDEP", "DEBUG", "DBG"} {
		if strings.Contains(strings.ToUpper(h.Kernel+" "+h.Build), sign) {
			return "kernel is built with " + sign, true
		}
	}
	if t.exists("/proc/lockdep") {
		return "kernel is built with LOCKDEP (/proc/lockdep)", true
	}
	return "no sign of a debugging or real-time kernel", false
}

func lookPrivilege(t tree, _ results.Host) (string, bool) {
	ids := strings.Fields(t.field("/proc/self/status", "Uid")) // real, effective, saved, file system
	if len(ids) < 2 {
		return "", false
	}
	if t.exempt(unix.CAP_SYS_RESOURCE, unix.CAP_SYS_ADMIN) {
		return "CAP_SYS_RESOURCE or CAP_SYS_ADMIN is held, effective uid is " + ids[1], true
	}
	return "no capability that lifts limits, effective uid is " + ids[1], false
}

// tryPipe is what lookPipePages measures: no file shows how many pages a user has.
var tryPipe = mechanisms.TryPipe

func lookPipePages(tree, results.Host) (string, bool) {
	n, err := tryPipe()
	usual := mechanisms.UsualPipe().Queue
	return reading(err == nil, fmt.Sprintf("a new pipe holds %d bytes, usual are %d", n, usual)), n < usual
}
