package host

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

// CPU is one hardware thread that this process may run on.
type CPU struct {
	ID       int  // as the kernel numbers it
	Core     int  // the lowest ID among the online threads of its core, so unique in the machine; -1: not known
	Socket   int  // physical package; -1: not known
	Node     int  // NUMA node; -1: not known, or the kernel has none
	Capacity int  // cpu_capacity, 1024 for the fastest CPU of the machine; 0: the kernel shows none
	Isolated bool // the scheduler moves no process to it or from it: isolcpus=, or an isolated cpuset
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

const (
	onlineCPUs   = "/sys/devices/system/cpu/online"
	isolatedCPUs = "/sys/devices/system/cpu/isolated"
	nodeDirs     = "/sys/devices/system/node/node[0-9]*"
)

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
	nodes := t.nodes()
	isolated, _ := ParseCPUList(t.text(isolatedCPUs)) // no file: none
	for _, id := range mask {
		c := CPU{ID: id, Core: -1, Socket: -1, Node: -1, Isolated: slices.Contains(isolated, id)}
		if threads, err := ParseCPUList(t.text(cpuDir(id) + "/topology/thread_siblings_list")); err == nil && len(threads) > 0 {
			c.Core = threads[0]
		}
		if n, ok := t.number(cpuDir(id) + "/topology/physical_package_id"); ok {
			c.Socket = int(n)
		}
		if node, ok := nodes[id]; ok {
			c.Node = node
		}
		if n, ok := t.number(cpuDir(id) + "/cpu_capacity"); ok {
			c.Capacity = int(n)
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

// nodes are the NUMA nodes of the CPUs, by ID.
func (t tree) nodes() map[int]int {
	of := map[int]int{}
	for _, dir := range t.glob(nodeDirs) {
		node, err := strconv.Atoi(dir[strings.LastIndex(dir, "node")+len("node"):])
		cpus, unread := ParseCPUList(t.text(dir + "/cpulist"))
		if err != nil || unread != nil {
			continue
		}
		for _, id := range cpus {
			of[id] = node
		}
	}
	return of
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
// axis, or nil where workers are not pinned. It is pure. The fastest CPUs come first,
// and of those the highest numbers, as CPU 0 takes most interrupts.
//
//	same    all on one CPU
//	smt     the hardware threads of one core, in turn
//	cross   different cores: those of one socket first, then those of others, then
//	        their other hardware threads, and then all of these again
//	socket  different sockets, in turn, each time on another core while there is one
//	free    not pinned
//
// Departures states what the place's name does not show. A place that cpus cannot
// give is an *mechanisms.UnsupportedError.
func Assign(cpus []CPU, place string, n int) ([]int, error) {
	if place == "free" {
		return nil, nil
	}
	var cores [][]CPU
	if place != "same" {
		cores = groups(cpus, coreOf)
	}
	switch place {
	case "same":
		if len(cpus) == 0 {
			return nil, impossible(place, "no CPU in the affinity mask (sched_getaffinity(2))")
		}
		return inTurn([]CPU{slices.MinFunc(cpus, byPreference)}, n), nil
	case "smt":
		for _, threads := range cores {
			if len(threads) > 1 {
				return inTurn(threads, n), nil
			}
		}
		return nil, lacking(place, cpus, coreOf, "no two are hardware threads of one core", "thread_siblings_list")
	case "cross":
		if len(cores) < 2 {
			return nil, lacking(place, cpus, coreOf, "no two are of different cores", "thread_siblings_list")
		}
		return inTurn(threadsInTurn(slices.Concat(bySocket(cores)...)), n), nil
	case "socket":
		sockets := bySocket(cores)
		sockets = slices.DeleteFunc(sockets, func(s [][]CPU) bool { return s[0][0].Socket < 0 })
		if len(sockets) < 2 {
			return nil, lacking(place, cpus, socketOf, "no two are of different sockets", "physical_package_id")
		}
		var orders [][]CPU
		for _, s := range sockets {
			orders = append(orders, threadsInTurn(s))
		}
		ids := make([]int, n)
		for i := range ids {
			s := orders[i%len(orders)]
			ids[i] = s[i/len(orders)%len(s)].ID
		}
		return ids, nil
	}
	return nil, fmt.Errorf("place %q: want same, smt, cross, socket or free", place)
}

// Departures states where workers on the CPUs ids, of Assign, have less than the
// place's name says, with the numbers and a remedy; "" where they have all of it.
func Departures(cpus []CPU, place string, ids []int) string {
	var says []string
	say := func(format string, args ...any) { says = append(says, fmt.Sprintf(format, args...)) }
	var given, isolated []CPU
	for _, c := range cpus {
		if slices.Contains(ids, c.ID) {
			given = append(given, c)
		}
		if c.Isolated {
			isolated = append(isolated, c)
		}
	}
	different := func(of func(CPU) int) int {
		var values []int
		for _, c := range given {
			values = append(values, of(c))
		}
		slices.Sort(values)
		return len(slices.Compact(values))
	}
	cores, sockets := different(coreOf), different(socketOf)
	const fewer = "take fewer --peers, or a machine with more"
	switch {
	case place == "same":
	case place == "free" && len(cpus) > 1 && len(isolated) > 0:
		say("the scheduler moves no process from CPU to CPU on %s (%s): pin processes by another place, or take other --cpus", FormatCPUList(idsOf(isolated)), isolatedCPUs)
	case place == "free":
	case len(given) < len(ids):
		say("%d processes share %s: %s", len(ids), plural(len(given), "CPU"), fewer)
	case place != "smt" && cores < len(ids):
		say("%d processes share %s, as hardware threads: %s", len(ids), plural(cores, "core"), fewer)
	}
	if place == "cross" && sockets > 1 {
		say("%d processes are on %d sockets: %s cores a socket", len(ids), sockets, fewer)
	}
	if different(capacityOf) > 1 {
		say("%d processes are on CPUs of different capacity (cpu_capacity): take fewer --peers, or --cpus of one capacity", len(ids))
	}
	if says == nil {
		return ""
	}
	return "place " + place + ": " + strings.Join(says, "; ")
}

func impossible(place, why string) error {
	return &mechanisms.UnsupportedError{Mechanism: "place " + place, What: why, Unavailable: true}
}

// lacking refuses a place for want of several CPUs of a kind, or because a file of
// the topology does not show them.
func lacking(place string, cpus []CPU, of func(CPU) int, what, file string) error {
	file = "cpu*/topology/" + file + " in /sys/devices/system/cpu" // a word that a narrow screen has room for
	if slices.ContainsFunc(cpus, func(c CPU) bool { return of(c) < 0 }) {
		return impossible(place, "the topology cannot be read ("+file+"): mount /sys, or take --place free or same")
	}
	return impossible(place, fmt.Sprintf("%s among the CPUs %s that may be used (%s)", what, FormatCPUList(idsOf(cpus)), file))
}

func idsOf(cpus []CPU) (ids []int) {
	for _, c := range cpus {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	return ids
}

func coreOf(c CPU) int { return c.Core }

func socketOf(c CPU) int { return c.Socket }

func capacityOf(c CPU) int { return c.Capacity }

func inTurn(cpus []CPU, n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = cpus[i%len(cpus)].ID
	}
	return ids
}

// byPreference orders CPUs as workers are given them.
func byPreference(a, b CPU) int {
	return cmp.Or(cmp.Compare(b.Capacity, a.Capacity), cmp.Compare(b.ID, a.ID))
}

// groups parts the CPUs by core or socket, in the order of preference within a
// group and among groups. CPUs without one are in none.
func groups(cpus []CPU, of func(CPU) int) [][]CPU {
	known := slices.DeleteFunc(slices.Clone(cpus), func(c CPU) bool { return of(c) < 0 })
	slices.SortFunc(known, func(a, b CPU) int { return cmp.Or(cmp.Compare(of(a), of(b)), byPreference(a, b)) })
	var all [][]CPU
	for begin, i := 0, 1; i <= len(known); i++ {
		if i == len(known) || of(known[i]) != of(known[begin]) {
			all = append(all, known[begin:i])
			begin = i
		}
	}
	slices.SortFunc(all, func(a, b []CPU) int { return byPreference(a[0], b[0]) })
	return all
}

// bySocket parts cores by socket, those with the most cores first. Cores of no
// known socket count as one.
func bySocket(cores [][]CPU) (sockets [][][]CPU) {
	at := map[int]int{}
	for _, threads := range cores {
		socket := threads[0].Socket
		if _, seen := at[socket]; !seen {
			at[socket] = len(sockets)
			sockets = append(sockets, nil)
		}
		sockets[at[socket]] = append(sockets[at[socket]], threads)
	}
	slices.SortStableFunc(sockets, func(a, b [][]CPU) int { return cmp.Compare(len(b), len(a)) })
	return sockets
}

// threadsInTurn lists one hardware thread of each core, then another of each, and
// so on.
func threadsInTurn(cores [][]CPU) (order []CPU) {
	for i, more := 0, true; more; i++ {
		more = false
		for _, threads := range cores {
			if i < len(threads) {
				order, more = append(order, threads[i]), true
			}
		}
	}
	return order
}
