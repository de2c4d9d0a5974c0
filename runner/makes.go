package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// makerMemory is how many bytes a worker that makes links lets pile up before
// Go's collector runs. No round of usual length comes near it; one of a minute
// would fill the machine.
const makerMemory = 256 << 20

// leaveMaking leaves the making of links to the worker: the one of which the
// session knows what the kernel gave goes. It refuses, as an
// *mechanisms.UnsupportedError, what one process can't do alone, and what it
// would leave behind if it were killed.
func (l *launch) leaveMaking(c results.Cell, given *results.Given) error {
	spec := l.topology.Wires[0].Spec(c)
	spec.Dir = l.session.dir
	if given.InFlight == 0 {
		return &mechanisms.UnsupportedError{Mechanism: c.Mechanism, What: fmt.Sprintf(
			"%s: a link of %d bytes (%s) does not hold a message of %d whole: its one process would wait for itself, %s",
			c.Workload, given.Queue, given.Source, c.Size, mechanisms.Lookup(c.Mechanism).Man[0])}
	}
	for _, o := range l.links[0].Objects {
		if l.session.journal != nil && (o.Kind != mechanisms.KindPath || filepath.Dir(o.Path) != spec.Dir) {
			return &mechanisms.UnsupportedError{Mechanism: c.Mechanism, What: fmt.Sprintf(
				"%s: a worker that is killed would leave behind what it has just made (%s): that dies only with a namespace of the session's own, and none is permitted here, ipc_namespaces(7)",
				c.Workload, o.Kind)}
		}
	}
	if err := l.destroy(); err != nil {
		return err
	}
	l.makes = &spec
	return nil
}

// sweep empties the session's directory of names that a killed worker has left.
func sweep(dir string) error {
	names, err := os.ReadDir(dir)
	errs := []error{err}
	for _, n := range names {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, n.Name())))
	}
	return errors.Join(errs...)
}
