package conformance

import (
	"fmt"
	"testing"

	"ipcbench/mechanisms"
)

func allocation(b *bed) error {
	for _, size := range b.sizes(64, 4096) {
		l, err := b.line(b.spec(size))
		if err != nil {
			return err
		}
		p := mechanisms.Buffer(size)
		in, out := l.receivers[0], l.senders[0]
		var failed error
		n := testing.AllocsPerRun(500, func() {
			if failed != nil {
				return
			}
			if failed = out.Send(p); failed == nil {
				failed = in.Recv(p)
			}
		})
		if failed != nil {
			return failed
		}
		if n != 0 {
			return fmt.Errorf("%v allocations in Send and Recv of %d B", n, size)
		}
	}
	return nil
}
