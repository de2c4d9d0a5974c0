package host

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ipcbench/results"
)

func TestNoise(t *testing.T) {
	for _, c := range []struct {
		machine string
		cpus    []int
		want    NoiseSample
	}{
		{"x86-vm", []int{0, 1}, NoiseSample{steal: 86300 * time.Millisecond, idle: 2129940 * time.Millisecond}},
		{"x86-vm", []int{1}, NoiseSample{steal: 45300 * time.Millisecond, idle: 1062120 * time.Millisecond}},
		{"container-v2", []int{0}, NoiseSample{throttled: 7500 * time.Microsecond, periods: 5, idle: time.Second}},
		{"container-v1", []int{0}, NoiseSample{steal: 50 * time.Millisecond, throttled: 12345678, periods: 3, idle: time.Second}},
	} {
		m, err := OpenNoise(machine(t, c.machine), c.cpus)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		for range 2 { // the second reads the same open files again
			got, err := m.Read()
			got.suspended = 0 // of the machine that the test runs on
			if got != c.want || err != nil {
				t.Errorf("%s, CPUs %v: %+v, %v; want %+v", c.machine, c.cpus, got, err, c.want)
			}
		}
	}
}

// A machine with many CPUs has a /proc/stat longer than the first buffer.
func TestNoiseManyCPUs(t *testing.T) {
	var stat strings.Builder
	stat.WriteString("cpu  0 0 0 0 0 0 0 0 0 0\n")
	for id := range 1000 {
		fmt.Fprintf(&stat, "cpu%d 1 0 1 1 0 0 0 %d 0 0\n", id, id)
	}
	stat.WriteString("intr 1\n")
	m, err := OpenNoise(fstest.MapFS{"proc/stat": {Data: []byte(stat.String())}}, []int{3, 999})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if s, err := m.Read(); err != nil || s.steal != 1002*UserTick {
		t.Errorf("%+v, %v; want 1002 ticks of steal", s, err)
	}
}

// A machine with frequency scaling reports how fast the slowest CPU used was.
func TestNoiseFrequency(t *testing.T) {
	cpufreq := func(cpu string) string { return "sys/devices/system/cpu/" + cpu + "/cpufreq/scaling_cur_freq" }
	root := fstest.MapFS{
		"proc/stat":     {Data: []byte("cpu0 0 0 0 0 0 0 0 0 0 0\nintr 1\n")},
		cpufreq("cpu0"): {Data: []byte("3600000\n")},
		cpufreq("cpu1"): {Data: []byte("800000\n")},
		cpufreq("cpu3"): {Data: []byte("1200000\n")},
	}
	for _, c := range []struct {
		cpus []int
		want int64
	}{{[]int{0, 3}, 1200000}, {[]int{0}, 3600000}, {[]int{2}, 0}} {
		m, err := OpenNoise(root, c.cpus)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		s, err := m.Read()
		if got := s.Since(NoiseSample{slowest: 5000000}).SlowestKHz; err != nil || s.slowest != c.want || got != slower(c.want, 5000000) {
			t.Errorf("CPUs %v: %+v, %v; want %d kHz", c.cpus, s, err, c.want)
		}
	}
}

func TestNoiseSince(t *testing.T) {
	early := NoiseSample{steal: 50, throttled: 7, periods: 2, idle: 10, suspended: time.Second}
	late := NoiseSample{steal: 80, throttled: 9, periods: 3, idle: 30, suspended: time.Second + 200*time.Microsecond}
	zero := results.Known[int64](0)
	if got, want := late.Since(early), (results.Noise{StealNs: 30, ThrottledNs: 2, Throttled: 1, IdleNs: results.Known[int64](20), SuspendedNs: zero}); got != want {
		t.Errorf("since = %+v, want %+v", got, want)
	}
	late.suspended = 3 * time.Second
	if got := late.Since(early).SuspendedNs; got != results.Known[int64](2e9) {
		t.Errorf("a machine that slept for 2 s was suspended for %v ns", got)
	}
	if got := early.Since(late); got != (results.Noise{IdleNs: zero, SuspendedNs: zero}) {
		t.Errorf("counters that went backwards gave %+v, want 0 of each", got)
	}
	early.pressure, late.pressure = results.Known[int64](3000), results.Known[int64](8000)
	if got := late.Since(early).PressureNs; got != results.Known[int64](5000) {
		t.Errorf("pressure of %v ns, want 5000", got)
	}
	if got := late.Since(late).PressureNs; got != zero {
		t.Errorf("a machine without pressure had %v ns, want 0", got)
	}
}

