package reexec

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// maxStderr is how much a Stderr keeps, in bytes. Go's runtime writes some 3 KiB
// a goroutine when it ends a program.
const maxStderr = 64 << 10

// Stderr is the standard error of processes, which holds what explains their
// death: Go's runtime writes all its stacks there. It keeps the beginning.
type Stderr struct {
	W int // the end to write to, for Command.Stdio; CloseW closes it here

	r    int
	mu   sync.Mutex
	text []byte
	over bool // all that could write have gone, and r is closed
}

// NewStderr makes one. It ends when all that could write to it have gone.
func NewStderr() (*Stderr, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	unix.SetNonblock(fds[0], true) // so that the runtime's poller waits, not a thread
	s := &Stderr{r: fds[0], W: fds[1]}
	f := os.NewFile(uintptr(s.r), "stderr")
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, f.Close(), unix.Close(s.W))
	}
	go func() {
		raw.Read(func(uintptr) bool { return s.drain() })
		s.mu.Lock()
		defer s.mu.Unlock()
		s.over = true
		f.Close()
	}()
	return s, nil
}

// CloseW closes the end to write to, once the processes have it.
func (s *Stderr) CloseW() { unix.Close(s.W) }

// drain reads what is there, and reports whether that was the last.
func (s *Stderr) drain() (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var p [4096]byte
	for !s.over {
		n, err := unix.Read(s.r, p[:])
		if err == unix.EINTR {
			continue
		}
		if n <= 0 {
			return err != unix.EAGAIN
		}
		s.text = append(s.text, p[:min(n, maxStderr-len(s.text))]...)
	}
	return true
}

// Take returns in one line what was written since the last call, "" without any:
// the first line, and the name of the file that has all of several.
func (s *Stderr) Take() string {
	s.drain()
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.TrimSpace(string(s.text))
	s.text = nil
	first, _, more := strings.Cut(text, "\n")
	if !more {
		return text
	}
	f, err := os.CreateTemp("", "ipcbench-stderr-*.txt")
	if err == nil {
		_, err = f.WriteString(text + "\n")
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Sprintf("%s (the rest could not be kept: %v)", first, err)
	}
	return fmt.Sprintf("%s (all of it is in %s)", first, f.Name())
}
