package mechanisms

import (
	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

const (
	mqueueDir    = "/proc/sys/fs/mqueue"
	mqMessageMax = mqueueDir + "/msgsize_max"
	mqCountMax   = mqueueDir + "/msg_max"
	mqDefault    = mqueueDir + "/msg_default"
	mqQueuesMax  = mqueueDir + "/queues_max"
)

// posixmqLimits are those of who has no CAP_SYS_RESOURCE. With it the kernel
// lets a queue take what RLIMIT_MSGQUEUE leaves of all queues of the user:
// nothing to promise, and nothing that a peer without it could have.
func posixmqLimits(int) (Limits, error) {
	size, err := sysctl(mqMessageMax)
	if err != nil {
		return Limits{}, err
	}
	count, err := sysctl(mqCountMax)
	return Limits{
		Message:  Limit{N: size, Source: mqMessageMax, Beyond: "mq_open(3)", Errno: unix.EINVAL},
		Messages: Limit{N: count, Source: mqCountMax, Beyond: "mq_open(3)", Errno: unix.EINVAL},
	}, err
}

// queueFor is the queue that holds what s asks for: at least so many bytes, in
// messages of its size.
func queueFor(s Spec) (attr sys.MqAttr, err error) {
	attr.Msgsize = s.Size
	if s.Queue == 0 {
		attr.Maxmsg, err = sysctl(mqDefault)
		return attr, err
	}
	attr.Maxmsg = (s.Queue + s.Size - 1) / s.Size
	return attr, nil
}
