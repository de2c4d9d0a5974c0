package runner

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/internal/need"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Every part of a cell must show from outside, in /proc, in system calls or in
// instructions. Otherwise a launch that does not heed it could be published under
// the name of one that does.

// asked are the axes by their keys, each with what asks for every value of it and
// observes a launch. An axis without an observer fails the test.
var asked = map[string]func(*watcher){
	"workload": watchWorkloads,
	"mech":     watchMechanisms,
	"size":     watchSizes,
	"queue":    watchQueues,
	"place":    watchPlaces,
	"peers":    watchPeers,
	"wait":     watchWaits,
	"batch":    watchBatches,
	"touch":    watchTouches,
	"copy":     watchCopies,
	"memory":   watchMemories,
	"rate":     watchRates,

	results.MemoryNode: watchMemoryNodes,
	"given":            watchGiven,
}

func TestLaunchIsWhatIsAsked(t *testing.T) {
	need.Time(t)
	s := startSession(t, Options{Timeout: time.Minute}) // a traced process waits for its tracer
	var parts []string
	for _, x := range results.Axes {
		if x.Key != "host" { // merge makes that one, of runs that are there
			parts = append(parts, x.Key)
		}
	}
	for name := range asked {
		if !slices.Contains(parts, name) {
			t.Errorf("%s is no axis", name)
		}
	}
	for _, name := range parts {
		t.Run(name, func(t *testing.T) {
			watch := asked[name]
			if watch == nil {
				t.Fatalf("no observer in the map asked: whether a launch heeds it shows nowhere")
			}
			watch(&watcher{T: t, s: s})
		})
	}
}

// watcher observes launches of a session.
type watcher struct {
	*testing.T
	s *Coordinator
}

// check applies an observer to a launch of the cell, in which it must see what it
// looks for, and to launches of the others, in which it must not: a launch that
// does not heed what is asked is one of those.
func (w *watcher) check(value string, see func(results.Cell) error, cell results.Cell, others ...results.Cell) {
	w.Helper()
	if err := see(cell); err != nil {
		if Unsupported(err) || refused(err) {
			w.Logf("%s: left out: %v", value, err)
			return
		}
		w.Errorf("%s: %s: %v", value, cell.Name(), err)
		return
	}
	if len(others) == 0 {
		w.Errorf("%s: no launch that is not so", value)
	}
	for _, other := range others {
		if see(other) == nil {
			w.Errorf("%s: seen in %s", value, other.Name())
		}
	}
}

// refused reports whether the machine does not let calls or steps be counted.
func refused(err error) bool {
	var trace *TraceError
	return errors.As(err, &trace)
}

// pinned is a small cell on one CPU, where counts depend least on speed.
func pinned(workload, mech string) results.Cell {
	return results.Cell{Workload: workload, Mechanism: mech, Size: 64, Place: TracePlace}
}

// calls are those of all parts in one operation, by role without its number and
// by name: "sender write".
func (w *watcher) calls(c results.Cell, ops int) (map[string]float64, error) {
	all, err := w.s.Trace(c, ops)
	if err != nil {
		return nil, err
	}
	sum := map[string]float64{}
	for _, call := range all {
		sum[strings.TrimRight(call.Role, "0123456789")+" "+call.Call] += call.PerOp
	}
	return sum, nil
}

// open opens a launch, has look look at it, and closes it.
func (w *watcher) open(c results.Cell, look func(*Launch) error) error {
	l, err := w.s.Open(c)
	if err != nil {
		return err
	}
	looked := look(l)
	_, err = l.Close()
	return errors.Join(looked, err)
}

// borrow calls look with a copy of a process's descriptor, pidfd_getfd(2).
func borrow(pid, fd int, look func(fd int) error) error {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return &TraceError{os.NewSyscallError("pidfd_open", err)}
	}
	defer unix.Close(process)
	copied, err := unix.PidfdGetfd(process, fd, 0)
	if err != nil {
		return &TraceError{os.NewSyscallError("pidfd_getfd", err)}
	}
	defer unix.Close(copied)
	return look(copied)
}

// descriptors are those of a process that lead to what a link is made of, with
// where they lead.
func descriptors(pid int) map[int]string {
	inherited := map[string]bool{}
	for _, fd := range descriptorsOf(os.Getpid()) {
		inherited[fd] = true // what started the test may have left some open
	}
	all := descriptorsOf(pid)
	maps.DeleteFunc(all, func(fd int, target string) bool {
		return fd <= controlFD || inherited[target] || strings.HasPrefix(target, "/dev/null") || strings.HasPrefix(target, "/proc") || strings.HasPrefix(target, "/sys")
	})
	return all
}

