package mechanisms

import (
	"errors"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

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

// msgQueueLimit asks one byte too many for a queue of its own and leaves it to
// the kernel to refuse, as pipeQueueLimit does.
func msgQueueLimit() (limit Limit, err error) {
	n, err := sysctl(msgMnb)
	if err != nil {
		return Limit{}, err
	}
	id, err := sys.Msgget(unix.IPC_PRIVATE, 0o600)
	if err != nil {
		return Limit{}, err
	}
	defer func() { err = errors.Join(err, sys.MsgRemove(id)) }()
	err = sys.MsgSetQbytes(id, n+1)
	if errors.Is(err, unix.EPERM) {
		return Limit{N: n, Source: msgMnb, Beyond: "msgctl(2)", Errno: unix.EPERM}, nil
	}
	return Limit{}, err
}
