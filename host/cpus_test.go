package host

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"ipcbench/mechanisms"
)

// at is a CPU of no known node and capacity.
func at(id, core, socket int) CPU { return CPU{ID: id, Core: core, Socket: socket, Node: -1} }

// topology is a tree of CPUs that are all online.
func topology(cpus ...CPU) fstest.MapFS {
	root, all, siblings := fstest.MapFS{}, []string{}, map[int][]string{}
	for _, c := range cpus {
		all = append(all, strconv.Itoa(c.ID))
		siblings[c.Core] = append(siblings[c.Core], strconv.Itoa(c.ID))
	}
	put := func(path, text string) { root[path[1:]] = &fstest.MapFile{Data: []byte(text + "\n")} }
	put(onlineCPUs, strings.Join(all, ","))
	for _, c := range cpus {
		put(cpuDir(c.ID)+"/topology/thread_siblings_list", strings.Join(siblings[c.Core], ","))
		put(cpuDir(c.ID)+"/topology/physical_package_id", strconv.Itoa(c.Socket))
	}
	return root
}

var (
	oneCPU   = []CPU{at(0, 0, 0)}
	twoCores = []CPU{at(0, 0, 0), at(1, 1, 0)}
	oneCore  = []CPU{at(0, 0, 0), at(1, 0, 0)}
	// two sockets × two cores × two threads, numbered as x86 servers do
	server = []CPU{at(0, 0, 0), at(1, 1, 1), at(2, 2, 0), at(3, 3, 1), at(4, 0, 0), at(5, 1, 1), at(6, 2, 0), at(7, 3, 1)}
	// what a mask with holes leaves of it: no core of socket 0 has both threads
	holes   = []CPU{at(0, 0, 0), at(2, 2, 0), at(3, 3, 1), at(7, 3, 1)}
	flat    = []CPU{at(0, -1, -1), at(1, -1, -1)}
	noSMT   = []CPU{at(0, 0, -1), at(1, 1, -1)}
	lopside = []CPU{at(0, 0, 0), at(1, 1, 0), at(2, 2, 0), at(3, 3, 1)}
)

