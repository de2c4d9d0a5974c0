package runner

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// minFiles is how many descriptors a session of few peers needs in each of
// its processes, with some to spare.
const minFiles = 32

// enoughFiles tries whether this process may open minFiles more descriptors:
// the Go runtime gives up with a trace where it cannot have its own.
func enoughFiles() error {
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	for len(fds) < minFiles {
		fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("%d descriptors are free, a session needs %d: raise `ulimit -n`, getrlimit(2): %w", len(fds), minFiles, os.NewSyscallError("openat", err))
		}
		fds = append(fds, fd)
	}
	return nil
}
