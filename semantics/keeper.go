package semantics

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// startKeeper starts the process that makes the run's directory, and cleans up
// after the run, whoever is killed: when the last of those who can write to the
// journal has gone, it removes what the journal names and is still the same,
// and the directory.
func (e *engine) startKeeper() error {
	var journal [2]int
	if err := unix.Pipe2(journal[:], unix.O_CLOEXEC); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(journal[0])
	control, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		unix.Close(journal[1])
		return os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(control[1])
	// In a session of its own: what ends the run's processes does not reach it.
	e.keeper, err = spawn(roleKeeper, e.dir, []uintptr{2, 2, 2, uintptr(control[1]), uintptr(journal[0])}, &syscall.SysProcAttr{Setsid: true})
	if err != nil {
		unix.Close(journal[1])
		unix.Close(control[0])
		return err
	}
	e.journal, e.control = journal[1], control[0]
	for {
		var made [1]byte
		n, err := unix.Read(e.control, made[:])
		switch {
		case err == unix.EINTR:
		case n == 1:
			return nil
		default:
			return errors.Join(fmt.Errorf("no directory %s could be made", e.dir), e.close())
		}
	}
}

// keeperMain is the keeper.
func keeperMain() int {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGPIPE)
	dir := os.Args[1]
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fail(err)
	}
	made, err := mechanisms.PathObject(dir)
	if err != nil {
		return fail(errors.Join(err, os.Remove(dir)))
	}
	unix.Write(controlFD, []byte{0}) // who does not hear it is gone
	all, queues, err := readJournal(os.NewFile(keeperFD, "journal"))
	for _, o := range all {
		// That another is in its place says that it is gone.
		if e := o.Remove(); e != nil && !errors.Is(e, mechanisms.ErrNotOurs) {
			err = errors.Join(err, e)
		}
	}
	for _, q := range queues {
		if e := sys.MqUnlink(q); e != nil && !errors.Is(e, unix.ENOENT) {
			err = errors.Join(err, fmt.Errorf("message queue /%s: %w", q, e))
		}
	}
	if there, e := made.Exists(); e == nil && there {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		return fail(err)
	}
	return 0
}

// readJournal reads notes until the last writer has gone. Of several on one
// object the last counts.
func readJournal(r io.Reader) (objects map[string]mechanisms.Object, queues []string, err error) {
	objects = map[string]mechanisms.Object{}
	for lines := bufio.NewScanner(r); ; {
		if !lines.Scan() {
			return objects, queues, errors.Join(err, lines.Err())
		}
		var o kept
		if e := json.Unmarshal(lines.Bytes(), &o); e != nil {
			err = errors.Join(err, e)
		} else if o.Queue != "" {
			queues = append(queues, o.Queue)
		} else {
			objects[o.Object.String()] = o.Object
		}
	}
}
