package all

import (
	"errors"
	"fmt"
	"testing"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// A batch arrives whole and in order, taken in whatever portions, and
// costs no memory once its headers are there.
func TestBatchesOfPackets(t *testing.T) {
	for _, name := range []string{"seqpacket", "dgram", "unixseq", "unixdgramsock", "udp"} {
		t.Run(name, func(t *testing.T) {
			const n = 5 // fit every queue
			m := mechanisms.Lookup(name)
			sender, receiver := linktest.Attach(t, m, linktest.NewLink(t, m, linktest.Spec(t, m, 64)))
			out, in := sender.(mechanisms.BatchSender), receiver.(mechanisms.BatchReceiver)
			var ps, qs [][]byte
			for i := range n {
				ps, qs = append(ps, linktest.Message(64, 1, i)), append(qs, mechanisms.Buffer(64))
			}
			pass := func() (err error) {
				if err = errors.Join(out.SendBatch(ps), sender.Send(ps[0]), in.RecvBatch(qs[:2]), in.RecvBatch(qs[2:])); err != nil {
					return err
				}
				for i := range n {
					if err := linktest.Same(qs[i], ps[i]); err != nil {
						return fmt.Errorf("message %d: %w", i, err)
					}
				}
				return errors.Join(receiver.Recv(qs[0]), linktest.Same(qs[0], ps[0]))
			}
			linktest.Within(t, pass)
			var err error
			if allocs := testing.AllocsPerRun(50, func() {
				err = errors.Join(err, out.SendBatch(ps), in.RecvBatch(qs))
			}); allocs != 0 || err != nil {
				t.Errorf("%v allocations, error %v", allocs, err)
			}
			linktest.Must(t, errors.Join(sender.Send(ps[0]), out.SendBatch([][]byte{linktest.Message(63, 1, 1)})))
			linktest.Within(t, func() error {
				if err := in.RecvBatch(qs[:2]); err == nil {
					return errors.New("a message of 63 bytes passed for one of 64")
				}
				return nil
			})
		})
	}
}
