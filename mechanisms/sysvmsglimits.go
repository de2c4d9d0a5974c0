package mechanisms

import "golang.org/x/sys/unix"

const (
	msgMax = "/proc/sys/kernel/msgmax"
	msgMnb = "/proc/sys/kernel/msgmnb"
)

func sysvmsgLimits(queue int) (Limits, error) {
	largest, err := sysctl(msgMax)
	if err != nil {
		return Limits{}, err
	}
	holds, source := queue, "msg_qbytes"
	if queue == 0 {
		source = msgMnb
		if holds, err = sysctl(msgMnb); err != nil {
			return Limits{}, err
		}
	}
	message := Limit{N: largest, Source: msgMax, Beyond: "msgsnd(2)", Errno: unix.EINVAL}
	if holds < largest {
		message = neverFits(holds, source)
	}
	q, err := msgQueueLimit()
	return Limits{Message: message, Queue: q}, err
}

// neverFits is the limit on a message for a queue that holds n bytes.
func neverFits(n int, source string) Limit {
	return Limit{N: n, Source: source, Beyond: "would wait for room for ever, msgop(2)"}
}

// msgQueueLimit is msgmnb, which CAP_SYS_RESOURCE may exceed as it may exceed
// pipe-max-size. Whether the kernel grants it a pipe tells: it ends with this
// process, where a queue to try would be left behind by one that is killed.
func msgQueueLimit() (Limit, error) {
	pipe, err := pipeQueueLimit()
	if err != nil || pipe.N == 0 {
		return Limit{}, err
	}
	n, err := sysctl(msgMnb)
	return Limit{N: n, Source: msgMnb, Beyond: "msgctl(2)", Errno: unix.EPERM}, err
}
