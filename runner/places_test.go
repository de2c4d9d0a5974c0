package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/internal/need"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// placed is a CPU as /sys shows it: a reading of its own, beside that of package host.
type placed struct{ core, socket string }

// machineOf are the CPUs that this process may run on, by ID; a field that /sys does
// not show is "".
func machineOf(t *testing.T) map[int]placed {
	t.Helper()
	all := map[int]placed{}
	for _, id := range allowedTo(t, os.Getpid()) {
		read := func(name string) string {
			text, _ := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/%s", id, name))
			return strings.TrimSpace(string(text))
		}
		all[id] = placed{read("thread_siblings_list"), read("physical_package_id")}
	}
	return all
}

// allowedTo are the CPUs that the main thread of a process may run on, proc_pid_status(5).
func allowedTo(t *testing.T, pid int) []int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "Cpus_allowed_list:")
	list, _, _ := strings.Cut(rest, "\n")
	ids, err := host.ParseCPUList(strings.TrimSpace(list))
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// ranOn is the CPU on which the main thread of a process ran last, field 39 of
// proc_pid_stat(5).
func ranOn(pid int) (int, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])) // the third on
	return strconv.Atoi(fields[39-3])
}

// counts are how many processes there are of each value.
func counts[T comparable](of []T) map[T]int {
	all := map[T]int{}
	for _, v := range of {
		all[v]++
	}
	return all
}

func evenly[T comparable](all map[T]int) bool {
	low, high := 1<<30, 0
	for _, n := range all {
		low, high = min(low, n), max(high, n)
	}
	return high-low <= 1
}

// checkPlace holds processes on these CPUs against what the place promises on the
// machine, and what the launch says against what it does not keep of it.
func checkPlace(machine map[int]placed, place string, on []int, says string) error {
	n := len(on)
	var cores, sockets []string
	for _, id := range on {
		cores, sockets = append(cores, machine[id].core), append(sockets, machine[id].socket)
	}
	uses, byCore, bySocket := counts(on), counts(cores), counts(sockets)
	coresOf, threadsOf := map[string]map[string]bool{}, map[string]int{}
	for _, c := range machine {
		if coresOf[c.socket] == nil {
			coresOf[c.socket] = map[string]bool{}
		}
		coresOf[c.socket][c.core] = true
		threadsOf[c.core]++
	}
	most := 0 // cores of a socket
	for _, c := range coresOf {
		most = max(most, len(c))
	}
	good := false
	switch place {
	case "same":
		good = len(uses) == 1
	case "smt":
		good = len(byCore) == 1 && len(uses) == min(n, threadsOf[cores[0]]) && evenly(uses)
	case "cross":
		good = len(byCore) == min(n, len(threadsOf)) && len(uses) == min(n, len(machine)) && evenly(uses) && (n > most || len(bySocket) == 1)
	case "socket":
		good = len(bySocket) == min(n, len(coresOf)) && evenly(bySocket) && len(byCore) == min(n, len(threadsOf)) && len(uses) == min(n, len(machine))
	}
	if !good {
		return fmt.Errorf("processes on CPUs %v, cores %v, sockets %v: not what place %s promises", on, cores, sockets, place)
	}
	for what, is := range map[string]bool{
		" CPU":      place != "same" && len(uses) < n,
		" threads:": place != "same" && place != "smt" && len(uses) == n && len(byCore) < n,
		" sockets:": place == "cross" && len(bySocket) > 1,
	} {
		if strings.Contains(says, what) != is {
			return fmt.Errorf("processes on CPUs %v: the launch says %q; want %q in it: %v", on, says, what, is)
		}
	}
	return nil
}

// peersOf are how many peers give a workload 2 to 9 processes; without need.Long the
// fewest and the most.
func peersOf(w *bench.Workload) (peers []int) {
	if w.Peers == "" {
		return []int{0}
	}
	for k := w.MinPeers; len(w.Topology(k).Parts) <= 9; k++ {
		peers = append(peers, k)
	}
	if !need.Long() {
		peers = []int{peers[0], peers[len(peers)-1]}
	}
	return peers
}

