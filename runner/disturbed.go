package runner

import (
	"cmp"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/results"
)

// used is what each worker used in all of the rounds together.
func used(workers []results.Worker, rounds []*Round) []results.Worker {
	sums := slices.Clone(workers)
	for i := range sums {
		w := &sums[i]
		*w = results.Worker{Role: w.Role, PID: w.PID, CPUs: w.CPUs}
		w.Unused()
		for _, r := range rounds {
			w.Use(r.Usage[i])
		}
	}
	return sums
}

// ran is the CPU time of the workers together.
func ran(workers ...results.Worker) (ns int64) {
	for _, w := range workers {
		ns += w.UserNs.Or(0) + w.SystemNs.Or(0)
	}
	return ns
}

// foreign is how long, in ns, other processes had a CPU that a worker was waiting
// for. A worker also waits for the others of its launch. How long it does is known
// in three cases:
//
//   - All workers are on one CPU and wait only for each other, so that the CPU is
//     never idle: it ran either them or other processes.
//   - A worker is pinned: it waits for the others no longer than those on its CPU
//     ran.
//   - A worker is not pinned: it may wait for any process, though not for longer
//     than others ran. Elsewhere is a bound on that.
//
// It is absent where how long a worker waits, or runs, is not known.
func foreign(workers []results.Worker, paced bool, rounds []*Round, elsewhere int64) results.Count {
	ns, longest := int64(0), int64(0)
	sums := used(workers, rounds)
	for _, w := range sums {
		waited, ok := w.WaitNs.Get()
		if _, used := w.UserNs.Get(); !ok || !used {
			return results.Count{}
		}
		longest = max(longest, waited)
	}
	switch cpu := workers[0].CPUs; {
	case slices.ContainsFunc(workers, func(w results.Worker) bool { return len(w.CPUs) != 1 }):
		return results.Known(max(0, min(longest, elsewhere)))
	case !paced && !slices.ContainsFunc(workers, func(w results.Worker) bool { return w.CPUs[0] != cpu[0] }):
		for _, r := range rounds {
			ns += int64(r.Elapsed) - ran(r.Usage...)
		}
		return results.Known(max(0, min(longest, ns)))
	}
	for i, w := range sums {
		others := int64(0)
		for j, o := range sums {
			if j != i && o.CPUs[0] == w.CPUs[0] {
				others += ran(o)
			}
		}
		ns = max(ns, w.WaitNs.Or(0)-others)
	}
	return results.Known(ns)
}

// elsewhere is for how long, in ns, the CPUs ran other processes than the workers
// at least, while wall passed. A tick a CPU is taken off: the grain in which idle
// time is counted.
func elsewhere(workers []results.Worker, rounds []*Round, idle, wall time.Duration) int64 {
	cpus := map[int]bool{}
	for _, w := range workers {
		for _, cpu := range w.CPUs {
			cpus[cpu] = true
		}
	}
	return int64(len(cpus))*int64(wall-host.UserTick) - int64(idle) - ran(used(workers, rounds)...)
}

// Observed is what the machine did while rounds of a launch were played.
type Observed struct {
	Noise  results.Noise
	launch *Launch
	wall   time.Duration
	unread error // of the noise; nil: it is known
}

// Observe calls play, which plays rounds of the launch, and watches the machine
// meanwhile. Rounds before that no longer count.
func (l *Launch) Observe(play func() error) (*Observed, error) {
	l.rounds = nil
	meter := l.coordinator.noise
	before, unread := meter.Read()
	begin := time.Now()
	if err := play(); err != nil {
		return nil, err
	}
	wall := time.Since(begin)
	after, err := meter.Read()
	return &Observed{Noise: after.Since(before), launch: l, wall: wall, unread: cmp.Or(unread, err)}, nil
}

// Judge returns why the numbers of the rounds are untrusted, and a warning about
// them; both may be "". It fills in what of the noise depends on the rounds.
func (o *Observed) Judge() (void, warning string) {
	if o.unread != nil {
		return "what the machine did meanwhile is not known: " + o.unread.Error(), ""
	}
	l, n := o.launch, &o.Noise
	paced := bench.WorkloadOf(l.Cell).Paced
	bound := elsewhere(l.Workers, l.rounds, time.Duration(n.IdleNs.Or(0)), o.wall)
	n.ForeignNs = foreign(l.Workers, paced, l.roundsOf(Timed), bound)
	timed, latency := l.roundsOf(Timed), l.roundsOf(Latency)
	for i, group := range [][]*Round{timed, latency, l.rounds} {
		of, took := *n, elapsed(group)
		if took == 0 {
			continue
		}
		of.ForeignNs, of.StalledNs = foreign(l.Workers, paced, group, bound), stalls(group)
		void = cmp.Or(void, host.Voids(of, o.wall, took))
		// A time slice of another process is a tenth of the rounds that give
		// percentiles, 12.5 ms of a launch of 50 ms: in 5 % of the launches of a
		// quiet machine. Together with the others they are doubted.
		if i != 1 || len(timed) == 0 {
			warning = cmp.Or(warning, host.Warning(of, o.wall, took))
		}
	}
	n.StalledNs = stalls(slices.Concat(timed, latency))
	return cmp.Or(void, l.changedSetting()), warning
}

// stalls is how long nothing moved in the rounds that show it, in ns; absent where
// none does.
func stalls(rounds []*Round) (sum results.Count) {
	for _, r := range rounds {
		if ns, ok := r.Stalled.Get(); ok {
			sum = results.Known(sum.Or(0) + ns)
		}
	}
	return sum
}

// roundsOf are the rounds of that kind that count.
func (l *Launch) roundsOf(k Kind) (some []*Round) {
	for _, r := range l.rounds {
		if r.Kind == k {
			some = append(some, r)
		}
	}
	return some
}
