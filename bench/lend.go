package bench

import "ipcbench/mechanisms"

// The functions below play with copy=0: messages are made and looked at where
// the link keeps them. The message under way is then no buffer of the worker's
// but the link's memory: e.buf is one message after the other.

func sendLent(e *Ends, n int) error {
	out := e.Senders[0].(mechanisms.Lender)
	for range n {
		if err := e.sendLoan(out); err != nil {
			return err
		}
	}
	return nil
}

func receiveLent(e *Ends, n int) error {
	in := e.Receivers[0].(mechanisms.Borrower)
	for range n {
		if err := e.borrow(in); err != nil {
			return err
		}
	}
	return nil
}

func pingLent(e *Ends, n int) error {
	there, back := e.Senders[0].(mechanisms.Lender), e.Receivers[0].(mechanisms.Borrower)
	watch := e.stopwatch()
	for range n {
		if err := e.sendLoan(there); err != nil {
			return err
		}
		if err := e.borrow(back); err != nil {
			return err
		}
		watch.lap()
	}
	return nil
}

// answerLent makes an answer in its place, rather than copy what it answers:
// the stamp is that of the message, since there is one for each.
func answerLent(e *Ends, n int) error {
	in, out := e.Receivers[0].(mechanisms.Borrower), e.Senders[0].(mechanisms.Lender)
	for range n {
		if err := e.borrow(in); err != nil {
			return err
		}
		if err := e.sendLoan(out); err != nil {
			return err
		}
	}
	return nil
}

// sendLoan makes the next message where it will lie.
func (e *Ends) sendLoan(out mechanisms.Lender) (err error) {
	if e.buf, err = out.Loan(); err != nil {
		return err
	}
	e.stamp()
	return out.SendLoan()
}

// borrow looks at the next message where it lies, and gives the memory back.
func (e *Ends) borrow(in mechanisms.Borrower) (err error) {
	if e.buf, err = in.Borrow(); err != nil {
		return err
	}
	if err = e.check(); err != nil {
		return err
	}
	return in.Return()
}
