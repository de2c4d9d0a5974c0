package sys

import "golang.org/x/sys/unix"

// Calls that 32-bit architectures have again with 64-bit times.
func init() {
	syscallNames[unix.SYS_FUTEX_TIME64] = "futex"
	syscallNames[unix.SYS_PPOLL_TIME64] = "ppoll"
	syscallNames[unix.SYS_PSELECT6_TIME64] = "pselect6"
	syscallNames[unix.SYS_CLOCK_NANOSLEEP_TIME64] = "clock_nanosleep"
	syscallNames[unix.SYS_RT_SIGTIMEDWAIT_TIME64] = "rt_sigtimedwait"
	syscallNames[unix.SYS_MQ_TIMEDSEND_TIME64] = "mq_timedsend"
	syscallNames[unix.SYS_MQ_TIMEDRECEIVE_TIME64] = "mq_timedreceive"
}
