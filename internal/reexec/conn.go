package reexec

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// Conn carries values over a control connection, each as a line of JSON.
type Conn struct {
	*bufio.Reader
	w io.Writer
}

// NewConn returns a connection that reads from r and writes to w.
func NewConn(r io.Reader, w io.Writer) *Conn { return &Conn{bufio.NewReader(r), w} }

// Send sends a value, in one write.
func (c *Conn) Send(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.w.Write(append(line, '\n'))
	return err
}

// Receive reads the next value into v. It returns io.EOF when the process on
// the other side has gone, however it went.
func (c *Conn) Receive(v any) error {
	line, err := c.ReadBytes('\n')
	if err != nil {
		if errors.Is(err, unix.ECONNRESET) || len(line) > 0 {
			return io.EOF
		}
		return err
	}
	return json.Unmarshal(line, v)
}

// FD reads and writes the socket of a control connection without the poller of
// Go's runtime, which would take descriptors of its own, and without a word to
// Go's scheduler where this process is dedicated, see sys.Dedicate. The
// runtime's monitor sleeps when a program does, and wakes up with it to look
// every 20 µs what there is to do. It then sees a program that runs all the
// time, and looks every 10 ms. In rounds it would take a CPU from a peer each
// time, and make another process sleep.
type FD int

func (fd FD) Read(p []byte) (int, error) {
	n, err := sys.Read(int(fd), p)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// Write raises no SIGPIPE, whatever this process does about that signal.
func (fd FD) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n, err := unix.SendmsgN(int(fd), p[done:], nil, nil, unix.MSG_NOSIGNAL)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, os.NewSyscallError("sendmsg", err)
		}
		done += n
	}
	return len(p), nil
}
