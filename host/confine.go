package host

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Confine lets this process, and what it starts from now on, run on these CPUs
// alone, sched_setaffinity(2). The error about a CPU that it may not run on names it.
// No process starts on isolated CPUs, and each may go there unless a cpuset forbids it.
func Confine(cpus []int) error {
	t := tree{Root}
	allowed, err := AllowedCPUs()
	if err != nil {
		return err
	}
	isolated, _ := ParseCPUList(t.text(isolatedCPUs)) // no file: none
	may := slices.Compact(slices.Sorted(slices.Values(slices.Concat(allowed, isolated))))
	if err := within(cpus, may, t); err != nil || slices.Equal(cpus, allowed) {
		return err
	}
	set := unix.NewCPUSet(maxCPUs)
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	if err := ConfineThreads(set); err != nil {
		return fmt.Errorf("confine this process: %w: start the command with taskset -c %s", err, FormatCPUList(cpus))
	}
	if allowed, err = AllowedCPUs(); err != nil { // those outside its cpuset were left out without an error
		return err
	}
	return within(cpus, allowed, t)
}

// within names the first CPU that is not online, or not allowed.
func within(cpus, allowed []int, t tree) error {
	online, err := ParseCPUList(t.text(onlineCPUs))
	for _, cpu := range cpus {
		switch {
		case slices.Contains(allowed, cpu):
		case err == nil && online != nil && !slices.Contains(online, cpu):
			return fmt.Errorf("CPU %d is not online (%s has %s): take some of %s", cpu, onlineCPUs, FormatCPUList(online), FormatCPUList(allowed))
		default:
			return fmt.Errorf("CPU %d is not allowed (sched_getaffinity(2) has %s): take some of those, or start the command with more, cpuset(7)", cpu, FormatCPUList(allowed))
		}
	}
	return nil
}

// ConfineThreads confines the threads that there are. A thread that one of them
// starts meanwhile has the CPUs of the one that started it, and is found by looking
// again.
func ConfineThreads(set unix.CPUSetDynamic) error {
	done := map[int]bool{}
	for n := -1; n < len(done); {
		n = len(done)
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil || done[id] {
				continue
			}
			if err := unix.SchedSetaffinityDynamic(id, set); err != nil && err != unix.ESRCH { // it has ended
				return os.NewSyscallError("sched_setaffinity", err)
			}
			done[id] = true
		}
	}
	return nil
}

// FormatCPUList is the list format of ParseCPUList: "0-3,8".
func FormatCPUList(cpus []int) string {
	var parts []string
	for i := 0; i < len(cpus); {
		j := i
		for j+1 < len(cpus) && cpus[j+1] == cpus[j]+1 {
			j++
		}
		part := strconv.Itoa(cpus[i])
		if j > i {
			part += "-" + strconv.Itoa(cpus[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}
