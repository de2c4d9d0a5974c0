package bench

import (
	"syscall"

	"ipcbench/results"
)

// Floors are what every mechanism is made of and cannot be cheaper than: bounds
// to hold mechanisms against, not mechanisms. They are one workload to whoever
// reads names, and told apart by what stands in the place of a mechanism.
var Floors = []*Workload{NullCall, Wake, Bounce, OneCopy, TwoCopies}

// NullCall is the way into the kernel and back, with nothing done there.
var NullCall = &Workload{
	Name: results.FloorWorkload, Floor: results.FloorCall,
	Summary: "a system call that does next to nothing, getppid(2)",
	Op:      "call",
	Size:    1,
	Topology: func(int) Topology {
		return Topology{Parts: []Part{{Role: "caller", Origins: 1, Play: callNothing}}}
	},
}

func callNothing(_ *Ends, n int) error {
	parent := syscall.Getppid()
	for range n {
		if now := syscall.Getppid(); now != parent {
			return &CheckError{What: "getppid: another parent", Want: uint64(parent), Got: uint64(now)}
		}
	}
	return nil
}

// OneCopy moves a message as somebody has to who shares memory with its
// reader: with one copy. The stamps and checks are those of all others.
var OneCopy = &Workload{
	Name: results.FloorWorkload, Floor: results.FloorCopy,
	Summary:  "the message copied once, within one process",
	Op:       "message",
	Payloads: 1,
	Topology: func(int) Topology {
		return Topology{Parts: []Part{{Role: "copier", Origins: 1, Play: copyOnce}}}
	},
}

func copyOnce(e *Ends, n int) error {
	for range n {
		e.stamp()
		copy(e.out, e.buf)
		if err := e.check(e.out); err != nil {
			return err
		}
	}
	return nil
}

// TwoCopies moves a message as a kernel has to that keeps it in between: with
// a copy in and a copy out.
var TwoCopies = &Workload{
	Name: results.FloorWorkload, Floor: results.FloorCopies,
	Summary:  "the message copied in and copied out, within one process",
	Op:       "message",
	Payloads: 1,
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

// FloorCells are the floors that cells are to be held against, each once:
// those of two processes for each place of a round trip, those of one for each
// size of the other messages, where they depend on it.
func FloorCells(cells []results.Cell) (out []results.Cell) {
	seen := map[results.Cell]bool{}
	for _, f := range Floors {
		two := len(f.Topology(0).Parts) == 2
		for _, c := range cells {
			floor := results.Cell{Workload: f.Name, Mechanism: f.Floor, Size: c.Size, Place: "same"}
			if two {
				floor.Place = c.Place
			}
			if f.Size > 0 {
				floor.Size = f.Size
			}
			if two == (c.Workload == PingPong.Name) && f.Admit(floor) == nil && !seen[floor] {
				seen[floor] = true
				out = append(out, floor)
			}
		}
	}
	return out
}