// brief are the workloads that are played without need.Long.
var brief = []*bench.Workload{bench.PingPong, bench.FanIn, bench.Pairs}

// Every place of every workload is what it says, seen from outside: which CPUs each
// process may run on, and on which it runs during a round. Without IPCBENCH_LONG=1
// it is three workloads, with the fewest and the most peers.
func TestPlaces(t *testing.T) {
	need.Time(t)
	machine := machineOf(t)
	s := startSession(t, Options{Timeout: 5 * time.Minute}) // in a guest on a host with a load of 200, 9 processes took more than one
	cores, sockets, threads := map[string]int{}, map[string]int{}, 0
	for _, c := range machine {
		if c.core != "" {
			cores[c.core]++
			threads = max(threads, cores[c.core])
		}
		if c.socket != "" {
			sockets[c.socket]++
		}
	}
	possible := map[string]bool{"free": true, "same": true, "smt": threads > 1, "cross": len(cores) > 1, "socket": len(sockets) > 1}
	t.Logf("%d CPUs, %d cores, %d sockets", len(machine), len(cores), len(sockets))
	workloads := bench.Workloads
	if !need.Long() {
		workloads = brief
	}
	for _, w := range workloads {
		t.Run(w.Name, func(t *testing.T) { placesOf(t, s, w, machine, possible) })
	}
}

// placesOf plays a workload at every place that the machine has.
func placesOf(t *testing.T, s *Coordinator, w *bench.Workload, machine map[int]placed, possible map[string]bool) {
	mech := carrier(w)
	if mech == "" {
		t.Fatal("no mechanism plays it here")
	}
	played := map[string]int{}
	for _, place := range results.LookupAxis("place").Names() {
		for _, peers := range peersOf(w) {
			c := results.Cell{Workload: w.Name, Mechanism: mech, Size: 64, Place: place, Peers: peers}
			if w.Size > 0 {
				c.Size = w.Size
			}
			if w.Paced {
				c.Rate = bench.Rates[0]
			}
			l, err := s.Open(c)
			if Unsupported(err) && !possible[place] {
				continue
			}
			if err != nil || !possible[place] {
				t.Errorf("%s: opened: %v, this machine has the place: %v", c.Name(), err, possible[place])
				continue
			}
			if err := l.lookAtPlace(t, machine); err != nil {
				t.Errorf("%s: %v", c.Name(), err)
			}
			if _, err := l.Close(); err != nil {
				t.Errorf("%s: %v", c.Name(), err)
			}
			played[place]++
		}
	}
	t.Logf("%s: launches by place: %v", w.Name, played)
	for place, is := range possible {
		if is && played[place] < len(peersOf(w)) {
			t.Errorf("place %s was played %d times, of %d numbers of peers", place, played[place], len(peersOf(w)))
		}
	}
}

// lookAtPlace looks at the processes of the launch before and during a round.
func (l *Launch) lookAtPlace(t *testing.T, machine map[int]placed) error {
	place, free := l.Cell.Place, l.Cell.Place == "free"
	var on []int
	for _, pid := range l.PIDs() {
		allowed := allowedTo(t, pid)
		switch {
		case free && len(allowed) != len(machine):
			return fmt.Errorf("may run on %v of %d CPUs", allowed, len(machine))
		case !free && len(allowed) != 1:
			return fmt.Errorf("may run on %v, not on one CPU", allowed)
		}
		on = append(on, allowed[0])
	}
	if !free && len(on) > 1 {
		if err := checkPlace(machine, place, on, strings.Join(l.Warnings, " ")); err != nil {
			return err
		}
	}
	done := make(chan error, 1)
	go func() {
		_, err := l.Round(Timed, 20*max(1, l.Cell.Peers), 10*time.Second)
		done <- err
	}()
	for samples, over := 0, false; !over || samples == 0; samples++ {
		for i, pid := range l.PIDs() {
			cpu, err := ranOn(pid)
			if err != nil {
				return err
			}
			if _, known := machine[cpu]; !known || !free && cpu != on[i] {
				return fmt.Errorf("%s runs on CPU %d, and may on %v", l.Workers[i].Role, cpu, on[i])
			}
		}
		select {
		case err := <-done:
			if err != nil {
				return err
			}
			over = true
		default:
		}
	}
	return nil
}

