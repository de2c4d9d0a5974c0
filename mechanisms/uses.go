package mechanisms

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Use is what a link takes of something that the kernel counts for all links
// together: of a user, a process or an IPC namespace.
type Use struct {
	What  string // "bytes in the POSIX message queues of this user"
	N     int    // what the link takes
	Limit Limit  // how much there is for all links; its Errno is what the kernel answers past it. The zero Limit: none
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
		if u.Limit.Errno == errno && u.Limit.N > 0 {
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
// zero Limit where it cannot be read or is 0.
func SysctlLimit(path string, field int, l Limit) Limit {
	fields, err := sysctls(path)
	if err != nil || field >= len(fields) || fields[field] == 0 {
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
