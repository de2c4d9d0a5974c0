package mechanisms

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"os"
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
	Some  bool   // some users may exceed the limit, which only the kernel can tell
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

// descriptorsLeft tells two limits apart that have one errno, EMFILE: that of
// descriptors, and RLIMIT_MSGQUEUE.
func descriptorsLeft() bool {
	fd, err := unix.Dup(2)
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}

// posixmqUses are those of one queue. Its bytes are counted as in getrlimit(2)
// since Linux 3.5: for each message its text, a struct msg_msg and a node of a
// tree.
func posixmqUses(s Spec) []Use {
	const record = 2 * 6 * bits.UintSize / 8 // struct msg_msg and struct posix_msg_tree_node have six words each
	attr, err := queueFor(s)
	if err != nil {
		return nil
	}
	return []Use{
		{What: "bytes in the POSIX message queues of this user", N: attr.Maxmsg * (attr.Msgsize + record),
			Limit: rlimit(unix.RLIMIT_MSGQUEUE, Limit{Source: "RLIMIT_MSGQUEUE", Beyond: "mq_open(3)", Errno: unix.EMFILE})},
		{What: "POSIX message queues", N: 1, Some: true, Limit: sysctlLimit(mqQueuesMax, 0, Limit{Beyond: "mq_overview(7)", Errno: unix.ENOSPC})},
	}
}

func sysvmsgUses(Spec) []Use {
	return []Use{{What: "System V message queues", N: 1,
		Limit: sysctlLimit("/proc/sys/kernel/msgmni", 0, Limit{Beyond: "msgget(2)", Errno: unix.ENOSPC})}}
}

func segmentUses(s Spec) []Use {
	limit := Limit{Beyond: "shmget(2)", Errno: unix.ENOSPC}
	page := os.Getpagesize()
	return []Use{
		{What: "System V shared memory segments", N: 1, Limit: sysctlLimit("/proc/sys/kernel/shmmni", 0, limit)},
		{What: "pages in System V shared memory segments", N: (ringBytes(slotsFor(s), s.Size) + page - 1) / page, Limit: sysctlLimit("/proc/sys/kernel/shmall", 0, limit)},
	}
}

// setUses are those of a set of n semaphores.
func setUses(n int) []Use {
	const sem = "/proc/sys/kernel/sem"
	const semmns, semmni = 1, 3 // its fields, proc_sys_kernel(5)
	limit := Limit{Beyond: "semget(2)", Errno: unix.ENOSPC}
	return []Use{
		{What: "System V semaphore sets", N: 1, Limit: sysctlLimit(sem, semmni, limit)},
		{What: "System V semaphores", N: n, Limit: sysctlLimit(sem, semmns, limit)},
	}
}

// pipeUses are those of a pipe. It has two pages at least, however many the user
// has already.
func pipeUses(Spec) []Use {
	const hard = "/proc/sys/fs/pipe-user-pages-hard"
	return []Use{{What: "pages in the pipes of this user", N: 2, Some: true,
		Limit: sysctlLimit(hard, 0, Limit{Beyond: "pipe(7)", Errno: unix.ENFILE})}}
}

// sysctlLimit is l with its number out of a field of a file below /proc/sys, the
// zero Limit where it cannot be read or is 0.
func sysctlLimit(path string, field int, l Limit) Limit {
	fields, err := sysctls(path)
	if err != nil || field >= len(fields) || fields[field] == 0 {
		return Limit{}
	}
	l.N, l.Source = fields[field], path
	return l
}

// rlimit is l with its number from getrlimit(2), the zero Limit where that is
// none.
func rlimit(resource int, l Limit) Limit {
	var r unix.Rlimit
	if unix.Getrlimit(resource, &r) != nil || r.Cur > math.MaxInt {
		return Limit{}
	}
	l.N = int(r.Cur)
	return l
}
