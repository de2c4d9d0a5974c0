package runner

import (
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
func (l *launch) leaveMaking(c results.Cell) error {
	given := l.given
	if n, tried := given.InFlight.Get(); tried && n == 0 {
		return &mechanisms.UnsupportedError{Mechanism: c.Mechanism, What: fmt.Sprintf(
			"%s: a link of %d bytes (%s) does not hold a message of %d whole: its one process would wait for itself, %s",
			c.Workload, given.Queue, given.Source, c.Size, mechanisms.Lookup(c.Mechanism).Man[0])}
	}
	for _, o := range l.links[0].Objects {
		if l.session.journal != nil && (o.Kind != mechanisms.KindPath || filepath.Dir(o.Path) != l.session.dir) {
			return &mechanisms.UnsupportedError{Mechanism: c.Mechanism, What: fmt.Sprintf(
				"%s: a worker that is killed would leave behind what it has just made (%s): it dies with a namespace of the session's own, and this one has none, ipc_namespaces(7)",
				c.Workload, o.Kind)}
		}
	}
	if err := l.destroy(); err != nil {
		return err
	}
	// A directory of its own, which goes with the launch and with the names
	// that a worker leaves there which is killed.
	dir, err := os.MkdirTemp(l.session.dir, "made-") // 0700
	if err != nil {
		return err
	}
	spec := l.topology.Wires[0].Spec(c)
	spec.Dir = dir
	l.makes = &spec
	return nil
}
