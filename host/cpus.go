package host

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

// CPU is one hardware thread that this process may run on.
type CPU struct {
	ID     int // as the kernel numbers it
	Core   int // the lowest ID among the threads of its core, so unique in the machine; -1: not known
	Socket int // physical package; -1: not known
}

// maxCPUs bounds what a CPU list may name: CONFIG_NR_CPUS is at most 8192.
const maxCPUs = 8192

// ReadCPUs returns the CPUs that the calling thread may run on,
// sched_getaffinity(2), in the order of IDs, with the topology that root
// shows (os.DirFS("/") outside tests). Call it before anything is pinned.
func ReadCPUs(root fs.FS) ([]CPU, error) {
	mask, err := AllowedCPUs()
	if err != nil {
		return nil, err
	}
	return readCPUs(tree{root}, mask)
}

// AllowedCPUs are the CPUs that the calling thread may run on, in order. Where
// the call is refused, proc_pid_status(5) has them.
func AllowedCPUs() (ids []int, err error) {
	set := unix.NewCPUSet(maxCPUs)
	if err := unix.SchedGetaffinityDynamic(0, set); err != nil {
		list := tree{Root}.field("/proc/thread-self/status", "Cpus_allowed_list")
		if ids, e := ParseCPUList(list); e == nil && len(ids) > 0 {
			return ids, nil
		}
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	for id := range maxCPUs {
		if set.IsSet(id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

const onlineCPUs = "/sys/devices/system/cpu/online"

func cpuDir(id int) string { return "/sys/devices/system/cpu/cpu" + strconv.Itoa(id) }

// readCPUs looks up the CPUs of mask that are online. A mask of one CPU needs
// no topology, and a kernel without SMP has none.
func readCPUs(t tree, mask []int) (cpus []CPU, err error) {
	if list := t.text(onlineCPUs); list != "" {
		online, err := ParseCPUList(list)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", onlineCPUs, err)
		}
		mask = slices.DeleteFunc(slices.Clone(mask), func(id int) bool { return !slices.Contains(online, id) })
	}
	for _, id := range mask {
		c := CPU{ID: id, Core: -1, Socket: -1}
		if threads, err := ParseCPUList(t.text(cpuDir(id) + "/topology/thread_siblings_list")); err == nil && len(threads) > 0 {
			c.Core = threads[0]
		}
		if n, ok := t.number(cpuDir(id) + "/topology/physical_package_id"); ok {
			c.Socket = int(n)
		}
		cpus = append(cpus, c)
	}
	if len(cpus) == 0 {
		return nil, fmt.Errorf("no CPU of the affinity mask %v is in %s", mask, onlineCPUs)
	}
	if len(cpus) == 1 && cpus[0].Core < 0 {
		cpus[0].Core, cpus[0].Socket = cpus[0].ID, 0
	}
	return cpus, nil
}

// ParseCPUList reads the kernel's list format, "0-3,8,10-11" (cpuset(7)), and
// returns the IDs in order. An empty list has none. IDs are below 8192 and
// none may come twice.
func ParseCPUList(s string) (ids []int, err error) {
	if s == "" {
		return nil, nil
	}
	var seen [maxCPUs]bool
	for part := range strings.SplitSeq(s, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		first, err1 := strconv.ParseUint(low, 10, 16)
		last, err2 := strconv.ParseUint(high, 10, 16)
		if err1 != nil || err2 != nil || first > last || last >= maxCPUs {
			return nil, fmt.Errorf("CPU list %q: want numbers below %d and ranges, as in 0-3,8,10-11", s, maxCPUs)
		}
		for id := first; id <= last; id++ {
			if seen[id] {
				return nil, fmt.Errorf("CPU list %q: %d comes twice", s, id)
			}
			seen[id] = true
			ids = append(ids, int(id))
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// describe is the topology in words: "8 CPUs, 4 cores, 2 sockets".
func describe(cpus []CPU) string {
	parts := []string{plural(len(cpus), "CPU")}
	for _, level := range []struct {
		name string
		of   func(CPU) int
	}{{"core", coreOf}, {"socket", socketOf}} {
		if n := len(groups(cpus, level.of)); n > 0 {
			parts = append(parts, plural(n, level.name))
		}
	}
	return strings.Join(parts, ", ")
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// Assign gives each of n workers, at least 0, the ID of its CPU in a place of the place
// axis, or nil where workers are not pinned. It is pure. High numbers come
// first, as CPU 0 takes most interrupts.
//
//	same    all on one CPU
//	smt     the hardware threads of one core, in turn
//	cross   different cores, in turn, those of one socket first
//	socket  different sockets, in turn, each time on another core
//	free    not pinned
//
// A place that cpus cannot give is an *mechanisms.UnsupportedError.
func Assign(cpus []CPU, place string, n int) ([]int, error) {
	cores := groups(cpus, coreOf)
	switch place {
	case "free":
		return nil, nil
	case "same":
		if len(cpus) == 0 {
			return nil, impossible(place, "no CPU in the affinity mask (sched_getaffinity(2))")
		}
		last := slices.MaxFunc(cpus, func(a, b CPU) int { return cmp.Compare(a.ID, b.ID) })
		return inTurn([]CPU{last}, n), nil
	case "smt":
		for _, threads := range cores {
			if len(threads) > 1 {
				return inTurn(threads, n), nil
			}
		}
		return nil, lacking(place, cpus, coreOf, "no core has two hardware threads here", "thread_siblings_list")
	case "cross":
		if len(cores) < 2 {
			return nil, lacking(place, cpus, coreOf, "fewer than two cores here", "thread_siblings_list")
		}
		return inTurn(slices.Concat(bySocket(cores)...), n), nil
	case "socket":
		sockets := bySocket(cores)
		sockets = slices.DeleteFunc(sockets, func(s []CPU) bool { return s[0].Socket < 0 })
		if len(sockets) < 2 {
			return nil, lacking(place, cpus, socketOf, "fewer than two sockets here", "physical_package_id")
		}
		ids := make([]int, n)
		for i := range ids {
			s := sockets[i%len(sockets)]
			ids[i] = s[i/len(sockets)%len(s)].ID
		}
		return ids, nil
	}
	return nil, fmt.Errorf("place %q: want same, smt, cross, socket or free", place)
}

func impossible(place, why string) error {
	return &mechanisms.UnsupportedError{Mechanism: "place " + place, What: why, Unavailable: true}
}

// lacking refuses a place for want of several CPUs of a kind, or because a file of
// the topology does not show them.
func lacking(place string, cpus []CPU, of func(CPU) int, what, file string) error {
	file = "/sys/devices/system/cpu/cpu*/topology/" + file
	if slices.ContainsFunc(cpus, func(c CPU) bool { return of(c) < 0 }) {
		return impossible(place, "the topology cannot be read ("+file+"): mount /sys, or take --place free or same")
	}
	return impossible(place, what+" ("+file+")")
}

func coreOf(c CPU) int { return c.Core }

func socketOf(c CPU) int { return c.Socket }

func inTurn(cpus []CPU, n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = cpus[i%len(cpus)].ID
	}
	return ids
}

// groups parts the CPUs by core or socket, highest numbers first within a
// group and among groups. CPUs without one are in none.
func groups(cpus []CPU, of func(CPU) int) [][]CPU {
	by := map[int][]CPU{}
	for _, c := range cpus {
		if of(c) >= 0 {
			by[of(c)] = append(by[of(c)], c)
		}
	}
	all := slices.Collect(maps.Values(by))
	for _, g := range all {
		slices.SortFunc(g, func(a, b CPU) int { return cmp.Compare(b.ID, a.ID) })
	}
	slices.SortFunc(all, func(a, b []CPU) int { return cmp.Compare(b[0].ID, a[0].ID) })
	return all
}

// bySocket takes one CPU of each core and parts them by socket, those with
// the most cores first. Cores of no known socket count as one.
func bySocket(cores [][]CPU) [][]CPU {
	var one []CPU
	for _, threads := range cores {
		one = append(one, threads[0])
	}
	sockets := groups(one, func(c CPU) int { return c.Socket + 1 })
	slices.SortStableFunc(sockets, func(a, b []CPU) int { return cmp.Compare(len(b), len(a)) })
	return sockets
}
