package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/results"
)

// NoiseMeter reads what takes CPU time away from a launch without showing in
// its own accounts. Its files stay open: a reading is a pread(2) of each.
type NoiseMeter struct {
	cpus      []int
	stat      openFile
	throttles []openFile // cpu.stat of each cgroup at or above this one that has a quota
	pressure  openFile   // nil where the kernel keeps none
	clocks    []openFile // the frequency of each CPU, where the kernel shows it
	buf       []byte
}

// openFile is a file that can be read again from its beginning.
type openFile interface {
	fs.File
	io.ReaderAt
}

// NoiseSample is one reading; only differences mean something.
type NoiseSample struct {
	steal     time.Duration // whole ticks
	throttled time.Duration
	periods   int64
	pressure  results.Count // ns
	slowest   int64         // kHz of the slowest CPU; 0: not known
	idle      time.Duration // of all CPUs used, whole ticks
	suspended time.Duration // since boot
}

// UserTick is the unit of /proc/stat: USER_HZ is 100 on every architecture
// that Go runs on, proc_stat(5).
const UserTick = 10 * time.Millisecond

// OpenNoise opens the meter for a launch that runs on cpus, in the tree at
// root. A cgroup with a quota is watched if it has one now.
func OpenNoise(root fs.FS, cpus []int) (*NoiseMeter, error) {
	t := tree{root}
	m := &NoiseMeter{cpus: cpus, buf: make([]byte, 4096)}
	stat, err := t.open("/proc/stat")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("/proc is not mounted, or with subset=pid, proc(5): mount it whole: %w", err)
	}
	if err != nil {
		return nil, err
	}
	m.stat = stat
	m.pressure, _ = t.open("/proc/pressure/cpu")
	for _, cpu := range cpus {
		if f, err := t.open(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", cpu)); err == nil {
			m.clocks = append(m.clocks, f)
		}
	}
	g := t.cgroup("cpu")
	for _, dir := range g.dirs {
		if _, _, limited := t.cpuQuota(dir, g.v2); !limited {
			continue
		}
		f, err := t.open(path.Join(dir, "cpu.stat"))
		if err != nil {
			m.Close()
			return nil, err
		}
		m.throttles = append(m.throttles, f)
	}
	return m, nil
}

func (t tree) open(name string) (openFile, error) {
	f, err := t.Open(strings.TrimPrefix(name, "/"))
	if err != nil {
		return nil, err
	}
	at, ok := f.(openFile)
	if !ok {
		f.Close()
		return nil, fmt.Errorf("%s: cannot be read twice", name)
	}
	return at, nil
}

// Close closes the meter's files.
func (m *NoiseMeter) Close() {
	m.stat.Close() // opened for reading: no error matters
	for _, f := range slices.Concat(m.throttles, m.clocks) {
		f.Close()
	}
	if m.pressure != nil {
		m.pressure.Close()
	}
}

// Read takes a sample.
func (m *NoiseMeter) Read() (s NoiseSample, err error) {
	text, err := m.slurp(m.stat, "intr ") // the CPUs stand before it
	if err != nil {
		return s, fmt.Errorf("read /proc/stat: %w", err)
	}
	for line := range bytes.Lines(text) {
		f := bytes.Fields(line)
		if len(f) < 9 || !bytes.HasPrefix(f[0], []byte("cpu")) {
			continue
		}
		id, err := strconv.Atoi(string(f[0][len("cpu"):])) // the sum of all has none
		if err == nil && slices.Contains(m.cpus, id) {
			s.steal += time.Duration(count(f[8])) * UserTick
			s.idle += time.Duration(count(f[4])+count(f[5])) * UserTick // idle, and waiting for a disk
		}
	}
	for _, file := range m.throttles {
		text, err := m.slurp(file, "")
		if err != nil {
			return s, fmt.Errorf("read cpu.stat: %w", err)
		}
		for line := range bytes.Lines(text) {
			key, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
			switch string(key) {
			case "nr_throttled":
				s.periods += count(value)
			case "throttled_usec": // version 2
				s.throttled += time.Duration(count(value)) * time.Microsecond
			case "throttled_time": // version 1
				s.throttled += time.Duration(count(value))
			}
		}
	}
	if m.pressure != nil {
		// "some avg10=0.00 … total=123" in µs stands first.
		text, err := m.slurp(m.pressure, "full ")
		if err != nil {
			return s, fmt.Errorf("read /proc/pressure/cpu: %w", err)
		}
		_, total, _ := bytes.Cut(text, []byte("total="))
		total, _, _ = bytes.Cut(total, []byte("\n"))
		s.pressure = results.Known(count(total) * int64(time.Microsecond))
	}
	for _, file := range m.clocks {
		// A driver may refuse to read it, even though the file is there.
		if text, err := m.slurp(file, ""); err == nil {
			s.slowest = slower(s.slowest, count(bytes.TrimSpace(text)))
		}
	}
	s.suspended = suspended()
	return s, nil
}

// suspended is how long the machine has slept since it booted: one clock counts
// that time and the other does not, clock_gettime(2).
func suspended() time.Duration {
	var boot, mono unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - mono.Nano())
}

