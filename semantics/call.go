package semantics

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// request is one system call as data: it can be made here or in another
// process, shown, and answered wrongly on purpose.
type request struct {
	Op   string `json:"op"` // key of ops
	Args []int  `json:"args,omitempty"`
	Data []byte `json:"data,omitempty"` // what is written, or a path
	Ack  bool   `json:"ack,omitempty"`  // send an answer before the call is made: it may block
}

// answer is what the kernel returned.
type answer struct {
	N     int           `json:"n"`
	Errno syscall.Errno `json:"errno,omitempty"`
	Data  []byte        `json:"data,omitempty"` // what was read, or what op.show renders
	Late  bool          `json:"late,omitempty"` // there is no answer: the call still sleeps
}

// String is the number or the name of the error: "5", "EAGAIN".
func (a answer) String() string {
	switch {
	case a.Late:
		return "still asleep"
	case a.Errno != 0:
		return errnoName(a.Errno)
	}
	return strconv.Itoa(a.N)
}

// text is what was read, as a string, or the name of the error.
func (a answer) text() string {
	if a.Errno != 0 || a.Late {
		return a.String()
	}
	return string(a.Data)
}

func errnoName(e syscall.Errno) string {
	if e == unix.EOPNOTSUPP {
		return "EOPNOTSUPP" // and ENOTSUP: the pages of sockets have this one
	}
	if name := unix.ErrnoName(e); name != "" {
		return name
	}
	return fmt.Sprintf("errno %d", int(e))
}

// op is a system call that a check can make.
type op struct {
	name   string // as it is shown, where that is not its key: "fcntl"
	params string // kinds of its arguments, for showing them: "fd oflag"
	do     func(a []int, data []byte) answer
	show   func(answer) string // renders a success; nil: the number, and the data where there is some
}

// result turns what a wrapper returned into an answer.
func result(n int, err error) answer {
	if err == nil {
		return answer{N: n}
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		panic(broken("no errno in " + err.Error()))
	}
	return answer{N: -1, Errno: errno}
}

// reading is result of a call that filled a buffer.
func reading(p []byte, n int, err error) answer {
	a := result(n, err)
	if a.Errno == 0 {
		a.Data = p[:n]
	}
	return a
}

// perform makes the call in this thread.
func (r request) perform() answer {
	o, ok := ops[r.Op]
	if !ok {
		panic(broken("there is no call " + r.Op))
	}
	if want := len(strings.Fields(o.params)); len(r.Args) != want {
		panic(broken(fmt.Sprintf("%s takes %d numbers, not %v", r.Op, want, r.Args)))
	}
	return o.do(r.Args, r.Data)
}

// newRequest sorts arguments into numbers and data.
func newRequest(name string, args []any) request {
	r := request{Op: name}
	for _, arg := range args {
		switch v := arg.(type) {
		case int:
			r.Args = append(r.Args, v)
		case string:
			r.Data = []byte(v)
		case []byte:
			r.Data = v
		default:
			panic(broken(fmt.Sprintf("%s: argument of type %T", name, arg)))
		}
	}
	return r
}

// A call is shown as strace(1) does: write(4, "abc") = 3.
func (r request) show(a answer) string { return r.call() + " = " + a.shown(ops[r.Op]) }

// name is the call as it is shown.
func (r request) name() string { return cmp.Or(ops[r.Op].name, r.Op) }

// syscall is the system call of that name.
func (r request) syscall() string {
	first, _, _ := strings.Cut(r.name(), " ")
	return strings.TrimSuffix(first, ",")
}

// call is the call without its answer.
func (r request) call() string {
	o, name := ops[r.Op], r.name()
	var args []string
	for i, kind := range strings.Fields(o.params) {
		args = append(args, argument(kind, r.Args[i]))
	}
	if r.Data != nil {
		at := min(1, len(args)) // a path comes first, what is written after its descriptor
		if kinds := strings.Fields(o.params); at == 1 && (kinds[0] == "openflag" || kinds[0] == "mode") {
			at = 0
		}
		args = append(args[:at:at], append([]string{inQuotes(r.Data)}, args[at:]...)...)
	}
	return fmt.Sprintf("%s(%s)", name, strings.Join(args, ", "))
}

