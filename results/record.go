// Package results holds what a run gave: records, the files they are kept in,
// their statistics and their exports. It imports no other package of the
// suite: a report is a pure function of records, whoever wrote them.
package results

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schema is the version of the record's JSON form. A reader leaves records of
// another schema out and says how many.
const Schema = 1

// Outcome is how one launch of one cell ended. Every planned cell has one.
type Outcome string

const (
	OK        Outcome = "ok"        // measured, every message checked
	Skipped   Outcome = "skipped"   // not possible here; Reason names the number and its source
	Failed    Outcome = "failed"    // something went wrong; Reason names the root cause
	Untrusted Outcome = "untrusted" // measured, but something happened that voids the number
)

// Fault is the kind of a failure.
type Fault string

const (
	FaultCheck Fault = "check" // a message was lost, doubled, reordered or damaged
	FaultDeath Fault = "death" // a process ended unasked
	FaultHang  Fault = "hang"  // a process missed its deadline
	FaultError Fault = "error" // a call failed
)

// Cell is one point of a plan: a workload and one value of each axis. Or it is
// a benchmark of someone else's, which Scan finds in text: then it has nothing
// but a name.
type Cell struct {
	Workload  string `json:"workload"`  // "PingPong"
	Mechanism string `json:"mechanism"` // "pipe"
	Size      int    `json:"size"`      // bytes in a message
	Queue     int    `json:"queue"`     // bytes asked for; 0: the kernel's default
	Place     string `json:"place"`     // same, smt, cross, socket, free
	Peers     int    `json:"peers"`     // senders of FanIn, stages of Pipeline, as the workload has it; 0 where it fixes their number
	Options

	Package string `json:"-"` // of a benchmark of someone else's: its pkg line
	Other   string `json:"-"` // its name, without the "Benchmark" prefix
}

// FloorWorkload is the workload of cells that are bounds to hold mechanisms
// against: they have no link. What stands in the place of a mechanism tells
// them apart.
const FloorWorkload = "Floor"

// The floors, by what stands in the place of a mechanism.
const (
	FloorCall     = "nullcall"  // a system call that does nothing
	FloorWake     = "wake"      // one process wakes another, one way
	FloorBounce   = "bounce"    // a cache line goes from one CPU to another
	FloorCopy     = "onecopy"   // a message is copied once
	FloorCopies   = "twocopies" // a message is copied in and copied out
	FloorColdCopy = "coldcopy"  // a message is copied once, and no cache helps

	// Within one process, and planned only where somebody asks for them.
	FloorThreads = "threadbounce" // a cache line goes from one thread to another
	FloorChannel = "gochan"       // a word goes through a Go channel
	FloorIOPipe  = "iopipe"       // a message goes through an io.Pipe
)

// Name is the cell as a Go benchmark names it, without the "Benchmark" prefix:
// "PingPong/mech=pipe/size=64/queue=default/place=same".
func (c Cell) Name() string {
	switch {
	case c.Package != "":
		return c.Package + "." + c.Other
	case c.Other != "":
		return c.Other
	}
	s := fmt.Sprintf("%s/mech=%s/size=%s/queue=%s/place=%s", c.Workload, c.Mechanism, FormatBytes(c.Size), FormatQueue(c.Queue), c.Place)
	if c.Peers > 0 {
		s += "/peers=" + strconv.Itoa(c.Peers)
	}
	return strings.Join(append([]string{s}, c.Options.Parts()...), "/")
}

// FormatQueue renders a queue setting: "default" for 0, else FormatBytes.
func FormatQueue(n int) string {
	if n == 0 {
		return "default"
	}
	return FormatBytes(n)
}

// FormatBytes renders n exactly: "64", "4097", "4KiB", "16MiB", "1GiB".
func FormatBytes(n int) string {
	for _, u := range byteUnits {
		if n >= u.n && n%u.n == 0 {
			return strconv.Itoa(n/u.n) + u.name
		}
	}
	return strconv.Itoa(n)
}

// maxBytes is the largest number of bytes that a name has.
const maxBytes = 1 << 30

// ParseBytes reads a whole number of bytes from 1 to 1 GiB with an optional
// binary unit (KiB, MiB, GiB): the inverse of FormatBytes. Its error begins
// with s, for the caller to say what it is.
func ParseBytes(s string) (n int, err error) {
	digits, unit := s, 1
	for _, u := range byteUnits {
		if d, ok := strings.CutSuffix(s, u.name); ok {
			digits, unit = d, u.n
		}
	}
	v, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || v == 0 || digits[0] == '+' || int64(v)*int64(unit) > maxBytes {
		return 0, fmt.Errorf("%q: want a whole number of bytes from 1 to %s, as in 64, 4KiB or 1MiB", s, FormatBytes(maxBytes))
	}
	return int(v) * unit, nil
}

