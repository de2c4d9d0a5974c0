// Package profile holds what one measured round of a cell executed in a guest: how
// many instructions each call path took. It reads and writes such profiles and
// compares two; it starts nothing. It knows neither QEMU nor the suite.
package profile

// Profile is an exact profile of one round: every instruction that the guest
// executed from the round's first to its last stands in one of the paths.
type Profile struct {
	Kernel  string  `json:"kernel"`            // its label
	Image   string  `json:"image"`             // SHA-256 of the kernel's image
	Options string  `json:"options,omitempty"` // the kernel's command line
	Cell    string  `json:"cell"`              // its whole name
	Seed    int     `json:"seed"`              // of the boot
	QEMU    string  `json:"qemu"`              // version
	Ops     int     `json:"ops"`               // operations of the round, as insns/op counts them: messages, or round trips
	Counted float64 `json:"counted_insns_op"`  // insns/op of the same round in a boot that was not profiled; 0: not measured
	Paths   []Path  `json:"paths"`             // each path once
}

// Path is a call path of one task, and what its last function executed itself.
type Path struct {
	Task  string     `json:"task"`  // what ran: "ping", "pong" and other parts of the workload, "interrupt", or the name of another task
	Calls []Function `json:"calls"` // from the root to the function that executed the instructions; at least one
	Insns int64      `json:"insns"` // in the whole round, without what is below
}

// Function is a function as its symbol names it.
type Function struct {
	Name string `json:"name"`           // "pipe_write"; "?" where no symbol covers the address
	User bool   `json:"user,omitempty"` // of the guest's program, not of the kernel
}

// Insns is how many instructions the round executed, all paths together.
func (p *Profile) Insns() (sum int64) {
	for _, path := range p.Paths {
		sum += path.Insns
	}
	return sum
}

// PerOp is the profile's own count per operation, to hold against Counted.
func (p *Profile) PerOp() float64 { return float64(p.Insns()) / float64(p.Ops) }
