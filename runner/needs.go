package runner

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// withheld decides whether a mechanism that could not be made is absent here
// for a reason that can be shown, which is a skip, or ought to work, which is
// a failure.
func withheld(m *mechanisms.Mechanism, err error) error {
	if Unsupported(err) {
		return err // the mechanism has said so, with its number and source
	}
	because := func(what string) error {
		return &mechanisms.UnsupportedError{Mechanism: m.Name, What: what}
	}
	if release := kernelRelease(); olderThan(release, m.Since) {
		return because("needs Linux " + m.Since + ", this is " + release)
	}
	refused := errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES)
	if refused && seccompFilter() {
		return because(err.Error() + ": a seccomp filter is in force (/proc/self/status)")
	}
	return err
}

// Unsupported tells whether err declares a limit of this machine. A bare
// ENOSYS or EOPNOTSUPP does not: those count as failures until a reason is
// shown.
func Unsupported(err error) bool {
	var errno syscall.Errno
	return errors.Is(err, errors.ErrUnsupported) && !errors.As(err, &errno)
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// olderThan compares releases number by number: "6.18.44-rc1" with "2.6.35".
func olderThan(release, since string) bool {
	have, want := numbers(release), numbers(since)
	for i, w := range want {
		if i >= len(have) {
			return w > 0
		}
		if have[i] != w {
			return have[i] < w
		}
	}
	return false
}

func numbers(release string) (ns []int) {
	for part := range strings.SplitSeq(release, ".") {
		end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(part)
		}
		n, err := strconv.Atoi(part[:end])
		if err != nil {
			return ns
		}
		ns = append(ns, n)
		if end < len(part) {
			return ns
		}
	}
	return ns
}

func seccompFilter() bool {
	status, err := os.ReadFile("/proc/self/status")
	return err == nil && strings.Contains(string(status), "\nSeccomp:\t2")
}

// Admit tells whether this machine can carry the cell, as far as can be told
// without trying: nil, or the reason for which it will be skipped.
func Admit(c results.Cell, cpus []host.CPU) error {
	w := bench.WorkloadOf(c)
	if w == nil {
		return fmt.Errorf("%s: unknown workload", c.Name())
	}
	if err := fits(w, c); err != nil {
		return err
	}
	t := w.Topology(c.Peers)
	if _, err := place(c, cpus, t.CPUs()); err != nil || w.Floor != "" {
		return err
	}
	m := mechanisms.Lookup(c.Mechanism)
	if m == nil {
		return fmt.Errorf("unknown mechanism %q", c.Mechanism)
	}
	return admit(m, t, c)
}

// fits tells whether the cell is one of the workload, and its mechanism what the
// workload plays on: what no machine can change comes before what this one lacks.
func fits(w *bench.Workload, c results.Cell) error {
	if err := w.Admit(c); err != nil {
		return err
	}
	if m := mechanisms.Lookup(c.Mechanism); m != nil && w.Floor == "" { // what is unknown is found out later
		return w.Suits(m)
	}
	return nil
}

// place gives each of the cell's parts its CPUs, as host.Assign does, and
// refuses parts that wait without sleeping where they have fewer.
func place(c results.Cell, cpus []host.CPU, parts int) ([]int, error) {
	ids, err := host.Assign(cpus, c.Place, parts)
	m := mechanisms.Lookup(c.Mechanism) // nil for a floor
	if err != nil || m == nil || !m.Spins {
		return ids, err
	}
	n, source := len(cpus), "sched_getaffinity(2)"
	if ids != nil {
		n, source = len(slices.Compact(slices.Sorted(slices.Values(ids)))), "place="+c.Place
	}
	if parts > n {
		return nil, &mechanisms.UnsupportedError{Mechanism: m.Name, What: "spinning processes", Value: parts,
			Limit: mechanisms.Limit{N: n, Source: source, Beyond: "each would use up the others' time slices, sched(7)"}}
	}
	return ids, nil
}

// admit holds every wire of the topology against what the mechanism carries.
func admit(m *mechanisms.Mechanism, t bench.Topology, c results.Cell) error {
	var last mechanisms.Spec
	for _, wire := range t.Wires {
		s := wire.Spec(c)
		if s == last {
			continue // limits are read from the kernel
		}
		if err := m.Admit(s); err != nil {
			return withheld(m, err)
		}
		last = s
	}
	return enough(m, t, c, false)
}

// exhausted tells why a link of the cell could not be made, where err says that
// there is too little of something: all of the cell's links together take more
// than there is, or other processes hold the rest. Any other error is returned
// as it is.
func exhausted(m *mechanisms.Mechanism, t bench.Topology, c results.Cell, spec mechanisms.Spec, err error) error {
	why := m.Exhausted(spec, err)
	if why == err {
		return err
	}
	return cmp.Or(enough(m, t, c, true), why)
}

// enough holds what all links of a cell take together against what there is of
// it: whether a cell is skipped must not depend on what else was made before.
// Limits that some users may exceed count only where this one may not.
func enough(m *mechanisms.Mechanism, t bench.Topology, c results.Cell, mayNot bool) error {
	if m.Uses == nil {
		return nil
	}
	var all []mechanisms.Use
	for i, wire := range t.Wires {
		if wire.Back && m.NewPair != nil && i > 0 {
			continue // one object carries both
		}
		for _, u := range m.Uses(wire.Spec(c)) {
			k := slices.IndexFunc(all, func(sum mechanisms.Use) bool { return sum.What == u.What })
			if k < 0 {
				all = append(all, u)
				continue
			}
			all[k].N += u.N
		}
	}
	for _, u := range all {
		if u.Limit.N > 0 && u.N > u.Limit.N && (mayNot || !u.Some) {
			return &mechanisms.UnsupportedError{Mechanism: m.Name, What: u.What, Value: u.N, Limit: u.Limit}
		}
	}
	return nil
}