// slower is the lower of two frequencies, of which 0 is none.
func slower(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

func count(b []byte) int64 {
	n, _ := strconv.ParseInt(string(b), 10, 64) // the kernel writes nothing else
	return n
}

// slurp reads a file from its start until it ends or, sooner, mark has been
// seen; the result is valid until the next call.
func (m *NoiseMeter) slurp(f io.ReaderAt, mark string) ([]byte, error) {
	for {
		n, err := f.ReadAt(m.buf, 0)
		switch {
		case err == nil && (mark == "" || !bytes.Contains(m.buf[:n], []byte(mark))):
			m.buf = make([]byte, 2*len(m.buf))
		case err == nil || err == io.EOF:
			return m.buf[:n], nil
		default:
			return nil, err
		}
	}
}

// Since is the noise between an earlier sample and this one. A counter that
// went backwards, as steal does when a CPU goes offline, counts as still.
func (s NoiseSample) Since(earlier NoiseSample) results.Noise {
	n := results.Noise{
		StealNs:     int64(max(0, s.steal-earlier.steal)),
		ThrottledNs: int64(max(0, s.throttled-earlier.throttled)),
		Throttled:   max(0, s.periods-earlier.periods),
		SlowestKHz:  slower(s.slowest, earlier.slowest),
		IdleNs:      results.Known(int64(max(0, s.idle-earlier.idle))),
		SuspendedNs: results.Known(slept(s.suspended - earlier.suspended)),
	}
	if now, ok := s.pressure.Get(); ok {
		n.PressureNs = results.Known(max(0, now-earlier.pressure.Or(now)))
	}
	return n
}

// slept leaves out what lies between the readings of the two clocks: a suspend
// takes far longer.
func slept(d time.Duration) int64 {
	if d < suspendLeast {
		return 0
	}
	return int64(d)
}

// suspendLeast is more than a busy machine puts between two readings of clocks,
// and less than any machine takes to sleep and to wake.
const suspendLeast = 100 * time.Millisecond

// Bounds on steal, as a share of the launch's wall time and in ticks: with
// fewer ticks the counter's own grain would decide. Steal is summed over the
// CPUs used, since messages wait for whichever end was held up.
const (
	voidingSteal, voidingTicks = 0.30, 3
	warningSteal, warningTicks = 0.10, 2
)

func stolen(n results.Noise, elapsed time.Duration, share float64, ticks int64) bool {
	return n.StealNs >= ticks*int64(UserTick) && float64(n.StealNs) >= share*float64(elapsed)
}

// Bounds on the time that other processes took from a worker, as a share of
// the timed rounds. A CPU that is shared evenly with one other loses half.
const voidingForeign, warningForeign = 0.25, 0.10

// voidingStalled bounds the time in which nothing moved, as a share of the timed
// rounds.
const voidingStalled = 0.05

// Voids is why a launch is untrusted that took wall in all, and timed of it in the
// rounds that the noise is of, or "".
func Voids(n results.Noise, wall, timed time.Duration) string {
	switch {
	case n.Stopped:
		return "a worker was stopped or continued by a signal"
	case n.Throttled > 0 || n.ThrottledNs > 0:
		return fmt.Sprintf("the cgroup's CPU quota stopped the run in %s for %s (cpu.stat)", plural(int(n.Throttled), "period"), results.FormatTime(float64(n.ThrottledNs)))
	case n.SuspendedNs.Or(0) > 0:
		return fmt.Sprintf("the machine was suspended for %s (CLOCK_BOOTTIME)", results.FormatTime(float64(n.SuspendedNs.Or(0))))
	case n.StalledNs.Or(0) > 0 && float64(n.StalledNs.Or(0)) >= voidingStalled*float64(timed):
		return fmt.Sprintf("no message moved for %s of %s: all processes were held up at once", results.FormatTime(float64(n.StalledNs.Or(0))), results.FormatTime(float64(timed)))
	case float64(n.ForeignNs.Or(0)) > voidingForeign*float64(timed):
		return fmt.Sprintf("other processes kept a worker from its CPU for %s of %s (schedstat)", results.FormatTime(float64(n.ForeignNs.Or(0))), results.FormatTime(float64(timed)))
	case stolen(n, wall, voidingSteal, voidingTicks):
		return fmt.Sprintf("the hypervisor kept %s of %s from the CPUs used (steal, /proc/stat)", results.FormatTime(float64(n.StealNs)), results.FormatTime(float64(wall)))
	}
	return ""
}

// Warning is the warning below what voids a launch, or "".
func Warning(n results.Noise, wall, timed time.Duration) string {
	switch {
	case Voids(n, wall, timed) != "":
		return ""
	case float64(n.ForeignNs.Or(0)) > warningForeign*float64(timed):
		return results.Warning{
			What:   fmt.Sprintf("other processes kept a worker from its CPU for more than %.0f %% of a launch (schedstat)", 100*warningForeign),
			Why:    "what they took is in the time per operation",
			Remedy: "stop them, or keep them off the CPUs used",
		}.String()
	case n.StalledNs.Or(0) > 0:
		return results.Warning{
			What:   fmt.Sprintf("no message moved for 10 ms or more within a launch, for less than %.0f %% of it", 100*voidingStalled),
			Why:    "all processes were held up at once, and the time per operation contains it",
			Remedy: "look for what stops processes: a cgroup's freezer, a hypervisor, a real-time task",
		}.String()
	case stolen(n, wall, warningSteal, warningTicks):
		return results.Warning{
			What:   fmt.Sprintf("steal of more than %.0f %% of a launch (/proc/stat)", 100*warningSteal),
			Why:    "the hypervisor ran others on the CPUs used, which lengthens the tail most",
			Remedy: "repeat on a host of your own or at a quieter time",
		}.String()
	}
	return ""
}
