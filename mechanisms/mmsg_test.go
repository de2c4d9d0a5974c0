package mechanisms

import (
	"errors"
	"fmt"
	"testing"
)

// A batch arrives whole and in order, whoever takes it in what portions, and
// costs no memory once its headers are there.
func TestBatchesOfPackets(t *testing.T) {
	for _, name := range []string{"seqpacket", "dgram", "unixseq", "unixdgramsock", "udp"} {
		t.Run(name, func(t *testing.T) {
			const n = 5 // fit every queue
			m := Lookup(name)
			sender, receiver := attach(t, m, newLink(t, m, spec(t, m, 64)))
			out, in := sender.(BatchSender), receiver.(BatchReceiver)
			var ps, qs [][]byte
			for i := range n {
				ps, qs = append(ps, message(64, 1, i)), append(qs, Buffer(64))
			}
			pass := func() (err error) {
				if err = errors.Join(out.SendBatch(ps), sender.Send(ps[0]), in.RecvBatch(qs[:2]), in.RecvBatch(qs[2:])); err != nil {
					return err
				}
				for i := range n {
					if err := same(qs[i], ps[i]); err != nil {
						return fmt.Errorf("message %d: %w", i, err)
					}
				}
				return errors.Join(receiver.Recv(qs[0]), same(qs[0], ps[0]))
			}
			within(t, pass)
			var err error
			if allocs := testing.AllocsPerRun(50, func() {
				err = errors.Join(err, out.SendBatch(ps), in.RecvBatch(qs))
			}); allocs != 0 || err != nil {
				t.Errorf("%v allocations, error %v", allocs, err)
			}
			must(t, errors.Join(sender.Send(ps[0]), out.SendBatch([][]byte{message(63, 1, 1)})))
			within(t, func() error {
				if err := in.RecvBatch(qs[:2]); err == nil {
					return errors.New("a message of 63 bytes passed for one of 64")
				}
				return nil
			})
		})
	}
}
