package results

import (
	"fmt"
	"slices"
)

// Kept counts launches whose processes were not pinned, by where the scheduler kept
// them. Which it was is seen at the end of each round that gives numbers.
type Kept struct {
	OneCPU    int // all on one CPU, at every end
	Different int // not all on one CPU, at every end
	Moved     int // now the one, now the other
	Processes int // of a launch; 0: of launches that differ
}

// kept is what the record says of its launch.
func (r *Record) kept() Kept {
	if len(r.EndedOn) == 0 || len(r.Workers) < 2 {
		return Kept{}
	}
	together := 0
	for _, cpus := range r.EndedOn {
		if !slices.ContainsFunc(cpus, func(cpu int) bool { return cpu != cpus[0] }) {
			together++
		}
	}
	k := Kept{Processes: len(r.Workers)}
	switch together {
	case len(r.EndedOn):
		k.OneCPU = 1
	case 0:
		k.Different = 1
	default:
		k.Moved = 1
	}
	return k
}

func (k *Kept) add(more Kept) {
	switch {
	case more.launches() == 0:
		return
	case k.launches() == 0:
		k.Processes = more.Processes
	case k.Processes != more.Processes:
		k.Processes = 0
	}
	k.OneCPU, k.Different, k.Moved = k.OneCPU+more.OneCPU, k.Different+more.Different, k.Moved+more.Moved
}

func (k Kept) launches() int { return k.OneCPU + k.Different + k.Moved }

// KeptIn sums up the summaries, those of pinned processes left out.
func KeptIn(summaries []Summary) (sum Kept) {
	for _, s := range summaries {
		sum.add(s.Kept)
	}
	return sum
}

// String says what most launches were like: "unpinned, the scheduler kept both on
// one CPU in 9 of 10 launches"; "" where all processes were pinned.
func (k Kept) String() string {
	n := k.launches()
	if n == 0 {
		return ""
	}
	all := "all"
	if k.Processes == 2 {
		all = "both"
	}
	did, most := "kept "+all+" on one CPU", k.OneCPU
	if k.Different > most {
		did, most = "kept "+all+" on different CPUs", k.Different
		if k.Processes != 2 {
			did = "spread them over CPUs"
		}
	}
	if k.Moved > most {
		did, most = "moved them between one CPU and several", k.Moved
	}
	return fmt.Sprintf("unpinned, the scheduler %s in %d of %d launches", did, most, n)
}
