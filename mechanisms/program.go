package mechanisms

// Program is what opens and plays the ends of an external transport, in place of
// this program: docs/protocol.md. It is started once for each part of a workload.
type Program struct {
	Command []string `json:"command"`            // an absolute path, and its arguments
	Env     []string `json:"env,omitempty"`      // "NAME=value", besides TMPDIR
	Sum     string   `json:"sum"`                // SHA-256 of the file that is executed
	Plays   []string `json:"plays,omitempty"`    // the workloads that it takes part in; nil: all that programs can play
	Ends    string   `json:"ends,omitempty"`     // "pipe" or "socketpair": what is made for each link and inherited; "": the program makes its links
	BuiltOn string   `json:"built_on,omitempty"` // the mechanism of the suite that it stands on; "": it may name one itself
}