var byteUnits = []struct {
	name string
	n    int
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// Record is what one launch of one cell gave: one line of records.jsonl. It
// stands alone: it carries the host, the settings and the seed. Times are in
// nanoseconds, amounts in bytes.
type Record struct {
	Schema   int       `json:"schema"`
	Run      string    `json:"run"` // the run's ID
	Time     time.Time `json:"time"`
	Cell     Cell      `json:"cell"`
	Launch   int       `json:"launch"`  // 1, 2, … within the cell
	Attempt  int       `json:"attempt"` // 1, and more where an untrusted launch was run again
	Outcome  Outcome   `json:"outcome"`
	Reason   string    `json:"reason,omitempty"`
	Fault    Fault     `json:"fault,omitempty"`    // of a failed launch
	Warnings []string  `json:"warnings,omitempty"` // doubts that do not void the number, each with its remedy

	Op          string  `json:"op,omitempty"` // what one operation is: "round trip", "message"
	Ops         int64   `json:"ops,omitempty"`
	ElapsedNs   int64   `json:"elapsed_ns,omitempty"`
	NsPerOp     float64 `json:"ns_per_op,omitempty"`          // from rounds that read no clock per operation
	InsnsPerOp  float64 `json:"insns_per_op,omitempty"`       // instructions, all processes and the kernel; in place of every time where a guest's instructions were counted
	BytesPerSec float64 `json:"bytes_per_sec,omitempty"`      // payload delivered; both directions of a round trip count
	CPUNsPerOp  float64 `json:"cpu_ns_per_op,omitempty"`      // user and system time of all workers
	Voluntary   float64 `json:"voluntary_per_op,omitempty"`   // context switches, all workers
	Involuntary float64 `json:"involuntary_per_op,omitempty"` // context switches, all workers
	EINTR       int64   `json:"eintr,omitempty"`              // calls that a signal interrupted

	Latency   *Latency `json:"latency,omitempty"`   // from rounds that do read the clock per operation
	Rounds    []Round  `json:"rounds,omitempty"`    // in the order they ran
	Workers   []Worker `json:"workers,omitempty"`   // one per process
	Given     *Given   `json:"given,omitempty"`     // what the kernel gave
	Verified  int64    `json:"verified,omitempty"`  // messages whose CRC-32C was checked, in a pass of its own
	Overhead  *Cost    `json:"overhead,omitempty"`  // what the launch cost beside its rounds
	WallNs    int64    `json:"wall_ns,omitempty"`   // the whole launch, from the end of the one before it, or of the set-up
	Noise     *Noise   `json:"noise,omitempty"`     // what the machine did meanwhile
	Seed      uint64   `json:"seed"`                // of the plan's shuffle
	Isolation string   `json:"isolation,omitempty"` // how kernel objects were kept private
	Host      *Host    `json:"host,omitempty"`

	others []Metric // of a benchmark of someone else's
}

// Latency is a distribution of the time of single operations.
type Latency struct {
	Count   int64   `json:"count"`
	P50     int64   `json:"p50_ns"`
	P90     int64   `json:"p90_ns"`
	P99     int64   `json:"p99_ns"`
	P999    int64   `json:"p999_ns"`
	Max     int64   `json:"max_ns"`
	ClockNs float64 `json:"clock_ns"`  // the cost of one reading of the clock, which is in every value
	HDR     string  `json:"histogram"` // the whole distribution: HdrHistogram V2, compressed, base64
}

// Round is n operations between a common start and the last receiver's last
// message.
type Round struct {
	Kind      string `json:"kind"` // calibrate, warmup, timed, latency, verify
	Ops       int64  `json:"ops"`
	ElapsedNs int64  `json:"elapsed_ns"`
	StalledNs int64  `json:"stalled_ns"` // in which no process passed a message, counted from 10 ms in one piece
}

// Worker is one process of a launch and what it used in the timed rounds.
type Worker struct {
	Role        string `json:"role"` // "ping", "sender 2"
	PID         int    `json:"pid"`
	CPUs        []int  `json:"cpus"` // affinity, as read back from the kernel
	UserNs      int64  `json:"user_ns"`
	SystemNs    int64  `json:"system_ns"`
	Voluntary   int64  `json:"voluntary"`   // context switches
	Involuntary int64  `json:"involuntary"` // context switches
	EINTR       int64  `json:"eintr"`
	WaitNs      int64  `json:"wait_ns"` // ready to run and waiting for its CPU, proc_pid_schedstat(5)
}

// Given is what the kernel gave a link.
type Given struct {
	Queue    int    `json:"queue"`     // bytes
	Source   string `json:"source"`    // "F_GETPIPE_SZ"
	InFlight int    `json:"in_flight"` // whole messages the link held before Send blocked, by trial
}

// Cost is where a launch's time went beside its rounds.
type Cost struct {
	StartNs int64 `json:"start_ns"` // making links, starting workers, attaching, so far as it outlasts the end of the launch before
	StopNs  int64 `json:"stop_ns"`  // ending workers, removing objects
}

// Noise is what the machine did during a launch.
type Noise struct {
	StealNs     int64 `json:"steal_ns"`     // time the hypervisor kept from us, on the CPUs used, in ticks of 10 ms
	ThrottledNs int64 `json:"throttled_ns"` // time the cgroup's quota kept from us
	Throttled   int64 `json:"throttled"`    // periods in which it did
	Stopped     bool  `json:"stopped"`      // a worker was stopped or continued by a signal
	PressureNs  int64 `json:"pressure_ns"`  // time in which some task of the machine waited for a CPU, /proc/pressure/cpu; 0 where it is not kept
	SlowestKHz  int64 `json:"slowest_khz"`  // of the slowest CPU used, before or after the rounds: /sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq; 0 where it is not told
	ForeignNs   int64 `json:"foreign_ns"`   // of the timed rounds: the worst-off worker waited for its CPU while no other worker had it
	StalledNs   int64 `json:"stalled_ns"`   // of the timed and latency rounds: no process passed a message, counted from 10 ms in one piece
	SuspendedNs int64 `json:"suspended_ns"` // the machine slept, CLOCK_BOOTTIME against CLOCK_MONOTONIC
	IdleNs      int64 `json:"idle_ns"`      // the CPUs used had nothing to run, all together, in ticks of 10 ms
}
