package results

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
	Clocksource string            `json:"clocksource,omitempty"`
	Cgroup      string            `json:"cgroup,omitempty"`  // limits in force: "cpu.max 200000/100000, memory.max 1GiB"; "none"
	Sysctls     map[string]string `json:"sysctls,omitempty"` // those that bound the cells: "kernel.msgmax": "8192"
	Go          string            `json:"go"`                // runtime.Version()
	GOMAXPROCS  int               `json:"gomaxprocs"`        // of the coordinator
	Program     string            `json:"program"`           // version of ipcbench
	Doubts      []Doubt           `json:"doubts,omitempty"`  // what spoils numbers without voiding them
}

// Doubt is something about the host that spoils numbers without voiding them.
type Doubt struct {
	What   string `json:"what"`   // "governor is powersave"
	Why    string `json:"why"`    // what it does to a number
	Remedy string `json:"remedy"` // what to do, as a command where there is one
}

func (d Doubt) String() string { return d.What + ": " + d.Why + "; " + d.Remedy }