func descriptorsOf(pid int) map[int]string {
	all := map[int]string{}
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil {
			all[fd], _ = os.Readlink(dir + "/" + e.Name())
		}
	}
	return all
}

// flagsOf are the status flags of a descriptor, proc_pid_fdinfo(5).
func flagsOf(pid, fd int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "flags:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(rest), 8, 64)
			return n
		}
	}
	return 0
}

// area is memory that a process maps of a file, or of something like one.
type area struct {
	start, end uint64
	path       string
}

// areas are the writable ones that a process shares, proc_pid_maps(5).
func areas(pid int) (all []area) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[1] != "rw-s" {
			continue
		}
		var a area
		fmt.Sscanf(fields[0], "%x-%x", &a.start, &a.end)
		a.path = strings.Join(fields[5:], " ")
		all = append(all, a)
	}
	return all
}

// rolesOf are the names under which the children of the session run, without
// their numbers, and how many of each there are.
func (w *watcher) rolesOf() map[string]int {
	roles := map[string]int{}
	for _, pid := range childrenOf(w.s.child.PID) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if args := strings.Split(string(text), "\x00"); len(args) > 1 {
			roles[strings.TrimRight(args[1], "0123456789")]++
		}
	}
	return roles
}

// appearance is how a launch of a workload looks: its processes, and the calls
// that they make in one operation; 0 is some. With three peers, where it has
// peers.
type appearance struct {
	mech  string
	roles map[string]int
	calls map[string]float64
}

var appearances = map[string]appearance{
	"PingPong":  {"pipe", map[string]int{"ping": 1, "pong": 1}, map[string]float64{"ping write": 1, "ping read": 1, "pong write": 1, "pong read": 1}},
	"Stream":    {"pipe", map[string]int{"sender": 1, "receiver": 1}, map[string]float64{"sender write": 1, "receiver read": 1}},
	"FanIn":     {"pipe", map[string]int{"sender": 3, "receiver": 1}, map[string]float64{"sender write": 1, "receiver read": 1}},
	"Pipeline":  {"pipe", map[string]int{"stage": 3}, map[string]float64{"stage write": 2, "stage read": 2}},
	"FanOut":    {"pipe", map[string]int{"sender": 1, "receiver": 3}, map[string]float64{"sender write": 1, "receiver read": 1}},
	"FanInPoll": {"pipe", map[string]int{"sender": 3, "receiver": 1}, map[string]float64{"sender write": 1, "receiver read": 0, "receiver epoll_pwait": 0}},
	"Burst":     {"pipe", map[string]int{"sender": 1, "receiver": 1}, map[string]float64{"sender write": burstOf, "sender read": 1, "receiver read": burstOf, "receiver write": 1}},
	"Lifecycle": {"pipe", map[string]int{"maker": 1}, map[string]float64{"maker write": 1, "maker read": 1, "maker close": 4, "maker fcntl": 3, "maker " + sys.SyscallName(unix.SYS_PIPE2): 1}},
	"Duplex":    {"pipe", map[string]int{"leftsender": 1, "leftreceiver": 1, "rightsender": 1, "rightreceiver": 1}, map[string]float64{"leftsender write": 1, "leftreceiver read": 1, "rightsender write": 1, "rightreceiver read": 1}},
	"Pairs":     {"pipe", map[string]int{"sender": 3, "receiver": 3}, map[string]float64{"sender write": 1, "receiver read": 1}},
	"Compete":   {"sysvmsg", map[string]int{"sender": 1, "receiver": 3}, map[string]float64{"sender msgsnd": 1, "receiver msgrcv": 1}},
	"Select":    {"sysvmsg", map[string]int{"sender": 1, "receiver": 1}, map[string]float64{"sender msgsnd": 0, "receiver msgrcv": 1}},
	"OpenLoop":  {"pipe", map[string]int{"sender": 1, "receiver": 1}, map[string]float64{"sender write": 1, "receiver read": 1, "sender clock_nanosleep": 0}},
	"Notify":    {"eventfd", map[string]int{"notifier": 1, "waiter": 1}, map[string]float64{"notifier write": 1, "notifier read": 1, "waiter read": 1, "waiter write": 1}},
	"Contend":   {"futex", map[string]int{"contender": 3}, nil},
}

const burstOf = 64

