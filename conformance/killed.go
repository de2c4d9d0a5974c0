package conformance

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// killed kills each worker in turn, in the middle of a round. The session
// shares the host's namespaces, so that what it leaves behind shows.
func killed(b *bed) error {
	idle, err := count(b.dir)
	if err != nil {
		return err
	}
	if err := b.inWorkers(runner.Options{Shared: true}, b.killAll); err != nil {
		return err
	}
	return idle.restored(b.dir)
}

// killAll kills each worker of each of some cells in turn.
func (b *bed) killAll(s *runner.Coordinator) error {
	before, err := count(b.dir)
	if err != nil {
		return err
	}
	var cells []results.Cell
	if b.m.Lost == nil { // else a round of what is lost would end on its own
		cells = append(cells, b.oneWay("free"))
	}
	if b.m.Offers(mechanisms.Messages) {
		for _, w := range []*bench.Workload{bench.PingPong, bench.Lifecycle} {
			cells = append(cells, results.Cell{Workload: w.Name, Mechanism: b.m.Name, Size: b.size(64), Place: "free"})
		}
	}
	for _, c := range cells {
		w := bench.WorkloadOf(c)
		for i := range w.Topology(0).Parts {
			err := killOne(s, c, i)
			if w.Makes && runner.Unsupported(err) { // since it would leave something behind
				err = grounded(err)
			}
			if err != nil {
				return err
			}
			if err := before.restored(b.dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// killOne kills the worker of part i and holds the launch to reporting it.
func killOne(s *runner.Coordinator, c results.Cell, i int) error {
	l, err := s.Open(c)
	if err != nil {
		return err
	}
	victim := process(l.Workers[i].PID)
	session, err := victim.parent()
	if err != nil {
		return err
	}
	if parent, err := session.parent(); err != nil || int(parent) != os.Getpid() {
		return fmt.Errorf("worker %d is not ours to kill: %v", victim, err)
	}
	used, err := victim.ticks()
	if err != nil {
		return err
	}
	round := make(chan error, 1)
	go func() {
		_, err := l.Round(runner.Timed, 1<<30, 0)
		round <- err
	}()
	if err := victim.busy(used, round); err != nil {
		return err
	}
	if err := syscall.Kill(int(victim), syscall.SIGKILL); err != nil {
		return err
	}
	err = <-round
	var victimError *runner.WorkerError
	var how *runner.DeathError
	if !errors.As(err, &victimError) || !errors.As(err, &how) || victimError.PID != int(victim) || how.Signal != syscall.SIGKILL {
		return fmt.Errorf("killed %s (pid %d), which is not the cause in: %w", l.Workers[i].Role, victim, err)
	}
	for _, w := range l.Workers {
		if parent, err := process(w.PID).parent(); err == nil && parent == session {
			return fmt.Errorf("%s (pid %d) outlives its launch", w.Role, w.PID)
		}
	}
	return nil
}

// process is one that this process started, or a child of such a one.
type process int

func (p process) parent() (process, error) {
	stat, err := readStat(fmt.Sprintf("/proc/%d/stat", p))
	if err != nil {
		return 0, err
	}
	parent, err := strconv.Atoi(stat[statParent])
	return process(parent), err
}

// ticks is the processor time that it has used, proc(5).
func (p process) ticks() (int, error) {
	stat, err := readStat(fmt.Sprintf("/proc/%d/stat", p))
	if err != nil {
		return 0, err
	}
	user, err := strconv.Atoi(stat[statUser])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(stat[statSystem])
	return user + system, err
}

// busy waits until it has used processor time since, which means that it is
// in the middle of its round.
func (p process) busy(since int, round <-chan error) error {
	ok, err := until(time.Millisecond, patience, func() (bool, error) {
		select {
		case err := <-round:
			return false, fmt.Errorf("the round ended before a worker was killed: %w", err)
		default:
		}
		now, err := p.ticks()
		return now > since, err
	})
	if err == nil && !ok {
		err = fmt.Errorf("worker %d does nothing in a round", p)
	}
	return err
}
