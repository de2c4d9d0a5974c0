package semantics

import (
	"strings"

	"golang.org/x/sys/unix"
)

// bareOps are calls whose arguments reach the kernel as they are, so that a check
// can pass what no wrapper lets through: 0 and 1 are addresses that no process has.
var bareOps = bare(map[string]bareCall{
	"accept4":           {unix.SYS_ACCEPT4, "fd addr addr n"},
	"bind":              {unix.SYS_BIND, "fd addr n"},
	"connect":           {unix.SYS_CONNECT, "fd addr n"},
	"recvmmsg":          {unix.SYS_RECVMMSG, "fd addr n n addr"},
	"getsockname":       {unix.SYS_GETSOCKNAME, "fd addr addr"},
	"getpeername":       {unix.SYS_GETPEERNAME, "fd addr addr"},
	"futex_waitv":       {unix.SYS_FUTEX_WAITV, "addr n n addr n"},
	"sendmmsg":          {unix.SYS_SENDMMSG, "fd addr n n"},
	"write":             {unix.SYS_WRITE, "fd addr n"},
	"getsockopt":        {unix.SYS_GETSOCKOPT, "fd level n addr addr"},
	"setsockopt":        {unix.SYS_SETSOCKOPT, "fd level n addr n"},
	"shutdown":          {unix.SYS_SHUTDOWN, "fd n"},
	"socketpair":        {unix.SYS_SOCKETPAIR, "n n n addr"},
	"epoll_create1":     {unix.SYS_EPOLL_CREATE1, "n"},
	"epoll_ctl":         {unix.SYS_EPOLL_CTL, "fd n fd addr"},
	"epoll_pwait":       {unix.SYS_EPOLL_PWAIT, "fd addr n timeout addr n"},
	"ppoll":             {unix.SYS_PPOLL, "addr n addr addr n"},
	"pselect6":          {unix.SYS_PSELECT6, "n addr addr addr addr addr"},
	"eventfd2":          {unix.SYS_EVENTFD2, "n n"},
	"signalfd4":         {unix.SYS_SIGNALFD4, "fd addr n n"},
	"splice":            {unix.SYS_SPLICE, "fd addr fd addr n n"},
	"vmsplice":          {unix.SYS_VMSPLICE, "fd addr n n"},
	"mknodat":           {unix.SYS_MKNODAT, "fd addr mode n"},
	"mq_notify":         {unix.SYS_MQ_NOTIFY, "fd addr"},
	"mq_timedsend":      {unix.SYS_MQ_TIMEDSEND, "fd addr n n addr"},
	"mq_timedreceive":   {unix.SYS_MQ_TIMEDRECEIVE, "fd addr n addr addr"},
	"set_robust_list":   {unix.SYS_SET_ROBUST_LIST, "addr n"},
	"get_robust_list":   {unix.SYS_GET_ROBUST_LIST, "pid addr addr"},
	"futex":             {unix.SYS_FUTEX, "addr n n addr addr n"},
	"process_vm_readv":  {unix.SYS_PROCESS_VM_READV, "pid addr n addr n n"},
	"process_vm_writev": {unix.SYS_PROCESS_VM_WRITEV, "pid addr n addr n n"},
	"io_uring_setup":    {unix.SYS_IO_URING_SETUP, "n addr"},
})

type bareCall struct {
	nr     uintptr
	params string
}

// bare are the calls under the names that checks use: "bare splice".
func bare(calls map[string]bareCall) map[string]op {
	all := map[string]op{}
	for name, c := range calls {
		if want := len(strings.Fields(c.params)); want > 6 {
			panic(name + " has too many arguments")
		}
		all["bare "+name] = op{name: name, params: c.params, do: func(a []int, _ []byte) answer {
			var v [6]uintptr
			for i, n := range a {
				v[i] = uintptr(n)
			}
			return raw(c.nr, v[0], v[1], v[2], v[3], v[4], v[5])
		}}
	}
	return all
}
