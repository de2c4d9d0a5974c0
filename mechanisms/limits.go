package mechanisms

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Limits is what the running kernel lets a link carry, as data: the kernel
// reports success when it splits or interleaves a message, so a benchmark
// that trusted return values would measure torn messages.
type Limits struct {
	Message   Limit `json:"message"`   // bytes in one message
	Least     Limit `json:"least"`     // bytes in the smallest message that it is for: what is smaller is refused
	Atomic    Limit `json:"atomic"`    // bytes in one message where a link has several senders
	Queue     Limit `json:"queue"`     // bytes that Spec.Queue may ask for
	Messages  Limit `json:"messages"`  // messages of Spec.Size that Spec.Queue may ask for, where a link counts those
	Count     Limit `json:"count"`     // notifications that have not been waited for
	Senders   Limit `json:"senders"`   // sending ends of one link
	Receivers Limit `json:"receivers"` // receiving ends of one link
	Held      Limit `json:"held"`      // messages under way on a link, however large its queue: beyond, Send blocks
}

// Limit is one number with its source. The zero Limit means that there is none.
type Limit struct {
	N      int           `json:"n"`      // the largest admitted value, of Least the smallest; 0: no limit
	Source string        `json:"source"` // where it was read or which page says so: "/proc/sys/kernel/msgmax"
	Beyond string        `json:"beyond"` // what happens past it, with the page: "split into several packets, pipe(2)"
	Errno  syscall.Errno `json:"-"`      // what the kernel answers past it; 0: it does not refuse
}

// Past is what happens past the limit, with the errno that the kernel answers,
// if any: "EINVAL, msgsnd(2)".
func (l Limit) Past() string {
	if l.Errno == 0 {
		return l.Beyond
	}
	return unix.ErrnoName(l.Errno) + ", " + l.Beyond
}

// UnsupportedError reports that this kernel, on this machine, does not carry
// what was asked for, with the number and where it comes from. It is
// errors.ErrUnsupported.
type UnsupportedError struct {
	Mechanism string
	What      string // "message size", "queue", or a whole sentence where Limit is zero
	Value     int
	Limit     Limit

	// Unavailable says that the machine withholds all of what is named, for any
	// size, queue and option: a call is refused or missing, or the kernel is older.
	Unavailable bool `json:",omitempty"`

	Rule   string `json:",omitempty"` // the Rule that refuses; "": it was found out by trying
	Remedy string `json:",omitempty"` // what to ask for instead
}

func (e *UnsupportedError) Error() string {
	if e.Limit == (Limit{}) {
		return strings.TrimPrefix(e.Mechanism+": "+e.What, ": ")
	}
	relation := '>'
	if e.Value < e.Limit.N {
		relation = '<'
	}
	return fmt.Sprintf("%s: %s %d %c %d (%s): %s", e.Mechanism, e.What, e.Value, relation, e.Limit.N, e.Limit.Source, e.Limit.Past())
}

func (e *UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// Error is a failed operation on a link, or on an end of it. Err is an *os.SyscallError where the kernel
// said no.
type Error struct {
	Op        string // "send", "recv", "relay", "notify", "wait", "lock", "unlock", "open", "make"
	Mechanism string
	Size      int // bytes; 0: there is no message
	Err       error
}

func (e *Error) Error() string {
	if e.Size == 0 {
		return fmt.Sprintf("%s %s: %v", e.Op, e.Mechanism, e.Err)
	}
	return fmt.Sprintf("%s %s %d B: %v", e.Op, e.Mechanism, e.Size, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Failed wraps what went wrong in op as an *Error. An *UnsupportedError
// carries the same fields already and stays as it is.
func Failed(op, mech string, size int, err error) error {
	var u *UnsupportedError
	if errors.As(err, &u) {
		return err
	}
	return &Error{Op: op, Mechanism: mech, Size: size, Err: err}
}

// WrongLength says that a message is not of the link's size, want bytes.
func WrongLength(got, want int) error {
	return fmt.Errorf("message of %d bytes on a link of %d", got, want)
}

// Use is what a link takes of something that the kernel counts for all links
// together: of a user, a process or an IPC namespace.
type Use struct {
	What  string // "bytes in the POSIX message queues of this user"
	N     int    // what the link takes
	Limit Limit  // how much there is for all links, maybe 0; its Errno is what the kernel answers past it. The zero Limit: none
	Some  bool   // some users may exceed the limit, which only the kernel knows
}

// Exhausted says which of the Uses of a link of s the error err of New is about:
// the link needs no more than there is, and other processes hold the rest. Any
// other error is returned as it is.
func (m *Mechanism) Exhausted(s Spec, err error) error {
	var known *UnsupportedError
	var errno syscall.Errno
	if m.Uses == nil || errors.As(err, &known) || !errors.As(err, &errno) || errno == unix.EMFILE && !descriptorsLeft() {
		return err
	}
	var takes []string
	var past string
	for _, u := range m.Uses(s) {
		if u.Limit.Errno == errno && u.Limit.Source != "" {
			takes = append(takes, fmt.Sprintf("%d of %d %s (%s)", u.N, u.Limit.N, u.What, u.Limit.Source))
			past = u.Limit.Past()
		}
	}
	if takes == nil {
		return err
	}
	return &UnsupportedError{Mechanism: m.Name,
		What: "a link takes " + strings.Join(takes, " and ") + ", and other processes hold the rest: end them or raise the limit, " + past}
}

// descriptorsLeft distinguishes two limits with one errno, EMFILE: that of
// descriptors, and RLIMIT_MSGQUEUE.
func descriptorsLeft() bool {
	fd, err := unix.Dup(2)
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}

// SysctlLimit is l with its number out of a field of a file below /proc/sys, the
// zero Limit where it cannot be read. A number of 0 admits none.
func SysctlLimit(path string, field int, l Limit) Limit {
	fields, err := sysctls(path)
	if err != nil || field >= len(fields) {
		return Limit{}
	}
	l.N, l.Source = fields[field], path
	return l
}

// Rlimit is l with its number from getrlimit(2), the zero Limit where that is
// none.
func Rlimit(resource int, l Limit) Limit {
	var r unix.Rlimit
	if unix.Getrlimit(resource, &r) != nil || r.Cur > math.MaxInt {
		return Limit{}
	}
	l.N = int(r.Cur)
	return l
}

// Sysctl reads a number from a file below /proc/sys. One that does not fit an
// int, which some limits use for "none", is returned as math.MaxInt.
func Sysctl(path string) (int, error) {
	all, err := sysctls(path)
	if err != nil {
		return 0, err
	}
	if len(all) != 1 {
		return 0, fmt.Errorf("%s: %d numbers, want 1", path, len(all))
	}
	return all[0], nil
}

// sysctls is sysctl for a file of several numbers.
func sysctls(path string) (all []int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for _, field := range strings.Fields(string(text)) {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, int(min(n, math.MaxInt)))
	}
	return all, nil
}
