package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/mechanisms"
)

// CellError reports which cell failed, and why.
type CellError struct {
	Cell string // its name
	Err  error
}

func (e *CellError) Error() string { return e.Cell + ": " + e.Err.Error() }

func (e *CellError) Unwrap() error { return e.Err }

// WorkerError reports which process failed, and in which phase.
type WorkerError struct {
	Role  string // "pong"; "session" for the process that holds the workers
	PID   int
	Phase string // "attach", "timed round 3", "exit"
	// Message is the number of the message that it was sending, or waiting for,
	// when a call failed, counted from 1 in a launch; 0: it is not known.
	Message int
	Err     error
}

func (e *WorkerError) Error() string {
	at := ""
	if e.Message > 0 {
		at = fmt.Sprintf(" at message %d", e.Message)
	}
	return fmt.Sprintf("%s (pid %d) in %s%s: %v", e.Role, e.PID, e.Phase, at, e.Err)
}

func (e *WorkerError) Unwrap() error { return e.Err }

// DeathError reports that a process ended without being asked to.
type DeathError struct {
	Signal syscall.Signal // 0: it exited
	Exit   int
	Cause  string // of the signal; "": it is not known
	Stderr string `json:",omitempty"` // what it wrote to its standard error, see reexec.Stderr
}

func (e *DeathError) Error() string {
	s := fmt.Sprintf("died of %s (%s)", unix.SignalName(e.Signal), e.Signal)
	switch {
	case e.Signal == unix.SIGSYS:
		s = "was killed by a seccomp filter (SIGSYS), seccomp(2)"
	case e.Signal == 0:
		s = fmt.Sprintf("exited with status %d", e.Exit)
	case e.Cause != "":
		s = fmt.Sprintf("died of %s: %s", unix.SignalName(e.Signal), e.Cause)
	}
	if e.Stderr != "" {
		s += ": " + e.Stderr
	}
	return s
}

func newDeathError(s syscall.WaitStatus) *DeathError {
	if s.Signaled() {
		return &DeathError{Signal: s.Signal()}
	}
	return &DeathError{Exit: s.ExitStatus()}
}

// HungError reports that a process missed its deadline, and in which call it
// was, as read from /proc/PID by the process that watches it.
type HungError struct {
	Call   string   // "semtimedop"; "no call: it was running" where it was in none
	Wchan  string   // the kernel's function, where it may be read
	State  string   // R, S, D, T …
	After  string   // the deadline
	Others []string // which others missed it, and where each was: "ping in read (state S)"
}

func (e *HungError) Error() string {
	s := "hung " + e.where() + ": no answer within " + e.After
	if len(e.Others) > 0 {
		s += "; so did " + strings.Join(e.Others, ", ")
	}
	return s
}

func (e *HungError) where() string {
	s := "in " + e.Call + " (state " + e.State
	if e.Wchan != "" {
		s += ", kernel in " + e.Wchan
	}
	return s + ")"
}

// wireError carries an error chain over a control connection, so that
// errors.Is and errors.As hold on the other side.
type wireError struct {
	Worker      *WorkerError                 `json:"worker,omitempty"`
	Op          *mechanisms.Error            `json:"op,omitempty"`
	Unsupported *mechanisms.UnsupportedError `json:"unsupported,omitempty"`
	Check       *bench.CheckError            `json:"check,omitempty"`
	Death       *DeathError                  `json:"death,omitempty"`
	Hung        *HungError                   `json:"hung,omitempty"`
	Syscall     string                       `json:"syscall,omitempty"`
	Errno       syscall.Errno                `json:"errno,omitempty"`
	Text        string                       `json:"text,omitempty"` // what is none of the above
	Known       []int                        `json:"known,omitempty"`
}

// known are the sentinels that cross a control connection.
var known = []error{io.EOF, io.ErrUnexpectedEOF, mechanisms.ErrNotOurs}

func encodeError(err error) *wireError {
	w := &wireError{}
	if errors.As(err, &w.Worker) {
		c := *w.Worker
		err, c.Err = c.Err, nil
		w.Worker = &c
	}
	if errors.As(err, &w.Op) {
		c := *w.Op
		err, c.Err = c.Err, nil
		w.Op = &c
	}
	var sys *os.SyscallError
	switch {
	case errors.As(err, &w.Unsupported):
		w.Errno = w.Unsupported.Limit.Errno
	case errors.As(err, &w.Check), errors.As(err, &w.Death), errors.As(err, &w.Hung):
	case errors.As(err, &sys) && errors.As(err, &w.Errno) && err == error(sys):
		w.Syscall = sys.Syscall
	default:
		errors.As(err, &w.Errno)
		w.Text = err.Error()
		for i, k := range known {
			if errors.Is(err, k) {
				w.Known = append(w.Known, i)
			}
		}
	}
	return w
}

// decode rebuilds the chain.
func (w *wireError) decode() (err error) {
	switch {
	case w.Unsupported != nil:
		w.Unsupported.Limit.Errno = w.Errno
		err = w.Unsupported
	case w.Check != nil:
		err = w.Check
	case w.Death != nil:
		err = w.Death
	case w.Hung != nil:
		err = w.Hung
	case w.Syscall != "":
		err = os.NewSyscallError(w.Syscall, w.Errno)
	default:
		err = w.remote()
	}
	if w.Op != nil {
		w.Op.Err = err
		err = w.Op
	}
	if w.Worker != nil {
		w.Worker.Err = err
		err = w.Worker
	}
	return err
}

// remoteError is an error of another process of which only the text, the
// errno and the sentinels came over.
type remoteError struct {
	text   string
	causes []error
}

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Unwrap() []error { return e.causes }

// endOfFile is io.EOF, with the call that found it.
func endOfFile(call string) error { return &remoteError{call + ": end of file", []error{io.EOF}} }

// remote is the error of which only the text and its causes came over.
func (w *wireError) remote() error {
	e := &remoteError{text: w.Text}
	if w.Errno != 0 {
		e.causes = append(e.causes, w.Errno)
	}
	for _, i := range w.Known {
		if i >= 0 && i < len(known) {
			e.causes = append(e.causes, known[i])
		}
	}
	return e
}
