package bench

import "ipcbench/mechanisms"

// batchRoom bounds the bytes of a batch, of which each process holds one.
const batchRoom = 64 << 20

// sendBatches sends n messages, as many in a call as the cell asks for. The
// last call takes what is left.
func sendBatches(e *Ends, n int) error {
	out := e.Senders[0].(mechanisms.BatchSender)
	for n > 0 {
		ps := e.batch[:min(n, len(e.batch))]
		for _, e.buf = range ps {
			e.stamp()
		}
		if err := out.SendBatch(ps); err != nil {
			return err
		}
		n -= len(ps)
	}
	return nil
}

// receiveBatches receives n messages, as many in a call, and checks each.
func receiveBatches(e *Ends, n int) error {
	in := e.Receivers[0].(mechanisms.BatchReceiver)
	for n > 0 {
		ps := e.batch[:min(n, len(e.batch))]
		if err := in.RecvBatch(ps); err != nil {
			return err
		}
		for _, e.buf = range ps {
			if err := e.check(); err != nil {
				return err
			}
		}
		n -= len(ps)
	}
	return nil
}