// looksLike is how a launch of the workload looks: of one that is not among
// appearances the processes of its topology, on a mechanism that plays it.
func looksLike(workload *bench.Workload) appearance {
	if known, ok := appearances[workload.Name]; ok {
		return known
	}
	a := appearance{mech: carrier(workload), roles: map[string]int{}}
	for _, part := range workload.Topology(3).Parts {
		a.roles[strings.TrimRight(part.Role, "0123456789")]++
	}
	return a
}

// played is a small cell of a workload with so many peers, where it has peers.
func played(workload *bench.Workload, peers int) results.Cell {
	c := pinned(workload.Name, looksLike(workload).mech)
	if workload.Size > 0 {
		c.Size = workload.Size
	}
	if workload.Peers != "" {
		c.Peers = peers
	}
	if workload.Paced {
		c.Rate = 50 // slow enough for a sender to sleep that is traced on a busy machine
	}
	return c
}

func watchWorkloads(w *watcher) {
	var cells []results.Cell
	for _, workload := range bench.Workloads {
		cells = append(cells, played(workload, 3))
	}
	type look struct {
		roles map[string]int
		calls map[string]float64
		err   error
	}
	looks := map[results.Cell]look{}
	at := func(c results.Cell) look {
		if l, ok := looks[c]; ok {
			return l
		}
		var l look
		if l.err = w.open(c, func(*Launch) error { l.roles = w.rolesOf(); return nil }); l.err == nil && looksLike(bench.WorkloadOf(c)).calls != nil {
			ops := 48
			if c.Rate > 0 {
				ops = 12
			}
			l.calls, l.err = w.calls(c, ops)
		}
		looks[c] = l
		return l
	}
	for _, c := range cells {
		want := looksLike(bench.WorkloadOf(c))
		once := func(c results.Cell) error {
			l := at(c)
			if l.err != nil || !maps.Equal(l.roles, want.roles) {
				return errors.Join(l.err, fmt.Errorf("processes %v, want %v", l.roles, want.roles))
			}
			if l.err != nil {
				return l.err
			}
			for name, n := range want.calls {
				if got := l.calls[name]; got == 0 || n > 0 && math.Abs(got-n) > 0.05 {
					return fmt.Errorf("%s: %v in an operation, want %v, or some where that is 0", name, got, n)
				}
			}
			if len(l.calls) != len(want.calls) && want.calls != nil {
				return fmt.Errorf("calls %v, want %v", l.calls, want.calls)
			}
			return nil
		}
		// Another cell looks the same once in some hundred times, and on a busy machine
		// three times in a row: FanInPoll then finds messages without waiting.
		see := func(looked results.Cell) error {
			err := once(looked)
			for again := 0; (err != nil) == (looked == c) && again < 6; again++ {
				delete(looks, looked)
				err = once(looked)
			}
			return err
		}
		if _, known := appearances[c.Workload]; !known { // no other need look different
			if err := see(c); err != nil {
				w.Errorf("%s: %v", c.Workload, err)
			}
			continue
		}
		others := slices.DeleteFunc(slices.Clone(cells), func(o results.Cell) bool { return o == c })
		w.check(c.Workload, see, c, others...)
	}
}

func watchPeers(w *watcher) {
	for _, workload := range bench.Workloads {
		if workload.Peers == "" {
			continue
		}
		each := len(workload.Topology(3).Parts) - len(workload.Topology(2).Parts)
		processes := func(c results.Cell) (n int, err error) {
			err = w.open(c, func(*Launch) error { n = len(childrenOf(w.s.child.PID)); return nil })
			return n, err
		}
		base, err := processes(played(workload, 2))
		if err != nil {
			w.Errorf("%s: %v", workload.Name, err)
			continue
		}
		for _, peers := range []int{4} {
			w.check(fmt.Sprint(workload.Name, " ", peers), func(c results.Cell) error {
				n, err := processes(c)
				if want := base + (peers-2)*each; err == nil && n != want {
					err = fmt.Errorf("%d processes, want %d", n, want)
				}
				return err
			}, played(workload, peers), played(workload, peers-1))
		}
	}
}

// alike reports whether two mechanisms may look the same from outside: what
// tells them apart is in memory that their processes share, and they make the
// same calls where they wait. One that spins yields too, where another process
// has the peer's CPU.
func alike(a, b string) bool {
	m, o := mechanisms.Lookup(a), mechanisms.Lookup(b)
	return m.Framing == mechanisms.Slot && reflect.DeepEqual(m.Facts.Path, o.Facts.Path)
}

