package results

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Link is what the kernel gave one link of a launch, read where its ends are
// open. Record.Given is the first link's, read where the link was made, as
// before there was a list.
type Link struct {
	Queue    int    `json:"queue"`              // bytes it takes before Send blocks, read before the first round; 0: not known
	After    int    `json:"after,omitempty"`    // the same, read after the last round; 0: not read
	Usual    int    `json:"usual,omitempty"`    // bytes that such a link has where nothing is short; 0: not known
	Tuned    bool   `json:"tuned,omitempty"`    // the kernel changes it by itself as messages pass
	Source   string `json:"source"`             // "F_GETPIPE_SZ"
	InFlight Count  `json:"in_flight,omitzero"` // whole messages that a link of this kind and capacity held before Send blocked, by trial; absent: not tried
	Nodes    string `json:"nodes,omitempty"`    // NUMA nodes on which its shared memory lies, "0-1", of at most 128 pages evenly spaced, move_pages(2); "": it has none, or a filter hides it. Earlier records lack it
}

// Unusual is what the kernel gave the links, as GivenTo has it, where one of
// them has another capacity than is usual; else "".
func Unusual(links []Link) string {
	if !slices.ContainsFunc(links, func(l Link) bool { return l.Usual > 0 && l.Queue != l.Usual }) {
		return ""
	}
	return GivenTo(links)
}

// Changed says which of the links had another capacity after the rounds than
// before; "" where none had, or the kernel changes it by itself.
func Changed(links []Link) string {
	for i, l := range links {
		if l.After > 0 && l.After != l.Queue && !l.Tuned {
			return fmt.Sprintf("the capacity of link %d of %d was %d bytes before the rounds and %d after them (%s): another process has changed it, or a limit has moved",
				i+1, len(links), l.Queue, l.After, l.Source)
		}
	}
	return ""
}

// GivenTo is what the kernel gave the links, as a cell's name has it: "8KiB"
// where all have the same, "64KiB+8KiBx3" where the first has more than the
// other three. It is "" where nothing is known, or where the kernel changes all
// of it by itself.
func GivenTo(links []Link) string {
	var queues []int
	for _, l := range links {
		if l.Queue > 0 && !l.Tuned {
			queues = append(queues, l.Queue)
		}
	}
	const most = 4 // runs that a name shows in the order of links
	runs := runsOf(queues)
	if len(runs) > most {
		slices.Sort(queues)
		runs = runsOf(queues)
	}
	var parts []string
	for _, r := range runs {
		part := FormatBytes(r.queue)
		if r.n > 1 && len(runs) > 1 {
			part += "x" + strconv.Itoa(r.n)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "+")
}

// run is n links after each other that have one capacity.
type run struct{ queue, n int }

func runsOf(queues []int) (runs []run) {
	for _, q := range queues {
		if n := len(runs); n > 0 && runs[n-1].queue == q {
			runs[n-1].n++
			continue
		}
		runs = append(runs, run{q, 1})
	}
	return runs
}

// readGiven reads what GivenTo writes, and nothing else.
func readGiven(s string) (string, error) {
	bad := fmt.Errorf("given %s: want bytes as in 8KiB, or 64KiB+8KiBx3", Quote(s))
	var last run
	parts := strings.Split(s, "+")
	for _, part := range parts {
		size, count, many := strings.Cut(part, "x")
		r := run{n: 1}
		var err error
		if r.queue, err = ParseBytes(size); err != nil || FormatBytes(r.queue) != size {
			return "", bad
		}
		if many {
			if r.n, err = strconv.Atoi(count); err != nil || r.n < 2 || strconv.Itoa(r.n) != count || len(parts) == 1 {
				return "", bad
			}
		}
		if r.queue == last.queue || len(s) > maxGiven {
			return "", bad
		}
		last = r
	}
	return s, nil
}

// maxGiven bounds the part of a name, in bytes.
const maxGiven = 128

// Capacity is what the kernel gave the record's links, as GivenTo has it, or the
// first link where the record has no list.
func (r *Record) Capacity() string {
	if len(r.Links) > 0 {
		return GivenTo(r.Links)
	}
	if r.Given == nil || r.Given.Queue == 0 {
		return ""
	}
	return FormatBytes(r.Given.Queue)
}

// least is the least capacity of the record's links in bytes, 0 where none is
// known, and the fewest messages that one of them held.
func (r *Record) least() (queue int, inFlight Count) {
	if r.Given != nil {
		queue, inFlight = r.Given.Queue, r.Given.InFlight
	}
	for _, l := range r.Links {
		queue, inFlight = fewestBytes(queue, l.Queue), fewest(inFlight, l.InFlight)
	}
	return queue, inFlight
}

// fewestBytes is the smaller of two capacities, of which 0 is not known.
func fewestBytes(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
