// Package results holds what a run gave: records, the files they are kept in,
// their statistics and their exports. It imports no other package of the
// suite: a report is a pure function of records, whatever wrote them.
package results

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schema is the version of the form that records are written in. A reader takes
// this one and all before it, also in one file. It leaves records of another one
// out and says how many.
const Schema = 2

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
	Options          // and what the kernel gave, where that is not the usual

	Package string `json:"-"` // of a benchmark of someone else's: its pkg line
	Other   string `json:"-"` // its name, without the "Benchmark" prefix
}

// FloorWorkload is the workload of cells that are bounds to hold mechanisms
// against: they have no link. What stands in the place of a mechanism is
// their name.
const FloorWorkload = "Floor"

// The floors, by what stands in the place of a mechanism.
const (
	FloorCall     = "nullcall"  // a system call that does nothing
	FloorWake     = "wake"      // one process wakes another, one way
	FloorBounce   = "bounce"    // a cache line goes from one CPU to another
	FloorCopy     = "onecopy"   // a message is copied once
	FloorCopies   = "twocopies" // a message is copied in and copied out
	FloorColdCopy = "coldcopy"  // a message is copied once, and no cache helps

	// Within one process, and planned only where they are asked for.
	FloorThreads = "threadbounce" // a cache line goes from one thread to another
	FloorChannel = "gochan"       // a word goes through a Go channel
	FloorIOPipe  = "iopipe"       // a message goes through an io.Pipe
)

// Asked is the cell as a plan has it, without what a run found out.
func (c Cell) Asked() Cell {
	c.Options.Given, c.Options.Class = "", ""
	return c
}

