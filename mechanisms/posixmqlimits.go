package mechanisms

import (
	"errors"

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

// refusedQueue tells why a queue within the limits could not be made, where
// the reason is how many others there are.
func refusedQueue(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC):
		n, e := sysctl(mqQueuesMax)
		if e != nil {
			return errors.Join(err, e)
		}
		return &UnsupportedError{Mechanism: "posixmq", What: "message queues", Value: n + 1,
			Limit: Limit{N: n, Source: mqQueuesMax, Beyond: "mq_open(3)", Errno: unix.ENOSPC}}
	case errors.Is(err, unix.EMFILE):
		// The same errno for two limits: is there a descriptor left?
		if fd, e := unix.Dup(2); e != nil {
			return err
		} else {
			unix.Close(fd)
		}
		var limit unix.Rlimit
		if e := unix.Getrlimit(unix.RLIMIT_MSGQUEUE, &limit); e != nil {
			return errors.Join(err, e)
		}
		n := int(limit.Cur)
		return &UnsupportedError{Mechanism: "posixmq", What: "bytes in all message queues of this user, at least", Value: n + 1,
			Limit: Limit{N: n, Source: "RLIMIT_MSGQUEUE", Beyond: "getrlimit(2)", Errno: unix.EMFILE}}
	}
	return err
}
