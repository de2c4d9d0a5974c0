package kernels

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// suite is a test program that a guest runs in the place of cells: what it
// prints goes to the console.
type suite struct {
	Modules []string `json:"modules,omitempty"` // of the kernel, loaded in this order
	Command []string `json:"command"`
}

// run loads the modules and runs the program to its end.
func (s *suite) run() error {
	for _, m := range s.Modules {
		if err := loadModule(m); err != nil {
			return err
		}
	}
	c := exec.Command(s.Command[0], s.Command[1:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w", s.Command[0], err)
	}
	return nil
}

func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil {
		return fmt.Errorf("%s: %w", path, os.NewSyscallError("finit_module", err))
	}
	return nil
}

// raiseLoopback makes 127.0.0.1 answer: a kernel begins with its device down,
// netdevice(7). One without networks has none, and is content.
func raiseLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return nil
	}
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("lo: %w", os.NewSyscallError("ioctl", err))
	}
	return nil
}
