package runner

import (
	"errors"
	"runtime"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/sockets"
	"ipcbench/results"
)

// scheduled reports whether the processes of a cell are plain Go programs, whose
// goroutines wait in Go's scheduler, rather than workers that bypass it.
func scheduled(c results.Cell) bool {
	if w := bench.WorkloadOf(c); w != nil && w.Floor != "" {
		return w.Scheduled
	}
	m := mechanisms.Lookup(c.Mechanism)
	return m != nil && m.Scheduled
}

// scheduledMain is the main function of a worker that is a plain Go program. Its
// goroutine is locked to no thread, its threads share their descriptors, its
// calls go through the scheduler, and its garbage is collected.
func scheduledMain(token string) int {
	c := newConn(controlFD)
	if sockets.NetConn == nil {
		err := errors.New("this program has no net.UnixConn for its workers: import ipcbench/mechanisms/sockets/netconn")
		c.Send(workerReply{Error: encodeError(err)})
		return 1
	}
	w := &worker{conn: c, gauge: &processGauge{}, confine: confineProcess}
	return w.serve(token, nil)
}

// confineProcess lets all threads of this process run on these CPUs alone, and
// gives Go's scheduler as many processors as a program that is started there has
// by default: no more than CPUs.
func confineProcess(set *unix.CPUSet) error {
	if err := host.ConfineThreads(set[:]); err != nil {
		return err
	}
	runtime.SetDefaultGOMAXPROCS()
	return nil
}
