package bench

import "ipcbench/mechanisms"

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
