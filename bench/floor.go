package bench

import (
	"bytes"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Floors are what every mechanism is made of and cannot be cheaper than: bounds
// to hold mechanisms against, not mechanisms. In names they are one workload,
// and differ in what stands in the place of a mechanism.
var Floors = []*Workload{NullCall, Wake, Bounce, OneCopy, TwoCopies, ColdCopy, ThreadBounce, GoChannel, IOPipe}

// Bound is what only a floor has.
type Bound struct {
	Floor     string // what runs in place of a mechanism: a bound that no mechanism can beat; "": the workload is no floor
	Spins     bool   // its processes wait without sleeping
	Scheduled bool   // its processes are plain Go programs, whose goroutines wait in Go's scheduler
	Asked     bool   // it is planned only where a plan names it
}

// floorState is what a part of a floor keeps from round to round.
type floorState struct {
	between, out []byte // its own memory
	at           int    // where in it a cold copy stands
	handed       uint32 // how often the shared word has been handed over
}

func newFloorState(p Part, size int) (f floorState) {
	if p.Cold {
		size = coldRoom(size)
	}
	f.between, f.out = mechanisms.Buffer(size), mechanisms.Buffer(size)
	clear(f.out) // so that a copy shows
	return f
}

// alone is the topology of one process without links.
func alone(p Part) func(int) Topology {
	return func(int) Topology { return Topology{Parts: []Part{p}} }
}

// NullCall is the way into the kernel and back, with nothing done there.
var NullCall = &Workload{
	Name: results.FloorWorkload, Bound: Bound{Floor: results.FloorCall},
	Summary:  "a system call that does next to nothing, getppid(2)",
	Op:       "call",
	Size:     1,
	Topology: alone(Part{Role: "caller", Origins: 1, Whole: true, Play: callNothing}),
}

func callNothing(_ *Ends, n int) error {
	parent := sys.Getppid()
	for range n {
		if now := sys.Getppid(); now != parent {
			return &CheckError{What: "getppid: another parent", Want: uint64(parent), Got: uint64(now)}
		}
	}
	return nil
}

// OneCopy moves a message as a process has to that shares memory with its
// reader: with one copy. A bound holds nothing but what it bounds: the last
// copy is checked, whole.
var OneCopy = &Workload{
	Name: results.FloorWorkload, Bound: Bound{Floor: results.FloorCopy},
	Summary:  "memcpy: the message copied once, within one process",
	Op:       "message",
	Payloads: 1,
	Topology: alone(Part{Role: "copier", Origins: 1, Whole: true, Play: copyOnce}),
}

func copyOnce(e *Ends, n int) error {
	putStamp(e.buf, e.next)
	e.next++
	out, buf := e.floor.out, e.buf
	for range n {
		copy(out, buf)
	}
	return e.copied()
}

// copied holds the last copy against the message.
func (e *Ends) copied() error {
	for i, want := range e.buf {
		if got := e.floor.out[i]; got != want {
			return &CheckError{What: "copied wrongly", Want: uint64(want), Got: uint64(got)}
		}
	}
	return nil
}

// TwoCopies moves a message as a kernel has to that keeps it in between: with
// a copy in and a copy out.
var TwoCopies = &Workload{
	Name: results.FloorWorkload, Bound: Bound{Floor: results.FloorCopies},
	Summary:  "the message copied in and copied out, within one process",
	Op:       "message",
	Payloads: 1,
	Topology: alone(Part{Role: "copier", Origins: 1, Whole: true, Play: copyTwice}),
}

func copyTwice(e *Ends, n int) error {
	putStamp(e.buf, e.next)
	e.next++
	out, between, buf := e.floor.out, e.floor.between, e.buf
	for range n {
		copy(between, buf)
		copy(out, between)
	}
	return e.copied()
}

// FloorCells are the floors that cells are to be held against, each once:
// those of two CPUs for each place of a round trip, those of one for each
// size of the other messages, where they depend on it.
func FloorCells(cells []results.Cell) (out []results.Cell) {
	seen := map[results.Cell]bool{}
	for _, f := range Floors {
		two := f.Placed()
		for _, c := range cells {
			_, unit := results.FloorOf(c)
			if unit == "" || two != (unit == results.WakeUps) {
				continue
			}
			if f.Payloads > 0 && WorkloadOf(c).Payloads == 0 {
				continue // nothing is copied
			}
			floor, ok := f.cell(c.Size, c.Place)
			if ok && !f.Asked && f.Admit(floor) == nil && !seen[floor] {
				seen[floor] = true
				out = append(out, floor)
			}
		}
	}
	return out
}

// Placed reports whether a floor depends on the place: it has several CPUs.
func (w *Workload) Placed() bool { return w.Topology(0).CPUs() > 1 }

// cell is the floor at a size and place, as far as it depends on them; not ok
// where it means nothing at that size.
func (w *Workload) cell(size int, place string) (c results.Cell, ok bool) {
	c = results.Cell{Workload: w.Name, Mechanism: w.Floor, Size: size, Place: "same"}
	if w.Placed() {
		c.Place = place
	}
	if w.Size > 0 {
		c.Size = w.Size
	}
	return c, c.Size >= w.Least
}

// FloorCell is the floor of that name as it prices a cell of a size and place;
// not ok where it means nothing there.
func FloorCell(name string, size int, place string) (results.Cell, bool) {
	f := LookupFloor(name)
	c, ok := f.cell(size, place)
	return c, ok && f.Admit(c) == nil
}

// LookupFloor returns the floor of that name, or nil.
func LookupFloor(name string) *Workload {
	for _, f := range Floors {
		if f.Floor == name {
			return f
		}
	}
	return nil
}

// AskedFloors are the names of the floors that are planned only on request.
func AskedFloors() (names []string) {
	for _, f := range Floors {
		if f.Asked {
			names = append(names, f.Floor)
		}
	}
	return names
}

// ColdCopy is OneCopy where no cache helps: each copy goes from memory to
// memory untouched for longer than the last cache holds. It bounds a stream of
// messages whose bytes one process makes anew and another reads once.
var ColdCopy = &Workload{
	Name: results.FloorWorkload, Bound: Bound{Floor: results.FloorColdCopy},
	Summary:  "the message copied once, between memory that no cache holds",
	Op:       "message",
	Payloads: 1,
	Least:    16 << 10, // below, the copy is not what a message costs
	Topology: alone(Part{Role: "copier", Origins: 1, Cold: true, Whole: true, Play: copyCold}),
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