// watchMechanisms sees that any two mechanisms look different: in what their
// processes have open, in what they map, and in the calls that they make.
func watchMechanisms(w *watcher) {
	looks := map[string][]string{} // mechanisms by how they look
	for _, m := range mechanisms.All() {
		look, err := w.look(m)
		if err != nil {
			if !Unsupported(err) && !refused(err) {
				w.Errorf("%s: %v", m.Name, err)
			}
			w.Logf("%s: left out: %v", m.Name, err)
			continue
		}
		looks[look] = append(looks[look], m.Name)
	}
	for look, names := range looks {
		if slices.ContainsFunc(names, func(name string) bool { return name != names[0] && !alike(name, names[0]) }) {
			w.Errorf("%v all look like this: %s", names, look)
		}
	}
}

// varying is what differs from launch to launch in a name.
var varying = regexp.MustCompile(`ipcbench-[A-Z2-7]{20,}|(fifo|signal|unix)-[A-Z2-7]{20,}|\[?[0-9]+\]?$`)

// look is what a process of a round trip, or of a pipeline where the mechanism
// passes messages on itself, shows of a mechanism.
func (w *watcher) look(m *mechanisms.Mechanism) (string, error) {
	c := roundTrip(m)
	c.Place = TracePlaceOf(m)
	if m.Relays {
		c.Workload, c.Peers = "Pipeline", 3
	}
	if c.Place == "same" && m.Spins {
		return "", &mechanisms.UnsupportedError{Mechanism: m.Name, What: "one CPU"}
	}
	seen := map[string]bool{}
	err := w.open(c, func(l *Launch) error {
		for _, pid := range l.PIDs() {
			for fd, target := range descriptors(pid) {
				if strings.HasPrefix(target, "anon_inode:[event") {
					continue // the Go runtime has them too
				}
				what := varying.ReplaceAllString(target, "")
				if strings.HasPrefix(target, "socket:") {
					if err := borrow(pid, fd, func(fd int) error { what += socketLook(fd); return nil }); err != nil {
						return err
					}
				}
				seen[fmt.Sprintf("open %s %o", what, flagsOf(pid, fd)&(unix.O_DIRECT|unix.O_NONBLOCK))] = true
			}
			for _, a := range areas(pid) {
				seen["maps "+varying.ReplaceAllString(strings.TrimSuffix(a.path, " (deleted)"), "")] = true
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	calls, err := w.calls(c, 16)
	if err != nil {
		return "", err
	}
	for name := range calls {
		seen["calls "+name] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(seen)), ", "), nil
}

// socketLook is the kind of a socket, and the kind of name that it or its peer has.
func socketLook(fd int) string {
	domain, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	typ, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	name := ""
	for _, address := range []func(int) (unix.Sockaddr, error){unix.Getsockname, unix.Getpeername} {
		if at, err := address(fd); err == nil {
			if u, ok := at.(*unix.SockaddrUnix); ok && u.Name != "" && u.Name != "@" {
				name = map[bool]string{true: "abstract", false: "path"}[u.Name[0] == '@']
			}
		}
	}
	return fmt.Sprintf(" domain %d type %d %s", domain, typ, name)
}

// watchSizes sees how many bytes a process writes in one operation,
// proc_pid_io(5).
func watchSizes(w *watcher) {
	written := func(pid int) (int, error) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "wchar:"); ok {
				return strconv.Atoi(strings.TrimSpace(rest))
			}
		}
		return 0, &TraceError{errors.Join(err, errors.New("no wchar in /proc/PID/io"))}
	}
	for _, size := range []int{1, 64, 4097, 64 << 10} {
		cell, other := pinned("PingPong", "pipe"), pinned("PingPong", "pipe")
		cell.Size, other.Size = size, 2*size
		w.check(results.FormatBytes(size), func(c results.Cell) error {
			return w.open(c, func(l *Launch) error {
				const ops = 1000 // of the second round more than of the first: what a round costs without them drops out
				var bytes [3]int
				for i := range bytes {
					if i > 0 {
						if _, err := l.Round(Timed, i*ops, time.Second); err != nil {
							return err
						}
					}
					var err error
					if bytes[i], err = written(l.PIDs()[0]); err != nil {
						return err
					}
				}
				perOp := float64(bytes[2]-bytes[1]-(bytes[1]-bytes[0])) / ops
				if math.Abs(perOp-float64(size)) > 0.1 { // an account is as long as its numbers
					return fmt.Errorf("%v bytes in an operation, want %d", perOp, size)
				}
				return nil
			})
		}, cell, other)
	}
}

