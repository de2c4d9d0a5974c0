package conformance

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// left removes what the mechanisms below leave behind, in this process.
var left []func() error

func leakDescriptor(l *mechanisms.Link, _ *mechanisms.Spec) error {
	if l != nil {
		return nil
	}
	fd, err := syscall.Dup(0)
	if err == nil {
		left = append(left, func() error { return syscall.Close(fd) })
	}
	return err
}

func leakQueue(l *mechanisms.Link, _ *mechanisms.Spec) error {
	if l != nil {
		return nil
	}
	const private = 0 // IPC_PRIVATE
	id, err := sys.Msgget(private, 0o600)
	if err == nil {
		left = append(left, func() error { return sys.MsgRemove(id) })
	}
	return err
}

func leakFile(l *mechanisms.Link, s *mechanisms.Spec) error {
	if l != nil {
		return nil
	}
	return os.WriteFile(filepath.Join(s.Dir, rand.Text()), nil, 0o600)
}

func leakProcess(l *mechanisms.Link, _ *mechanisms.Spec) error {
	if l != nil {
		return nil
	}
	// The child ends when descriptor 0 does, which is with this process at the
	// latest.
	var p [2]int
	if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC); err != nil {
		return err
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"idle"}, &syscall.ProcAttr{
		Env: []string{envIdle + "=1"}, Files: []uintptr{uintptr(p[0]), 2, 2},
	})
	left = append(left, func() error {
		err := syscall.Close(p[1])
		if pid > 0 {
			_, gone := syscall.Wait4(pid, nil, 0, nil)
			err = errors.Join(err, gone)
		}
		return err
	})
	return errors.Join(err, syscall.Close(p[0]))
}

// envIdle makes this binary the process that leakProcess starts.
const envIdle = "MECHTEST_IDLE"

// idle waits for the end of descriptor 0.
func idle() {
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