func TestReadCPUs(t *testing.T) {
	bare := fstest.MapFS{onlineCPUs[1:]: {Data: []byte("0-1\n")}}
	for _, c := range []struct {
		name string
		root fstest.MapFS
		mask []int
		want []CPU
	}{
		{"whole server", topology(server...), []int{0, 1, 2, 3, 4, 5, 6, 7}, server},
		{"mask with holes", topology(server...), []int{0, 2, 3, 7}, holes},
		{"offline CPU in the mask", topology(twoCores...), []int{0, 1, 2}, twoCores},
		{"no topology", bare, []int{0, 1}, flat},
		{"no topology, one CPU", bare, []int{1}, []CPU{at(1, 1, 0)}},
		{"nothing", fstest.MapFS{}, []int{0, 1}, flat},
		{"sockets not shown", topology(noSMT...), []int{0, 1}, noSMT},
	} {
		got, err := readCPUs(tree{c.root}, c.mask)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
	if got, err := readCPUs(tree{topology(twoCores...)}, []int{5}); err == nil {
		t.Errorf("a mask of offline CPUs gave %v, want an error", got)
	}
}

func TestReadCPUsHere(t *testing.T) {
	cpus, err := ReadCPUs(os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	mask, err := AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cpus {
		if !slices.Contains(mask, c.ID) {
			t.Errorf("CPU %d is not in the mask %v", c.ID, mask)
		}
	}
}

func TestDescribe(t *testing.T) {
	for want, cpus := range map[string][]CPU{
		"1 CPU, 1 core, 1 socket":    oneCPU,
		"2 CPUs, 2 cores, 1 socket":  twoCores,
		"8 CPUs, 4 cores, 2 sockets": server,
		"2 CPUs, 2 cores":            noSMT,
		"2 CPUs":                     flat,
	} {
		if got := describe(cpus); got != want {
			t.Errorf("describe(%v) = %q, want %q", cpus, got, want)
		}
	}
}

func TestAssign(t *testing.T) {
	for _, c := range []struct {
		name  string
		cpus  []CPU
		place string
		n     int
		want  []int // nil: unsupported
	}{
		{"one CPU", oneCPU, "same", 3, []int{0, 0, 0}},
		{"one CPU", oneCPU, "cross", 2, nil},
		{"one CPU", oneCPU, "smt", 2, nil},
		{"one CPU", oneCPU, "socket", 2, nil},
		{"two cores", twoCores, "same", 2, []int{1, 1}},
		{"two cores", twoCores, "cross", 3, []int{1, 0, 1}},
		{"two cores", twoCores, "smt", 2, nil},
		{"two cores", twoCores, "socket", 2, nil},
		{"one core", oneCore, "smt", 3, []int{1, 0, 1}},
		{"one core", oneCore, "cross", 2, nil},
		{"server", server, "same", 2, []int{7, 7}},
		{"server", server, "smt", 2, []int{7, 3}},
		{"server", server, "cross", 2, []int{7, 5}},
		{"server", server, "cross", 5, []int{7, 5, 6, 4, 3}},
		{"server", server, "socket", 2, []int{7, 6}},
		{"server", server, "socket", 5, []int{7, 6, 5, 4, 3}},
		{"holes", holes, "smt", 2, []int{7, 3}},
		{"holes", holes, "cross", 3, []int{2, 0, 7}},
		{"holes", holes, "cross", 5, []int{2, 0, 7, 3, 2}},
		{"holes", holes, "socket", 3, []int{2, 7, 0}},
		{"most cores first", lopside, "cross", 2, []int{2, 1}},
		{"cores not shown", flat, "same", 2, []int{1, 1}},
		{"cores not shown", flat, "cross", 2, nil},
		{"sockets not shown", noSMT, "cross", 2, []int{1, 0}},
		{"sockets not shown", noSMT, "socket", 2, nil},
		{"no CPU", nil, "same", 1, nil},
	} {
		got, err := Assign(c.cpus, c.place, c.n)
		var unsupported *mechanisms.UnsupportedError
		switch {
		case c.want == nil && !(errors.As(err, &unsupported) && errors.Is(err, errors.ErrUnsupported)):
			t.Errorf("%s, %s × %d: %v, %v; want it unsupported", c.name, c.place, c.n, got, err)
		case c.want != nil && (err != nil || !slices.Equal(got, c.want)):
			t.Errorf("%s, %s × %d: %v, %v; want %v", c.name, c.place, c.n, got, err, c.want)
		}
	}
}

func TestAssignWords(t *testing.T) {
	if ids, err := Assign(server, "free", 4); ids != nil || err != nil {
		t.Errorf("free = %v, %v; want no pinning", ids, err)
	}
	if _, err := Assign(server, "near", 2); err == nil || errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an unknown place gave %v, want an error that is no skip", err)
	}
	_, err := Assign(twoCores, "smt", 2)
	const want = "place smt: no two are hardware threads of one core among the CPUs 0-1 that may be used (cpu*/topology/thread_siblings_list in /sys/devices/system/cpu)"
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v, want\n%s", err, want)
	}
}

// Where the topology cannot be read, the reason says that, and not that the
// machine is small.
func TestAssignUnknownTopology(t *testing.T) {
	cpus, err := readCPUs(tree{fstest.MapFS{}}, []int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{"smt", "cross", "socket"} {
		_, err := Assign(cpus, place, 2)
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "the topology cannot be read (cpu*/topology/") {
			t.Errorf("%s: %v", place, err)
		}
	}
}

// A /proc that hides the machine is named.
func TestNoiseWithoutProc(t *testing.T) {
	if _, err := OpenNoise(fstest.MapFS{}, []int{0}); err == nil || !strings.Contains(err.Error(), "/proc is not mounted, or with subset=pid") {
		t.Error(err)
	}
}

