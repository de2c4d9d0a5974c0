package conformance

import (
	"fmt"
	"testing"

	"ipcbench/mechanisms"
)

func allocation(b *bed) error {
	return b.each(b.spec(1), func(l *line) error {
		p := mechanisms.Buffer(l.link.Sender.Spec.Size)
		return allocates("Send and Recv", func() error {
			if err := l.senders[0].Send(p); err != nil {
				return err
			}
			return l.receivers[0].Recv(p)
		})
	}, 64, 4096)
}

// allocates holds an operation, again and again, to allocating nothing.
func allocates(what string, operation func() error) (err error) {
	n := testing.AllocsPerRun(500, func() {
		if err == nil {
			err = operation()
		}
	})
	if err == nil && n != 0 {
		err = fmt.Errorf("%v allocations in %s", n, what)
	}
	return err
}
