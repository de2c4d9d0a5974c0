package host

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"ipcbench/mechanisms"
)

// Assign gives each of n workers, at least 0, the ID of its CPU in a place of the place
// axis, or nil where workers are not pinned. It is pure. High numbers come
// first, as CPU 0 takes most interrupts.
//
//	same    all on one CPU
//	smt     the hardware threads of one core, in turn
//	cross   different cores, in turn, those of one socket first
//	socket  different sockets, in turn, each time on another core
//	free    not pinned
//
// A place that cpus cannot give is an *mechanisms.UnsupportedError.
func Assign(cpus []CPU, place string, n int) ([]int, error) {
	cores := groups(cpus, func(c CPU) int { return c.Core })
	switch place {
	case "free":
		return nil, nil
	case "same":
		if len(cpus) == 0 {
			return nil, impossible(place, "no CPU in the affinity mask (sched_getaffinity(2))")
		}
		last := slices.MaxFunc(cpus, func(a, b CPU) int { return cmp.Compare(a.ID, b.ID) })
		return inTurn([]CPU{last}, n), nil
	case "smt":
		for _, threads := range cores {
			if len(threads) > 1 {
				return inTurn(threads, n), nil
			}
		}
		return nil, impossible(place, "no core has two hardware threads here (/sys/devices/system/cpu/cpu*/topology/thread_siblings_list)")
	case "cross":
		if len(cores) < 2 {
			return nil, impossible(place, "fewer than two cores here (/sys/devices/system/cpu/cpu*/topology/thread_siblings_list)")
		}
		return inTurn(slices.Concat(bySocket(cores)...), n), nil
	case "socket":
		sockets := bySocket(cores)
		sockets = slices.DeleteFunc(sockets, func(s []CPU) bool { return s[0].Socket < 0 })
		if len(sockets) < 2 {
			return nil, impossible(place, "fewer than two sockets here (/sys/devices/system/cpu/cpu*/topology/physical_package_id)")
		}
		ids := make([]int, n)
		for i := range ids {
			s := sockets[i%len(sockets)]
			ids[i] = s[i/len(sockets)%len(s)].ID
		}
		return ids, nil
	}
	return nil, fmt.Errorf("place %q: want same, smt, cross, socket or free", place)
}

func impossible(place, why string) error {
	return &mechanisms.UnsupportedError{Mechanism: "place " + place, What: why}
}

func inTurn(cpus []CPU, n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = cpus[i%len(cpus)].ID
	}
	return ids
}

// groups parts the CPUs by core or socket, highest numbers first within a
// group and among groups. CPUs without one are in none.
func groups(cpus []CPU, of func(CPU) int) [][]CPU {
	by := map[int][]CPU{}
	for _, c := range cpus {
		if of(c) >= 0 {
			by[of(c)] = append(by[of(c)], c)
		}
	}
	all := slices.Collect(maps.Values(by))
	for _, g := range all {
		slices.SortFunc(g, func(a, b CPU) int { return cmp.Compare(b.ID, a.ID) })
	}
	slices.SortFunc(all, func(a, b []CPU) int { return cmp.Compare(b[0].ID, a[0].ID) })
	return all
}

// bySocket takes one CPU of each core and parts them by socket, those with
// the most cores first. Cores of no known socket count as one.
func bySocket(cores [][]CPU) [][]CPU {
	var one []CPU
	for _, threads := range cores {
		one = append(one, threads[0])
	}
	sockets := groups(one, func(c CPU) int { return c.Socket + 1 })
	slices.SortStableFunc(sockets, func(a, b []CPU) int { return cmp.Compare(len(b), len(a)) })
	return sockets
}
