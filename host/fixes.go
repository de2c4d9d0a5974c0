package host

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"ipcbench/results"
)

// Fix is a command that mends a finding on this host. Nothing here runs it.
type Fix struct {
	Command string `json:"command"`         // a line for a shell
	Start   bool   `json:"start,omitempty"` // Command is another way to start ipcbench; the others need root
	Changes string `json:"changes"`         // what it changes, and until when
	Undo    string `json:"undo,omitempty"`  // the line that restores what was found; "": nothing remains
}

// untilBoot ends what a setting of the machine changes.
const untilBoot = ", until the next boot"

const mayNamespace = "every user may make user namespaces, as most distributions permit"

// installed reports whether a program is where packages put programs.
func (t tree) installed(name string) bool {
	return slices.ContainsFunc([]string{"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/local/bin/", "/usr/local/sbin/"}, func(dir string) bool { return t.exists(dir + name) })
}

// set writes a value into a file of the kernel's, if the file is there.
func (t tree) set(file, value, changes string) []Fix {
	now := t.text(file)
	if now == "" {
		return nil
	}
	return []Fix{{Command: write(value, file), Changes: changes + untilBoot, Undo: write(now, file)}}
}

// inShell is s as one word of a shell: a cgroup's name may have a backslash.
func inShell(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@:,") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// setTo is set as a rule's mend.
func setTo(file, value, changes string) func(tree, results.Host) []Fix {
	return func(t tree, _ results.Host) []Fix { return t.set(file, value, changes) }
}

// mendGovernor asks for the governor of CPUs whose driver has it: in one line for
// all CPUs, where all have the same one now.
func mendGovernor(t tree, _ results.Host) []Fix {
	const changes = "clocks stay high while CPUs are idle, which takes more power" + untilBoot
	var mend, undo, governors []string
	files := t.glob("/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
	for _, file := range files {
		now := t.text(file)
		if now != "performance" && slices.Contains(strings.Fields(t.text(path.Dir(file)+"/scaling_available_governors")), "performance") {
			mend, undo = append(mend, write("performance", file)), append(undo, write(now, file))
			governors = results.AddOnce(governors, now)
		}
	}
	all := func(governor string) string {
		if t.installed("cpupower") {
			return "cpupower frequency-set -g " + governor
		}
		return "for f in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do echo " + governor + " > $f; done"
	}
	switch {
	case mend == nil:
		return nil
	case len(governors) == 1 && len(mend) == len(files):
		return []Fix{{Command: all("performance"), Changes: changes, Undo: all(governors[0])}}
	}
	return []Fix{{Command: strings.Join(mend, "; "), Changes: changes, Undo: strings.Join(undo, "; ")}}
}

// write is the line of a shell that writes a value into a file.
func write(value, file string) string { return "echo " + inShell(value) + " > " + inShell(file) }

func mendTurbo(t tree, _ results.Host) []Fix {
	const changes = "clocks stay at the nominal one or below, so all programs run slower"
	if fix := t.set(noTurbo, "1", changes); fix != nil {
		return fix
	}
	return t.set(boost, "0", changes)
}

func mendSMT(t tree, _ results.Host) []Fix {
	return t.set("/sys/devices/system/cpu/smt/control", "off", "one hardware thread of each core goes offline, so the machine has fewer CPUs")
}

// mendFrequency takes the CPUs with the highest clock.
func mendFrequency(t tree, _ results.Host) []Fix {
	ids := map[int64][]int{} // by kHz
	for _, dir := range t.glob("/sys/devices/system/cpu/cpu[0-9]*") {
		id, err := strconv.Atoi(strings.TrimPrefix(path.Base(dir), "cpu"))
		if khz, ok := t.number(dir + "/cpufreq/cpuinfo_max_freq"); ok && err == nil {
			ids[khz] = append(ids[khz], id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	fastest := slices.Max(slices.Collect(maps.Keys(ids)))
	slices.Sort(ids[fastest])
	list := strings.ReplaceAll(strings.Trim(fmt.Sprint(ids[fastest]), "[]"), " ", ",")
	return t.start("taskset", "taskset -c "+list, fmt.Sprintf("workers run only on the CPUs with the highest clock, %d MHz", fastest/1000))
}

// start runs ipcbench by a program, if that is installed.
func (t tree) start(program, line, changes string) []Fix {
	if !t.installed(program) {
		return nil
	}
	return []Fix{{Command: line + " ipcbench …", Start: true, Changes: changes}}
}

// mendQuota lifts the quota of each cgroup that has one.
func mendQuota(t tree, _ results.Host) (all []Fix) {
	const changes = "all processes of the cgroup may use the CPUs all the time"
	g := t.cgroup("cpu")
	for _, dir := range g.dirs {
		switch _, period, limited := t.cpuQuota(dir, g.v2); {
		case limited && g.v2:
			all = append(all, t.set(dir+"/cpu.max", "max "+decimal(period), changes)...)
		case limited:
			all = append(all, t.set(dir+"/cpu.cfs_quota_us", "-1", changes)...)
		}
	}
	return all
}

func mendScheduling(t tree, h results.Host) []Fix {
	if nice, ok := strings.CutPrefix(h.Scheduling, "SCHED_OTHER, nice "); ok {
		n, _ := strconv.Atoi(nice) // the kernel writes numbers
		return t.start("nice", fmt.Sprintf("nice -n %d", -n), "the workers have nice value 0, as most programs; below the present value only root may start it")
	}
	return t.start("chrt", "chrt -o 0", "the workers have the policy of most programs")
}

func mendClocksource(t tree, _ results.Host) []Fix {
	const dir = "/sys/devices/system/clocksource/clocksource0/"
	for _, name := range strings.Fields(t.text(dir + "available_clocksource")) {
		if slices.Contains(readsClockInUser, name) {
			return t.set(dir+"current_clocksource", name, "all programs read the clock of the CPU")
		}
	}
	return nil
}

// mendPrivilege drops the capabilities that lookPrivilege looks for. What root
// executes regains what the bounding set and the inheritable set leave it,
// capabilities(7).
func mendPrivilege(t tree, _ results.Host) []Fix {
	const without = "-sys_resource,-sys_admin"
	return t.start("setpriv", "setpriv --bounding-set="+without+" --inh-caps="+without, "the limits of ordinary users hold for ipcbench; it then needs a user namespace for an IPC namespace")
}
