package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// SyscallName returns the name of a system call by its number on this
// architecture, as /proc/PID/syscall shows it, or "syscall 123". It knows the
// calls that a process of a benchmark may hang in.
func SyscallName(nr int) string {
	if name := syscallNames[nr]; name != "" {
		return name
	}
	return fmt.Sprintf("syscall %d", nr)
}

var syscallNames = map[int]string{
	unix.SYS_READ:              "read",
	unix.SYS_WRITE:             "write",
	unix.SYS_READV:             "readv",
	unix.SYS_PREAD64:           "pread64",
	unix.SYS_WRITEV:            "writev",
	unix.SYS_OPENAT:            "openat",
	unix.SYS_CLOSE:             "close",
	unix.SYS_FCNTL:             "fcntl",
	unix.SYS_FLOCK:             "flock",
	unix.SYS_FSYNC:             "fsync",
	unix.SYS_SENDTO:            "sendto",
	unix.SYS_RECVFROM:          "recvfrom",
	unix.SYS_SENDMSG:           "sendmsg",
	unix.SYS_RECVMSG:           "recvmsg",
	unix.SYS_ACCEPT4:           "accept4",
	unix.SYS_CONNECT:           "connect",
	unix.SYS_SPLICE:            "splice",
	unix.SYS_TEE:               "tee",
	unix.SYS_VMSPLICE:          "vmsplice",
	unix.SYS_PROCESS_VM_READV:  "process_vm_readv",
	unix.SYS_PROCESS_VM_WRITEV: "process_vm_writev",
	unix.SYS_MADVISE:           "madvise",
	unix.SYS_MSGSND:            "msgsnd",
	unix.SYS_MSGRCV:            "msgrcv",
	unix.SYS_MQ_TIMEDSEND:      "mq_timedsend",
	unix.SYS_MQ_TIMEDRECEIVE:   "mq_timedreceive",
	sysSemtimedop:              "semtimedop",
	unix.SYS_FUTEX:             "futex",
	unix.SYS_PPOLL:             "ppoll",
	unix.SYS_PSELECT6:          "pselect6",
	unix.SYS_EPOLL_PWAIT:       "epoll_pwait",
	unix.SYS_IO_URING_ENTER:    "io_uring_enter",
	unix.SYS_NANOSLEEP:         "nanosleep",
	unix.SYS_CLOCK_NANOSLEEP:   "clock_nanosleep",
	unix.SYS_RT_SIGTIMEDWAIT:   "rt_sigtimedwait",
	unix.SYS_TGKILL:            "tgkill",
	unix.SYS_RT_TGSIGQUEUEINFO: "rt_tgsigqueueinfo",
	unix.SYS_RT_SIGSUSPEND:     "rt_sigsuspend",
	unix.SYS_WAIT4:             "wait4",
	unix.SYS_WAITID:            "waitid",
	unix.SYS_SCHED_YIELD:       "sched_yield",
	unix.SYS_RESTART_SYSCALL:   "restart_syscall", // a call with a time limit, after a stop
	unix.SYS_EXIT_GROUP:        "exit_group",
}
