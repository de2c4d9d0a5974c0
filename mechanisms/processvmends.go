package mechanisms

import (
	"encoding/json"
	"errors"
	"os"
	"unsafe"

	"ipcbench/internal/sys"
)

func addressOf(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }

// vmEnd is what both ends have.
type vmEnd struct {
	*vmPage
	shared []byte // the page
	size   int    // bytes in a message
	stride int    // bytes from slot to slot
	slots  uint32
	passed uint32 // messages, ever
}

func openVM(t Ticket) (e vmEnd, err error) {
	fd, err := duplicate("processvm", t)
	if err != nil {
		return e, err
	}
	d := descriptor{mechanism: "processvm", fd: fd}
	var a vmAttr
	if err = json.Unmarshal(t.Attr, &a); err == nil {
		e.shared, err = sys.Mmap(d.fd, os.Getpagesize())
	}
	if err = errors.Join(err, d.Close()); err != nil {
		return e, failed("open", "processvm", t.Spec.Size, err)
	}
	e.vmPage = (*vmPage)(unsafe.Pointer(unsafe.SliceData(e.shared)))
	e.size, e.stride, e.slots = t.Spec.Size, stride(t.Spec.Size), uint32(a.Slots)
	return e, nil
}

// at is how far from the first slot the next message lies.
func (e *vmEnd) at() int { return int(e.passed&(e.slots-1)) * e.stride }

type vmSender struct {
	vmEnd
	memory []byte
	reader uint32 // the process that may read it
}

// openVMSender tells where the messages will be. It goes on where a sender
// before it has stopped.
func openVMSender(t Ticket) (Sender, error) {
	e, err := openVM(t)
	if err != nil {
		return nil, err
	}
	s := &vmSender{vmEnd: e}
	if s.memory, err = sys.Anonymous(int(s.slots) * s.stride); err != nil {
		return nil, failed("open", "processvm", s.size, errors.Join(err, sys.Munmap(s.shared)))
	}
	s.passed = s.filled.count.Load()
	s.address.Store(uint64(addressOf(s.memory)))
	s.sender.Store(uint32(os.Getpid()))
	return s, nil
}

// Close takes away what has not been received, with the memory that it is in.
func (s *vmSender) Close() error {
	return errors.Join(sys.Munmap(s.memory), sys.Munmap(s.shared))
}

// room waits for a free slot, or tells whether there is one.
func (s *vmSender) room(wait bool) (bool, error) {
	for {
		emptied := s.emptied.count.Load()
		if s.passed-emptied < s.slots {
			return true, nil
		}
		if !wait {
			return false, nil
		}
		if err := s.emptied.await(emptied); err != nil {
			return false, err
		}
	}
}

func (s *vmSender) Send(p []byte) error {
	if len(p) != s.size {
		return failed("send", "processvm", len(p), errLength(len(p), s.size))
	}
	slot, err := s.Loan()
	if err != nil {
		return err
	}
	copy(slot, p)
	return s.SendLoan()
}

func (s *vmSender) Loan() ([]byte, error) {
	if _, err := s.room(true); err != nil {
		return nil, failed("send", "processvm", s.size, err)
	}
	at := s.at()
	return s.memory[at : at+s.size], nil
}

// SendLoan counts the message. The receiver is admitted as soon as it is known
// who that is, which it is before any message where both have opened first.
func (s *vmSender) SendLoan() error {
	if now := s.receiver.Load(); now != s.reader {
		if err := sys.SetPtracer(int(now)); err != nil {
			return failed("send", "processvm", s.size, err)
		}
		s.reader = now
	}
	s.passed++
	if err := s.filled.raise(); err != nil {
		return failed("send", "processvm", s.size, err)
	}
	return nil
}

func (s *vmSender) Fill(p []byte) (whole int, err error) {
	for ; ; whole++ {
		if room, _ := s.room(false); !room {
			return whole, nil
		}
		if err := s.Send(p); err != nil {
			return whole, err
		}
	}
}

type vmReceiver struct{ vmEnd }

func openVMReceiver(t Ticket) (Receiver, error) {
	e, err := openVM(t)
	if err != nil {
		return nil, err
	}
	r := &vmReceiver{e}
	r.passed = r.emptied.count.Load()
	r.receiver.Store(uint32(os.Getpid()))
	return lent(r, t.Spec), nil
}

func (r *vmReceiver) Close() error { return sys.Munmap(r.shared) }

func (r *vmReceiver) Recv(p []byte) error {
	if len(p) != r.size {
		return failed("recv", "processvm", len(p), errLength(r.size, len(p)))
	}
	err := r.filled.await(r.passed)
	if err == nil {
		var n int
		n, err = sys.ProcessVMReadv(int(r.sender.Load()), p, uintptr(r.address.Load())+uintptr(r.at()))
		if err == nil && n != r.size {
			err = errLength(n, r.size)
		}
	}
	if err == nil {
		r.passed++
		err = r.emptied.raise()
	}
	if err != nil {
		return failed("recv", "processvm", len(p), err)
	}
	return nil
}
