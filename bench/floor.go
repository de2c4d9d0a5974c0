package bench

import "ipcbench/results"

// Memcpy is the floor of every mechanism that copies: the message copied in
// and copied out by one process, with the stamps and checks of all others and
// no kernel between.
var Memcpy = &Workload{
	Name:     results.FloorWorkload,
	Summary:  "copy in, copy out in one process, no kernel between: a bound, not a mechanism",
	Op:       "message",
	Payloads: 1,
	Floor:    "memcpy",
	Topology: func(int) Topology {
		return Topology{Parts: []Part{{Role: "copier", Origins: 1, Play: copyTwice}}}
	},
}

func copyTwice(e *Ends, n int) error {
	for range n {
		e.stamp()
		copy(e.between, e.buf)
		copy(e.out, e.between)
		if err := e.check(e.out); err != nil {
			return err
		}
	}
	return nil
}