// Question is the cell that stands for all that differ from it in their mechanism
// alone: they are what people compare, in blocks of a pass.
func (c Cell) Question() Cell {
	c.Mechanism = ""
	return c
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

// TypedBytes turns a number of bytes as people type it into the form that names
// have: 4k, 4K, 4KB, 4kib are 4KiB, and 100B is 100. Any other text stays. A k is
// 1024 bytes: a message of 4000 bytes is asked for as 4000.
func TypedBytes(s string) string {
	digits := strings.TrimRight(s, "KMGkmgibB")
	switch unit := strings.ToLower(s[len(digits):]); unit {
	case "b":
		return digits
	case "k", "kb", "kib", "m", "mb", "mib", "g", "gb", "gib":
		return digits + strings.ToUpper(unit[:1]) + "iB"
	}
	return s
}

var byteUnits = []struct {
	name string
	n    int
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// Record is what one launch of one cell gave: one line of records.jsonl, and
// what the line's setup says. The JSON keys are those of schema 1, in which a
// line stands alone, and of records between processes; see entry for schema 2.
// Times are in nanoseconds, amounts in bytes.
//
// What was not measured is absent. A number that may be 0 is an Optional. Of
// others 0 is the absence: no launch takes no time or plays no operation. A
// launch that failed or was skipped has none of the numbers from Ops to EINTR,
// no Latency, Rounds, Verified, Overhead and Noise, and workers without usage.
type Record struct {
	Schema      int       `json:"schema"` // Schema, whichever it was read from
	Run         string    `json:"run"`    // the run's ID
	Time        time.Time `json:"time"`
	Cell        Cell      `json:"cell"`
	Launch      int       `json:"launch"`              // 1, 2, … within the cell
	LaunchNs    int64     `json:"launch_ns,omitempty"` // measured time that was asked for; 0: not known, or instructions were counted
	Attempt     int       `json:"attempt"`             // 1, and more where an untrusted launch was run again
	Outcome     Outcome   `json:"outcome"`
	Reason      string    `json:"reason,omitempty"`
	Fault       Fault     `json:"fault,omitempty"`       // of a failed launch
	Unavailable bool      `json:"unavailable,omitempty"` // of a skipped launch: the machine withholds the mechanism or the place, whatever the size. Earlier records lack it
	Warnings    []string  `json:"warnings,omitempty"`    // what does not void the number, each with its remedy
	Cached      bool      `json:"cached,omitempty"`      // it was measured at its Time for an earlier run, and repeats to the digit

	Op          string  `json:"op,omitempty"` // what one operation is: "round trip", "message"
	Ops         int64   `json:"ops,omitempty"`
	ElapsedNs   int64   `json:"elapsed_ns,omitempty"`
	NsPerOp     float64 `json:"ns_per_op,omitempty"`         // from rounds that read no clock per operation
	InsnsPerOp  float64 `json:"insns_per_op,omitempty"`      // instructions, all processes and the kernel; in place of every time where a guest's instructions were counted
	PathInsns   float64 `json:"path_insns_per_op,omitempty"` // of InsnsPerOp, what an operation takes where no process preempts another; 0: not counted
	SwitchInsns float64 `json:"insns_per_switch,omitempty"`  // what each further context switch adds; 0: not counted, or too few happened
	BytesPerSec float64 `json:"bytes_per_sec,omitempty"`     // payload delivered; both directions of a round trip count
	CPUNsPerOp  Amount  `json:"cpu_ns_per_op,omitzero"`      // user and system time of all workers; absent where instructions were counted
	Voluntary   Amount  `json:"voluntary_per_op,omitzero"`   // context switches, all workers: each stop of each one
	Involuntary Amount  `json:"involuntary_per_op,omitzero"` // context switches, all workers
	EINTR       Count   `json:"eintr,omitzero"`              // calls that a signal interrupted

	Latency   *Latency `json:"latency,omitempty"`   // from rounds that do read the clock per operation
	Rounds    []Round  `json:"rounds,omitempty"`    // in the order they ran
	Workers   []Worker `json:"workers,omitempty"`   // one per process
	EndedOn   [][]int  `json:"ended_on,omitempty"`  // by round, the CPU that each worker was on when it was done; absent where they are pinned, or where a filter hides it
	Given     *Given   `json:"given,omitempty"`     // what the kernel gave the first link
	Links     []Link   `json:"links,omitempty"`     // what it gave each of them, in the order of the topology's wires
	Verified  Count    `json:"verified,omitzero"`   // messages whose CRC-32C was checked, in a pass of its own; absent without one
	Overhead  *Cost    `json:"overhead,omitempty"`  // what the launch cost beside its rounds
	WallNs    int64    `json:"wall_ns,omitempty"`   // the whole launch, from the end of the one before it, or of the set-up
	Noise     *Noise   `json:"noise,omitempty"`     // what the machine did meanwhile
	Seed      uint64   `json:"seed"`                // of the plan's shuffle
	Race      float64  `json:"race,omitempty"`      // of a race, the share by which another may be faster than its winner; 0: a launch of a plan
	Isolation string   `json:"isolation,omitempty"` // how kernel objects were kept private
	Transport string   `json:"transport,omitempty"` // of an external transport, its name and version as it states them
	BuiltOn   string   `json:"built_on,omitempty"`  // of the same: the mechanism of the suite that it stands on; "": none is named
	Host      *Host    `json:"host,omitempty"`

	others []Measurement  // of a benchmark of someone else's
	zeros  []string       // units of the suite's in which the text printed 0
	text   *Configuration // what the text says it was measured under
	turn   bool           // benchmark text states its launch and its time
}

// Round is n operations between a common start and the last receiver's last
// message.
type Round struct {
	Kind      string `json:"kind"` // calibrate, warmup, timed, calm, latency, verify
	Ops       int64  `json:"ops"`
	ElapsedNs int64  `json:"elapsed_ns,omitempty"`
	StalledNs Count  `json:"stalled_ns,omitzero"` // in which no process passed a message, counted from 10 ms in one piece; absent where no process left marks
	Insns     int64  `json:"insns,omitempty"`     // in place of ElapsedNs where a guest's instructions were counted
	Switches  Count  `json:"switches,omitzero"`   // context switches of all workers; earlier records lack it
}

// Worker is one process of a launch and what it used in the timed rounds. What
// it used is absent where the launch was not measured.
type Worker struct {
	Role        string `json:"role"` // "ping", "sender 2"
	PID         int    `json:"pid"`
	CPUs        []int  `json:"cpus"`             // affinity, as read back from the kernel
	UserNs      Count  `json:"user_ns,omitzero"` // absent where instructions were counted, as SystemNs and WaitNs
	SystemNs    Count  `json:"system_ns,omitzero"`
	Voluntary   Count  `json:"voluntary,omitzero"`   // context switches
	Involuntary Count  `json:"involuntary,omitzero"` // context switches
	EINTR       Count  `json:"eintr,omitzero"`
	WaitNs      Count  `json:"wait_ns,omitzero"` // ready to run and waiting for its CPU, proc_pid_schedstat(5); absent where the kernel does not count it
}

// usage is the counts of what the worker used.
func (w *Worker) usage() []*Count {
	return []*Count{&w.UserNs, &w.SystemNs, &w.Voluntary, &w.Involuntary, &w.EINTR, &w.WaitNs}
}

// Unused makes the worker one that has used nothing yet, 0 of everything.
func (w *Worker) Unused() {
	for _, c := range w.usage() {
		*c = Known(int64(0))
	}
}

// Use adds what the worker used in a round. What the round does not know is
// unknown of the worker.
func (w *Worker) Use(round Worker) {
	more := round.usage()
	for i, c := range w.usage() {
		*c = c.Plus(*more[i])
	}
}

// Given is what the kernel gave the first link. See Link.
type Given struct {
	Queue    int    `json:"queue,omitempty"`    // bytes; 0: not known, as in benchmark text
	Source   string `json:"source,omitempty"`   // "F_GETPIPE_SZ"
	InFlight Count  `json:"in_flight,omitzero"` // whole messages the link held before Send blocked, by trial; 0: not even one
}

// Cost is where a launch's time went beside its rounds.
type Cost struct {
	StartNs int64 `json:"start_ns"` // making links, starting workers, attaching, so far as it outlasts the end of the launch before
	StopNs  int64 `json:"stop_ns"`  // ending workers, removing objects
}

// Noise is what the machine did during a launch.
type Noise struct {
	StealNs     int64 `json:"steal_ns"`              // time the hypervisor kept from us, on the CPUs used, in ticks of 10 ms
	ThrottledNs int64 `json:"throttled_ns"`          // time the cgroup's quota kept from us
	Throttled   int64 `json:"throttled"`             // periods in which it did
	Stopped     bool  `json:"stopped"`               // a worker was stopped or continued by a signal
	PressureNs  Count `json:"pressure_ns,omitzero"`  // time in which some task of the machine waited for a CPU, /proc/pressure/cpu; absent where the kernel does not keep it
	SlowestKHz  int64 `json:"slowest_khz,omitempty"` // of the slowest CPU used, before or after the rounds: /sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq; 0: no CPU reports it
	ForeignNs   Count `json:"foreign_ns,omitzero"`   // of the timed rounds: the worst-off worker waited for its CPU while no other worker had it; absent where the kernel does not count the wait
	StalledNs   Count `json:"stalled_ns,omitzero"`   // of the timed and latency rounds: no process passed a message, counted from 10 ms in one piece; absent where no process left marks
	SuspendedNs Count `json:"suspended_ns,omitzero"` // the machine slept, CLOCK_BOOTTIME against CLOCK_MONOTONIC
	IdleNs      Count `json:"idle_ns,omitzero"`      // the CPUs used had nothing to run, all together, in ticks of 10 ms
}