func TestNoiseHere(t *testing.T) {
	m := openNoiseHere(t)
	first, err := m.Read()
	if err != nil {
		t.Fatal(err)
	}
	second, err := m.Read()
	if err != nil {
		t.Fatal(err)
	}
	if second.steal < first.steal || second.throttled < first.throttled || second.periods < first.periods {
		t.Errorf("counters fell from %+v to %+v", first, second)
	}
}

func BenchmarkNoiseRead(b *testing.B) {
	m := openNoiseHere(b)
	for b.Loop() {
		if _, err := m.Read(); err != nil {
			b.Fatal(err)
		}
	}
}

func openNoiseHere(t testing.TB) *NoiseMeter {
	t.Helper()
	cpus, err := AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	m, err := OpenNoise(os.DirFS("/"), cpus)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func TestOpenNoiseFails(t *testing.T) {
	if _, err := OpenNoise(fstest.MapFS{}, nil); err == nil {
		t.Error("a tree without /proc/stat opened")
	}
	root := machine(t, "container-v1")
	delete(root, "sys/fs/cgroup/cpu,cpuacct/cpu.stat")
	if _, err := OpenNoise(root, nil); err == nil {
		t.Error("a cgroup with a quota and no cpu.stat opened")
	}
}

func TestVerdictOnNoise(t *testing.T) {
	const tick = int64(UserTick)
	for _, c := range []struct {
		name          string
		noise         results.Noise
		elapsed       time.Duration
		voids, warned bool
	}{
		{"quiet", results.Noise{}, time.Second, false, false},
		{"nothing measured", results.Noise{}, 0, false, false},
		{"stopped", results.Noise{Stopped: true}, time.Second, true, false},
		{"throttled once", results.Noise{Throttled: 1, ThrottledNs: 5}, time.Second, true, false},
		{"throttled by time alone", results.Noise{ThrottledNs: 1}, time.Second, true, false},
		{"steal of 30 %", results.Noise{StealNs: 30 * tick}, time.Second, true, false},
		{"steal just below", results.Noise{StealNs: 29 * tick}, time.Second, false, true},
		{"steal of 10 %", results.Noise{StealNs: 10 * tick}, time.Second, false, true},
		{"steal below 10 %", results.Noise{StealNs: 9 * tick}, time.Second, false, false},
		{"three ticks of a short launch", results.Noise{StealNs: 3 * tick}, 100 * time.Millisecond, true, false},
		{"two ticks of a short launch", results.Noise{StealNs: 2 * tick}, 20 * time.Millisecond, false, true},
		{"one tick of a short launch", results.Noise{StealNs: tick}, 10 * time.Millisecond, false, false},
		{"suspended", results.Noise{SuspendedNs: results.Known[int64](1)}, time.Second, true, false},
		{"a stall of 50 ms", results.Noise{StalledNs: results.Known[int64](50e6)}, time.Second, true, false},
		{"a stall of 10 ms of a short launch", results.Noise{StalledNs: results.Known[int64](10e6)}, 100 * time.Millisecond, true, false},
		{"a stall of 10 ms of a long launch", results.Noise{StalledNs: results.Known[int64](10e6)}, time.Second, false, true},
		{"others had the CPU for 30 %", results.Noise{ForeignNs: results.Known[int64](300e6)}, time.Second, true, false},
		{"others had the CPU for 20 %", results.Noise{ForeignNs: results.Known[int64](200e6)}, time.Second, false, true},
		{"others had the CPU for 5 %", results.Noise{ForeignNs: results.Known[int64](50e6)}, time.Second, false, false},
	} {
		if got := Voids(c.noise, c.elapsed, c.elapsed); (got != "") != c.voids {
			t.Errorf("%s: voids = %q, want a reason: %v", c.name, got, c.voids)
		}
		if got := Warning(c.noise, c.elapsed, c.elapsed); (got != "") != c.warned {
			t.Errorf("%s: warning = %q, want a warning: %v", c.name, got, c.warned)
		}
	}
}
