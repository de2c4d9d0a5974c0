package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// ofEachKind is one mechanism of each way to carry messages: others of its kind
// share its ends.
var ofEachKind = []string{"pipe", "packetpipe", "posixmq", "processvm", "seqpacket", "shmspin", "sysvmsg", "sysvshm", "tcp", "udp"}

// TestNoFaultPasses has every fault happen to a middle message of every
// mechanism. In one of each kind, and in all with IPCBENCH_LONG=1, it also
// happens to the first and the last message. A lost last message is found after
// 1 s where a link has no end of file: with all mechanisms that takes half a minute.
func TestNoFaultPasses(t *testing.T) {
	for _, m := range sound() {
		if testing.Short() && !slices.Contains(quick, m.Name) {
			continue
		}
		if !m.Offers(mechanisms.Messages) {
			continue // messages are what these faults happen to
		}
		n := orderly((&bed{m: m}).size(64))
		places := map[string]int{"middle": n / 2}
		if !testing.Short() && (need.Long() || slices.Contains(ofEachKind, m.Name)) {
			places["first"], places["last"] = 0, n-1
		}
		for _, fault := range slices.Sorted(maps.Keys(faults)) {
			for place, k := range places {
				if fault == "swap" && place == "last" {
					k-- // with the one that is
				}
				t.Run(fmt.Sprintf("%s/%s/%s", m.Name, fault, place), func(t *testing.T) {
					broken := *m
					broken.Name = "broken" + fault + place
					faulting(fault, only(k))(&broken)
					report := is[*bench.CheckError]
					switch {
					case fault == "truncate" || fault == "extend":
						report = anything // the mechanism itself may see that
					case fault == "drop" && place == "last" && !m.EOF:
						report = is[*HungError] // nothing shows that no more comes
					}
					tooth{"order", &broken, report}.bite(t)
				})
			}
		}
	}
}

// Faults in one of few messages between real workers, in a byte stream and in
// a message queue.
var faultyInWorkers = func() (all []tooth) {
	for _, base := range []string{"pipe", "sysvmsg"} {
		for fault := range faults {
			m := broken(fault+base, base, faulting(fault, only(fewOps/4)))
			all = append(all, tooth{"workload", m, is[*notOK]})
		}
	}
	return all
}()

func TestNoFaultPassesInWorkers(t *testing.T) {
	need.Time(t)
	for _, x := range faultyInWorkers {
		t.Run(x.m.Name, x.bite)
	}
}

// TestOnlyVerificationSeesThePayload shows what the verifying round is for.
func TestOnlyVerificationSeesThePayload(t *testing.T) {
	need.Time(t)
	s, err := runner.Start(runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := results.Cell{Workload: bench.Stream.Name, Mechanism: "brokenflipall", Size: 64, Place: "free"}
	for verify, want := range map[bool]results.Fault{false: "", true: results.FaultCheck} {
		rec, _ := s.Measure(c, runner.Measurement{Time: time.Millisecond, Ops: fewOps, Exact: true, Verify: verify})
		if rec.Fault != want {
			t.Errorf("verify %v: fault %q, want %q: %s", verify, rec.Fault, want, rec.Reason)
		}
	}
}

// lapses are what is lost once, and what then shows that every process waits.
var lapses = []struct {
	w    *bench.Workload
	mech string
	wait string
	what string
}{
	{bench.PingPong, "pipe", "", "message 11 was lost"},
	{bench.PingPong, "pipe", "spin", "message 11 was lost"},
	{bench.PingPong, "sysvmsg", "", "message 11 was lost"},
	{bench.PingPong, "shmfutex", "", "message 11 was lost"},
	{bench.PingPong, "shmspin", "", "message 11 was lost"},
	{bench.PingPong, "shmyield", "", "message 11 was lost"},
	{bench.PingPong, "udp", "", "message 11 was lost"},
	{bench.PingPong, "pipenetpoll", "", "message 11 was lost"},
	{bench.Notify, "eventfd", "", "a notification was lost"},
	{bench.Contend, "futex", "", "a wake-up was lost"},
}

func init() {
	for _, x := range lapses {
		if mechanisms.Lookup("brokenlapse"+x.mech) != nil {
			continue
		}
		lapse := faulting("drop", only(fewOps/4))
		switch x.w.Contract {
		case mechanisms.Counts:
			lapse = notifying(func(n mechanisms.Notifier) mechanisms.Notifier {
				return &forgetter{Notifier: n, given: 1000 - fewOps/4}
			})
		case mechanisms.Locks:
			lapse = locking(func(k mechanisms.Locker) mechanisms.Locker { return &keeper{Locker: k} })
		}
		broken("lapse"+x.mech, x.mech, lapse)
	}
}

// keeper does not give the lock back once.
type keeper struct {
	mechanisms.Locker
	taken int
}

func (k *keeper) Unlock() error {
	if k.taken++; k.taken == fewOps/4 {
		return nil
	}
	return k.Locker.Unlock()
}

// TestALostMessageEndsALaunch shows that no process waits for the watchdog where
// all wait for a message that is lost, asleep or not, and that it is named.
func TestALostMessageEndsALaunch(t *testing.T) {
	need.Time(t)
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup // each waits for some seconds
	for _, x := range lapses {
		c := results.Cell{Workload: x.w.Name, Mechanism: "brokenlapse" + x.mech, Size: 64, Place: "free", Peers: x.w.MinPeers}
		if c.Wait = x.wait; x.w.Size > 0 {
			c.Size = x.w.Size
		}
		if err := runner.Admit(c, cpus); runner.Unsupported(err) {
			t.Logf("left out: %v", err)
			continue
		}
		all.Go(func() {
			s, err := runner.Start(runner.Options{Timeout: time.Minute})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			rec, _ := s.Measure(c, runner.Measurement{Time: time.Millisecond, Ops: fewOps, Exact: true})
			if rec.Fault != results.FaultCheck || !strings.Contains(rec.Reason, x.what) {
				t.Errorf("%s: %s %s: %s, want %s", c.Name(), rec.Outcome, rec.Fault, rec.Reason, x.what)
			}
		})
	}
	all.Wait()
}
