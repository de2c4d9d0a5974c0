package bench

import (
	"fmt"

	"ipcbench/mechanisms"
)

// With copy=0 both sides work in the link's own memory: messages are made where
// they are sent from, and looked at where they arrive. Of a payload that nobody
// wants to see, nothing is then written or read.

// lend is send into what the link lends.
func lend(e *Ends, n int) (err error) {
	out, ok := e.Senders[0].(mechanisms.Lender)
	if !ok {
		return fmt.Errorf("%T does not lend", e.Senders[0])
	}
	defer func(own []byte) { e.buf = own }(e.buf)
	for range n {
		if e.buf, err = out.Loan(); err != nil {
			return err
		}
		e.stamp()
		if err = out.SendLoan(); err != nil {
			return err
		}
	}
	return nil
}

// borrow is receive without taking anything away.
func borrow(e *Ends, n int) (err error) {
	in, ok := e.Receivers[0].(mechanisms.Borrower)
	if !ok {
		return fmt.Errorf("%T does not lend", e.Receivers[0])
	}
	defer func(own []byte) { e.buf = own }(e.buf)
	for range n {
		if e.buf, err = in.Borrow(); err != nil {
			return err
		}
		if err = e.check(); err != nil {
			return err
		}
		if err = in.Return(); err != nil {
			return err
		}
	}
	return nil
}
