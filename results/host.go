package results

import (
	"encoding/json"
	"reflect"
	"strconv"
)

// Host is the machine and the settings under which a record was measured.
// Each field that was not readable is empty: "" never stands for a value.
type Host struct {
	Kernel      string            `json:"kernel"`                // uname: "Linux 6.18.44"
	Build       string            `json:"build,omitempty"`       // uname -v: preemption model and build
	Arch        string            `json:"arch"`                  // "amd64"
	CPU         string            `json:"cpu"`                   // model name
	CPUs        int               `json:"cpus"`                  // in the affinity mask the run was given
	Topology    string            `json:"topology,omitempty"`    // "2 CPUs, 2 cores, 1 socket"
	Memory      int64             `json:"memory"`                // bytes
	PageSize    int               `json:"page_size"`             // bytes
	Virt        string            `json:"virt,omitempty"`        // "none", "kvm", "container:docker"
	Mitigations string            `json:"mitigations,omitempty"` // "spectre_v2=…; …": what the kernel says it does
	Governor    string            `json:"governor,omitempty"`    // cpufreq's, "performance"
	Turbo       string            `json:"turbo,omitempty"`       // "on", "off"
	SMT         string            `json:"smt,omitempty"`         // "on", "off", "notsupported"
	Clocksource string            `json:"clocksource,omitempty"` // the kernel's clock: "tsc", "kvm-clock"
	Cgroup      string            `json:"cgroup,omitempty"`      // limits in force: "cpu.max 200000/100000, memory.max 1GiB"; "none"
	Scheduling  string            `json:"scheduling,omitempty"`  // of the command, which workers inherit: "SCHED_OTHER, nice 0", "SCHED_FIFO 1"
	Sysctls     map[string]string `json:"sysctls,omitempty"`     // those that bound the cells: "kernel.msgmax": "8192"
	Go          string            `json:"go"`                    // runtime.Version()
	GOMAXPROCS  int               `json:"gomaxprocs"`            // of the coordinator
	Program     string            `json:"program"`               // version of ipcbench
	Guest       *Guest            `json:"guest,omitempty"`       // where the machine is a guest that ipcbench booted
	Warnings    []Warning         `json:"doubts,omitempty"`      // what spoils numbers without voiding them
}

// Guest is how ipcbench booted the machine that the rest of Host is about.
type Guest struct {
	Label       string `json:"label"`            // what the user calls the kernel
	Accel       string `json:"accel"`            // "icount": instructions are counted; "kvm": real time
	QEMU        string `json:"qemu"`             // version
	Processor   string `json:"processor"`        // QEMU's -cpu
	CommandLine string `json:"command_line"`     // the kernel's
	Image       string `json:"image"`            // SHA-256 of the kernel
	Config      string `json:"config,omitempty"` // SHA-256 of what it was built with
	Idle        string `json:"idle,omitempty"`   // driver and governor of cpuidle
	Host        string `json:"host,omitempty"`   // below, where time is real
	Start       string `json:"start,omitempty"`  // what starts the kernel, where it is not the image's own loader: "vmlinux, qboot"
}

// Warning is something about the host that spoils numbers without voiding them.
type Warning struct {
	What   string `json:"what"`   // "governor is powersave"
	Why    string `json:"why"`    // what it does to a number
	Remedy string `json:"remedy"` // what to do, as a command where there is one
}

func (w Warning) String() string { return w.What + ": " + w.Why + "; " + w.Remedy }

// Hosts holds different hosts, in order of appearance. It finds an equal one
// by a key, not by looking at all of them: 2,300 hosts in 2.3 MB of records took
// 31 s. The zero value is empty.
type Hosts struct {
	all   []*Host
	known map[string]*Host // by content
	last  *Host            // in a whole run every record has the same
}

// Add returns the host that is equal to h and was there first, or h. It returns
// nil for nil.
func (s *Hosts) Add(h *Host) *Host {
	if h == nil || h == s.last {
		return h
	}
	if s.last != nil && reflect.DeepEqual(h, s.last) {
		return s.last
	}
	key := h.key()
	if s.known == nil {
		s.known = map[string]*Host{}
	}
	if s.known[key] == nil {
		s.known[key] = h
		s.all = append(s.all, h)
	}
	s.last = s.known[key]
	return s.last
}

// All returns the hosts. The caller must not change them.
func (s *Hosts) All() []*Host { return s.all }

// apart is of how many classes the hosts are: see Classes.
func (s *Hosts) apart() int {
	var kinds Classes
	for i, h := range s.all {
		if kinds.Len() == 100 { // a file of 2,300 hosts would take seconds
			return kinds.Len() + len(s.all) - i
		}
		kinds.add(h.Settings())
	}
	return kinds.Len()
}

// key is equal for equal hosts.
func (h *Host) key() string {
	raw, err := json.Marshal(h) // sorts the sysctls
	if err != nil {
		panic("results: a host is not JSON: " + strconv.Quote(err.Error())) // strings and numbers always are
	}
	return string(raw)
}
