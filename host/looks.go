package host

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/results"
)

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

func lookPipePages(t tree, _ results.Host) (string, bool) {
	const enough = 1024 // pages: 64 pipes of the default 16
	pages, ok := t.number("/proc/sys/fs/pipe-user-pages-soft")
	unbound := pages == 0 || t.exempt(unix.CAP_SYS_RESOURCE, unix.CAP_SYS_ADMIN) // 0: no limit
	return reading(ok, fmt.Sprintf("fs.pipe-user-pages-soft is %d", pages)), pages < enough && !unbound
}
