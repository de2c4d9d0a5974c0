package bench

import (
	"encoding/binary"

	"ipcbench/mechanisms"
)

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

// The functions below play with copy=0: messages are made and looked at where
// the link keeps them. The message under way is then no buffer of the worker's
// but the link's memory: e.buf is one message after the other.

func sendInPlace(e *Ends, n int) error {
	out := e.Senders[0].(mechanisms.InPlaceSender)
	for range n {
		if err := e.commitNext(out); err != nil {
			return err
		}
	}
	return nil
}

func receiveInPlace(e *Ends, n int) error {
	in := e.Receivers[0].(mechanisms.InPlaceReceiver)
	for range n {
		if err := e.peekNext(in); err != nil {
			return err
		}
	}
	return nil
}

func pingInPlace(e *Ends, n int) error {
	there, back := e.Senders[0].(mechanisms.InPlaceSender), e.Receivers[0].(mechanisms.InPlaceReceiver)
	watch := e.stopwatch()
	for range n {
		if err := e.commitNext(there); err != nil {
			return err
		}
		if err := e.peekNext(back); err != nil {
			return err
		}
		watch.lap()
	}
	return nil
}

// answerInPlace makes an answer in its place, rather than copy what it answers:
// the stamp is that of the message, since there is one for each.
func answerInPlace(e *Ends, n int) error {
	in, out := e.Receivers[0].(mechanisms.InPlaceReceiver), e.Senders[0].(mechanisms.InPlaceSender)
	for range n {
		if err := e.peekNext(in); err != nil {
			return err
		}
		if err := e.commitNext(out); err != nil {
			return err
		}
	}
	return nil
}

// commitNext makes the next message where it will lie.
func (e *Ends) commitNext(out mechanisms.InPlaceSender) (err error) {
	if e.buf, err = out.Reserve(); err != nil {
		return err
	}
	e.stamp()
	return out.Commit()
}

// peekNext looks at the next message where it lies, and gives the memory back.
func (e *Ends) peekNext(in mechanisms.InPlaceReceiver) (err error) {
	if e.buf, err = in.Peek(); err != nil {
		return err
	}
	if err = e.check(); err != nil {
		return err
	}
	return in.Release()
}

// A receiver may look at no more of a message than its stamp, and shared memory
// then never moves the rest to its CPU. Touching is what a receiver does that
// wants the payload: it reads every byte, or writes every byte anew.

// touch is what a receiver does with a message, by the cell's option. It comes
// after the checks, so that none of them sees what is written.
func (e *Ends) touch() {
	body := e.buf[min(stampBytes, len(e.buf)):]
	switch {
	case e.cell.Touch == "read":
		e.sum += sum(body)
	case e.cell.Touch == "write" && e.content == Sealed:
		seal(e.buf) // writes all of it too, and what is passed on can be checked again
	case e.cell.Touch == "write":
		overwrite(body, e.sum)
		e.sum++
	}
}

// sum reads every byte of p. Four sums at once keep the memory busy, not the
// adder.
func sum(p []byte) uint64 {
	var a, b, c, d uint64
	for ; len(p) >= 32; p = p[32:] {
		a += binary.LittleEndian.Uint64(p)
		b += binary.LittleEndian.Uint64(p[8:])
		c += binary.LittleEndian.Uint64(p[16:])
		d += binary.LittleEndian.Uint64(p[24:])
	}
	for _, x := range p {
		a += uint64(x)
	}
	return a + b + c + d
}

// overwrite writes every byte of p.
func overwrite(p []byte, word uint64) {
	for ; len(p) >= 32; p = p[32:] {
		binary.LittleEndian.PutUint64(p, word)
		binary.LittleEndian.PutUint64(p[8:], word)
		binary.LittleEndian.PutUint64(p[16:], word)
		binary.LittleEndian.PutUint64(p[24:], word)
	}
	for i := range p {
		p[i] = byte(word)
	}
}