// watchQueues asks the kernel how much the ends of the very link hold.
func watchQueues(w *watcher) {
	holds := map[string]func(fd int) (int, error){
		"pipe":       func(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0) },
		"fifo":       func(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0) },
		"socketpair": func(fd int) (int, error) { return sendBuffer(fd) },
	}
	for mech, ask := range holds {
		for _, queue := range []int{16 << 10, 128 << 10} {
			cell := pinned("PingPong", mech)
			other := cell
			cell.Queue = queue
			w.check(fmt.Sprint(mech, " ", results.FormatBytes(queue)), func(c results.Cell) error {
				return w.open(c, func(l *Launch) error {
					looked := false
					for fd, target := range descriptors(l.PIDs()[0]) {
						if strings.HasPrefix(target, "anon_inode") {
							continue
						}
						looked = true
						if err := borrow(l.PIDs()[0], fd, func(fd int) error {
							n, err := ask(fd)
							if err == nil && n != queue {
								err = fmt.Errorf("it holds %d bytes, want %d", n, queue)
							}
							return err
						}); err != nil {
							return err
						}
					}
					if !looked {
						return errors.New("no descriptor of a link")
					}
					return nil
				})
			}, cell, other)
		}
	}
}

// sendBuffer is that of a socket as it was asked for, socket(7).
func sendBuffer(fd int) (int, error) {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	return n / 2, err
}

// watchPlaces reads which CPUs the processes may run on, and where those are.
func watchPlaces(w *watcher) {
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		w.Fatal(err)
	}
	known := map[int]host.CPU{}
	for _, c := range cpus {
		known[c.ID] = c
	}
	own, err := host.AllowedCPUs()
	if err != nil {
		w.Fatal(err)
	}
	placed := func(c results.Cell) (where []host.CPU, err error) {
		err = w.open(c, func(l *Launch) error {
			for _, pid := range l.PIDs() {
				var set unix.CPUSet
				if err := unix.SchedGetaffinity(pid, &set); err != nil {
					return err
				}
				if set.Count() != 1 {
					return nil
				}
				for id := range known {
					if set.IsSet(id) {
						where = append(where, known[id])
					}
				}
			}
			return nil
		})
		return where, err
	}
	differ := func(of func(host.CPU) string, want bool) func([]host.CPU) bool {
		return func(where []host.CPU) bool { return len(where) == 2 && (of(where[0]) != of(where[1])) == want }
	}
	cpu := func(c host.CPU) string { return fmt.Sprint(c.ID) }
	core := func(c host.CPU) string { return fmt.Sprint(c.Socket, " ", c.Core) }
	socket := func(c host.CPU) string { return fmt.Sprint(c.Socket) }
	rules := map[string]func([]host.CPU) bool{
		"same":   differ(cpu, false),
		"smt":    func(where []host.CPU) bool { return differ(cpu, true)(where) && differ(core, false)(where) },
		"cross":  differ(core, true),
		"socket": differ(socket, true),
		"free":   func(where []host.CPU) bool { return len(where) == 0 || len(own) == 1 },
	}
	for _, place := range results.LookupAxis("place").Values {
		rule, known := rules[place.Name]
		if !known {
			w.Errorf("%s: no rule", place.Name)
			continue
		}
		cell := pinned("PingPong", "pipe")
		cell.Place = place.Name
		other := cell
		other.Place = map[bool]string{true: "free", false: "same"}[place.Name == "same"]
		if len(own) == 1 {
			w.Logf("%s: with one CPU all places are the same", place.Name)
			continue
		}
		w.check(place.Name, func(c results.Cell) error {
			where, err := placed(c)
			if err == nil && !rule(where) {
				err = fmt.Errorf("on %+v", where)
			}
			return err
		}, cell, other)
	}
}

