package semantics

import (
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/internal/objects"
	"ipcbench/internal/reexec"
)

// startKeeper starts the process that cleans up after the run, and makes the run's
// directory in parent. Every process that makes objects holds the journal. When all
// of them have gone, however they went, the keeper removes what was noted there.
func (e *engine) startKeeper(parent string) error {
	path := objects.NewPath()
	notes, err := objects.Create(path)
	if err != nil {
		return err
	}
	e.notes = notes.File()
	// A session of its own: signals that end the run's processes do not reach it.
	e.keeper, err = spawn(reexec.Command{Role: roleKeeper, Name: roleKeeper, Stdio: [3]int{reexec.Null, 2, 2}, Attr: syscall.SysProcAttr{Setsid: true}})
	if err != nil {
		return errors.Join(err, notes.Close())
	}
	// One that starts when this process has gone has no parent, and does not keep.
	c := newConn(e.keeper.Control)
	var ready bool
	if err = c.Send(path); err == nil {
		err = c.Receive(&ready)
	}
	if err == nil {
		e.dir, err = notes.MakeDir(parent)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make a directory in %s: %w", parent, err), e.close())
	}
	return nil
}

// keeperMain is the main function of a keeper.
func keeperMain() int {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGPIPE)
	c := newConn(controlFD)
	var journal string
	if c.Receive(&journal) != nil {
		return 0 // the run has ended, with nothing to keep
	}
	c.Send(true) // as above, but for the journal
	if err := objects.Keep(journal); err != nil {
		return fail(err)
	}
	return 0
}
