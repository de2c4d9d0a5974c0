package bench

import (
	"bytes"

	"ipcbench/internal/sys"
	"ipcbench/results"
)

// ColdCopy is OneCopy where no cache helps: each copy goes from memory to
// memory untouched for longer than the last cache holds. It bounds a stream of
// messages whose bytes one process makes anew and another reads once.
var ColdCopy = &Workload{
	Name: results.FloorWorkload, Bound: Bound{Floor: results.FloorColdCopy},
	Summary:  "the message copied once, between memory that no cache holds",
	Op:       "message",
	Payloads: 1,
	Least:    16 << 10, // below, the copy is not what a message costs
	Topology: func(int) Topology {
		return Topology{Parts: []Part{{Role: "copier", Origins: 1, Cold: true, Whole: true, Play: copyCold}}}
	},
}

// coldest bounds the memory that a cold copy takes, on each side. A larger
// cache than that would help.
const coldest = 512 << 20

// coldRoom is how many bytes a side of a cold copy has, for messages of size
// bytes: a whole number of messages, so that both sides together are twice what
// the last cache holds.
func coldRoom(size int) int {
	room := min(sys.LastCache(), coldest)
	return max(2, (room+size-1)/size) * size
}

func copyCold(e *Ends, n int) error {
	from, to, size := e.floor.between, e.floor.out, len(e.buf)
	for range n {
		at := e.floor.at
		copy(to[at:at+size], from[at:at+size])
		if e.floor.at += size; e.floor.at == len(from) {
			e.floor.at = 0
		}
	}
	last := (e.floor.at + len(from) - size) % len(from)
	if !bytes.Equal(to[last:last+size], from[last:last+size]) {
		return &CheckError{What: "copied wrongly"}
	}
	return nil
}
