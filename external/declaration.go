// Package external talks with programs that are transports of their own, and makes
// mechanisms of them: docs/protocol.md. Package declare reads what is stated about
// one; it is apart, so that no worker initialises what reads YAML.
package external

import "ipcbench/mechanisms"

// Declaration is what is stated about an external transport. It is checked as far
// as a launch shows it, and by `ipcbench conform`.
type Declaration struct {
	Name        string            `yaml:"name" json:"name,omitempty"`       // as that of any mechanism: small letters and digits
	Summary     string            `yaml:"summary" json:"summary,omitempty"` // one line
	Command     []string          `yaml:"command" json:"command,omitempty"` // the program and its arguments; a path that contains a slash is relative to the file
	Environment map[string]string `yaml:"environment" json:"environment,omitempty"`
	Framing     string            `yaml:"framing" json:"framing,omitempty"`         // stream, packet or slot; "": stream
	Descriptors string            `yaml:"descriptors" json:"descriptors,omitempty"` // pipe or socketpair: ipcbench makes one for each link; "": the program makes its links
	Senders     string            `yaml:"senders" json:"senders,omitempty"`         // one or many on a link; "": one
	Unrelated   bool              `yaml:"unrelated" json:"unrelated,omitempty"`     // a process that inherited nothing can open an end
	PeerDeath   string            `yaml:"peer_death" json:"peer_death,omitempty"`   // what a receiver gets when the senders have died: eof, error or nothing; "": nothing
	Spins       bool              `yaml:"spins" json:"spins,omitempty"`             // its ends wait without sleeping
	Workloads   []string          `yaml:"workloads" json:"workloads,omitempty"`     // that it takes part in; nil: all that programs can play
	BuiltOn     string            `yaml:"built_on" json:"built_on,omitempty"`       // the mechanism of the suite that it stands on; "": none is named
	Sizes       Sizes             `yaml:"-" json:"sizes,omitzero"`

	Program mechanisms.Program `yaml:"-" json:"program"`           // found by package declare
	Unbuilt string             `yaml:"-" json:"unbuilt,omitempty"` // why there is no program, and what builds it; "": there is one
}

// Sizes bound the messages that a transport carries, in bytes; 0: no bound.
type Sizes struct {
	Least int `yaml:"-" json:"least,omitempty"`
	Most  int `yaml:"-" json:"most,omitempty"`
}