// keepsPromise fails where an assignment breaks what its place says, or where
// a place is refused that cpus can give.
func keepsPromise(t *testing.T, cpus []CPU, place string, n int) {
	t.Helper()
	ids, err := Assign(cpus, place, n)
	cored := 0 // CPUs of known cores
	byID, threads, sockets := map[int]CPU{}, map[int]int{}, map[int]bool{}
	for _, c := range cpus {
		byID[c.ID] = c
		if c.Core >= 0 {
			threads[c.Core]++
			cored++
		}
		if c.Core >= 0 && c.Socket >= 0 {
			sockets[c.Socket] = true
		}
	}
	mostThreads := 0
	for _, k := range threads {
		mostThreads = max(mostThreads, k)
	}
	possible := map[string]bool{"same": len(cpus) > 0, "smt": mostThreads > 1, "cross": len(threads) > 1, "socket": len(sockets) > 1}[place]
	if (err == nil) != possible {
		t.Fatalf("%v, %s: error %v, possible %v", cpus, place, err, possible)
	}
	if err != nil {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Fatalf("%v, %s: %v is not unsupported", cpus, place, err)
		}
		return
	}
	if len(ids) != n {
		t.Fatalf("%v, %s: %d CPUs for %d workers", cpus, place, len(ids), n)
	}
	uses, cores, packages := map[int]int{}, map[int]int{}, map[int]int{}
	for _, id := range ids {
		c, ok := byID[id]
		if !ok {
			t.Fatalf("%v, %s: CPU %d is not in the mask", cpus, place, id)
		}
		uses[id]++
		cores[c.Core]++
		packages[c.Socket]++
	}
	good := true
	switch place {
	case "same":
		good = len(uses) == 1
	case "smt": // as many threads as workers, of one core, in turn
		good = len(cores) == 1 && len(uses) >= min(n, 2) && even(uses)
	case "cross": // as many cores as workers, then as many CPUs, in turn
		good = len(cores) == min(n, len(threads)) && len(uses) == min(n, cored) && even(uses)
	case "socket":
		good = len(packages) == min(n, len(sockets)) && even(packages)
	}
	if !good && n > 0 {
		t.Fatalf("%v, %s × %d: %v breaks the promise", cpus, place, n, ids)
	}
	says := Departures(cpus, place, ids)
	capacities := map[int]bool{}
	for _, id := range ids {
		capacities[byID[id].Capacity] = true
	}
	for what, is := range map[string]bool{
		" share ":              place != "same" && (len(uses) < n || place != "smt" && len(cores) < n),
		" sockets: ":           place == "cross" && len(packages) > 1,
		" different capacity ": len(capacities) > 1,
	} {
		if strings.Contains(says, what) != is {
			t.Fatalf("%v, %s × %d: %v says %q, want%sin it: %v", cpus, place, n, ids, says, what, is)
		}
	}
}

// even reports whether counts differ by at most one.
func even(counts map[int]int) bool {
	low, high := 1<<30, 0
	for _, n := range counts {
		low, high = min(low, n), max(high, n)
	}
	return high-low <= 1
}

// decode makes a topology from bytes: each is one CPU, with a gap before it,
// in a core and, by the core, in a socket.
func decode(data []byte) (cpus []CPU) {
	id, lowest := 0, map[int]int{}
	for _, b := range data[:min(len(data), 64)] {
		id += int(b>>6) + 1
		c := at(id, -1, -1)
		if core := int(b & 15); core > 0 {
			if _, ok := lowest[core]; !ok {
				lowest[core] = id
			}
			c.Core, c.Socket = lowest[core], core%4-1 // a quarter of the cores in no known socket
			c.Capacity = []int{1024, 1024, 446}[core%3]
		}
		cpus = append(cpus, c)
	}
	return cpus
}

func FuzzAssign(f *testing.F) {
	f.Add([]byte{}, uint8(1))
	f.Add([]byte{1}, uint8(2))
	f.Add([]byte{1, 2, 1, 2}, uint8(3))
	f.Add([]byte{1, 66, 131, 1, 2, 200}, uint8(9))
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		data := make([]byte, random.IntN(12))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data, uint8(random.IntN(20)))
	}
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		for _, place := range []string{"same", "smt", "cross", "socket"} {
			keepsPromise(t, decode(data), place, int(n))
		}
	})
}

func TestParseCPUList(t *testing.T) {
	for in, want := range map[string][]int{
		"": nil, "0": {0}, "0-3,8,10-11": {0, 1, 2, 3, 8, 10, 11}, "8,0-1": {0, 1, 8}, "8191": {8191}, "5-5": {5},
	} {
		if got, err := ParseCPUList(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("ParseCPUList(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{",", "0,", "-1", "1-", "3-1", "a", "0-8192", "8192", "99999999999", "0-3,2", "1,1", " 1", "+1", "0x1", "0-6:2/3", "1--2"} {
		if got, err := ParseCPUList(in); err == nil {
			t.Errorf("ParseCPUList(%q) = %v, want an error", in, got)
		}
	}
}

func FuzzParseCPUList(f *testing.F) {
	for _, s := range []string{"", "0", "0-3,8,10-11", "0-8191", "0-8191,0-8191", "7-,", "1-2-3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ids, err := ParseCPUList(s)
		if err != nil {
			if ids != nil {
				t.Fatalf("%q: both %v and %v", s, ids, err)
			}
			return
		}
		var each []string
		for i, id := range ids {
			if id < 0 || id >= maxCPUs || i > 0 && id <= ids[i-1] {
				t.Fatalf("%q: %v is not a list of different CPUs in order", s, ids)
			}
			each = append(each, strconv.Itoa(id))
		}
		again, err := ParseCPUList(strings.Join(each, ","))
		if err != nil || !slices.Equal(again, ids) {
			t.Fatalf("%q: read back as %v, %v; want %v", s, again, err, ids)
		}
	})
}
