package host

import (
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"ipcbench/results"
)

// cgroup is where this process stands in one hierarchy: its own directory,
// then each above it as far as it is visible here. A limit at any of them
// holds, cgroups(7).
type cgroup struct {
	v2   bool
	dirs []string
}

// cgroup finds the hierarchy that carries a controller: version 1's where
// that is mounted, else version 2's. It has no dirs where neither is.
func (t tree) cgroup(controller string) cgroup {
	var v1, v2 string // the path of this process in either
	for line := range strings.Lines(t.raw("/proc/self/cgroup")) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(f) < 3:
		case f[0] == "0" && f[1] == "":
			v2 = f[2]
		case slices.Contains(strings.Split(f[1], ","), controller):
			v1 = f[2]
		}
	}
	var unified, own []string
	for line := range strings.Lines(t.raw("/proc/self/mountinfo")) {
		if !strings.Contains(line, " - cgroup") { // of some 40 mounts
			continue
		}
		place, kind, ok := strings.Cut(line, " - ")
		p, k := strings.Fields(place), strings.Fields(kind)
		if !ok || len(p) < 5 || len(k) < 3 {
			continue
		}
		switch {
		case k[0] == "cgroup2" && v2 != "":
			unified = upwards(p[4], p[3], v2)
		case k[0] == "cgroup" && v1 != "" && slices.Contains(strings.Split(k[2], ","), controller):
			own = upwards(p[4], p[3], v1)
		}
	}
	if own != nil {
		return cgroup{dirs: own}
	}
	return cgroup{v2: true, dirs: unified}
}

// upwards lists the directories from the cgroup at name up to the mount
// point, where the hierarchy's directory root is mounted. A cgroup that is
// not beneath root shows nothing but the mount point itself.
func upwards(mount, root, name string) (dirs []string) {
	rel, beneath := strings.CutPrefix(name+"/", strings.TrimSuffix(root, "/")+"/")
	if !beneath || strings.Contains(name, "/..") {
		rel = ""
	}
	for dir := path.Join(mount, rel); dir != mount; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
	}
	return append(dirs, mount)
}

// cgroupLimits is the tightest of each limit: "cpu.max 200000/100000,
// memory.max 1GiB", "none", or "" where no hierarchy can be read.
//
// It is read after every launch. Each controller follows from mountinfo, which the
// kernel writes anew for every reader.
func (t tree) cgroupLimits() string {
	t = t.once()
	limits := distinct([]string{
		t.cpuLimit(),
		t.limit("memory", "memory.max", "memory.limit_in_bytes", formatBytes),
		t.limit("pids", "pids.max", "pids.max", decimal),
	})
	if limits == "" && len(t.cgroup("cpu").dirs)+len(t.cgroup("memory").dirs) > 0 {
		return "none"
	}
	return limits
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func formatBytes(n int64) string {
	if int64(int(n)) != n { // on a 32-bit machine
		return decimal(n)
	}
	return results.FormatBytes(int(n))
}

// unlimited is where version 1 of the memory controller begins to mean "no
// limit": it writes the largest page-aligned number.
const unlimited = 1 << 60

func (t tree) limit(controller, v2, v1 string, format func(int64) string) string {
	g := t.cgroup(controller)
	file := v1
	if g.v2 {
		file = v2
	}
	least := int64(unlimited)
	for _, dir := range g.dirs {
		if n, ok := t.number(path.Join(dir, file)); ok { // "max" is no number
			least = min(least, n)
		}
	}
	if least == unlimited {
		return ""
	}
	return file + " " + format(least)
}

func (t tree) cpuLimit() string {
	g := t.cgroup("cpu")
	file := "cpu.cfs_quota_us"
	if g.v2 {
		file = "cpu.max"
	}
	text, least := "", math.Inf(1) // CPUs
	for _, dir := range g.dirs {
		quota, period, ok := t.cpuQuota(dir, g.v2)
		if share := float64(quota) / float64(period); ok && share < least {
			text, least = file+" "+decimal(quota)+"/"+decimal(period), share
		}
	}
	return text
}

// cpuQuota reads how many microseconds a cgroup may run in each period of so
// many microseconds; false where it may run all the time.
func (t tree) cpuQuota(dir string, v2 bool) (quota, period int64, ok bool) {
	if v2 {
		q, p, _ := strings.Cut(t.text(path.Join(dir, "cpu.max")), " ")
		quota, _ = strconv.ParseInt(q, 10, 64) // "max" is no number
		period, _ = strconv.ParseInt(p, 10, 64)
	} else {
		quota, _ = t.number(path.Join(dir, "cpu.cfs_quota_us")) // -1: no limit
		period, _ = t.number(path.Join(dir, "cpu.cfs_period_us"))
	}
	return quota, period, quota > 0 && period > 0
}

var containerMarks = marks{
	{"kubepods", "kubernetes"}, {"docker", "docker"}, {"libpod", "podman"}, {"containerd", "containerd"}, {"lxc", "lxc"},
}

// container names the container runtime, or is "". A marker file alone is no
// proof, for an image may be booted as a machine: there the process is in the
// kernel's first PID and UTS namespaces, whose numbers are fixed
// (include/uapi/linux/nsfs.h).
func (t tree) container() string {
	if name := containerMarks.find(t.text("/proc/1/cgroup") + t.text("/proc/self/cgroup")); name != "" {
		return name
	}
	if t.link("/proc/self/ns/pid") == "pid:[4026531836]" && t.link("/proc/self/ns/uts") == "uts:[4026531838]" {
		return ""
	}
	switch {
	case t.exists("/run/.containerenv"):
		return "podman"
	case t.exists("/.dockerenv"):
		return "docker"
	}
	return t.text("/run/systemd/container")
}

// OOM is how many processes of this process's cgroup the kernel has killed for
// want of memory, whichever limit was reached, and what limits its memory:
// cgroups(7).
type OOM struct {
	Kills int64
	Limit string // "memory.max 1GiB"; "": no limit is known
}

// ReadOOM reads it from root, os.DirFS("/") outside tests.
func ReadOOM(root fs.FS) (o OOM) {
	t := tree{root}
	g, file := t.cgroup("memory"), "memory.oom_control"
	if g.v2 {
		file = "memory.events"
	}
	if len(g.dirs) == 0 {
		return o
	}
	for line := range strings.Lines(t.raw(path.Join(g.dirs[0], file))) {
		if count, ok := strings.CutPrefix(line, "oom_kill "); ok {
			o.Kills, _ = strconv.ParseInt(strings.TrimSpace(count), 10, 64)
		}
	}
	o.Limit = t.limit("memory", "memory.max", "memory.limit_in_bytes", formatBytes)
	return o
}

// Killed explains a process that was killed since before; "": it was not for want of
// memory.
func (o OOM) Killed(before OOM) string {
	if o.Kills <= before.Kills {
		return ""
	}
	limit := o.Limit
	if limit == "" {
		limit = "the cgroup has no limit of its own"
	}
	return fmt.Sprintf("out of memory: %s (oom_kill count %d, and %d before)", limit, o.Kills, before.Kills)
}
