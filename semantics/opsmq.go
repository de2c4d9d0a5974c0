package semantics

import (
	"ipcbench/internal/sys"
)

// mqOps are calls on POSIX message queues. Names have no leading slash here, as
// the kernel wants them.
var mqOps = map[string]op{
	"mq_open": {params: "oflag maxmsg msgsize", do: func(a []int, d []byte) answer {
		return result(sys.MqOpen(string(d), a[0], 0o600, &sys.MqAttr{Maxmsg: a[1], Msgsize: a[2]}))
	}},
	"mq_unlink": {do: func(_ []int, d []byte) answer { return result(0, sys.MqUnlink(string(d))) }},
	"mq_send":   {params: "fd priority", do: func(a []int, d []byte) answer { return result(0, sys.MqSend(a[0], d, a[1])) }},
	"mq_receive": {params: "fd n", do: func(a []int, _ []byte) answer {
		p := make([]byte, a[1])
		n, _, err := sys.MqReceive(a[0], p)
		return reading(p, n, err)
	}},
	"mq_curmsgs": {name: "mq_getattr", params: "fd", do: func(a []int, _ []byte) answer { attr, err := sys.MqGetAttr(a[0]); return result(attr.Curmsgs, err) }},
}
