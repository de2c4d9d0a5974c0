package sys

// ThreadTime is how long a thread has run, and has waited for a CPU, in ns, as
// proc_pid_schedstat(5) has it.
type ThreadTime struct{ Ran, Waited int64 }

// WorstWait is the longest time, in ns, that one of the threads waited for a CPU
// between two looks, less what the others ran meanwhile, of ran ns that all ran:
// threads that share a CPU wait for each other. The sum of their waits voided every
// unpinned launch of libraries with threads of their own. Threads are named by any key.
func WorstWait(before, after map[string]ThreadTime, ran int64) (worst int64) {
	for key, t := range after {
		was := before[key]
		worst = max(worst, t.Waited-was.Waited-(ran-(t.Ran-was.Ran)))
	}
	return worst
}
