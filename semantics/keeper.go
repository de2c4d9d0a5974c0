package semantics

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/internal/objects"
	"ipcbench/internal/reexec"
)

// startKeeper starts the process that cleans up after the run, and makes the run's
// directory in parent. Every process that makes objects holds the write end of the
// keeper's pipe. When all of them have gone, however they went, the keeper removes
// what was noted there.
func (e *engine) startKeeper(parent string) error {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	e.notes = os.NewFile(uintptr(pipe[1]), "notes")
	// A session of its own: signals that end the run's processes do not reach it.
	keeper, err := spawn(reexec.Command{Role: roleKeeper, Name: roleKeeper, Stdio: [3]int{reexec.Null, 2, 2}, Files: []int{pipe[0]}, Attr: syscall.SysProcAttr{Setsid: true}})
	unix.Close(pipe[0])
	if err != nil {
		e.notes.Close()
		return err
	}
	e.keeper = keeper
	// One that starts when this process has gone has no parent, and does not keep.
	var ready bool
	if err = newConn(keeper.Control).Receive(&ready); err == nil {
		e.dir, err = objects.To(e.notes).MakeDir(parent)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make a directory in %s: %w", parent, err), e.close())
	}
	return nil
}

// keeperMain is the main function of a keeper.
func keeperMain() int {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGPIPE)
	newConn(controlFD).Send(true) // an error is a run that has ended, with nothing to keep
	if err := objects.Keep(os.NewFile(keeperFD, "notes")); err != nil {
		return fail(err)
	}
	return 0
}
