package semantics

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
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