func (a answer) shown(o op) string {
	switch {
	case a.Late, a.Errno != 0:
		return a.String()
	case o.show != nil:
		return o.show(a)
	case len(a.Data) > 0:
		return a.String() + " " + inQuotes(a.Data)
	}
	return a.String()
}

// inQuotes is short text, or how many bytes there are.
func inQuotes(p []byte) string {
	if first, second, two := bytes.Cut(p, []byte{0}); two && len(first) > 0 { // a name and a text
		return inQuotes(first) + ", " + inQuotes(second)
	}
	if len(p) > 80 || strings.ContainsFunc(string(p), func(r rune) bool { return r < ' ' && r != '\n' || r > '~' }) {
		return fmt.Sprintf("%d bytes", len(p))
	}
	return strconv.Quote(string(p))
}

// word is a bit, or a value, with its name.
type word struct {
	value int
	name  string
}

// words name the arguments of one kind. Flags are joined by "|".
var words = map[string][]word{
	"oflag": {{unix.O_WRONLY, "O_WRONLY"}, {unix.O_RDWR, "O_RDWR"}, {unix.O_CREAT, "O_CREAT"}, {unix.O_NONBLOCK, "O_NONBLOCK"},
		{unix.O_CLOEXEC, "O_CLOEXEC"}, {unix.O_DIRECT, "O_DIRECT"}, {unix.O_ASYNC, "O_ASYNC"}, {unix.O_APPEND, "O_APPEND"}, {unix.O_TRUNC, "O_TRUNC"}, {unix.O_EXCL, "O_EXCL"}},
	"handler": {{sigDefault, "SIG_DFL"}, {sigIgnore, "SIG_IGN"}, {sigRestart, "a handler, SA_RESTART"}, {sigNoRestart, "a handler, no SA_RESTART"}},
	"fcmd": {{unix.F_GETFD, "F_GETFD"}, {unix.F_SETFD, "F_SETFD"}, {unix.F_GETFL, "F_GETFL"}, {unix.F_SETFL, "F_SETFL"},
		{unix.F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC"}, {unix.F_DUPFD, "F_DUPFD"}, {unix.F_SETSIG, "F_SETSIG"}, {addSeals, "F_ADD_SEALS"}, {getSeals, "F_GET_SEALS"}, {unix.F_SETPIPE_SZ, "F_SETPIPE_SZ"}, {unix.F_GETPIPE_SZ, "F_GETPIPE_SZ"}},
	"ipcflag": {{unix.IPC_CREAT, "IPC_CREAT"}, {unix.IPC_EXCL, "IPC_EXCL"}},
	"msgflag": {{unix.IPC_NOWAIT, "IPC_NOWAIT"}, {msgNoerror, "MSG_NOERROR"}, {msgExcept, "MSG_EXCEPT"}, {msgCopy, "MSG_COPY"}},
	"events":  {{unix.POLLIN, "POLLIN"}, {unix.POLLOUT, "POLLOUT"}, {unix.POLLERR, "POLLERR"}, {unix.POLLHUP, "POLLHUP"}, {unix.POLLRDHUP, "POLLRDHUP"}, {readNormal, "POLLRDNORM"}, {writeNormal, "POLLWRNORM"}},
	"sendflag": {{unix.MSG_NOSIGNAL, "MSG_NOSIGNAL"}, {unix.MSG_DONTWAIT, "MSG_DONTWAIT"}, {unix.MSG_TRUNC, "MSG_TRUNC"},
		{unix.MSG_CTRUNC, "MSG_CTRUNC"}, {unix.MSG_PEEK, "MSG_PEEK"}, {unix.MSG_WAITALL, "MSG_WAITALL"}, {unix.MSG_OOB, "MSG_OOB"},
		{unix.MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC"}},
	"semcmd": {{sys.SemGetVal, "GETVAL"}, {sys.SemSetVal, "SETVAL"}, {sys.SemGetNcnt, "GETNCNT"}, {sys.SemGetZcnt, "GETZCNT"}, {semGetPID, "GETPID"}, {unix.IPC_RMID, "IPC_RMID"}},
	"sock":   {{unix.SOCK_STREAM, "SOCK_STREAM"}, {unix.SOCK_DGRAM, "SOCK_DGRAM"}, {unix.SOCK_SEQPACKET, "SOCK_SEQPACKET"}},
	"how":    {{unix.SHUT_RD, "SHUT_RD"}, {unix.SHUT_WR, "SHUT_WR"}},
	"sockopt": {{unix.SO_SNDBUF, "SO_SNDBUF"}, {unix.SO_RCVBUF, "SO_RCVBUF"}, {unix.SO_PASSCRED, "SO_PASSCRED"}, {unix.SO_RCVTIMEO, "SO_RCVTIMEO"},
		{unix.SO_SNDTIMEO, "SO_SNDTIMEO"}, {unix.SO_TYPE, "SO_TYPE"}, {unix.SO_DOMAIN, "SO_DOMAIN"}, {unix.SO_PROTOCOL, "SO_PROTOCOL"}, {unix.SO_ERROR, "SO_ERROR"},
		{unix.SO_ACCEPTCONN, "SO_ACCEPTCONN"}, {unix.SO_PEEK_OFF, "SO_PEEK_OFF"}, {unix.SO_RCVLOWAT, "SO_RCVLOWAT"}},
	"spliceflag": {{unix.SPLICE_F_NONBLOCK, "SPLICE_F_NONBLOCK"}, {unix.SPLICE_F_MOVE, "SPLICE_F_MOVE"}, {unix.SPLICE_F_GIFT, "SPLICE_F_GIFT"}},
	"memfdflag":  {{unix.MFD_CLOEXEC, "MFD_CLOEXEC"}, {unix.MFD_ALLOW_SEALING, "MFD_ALLOW_SEALING"}},
	"prot":       {{unix.PROT_READ, "PROT_READ"}, {unix.PROT_WRITE, "PROT_WRITE"}},
	"mapflag":    {{unix.MAP_SHARED, "MAP_SHARED"}, {unix.MAP_PRIVATE, "MAP_PRIVATE"}},
}

func init() { words["openflag"] = words["oflag"] }

// values are kinds whose arguments are one of the words, not a sum of them.
var values = map[string]bool{"fcmd": true, "semcmd": true, "sock": true, "how": true, "handler": true, "sockopt": true}

func argument(kind string, n int) string {
	switch {
	case kind == "sig":
		return unix.SignalName(unix.Signal(n))
	case kind == "u64":
		return strconv.FormatUint(uint64(int64(n)), 10)
	case kind == "key" && n == unix.IPC_PRIVATE:
		return "IPC_PRIVATE"
	case kind == "mode":
		return fmt.Sprintf("%#o", n)
	case words[kind] != nil && values[kind]:
		for _, w := range words[kind] {
			if w.value == n {
				return w.name
			}
		}
	case words[kind] != nil:
		return flags(kind, n)
	}
	return strconv.Itoa(n)
}

func flags(kind string, n int) string {
	var names []string
	for _, w := range words[kind] {
		if n&w.value == w.value {
			names = append(names, w.name)
			n &^= w.value
		}
	}
	if n != 0 && (kind == "ipcflag" || kind == "msgflag") {
		names = append(names, fmt.Sprintf("%#o", n))
	} else if n != 0 {
		names = append(names, fmt.Sprintf("%#x", n))
	}
	if names == nil {
		if kind == "openflag" {
			return "O_RDONLY"
		}
		return "0"
	}
	return strings.Join(names, "|")
}
