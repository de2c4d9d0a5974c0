package mechanisms

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// zerocopySender sends out of buffers of its own, of a message each, in turn. A
// buffer is used again when the kernel has told that it has done with it, by
// notices that are read only where the next buffer is still held: one of them
// then tells of several. It is both a Sender, with a copy of its own, and a
// Lender.
type zerocopySender struct {
	descriptor
	size    int    // bytes in a message
	memory  []byte // of all of them
	buffers []heldBuffer
	at      int    // the next of them
	calls   uint32 // that were given pages so far, as the kernel counts them
	notices *sys.Notices
	noticed waiter // for a notice, as long as it takes
	flags   int    // of sendto(2)
}

// heldBuffer is one of them, and the calls that it was last given by: several
// where the socket took a message in parts.
type heldBuffer struct {
	p    []byte
	from uint32 // number of the first call
	n    uint32 // how many
	held uint32 // of them, those that hold pages still
}

// done tells the buffer that the calls from first to last hold no pages. Numbers
// go round at 2³².
func (b *heldBuffer) done(first, last uint32) {
	if low, high := max(0, int32(first-b.from)), min(int32(b.n)-1, int32(last-b.from)); low <= high {
		b.held -= uint32(high - low + 1)
	}
}

// mostHeld bounds the buffers: each is a record in kernel memory, of which a
// socket has little, net.core.optmem_max.
const mostHeld = 16

// zerocopyBuffers makes buffers for half of what the socket's own accounts, so
// that it takes each whole, and for a share of what a user may lock, who may have
// several links: two at least, so that one is written while another is sent.
func zerocopyBuffers(fd int, s Spec) (memory []byte, all []heldBuffer, err error) {
	room, err := askBuffer(fd, unix.SO_SNDBUF, 0)
	if err != nil {
		return nil, nil, err
	}
	n := min(mostHeld, room/2/s.Size)
	most, err := lockable()
	if err != nil {
		return nil, nil, err
	}
	const links = 8
	if most.N > 0 {
		n = min(n, most.N/links/s.Size)
	}
	n = max(n, 2)
	page := os.Getpagesize()
	step := (s.Size + page - 1) / page * page
	if memory, err = sys.Anonymous(n * step); err != nil {
		return nil, nil, err
	}
	all = make([]heldBuffer, n)
	for i := range all {
		all[i].p = memory[i*step:][:s.Size]
	}
	return memory, all, nil
}

func openZerocopySender(t Ticket) (Sender, error) {
	const mech = "tcpzerocopy"
	fd, err := duplicate(mech, t)
	if err != nil {
		return nil, err
	}
	s := &zerocopySender{size: t.Spec.Size, notices: sys.NewNotices(), flags: unix.MSG_ZEROCOPY | unix.MSG_NOSIGNAL}
	if _, err := open(mech, fd, t.Spec, func(d descriptor) Sender { s.descriptor = d; return s }); err != nil {
		return nil, err
	}
	how := t.Spec.Wait
	if how == "" {
		how = "poll"
	}
	if s.noticed, err = newWaiter(how, fd, 0); err != nil { // POLLERR is always asked for
		return nil, failed("open", mech, s.size, errors.Join(err, s.descriptor.Close()))
	}
	if s.memory, s.buffers, err = zerocopyBuffers(fd, t.Spec); err != nil {
		return nil, failed("open", mech, s.size, errors.Join(err, s.noticed.close(), s.descriptor.Close()))
	}
	runtime.AddCleanup(s, unmap, s.memory)
	return s, nil
}

// Close closes the end. What is under way keeps its pages.
func (s *zerocopySender) Close() error {
	return errors.Join(s.noticed.close(), s.descriptor.Close(), sys.Vacate(s.memory))
}

func (s *zerocopySender) Send(p []byte) error {
	if len(p) != s.size {
		return failed("send", s.mechanism, len(p), errLength(len(p), s.size))
	}
	b, err := s.Loan()
	if err != nil {
		return err
	}
	copy(b, p)
	return s.SendLoan()
}

// Loan waits until the next buffer is not held.
func (s *zerocopySender) Loan() ([]byte, error) {
	b := &s.buffers[s.at]
	for refused := 1; b.held > 0; refused++ {
		told, err := s.notice()
		if err == nil && !told {
			err = s.noticed.wait(refused)
		}
		if err != nil {
			return nil, failed("send", s.mechanism, s.size, err)
		}
	}
	return b.p, nil
}

// notice takes one notice and tells whether there was one.
func (s *zerocopySender) notice() (told bool, err error) {
	a := s.notices.Next(s.fd)
	if a.WouldBlock() {
		return false, nil
	}
	if _, err := a.Result("recvmsg"); err != nil {
		return false, err
	}
	if first, last, _, ok := s.notices.Range(); ok {
		for i := range s.buffers {
			s.buffers[i].done(first, last)
		}
	}
	return true, nil
}

func (s *zerocopySender) SendLoan() error {
	b := &s.buffers[s.at]
	b.from, b.n = s.calls, 0
	refused := 0
	for rest := b.p; len(rest) > 0; {
		a := sys.Untried.SettleSend(s.fd, rest, s.flags)
		if a < 0 {
			refused++
			if err := s.refused(a, refused); err != nil {
				return failed("send", s.mechanism, s.size, err)
			}
			continue
		}
		rest, refused = rest[a:], 0
		b.n++
		b.held++
		s.calls++
	}
	if s.at++; s.at == len(s.buffers) {
		s.at = 0
	}
	return nil
}
