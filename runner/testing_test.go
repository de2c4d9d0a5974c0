package runner

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/internal/apart"
	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/sockets/netconn"
	"ipcbench/results"
)

var (
	kills    = flag.Int("kills", 40, "processes that the kill tests kill at a random time")
	launches = flag.Int("launches", 100, "launches of the soak test")
	seed     = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random times")
)

const envProcess = string(processes)

// envImpersonate holds the key of impersonates that the test binary is to be
// when it executes itself.
const envImpersonate = "IPCBENCH_TEST"

var impersonates = map[string]func() int{}

func TestMain(m *testing.M) {
	if os.Getenv(envProcess) != "" {
		time.Sleep(100 * time.Microsecond) // as on a slow machine: the main goroutine may move to another thread
	}
	Init()
	if kind := os.Getenv(envImpersonate); kind != "" {
		os.Exit(impersonates[kind]())
	}
	apart.Enter() // what other programs make meanwhile is no leak
	flag.Parse()
	os.Exit(inPrivate(m.Run))
}

// private is where all files and journals of the tests are. It stands in the
// environment of every process of a session, as a mark.
var private string

// inPrivate runs the tests with directories of their own.
func inPrivate(run func() int) int {
	var err error
	if private, err = os.MkdirTemp("", "runner-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(private)
	tmp := filepath.Join(private, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("TMPDIR", tmp)
	os.Setenv("XDG_STATE_HOME", filepath.Join(private, "state"))
	return run()
}

// opened are the sessions that tests have not closed yet.
var opened []*Coordinator

// startSession starts a session and ends it with the test, when nothing may be
// left of it.
func startSession(t *testing.T, o Options) *Coordinator {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = unhurried
	}
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	opened = append(opened, s)
	t.Cleanup(func() {
		opened = slices.DeleteFunc(opened, func(o *Coordinator) bool { return o == s })
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		nothingLeft(t)
	})
	return s
}

// ofEachKind are mechanisms whose links leave different kinds of objects, or none:
// no others make a difference to how a session keeps its objects.
var ofEachKind = []string{"pipe", "fifo", "sysvshm", "sysvmsg", "posixmq", "shmfutex"}

// isolated names the values of Options.Shared in subtests.
var isolated = map[bool]string{false: "namespaces", true: "shared"}

// roundTrip is the cell that goes there and back on the mechanism.
func roundTrip(m *mechanisms.Mechanism) results.Cell {
	w := bench.RoundTrip(m)
	return results.Cell{Workload: w.Name, Mechanism: m.Name, Size: sizeOf(w, m), Place: "free"}
}

// sizeOf is a small message that the mechanism carries.
func sizeOf(w *bench.Workload, m *mechanisms.Mechanism) int {
	limits, _ := m.Limits(0) // an error comes again when a link is made
	return max(cmp.Or(w.Size, 64), limits.Least.N)
}

// carrier is a mechanism that plays the workload here: the plainest, pipe, where
// it does.
func carrier(w *bench.Workload) string {
	all := append([]*mechanisms.Mechanism{mechanisms.Lookup("pipe")}, mechanisms.All()...)
	for _, m := range all {
		c := results.Cell{Workload: w.Name, Mechanism: m.Name, Size: sizeOf(w, m), Place: "free"}
		if w.Peers != "" {
			c.Peers = w.MinPeers
		}
		if w.Paced {
			c.Rate = bench.Rates[0]
		}
		if m.Lost == nil && !m.Spins && Admit(c, make([]host.CPU, 1)) == nil {
			return m.Name
		}
	}
	return ""
}

// testCells are cells of every mechanism and the workloads with links,
// mechanism by mechanism.
func testCells(t testing.TB) (cells []results.Cell) {
	t.Helper()
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []*bench.Workload{bench.PingPong, bench.Stream, bench.FanIn, bench.Notify, bench.Contend} {
		for _, m := range mechanisms.All() {
			if !w.PlaysOn(m) || m.Lost != nil && w != bench.PingPong {
				continue // what is lost would end a round before a test does
			}
			c := results.Cell{Workload: w.Name, Mechanism: m.Name, Size: sizeOf(w, m), Place: "free"}
			if w.Peers != "" {
				c.Peers = 2
			}
			if err := Admit(c, cpus); err != nil {
				t.Logf("left out: %v", err)
				continue
			}
			cells = append(cells, c)
		}
	}
	if len(cells) == 0 {
		t.Fatal("this machine admits no cell")
	}
	return cells
}

func random(t testing.TB) *rand.Rand {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 1))
}