// watchWaits sees how ends wait: by the calls that they make, and whether their
// descriptors block.
func watchWaits(w *watcher) {
	for _, wait := range results.LookupAxis("wait").Names() {
		cell, other := pinned("PingPong", "pipe"), pinned("PingPong", "pipe")
		if cell.Wait = wait; wait == "block" {
			cell.Wait, other.Wait = "", "epoll"
		}
		w.check(wait, func(c results.Cell) error {
			blocks := true
			err := w.open(c, func(l *Launch) error {
				for fd, target := range descriptors(l.PIDs()[0]) {
					if strings.HasPrefix(target, "pipe:") {
						blocks = blocks && flagsOf(l.PIDs()[0], fd)&unix.O_NONBLOCK == 0
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			calls, err := w.calls(c, 64)
			if err != nil {
				return err
			}
			got := "spin"
			switch {
			// On a busy machine one of the two may find all its messages there.
			case calls["ping ppoll"]+calls["ping poll"]+calls["pong ppoll"]+calls["pong poll"] > 0:
				got = "poll"
			case calls["ping epoll_pwait"]+calls["pong epoll_pwait"] > 0:
				got = "epoll"
			case blocks:
				got = "block"
			}
			if got != wait || blocks != (wait == "block") {
				return fmt.Errorf("it waits by %s, descriptors that block: %v; calls %v", got, blocks, calls)
			}
			return nil
		}, cell, other)
	}
}

// watchBatches counts the calls of a message.
func watchBatches(w *watcher) {
	for mech, call := range map[string]string{"pipe": "writev", "seqpacket": sys.SyscallName(unix.SYS_SENDMMSG)} {
		for _, batch := range []int{2, 16} {
			cell, other := pinned("Stream", mech), pinned("Stream", mech)
			cell.Batch = batch
			twice := cell
			twice.Batch = 2 * batch
			w.check(fmt.Sprint(mech, " ", batch), func(c results.Cell) error {
				calls, err := w.calls(c, 4*batch*2)
				if got, want := calls["sender "+call], 1/float64(batch); err == nil && (got != want || calls["sender write"] > 0) {
					err = fmt.Errorf("%v %s a message, want %v: %v", got, call, want, calls)
				}
				return err
			}, cell, other, twice)
		}
	}
	// A ring has two batches of slots, so that neither side waits for each message.
	const batch, size = 16, 64 << 10
	cell, other := pinned("Stream", "shmfutex"), pinned("Stream", "shmfutex")
	cell.Size, cell.Batch, other.Size = size, batch, size
	w.check(fmt.Sprint("shmfutex ", batch), func(c results.Cell) error {
		return w.open(c, func(l *Launch) error {
			found := areas(l.PIDs()[0])
			if len(found) != 1 || found[0].end-found[0].start < 2*batch*size {
				return fmt.Errorf("mapped are %+v, want %d bytes", found, 2*batch*size)
			}
			return nil
		})
	}, cell, other)
}

// instructions are those of the first process in an operation.
func (w *watcher) instructions(known map[results.Cell]float64, c results.Cell) (float64, error) {
	if n, ok := known[c]; ok {
		return n, nil
	}
	perOp, err := w.s.Instructions(c)
	if err != nil {
		return 0, err
	}
	known[c] = perOp[0]
	return perOp[0], nil
}

// watchTouches counts the instructions that come on top of a message that no end
// touches, and looks at memory that both ends work in, which a receiver that
// writes leaves changed.
func watchTouches(w *watcher) {
	plain := pinned("PingPong", "sysvshm")
	plain.Size, plain.InPlace = 1024, true
	known := map[results.Cell]float64{}
	for _, touch := range results.LookupAxis("touch").Names() {
		cell, other := plain, plain
		if cell.Touch = touch; touch == "none" {
			cell.Touch, other.Touch = "", "read"
		}
		others := []results.Cell{other}
		if touch == "write" || touch == "read" {
			o := plain
			o.Touch = map[string]string{"write": "read", "read": "write"}[touch]
			others = append(others, o)
		}
		w.check(touch, func(c results.Cell) error {
			base, err := w.instructions(known, plain)
			if err != nil {
				return err
			}
			n, err := w.instructions(known, c)
			if err != nil {
				return err
			}
			written, err := w.written(c)
			if err != nil {
				return err
			}
			got := "none"
			if n-base >= float64(plain.Size)/4 { // the checks alone take some more where a payload is touched
				got = map[bool]string{true: "write", false: "read"}[written]
			}
			if got != touch {
				return fmt.Errorf("%v instructions beside %v, memory written: %v: that is %s", n, base, written, got)
			}
			return nil
		}, cell, others...)
	}
}

// written reports whether a payload in the memory of the first link is not as its
// sender has left it, zero.
func (w *watcher) written(c results.Cell) (written bool, err error) {
	return written, w.open(c, func(l *Launch) error {
		if _, err := l.Round(Timed, 1000, time.Second); err != nil { // each slot several times
			return err
		}
		memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", l.PIDs()[0]))
		if err != nil {
			return &TraceError{err}
		}
		defer memory.Close()
		for _, a := range areas(l.PIDs()[0]) {
			if !strings.HasPrefix(a.path, "/SYSV") {
				continue
			}
			slot := make([]byte, c.Size) // the first lies where the segment begins
			if _, err := memory.ReadAt(slot, int64(a.start)); err != nil {
				return &TraceError{err}
			}
			written = written || binary.LittleEndian.Uint64(slot[c.Size/2:]) != 0
		}
		return nil
	})
}

// watchCopies counts the instructions of a message that is copied in and out.
func watchCopies(w *watcher) {
	copied := pinned("PingPong", "sysvshm")
	copied.Size = 4 << 10
	inPlace := copied
	inPlace.InPlace = true
	known := map[results.Cell]float64{}
	const vector = 64 // bytes that the widest instruction copies
	see := func(inPlace bool) func(results.Cell) error {
		return func(c results.Cell) error {
			n, err := w.instructions(known, c)
			if err != nil {
				return err
			}
			most, err := w.instructions(known, copied)
			if err != nil {
				return err
			}
			if least := float64(2 * copied.Size / vector); (most-n >= least) != inPlace {
				return fmt.Errorf("%v instructions, %v with copies", n, most)
			}
			return nil
		}
	}
	w.check("0", see(true), inPlace, copied)
	w.check("1", see(false), copied, inPlace)
	// Some have ends of another kind then, which the loop needs.
	for _, m := range mechanisms.All() {
		c := roundTrip(m)
		if c.InPlace = true; !m.WorksInPlace || m.Spins || m.Needs != nil && m.Needs() != nil {
			continue
		}
		if err := w.open(c, func(l *Launch) error { _, err := l.Round(Timed, 50, time.Second); return err }); err != nil && !Unsupported(err) {
			w.Errorf("%s: %v", c.Name(), err)
		}
	}
}

// onHugePages reports whether the pages of an area are larger than usual,
// proc_pid_smaps(5).
func onHugePages(pid int, a area) bool {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	_, of, _ := strings.Cut(string(text), fmt.Sprintf("%x-%x ", a.start, a.end))
	_, size, _ := strings.Cut(of, "KernelPageSize:")
	var kB int
	fmt.Sscan(size, &kB)
	return kB<<10 > os.Getpagesize()
}

// watchMemories looks at what the ring is mapped from.
func watchMemories(w *watcher) {
	backing := map[string]*regexp.Regexp{
		"default": regexp.MustCompile(`^/memfd:ipcbench-ring \(deleted\)$`),
		"memfd":   regexp.MustCompile(`^/memfd:ipcbench-ring \(deleted\)$`),
		"shm":     regexp.MustCompile(`^/(dev/shm|tmp)/ipcbench-`),
		"file":    regexp.MustCompile(`/#\d+ \(deleted\)$`),
		"huge":    regexp.MustCompile(`^/memfd:ipcbench-ring.* huge$`),
	}
	for _, memory := range results.LookupAxis("memory").Names() {
		pattern, known := backing[memory]
		if !known {
			w.Errorf("%s: what it is mapped from is not known", memory)
			continue
		}
		cell, other := pinned("PingPong", "shmfutex"), pinned("PingPong", "shmfutex")
		if cell.Memory = memory; memory == "default" {
			cell.Memory = ""
		}
		if pattern.MatchString("/memfd:ipcbench-ring (deleted)") {
			other.Memory = "shm"
		}
		w.check(memory, func(c results.Cell) error {
			return w.open(c, func(l *Launch) error {
				found := areas(l.PIDs()[0])
				for i := range found {
					if onHugePages(l.PIDs()[0], found[i]) {
						found[i].path += " huge"
					}
				}
				if len(found) != 2 || !pattern.MatchString(found[0].path) || !pattern.MatchString(found[1].path) {
					return fmt.Errorf("mapped are %+v, want 2 of %v", found, pattern)
				}
				return nil
			})
		}, cell, other)
	}
}

// watchMemoryNodes reads on which NUMA nodes the pages of a ring lie that a process
// maps, proc_pid_numa_maps(5), and that the launch states the same.
func watchMemoryNodes(w *watcher) {
	text, _ := os.ReadFile("/sys/devices/system/node/has_memory")
	nodes, err := host.ParseCPUList(strings.TrimSpace(string(text)))
	if err != nil {
		w.Fatal(err)
	}
	nodeOf := func(cpu int) int {
		found, _ := filepath.Glob(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/node[0-9]*", cpu))
		if len(found) != 1 {
			return -1
		}
		n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(found[0]), "node"))
		return n
	}
	for _, mech := range []string{"shmfutex", "sysvshm"} {
		for _, where := range results.LookupAxis(results.MemoryNode).Names()[1:] {
			cell, other := pinned("PingPong", mech), pinned("PingPong", mech)
			cell.Options.Further = results.MemoryNode + "=" + where
			other.Options.Further = results.MemoryNode + "=" + map[string]string{"local": "remote", "remote": "local"}[where]
			w.check(mech+" "+where, func(c results.Cell) error {
				return w.open(c, func(l *Launch) error {
					home := nodeOf(l.Workers[0].CPUs[0])
					for i, pid := range l.PIDs() {
						for _, on := range nodesOfRings(pid) {
							if (on == home) != (where == "local") {
								return fmt.Errorf("%s: memory on node %d of %v, the process is on %d", l.Workers[i].Role, on, nodes, home)
							}
							for _, link := range l.Links {
								if link.Nodes != strconv.Itoa(on) {
									return fmt.Errorf("the launch states node %q, not %d", link.Nodes, on)
								}
							}
						}
						if len(nodesOfRings(pid)) == 0 {
							return &TraceError{errors.New("numa_maps has no ring: CONFIG_NUMA is off")}
						}
					}
					return nil
				})
			}, cell, other)
		}
	}
}

// nodesOfRings are the NUMA nodes of the pages of all rings that a process maps.
func nodesOfRings(pid int) (nodes []int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/numa_maps", pid))
	rings := areas(pid)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		start, _ := strconv.ParseUint(fields[0], 16, 64)
		if !slices.ContainsFunc(rings, func(a area) bool { return uint64(a.start) == start }) {
			continue
		}
		for _, f := range fields {
			var node, pages int
			if n, _ := fmt.Sscanf(f, "N%d=%d", &node, &pages); n == 2 {
				nodes = append(nodes, node)
			}
		}
	}
	return nodes
}

// A launch states the NUMA node of its links' memory where that is memory that
// processes share, and of no other.
func TestNodesOfLinks(t *testing.T) {
	need.Time(t)
	s := startSession(t, Options{})
	known, err := sys.NodesOf(mechanisms.Buffer(1))
	if err != nil {
		t.Skipf("move_pages(2) is refused here: %v", err)
	}
	t.Log("a buffer of this process is on nodes", known)
	for _, mech := range []string{"shmfutex", "shmspin", "sysvshm", "pipe"} {
		c := pinned("PingPong", mech)
		if c.Place = "same"; mechanisms.Lookup(mech).Spins {
			c.Place = "free"
		}
		l, err := s.Open(c)
		if Unsupported(err) {
			t.Logf("%s: left out: %v", mech, err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, link := range l.Links {
			ids, err := host.ParseCPUList(link.Nodes)
			if err != nil || (len(ids) > 0) != mechanisms.Lookup(mech).Maps {
				t.Errorf("%s: link %d is on nodes %q, %v", mech, i+1, link.Nodes, err)
			}
			for _, on := range nodesOfRings(l.PIDs()[0]) {
				if !slices.Contains(ids, on) {
					t.Errorf("%s: a ring has pages on node %d, the launch states %q", mech, on, link.Nodes)
				}
			}
		}
		if _, err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// watchRates takes the time of a round whose messages cannot come sooner than
// they are due. However busy the machine is, it lasts no shorter.
func watchRates(w *watcher) {
	for _, rate := range []int{200, 1000} {
		cell := pinned("OpenLoop", "pipe")
		cell.Rate = rate
		other := cell
		other.Rate = results.MaxRate
		const ops = 40
		least := time.Duration(ops-1) * time.Second / time.Duration(rate)
		w.check(fmt.Sprint(rate), func(c results.Cell) error {
			shortest := time.Hour
			for range 5 {
				if err := w.open(c, func(l *Launch) error {
					begin := time.Now()
					_, err := l.Round(Latency, ops, time.Second)
					shortest = min(shortest, time.Since(begin))
					return err
				}); err != nil {
					return err
				}
				if shortest < least {
					return fmt.Errorf("%d messages in %v, due in %v", ops, shortest, least)
				}
				if c == cell {
					break // once is enough to see that it is not too fast
				}
			}
			return nil
		}, cell, other)
	}
}

// watchGiven sees that no plan can ask for what a kernel gives.
func watchGiven(w *watcher) {
	c := pinned("PingPong", "pipe")
	c.Options.Given = "8KiB"
	if _, err := w.s.Open(c); err == nil || !strings.Contains(err.Error(), "given") {
		w.Errorf("it can be asked for: %v", err)
	}
}