// Pairs and senders for every CPU of the machine end with a number, or a stated doubt
// about it: no message is lost, and no process hangs.
func TestFillsMachine(t *testing.T) {
	need.Time(t)
	cpus := len(machineOf(t))
	s := startSession(t, Options{})
	for _, mech := range []string{"pipe", "seqpacket", "shmfutex"} {
		for _, c := range []results.Cell{
			{Workload: "Pairs", Mechanism: mech, Size: 64, Place: "free", Peers: max(2, cpus/2)},
			{Workload: "FanIn", Mechanism: mech, Size: 64, Place: "free", Peers: max(2, cpus-1)},
		} {
			rec, _ := s.Measure(c, Measurement{Time: 10 * time.Millisecond, Verify: true})
			if rec.Outcome != results.OK && rec.Outcome != results.Untrusted || rec.Verified.Or(0) == 0 {
				t.Errorf("%s: %s: %s", c.Name(), rec.Outcome, rec.Reason)
			}
			t.Logf("%s: %s %s", c.Name(), rec.Outcome, rec.Reason)
		}
	}
}

// A ring in huge pages is measured where the machine has set some aside, and refused
// with their number where it has not.
func TestHugePages(t *testing.T) {
	need.Time(t)
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, shown := strings.Cut(string(text), "HugePages_Free:")
	var free int
	fmt.Sscan(rest, &free)
	t.Logf("%d huge pages are free, shown: %v", free, shown)
	s := startSession(t, Options{})
	for _, mech := range []string{"shmfutex", "shmyield", "shmeventfd"} {
		c := results.Cell{Workload: "Stream", Mechanism: mech, Size: 4 << 10, Place: "free"}
		c.Memory = "huge"
		rec, _ := s.Measure(c, Measurement{Time: 10 * time.Millisecond, Verify: true})
		good := rec.Outcome == results.Skipped && strings.Contains(rec.Reason, "huge pages")
		if free > 0 {
			good = (rec.Outcome == results.OK || rec.Outcome == results.Untrusted) && rec.Verified.Or(0) > 0 && rec.Links[0].Queue >= 1<<20
		}
		if !good {
			t.Errorf("%s: %s: %s, %+v", c.Name(), rec.Outcome, rec.Reason, rec.Links)
		}
		t.Logf("%s: %s %s, links %+v", c.Name(), rec.Outcome, rec.Reason, rec.Links)
	}
}

// Every mechanism is measured on this kernel, or refused: an older kernel by the
// release that brought it, any other by a reason of its own.
func TestEveryMechanismHere(t *testing.T) {
	need.Time(t)
	s := startSession(t, Options{})
	release := sys.Release()
	outcomes := map[results.Outcome]int{}
	for _, m := range mechanisms.All() {
		c := roundTrip(m)
		rec, _ := s.Measure(c, Measurement{Time: 10 * time.Millisecond})
		outcomes[rec.Outcome]++
		older := sys.OlderThan(release, m.Since)
		switch {
		case older && (rec.Outcome != results.Skipped || !strings.Contains(rec.Reason, "needs Linux "+m.Since)):
			t.Errorf("%s, since %s: %s: %s; want it skipped with that release", m.Name, m.Since, rec.Outcome, rec.Reason)
		case rec.Outcome == results.Failed:
			t.Errorf("%s: %s", c.Name(), rec.Reason)
		case rec.Outcome == results.Skipped:
			t.Logf("%s: skipped: %s", m.Name, rec.Reason)
		}
	}
	t.Logf("Linux %s: %v", release, outcomes)
}
