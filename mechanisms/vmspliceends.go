package mechanisms

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// pagePool is a ring of buffers, in memory that a sender hands to a pipe page by
// page and uses again without being told when it may. A message that is copied
// goes in pieces of as many pages as the pipe has slots, one that is lent in one
// piece. There is one piece more than the pipe can hold pages of, which is
// enough:
//
//   - Every piece begins on a page, and so does what is left of one that went
//     in part, since vmsplice(2) takes whole pages up to the last. So a slot of
//     the pipe holds at most one page, of one piece, and a piece of c pages takes
//     c slots.
//   - The slots are used in order, and a reader gives one back only when it has
//     copied the last byte out of it. So with s slots, what is in the pipe or
//     being read is at most the last s pages that were sent.
//   - Those belong to the last ⌈s/c⌉ pieces that were sent, or to one more where
//     the last piece of each message is shorter. One buffer more is written to
//     meanwhile.
//
// A pipe keeps its slots, F_GETPIPE_SZ: a launch in which another process has
// changed them is untrusted. It does not hold for pages that a splice(2) moves on into another pipe.
type pagePool struct {
	memory []byte
	size   int // bytes in a message
	step   int // bytes in a piece: whole pages
	at     int // where the next piece goes
}

func newPagePool(fd int, s Spec) (*pagePool, error) {
	capacity, err := pipeSize(fd)
	if err != nil {
		return nil, err
	}
	page := os.Getpagesize()
	pages, slots := (s.Size+page-1)/page, capacity/page
	piece := pages
	if !s.Lend {
		piece = min(pages, slots)
	}
	pieces := (slots+piece-1)/piece + 1
	if pages%piece > 0 {
		pieces++
	}
	p := &pagePool{size: s.Size, step: piece * page}
	p.memory, err = sys.Anonymous(pieces * p.step)
	return p, err
}

// buffer is where the next piece goes, of n bytes or as many as it holds.
func (p *pagePool) buffer(n int) []byte { return p.memory[p.at : p.at+min(n, p.step)] }

// turn moves on to the next buffer, and tells whether it is the first again.
func (p *pagePool) turn() bool {
	if p.at += p.step; p.at == len(p.memory) {
		p.at = 0
	}
	return p.at == 0
}

// unmap frees the addresses of an end that no goroutine can reach any more.
// Close gives back the memory, and leaves them: it may come while a goroutine is
// in the end.
func unmap(memory []byte) { sys.Munmap(memory) }

// vmspliceSender is both a Sender, with a copy of its own, and a Lender.
type vmspliceSender struct {
	descriptor
	*pagePool
	flags  int
	vector unix.Iovec
}

func opensVmsplice(mech string, flags int) func(Ticket) (Sender, error) {
	return func(t Ticket) (Sender, error) {
		fd, err := duplicate(mech, t)
		if err != nil {
			return nil, err
		}
		d := descriptor{mechanism: mech, fd: fd}
		pool, err := newPagePool(d.fd, t.Spec)
		if err != nil {
			return nil, failed("open", mech, t.Spec.Size, errors.Join(err, d.Close()))
		}
		s := &vmspliceSender{descriptor: d, pagePool: pool, flags: flags}
		runtime.AddCleanup(s, unmap, pool.memory)
		return s, nil
	}
}

// Close closes the end. What is in the pipe keeps its pages.
func (s *vmspliceSender) Close() error {
	return errors.Join(s.descriptor.Close(), sys.Vacate(s.memory))
}

func (s *vmspliceSender) Send(p []byte) error {
	if len(p) != s.size {
		return failed("send", s.mechanism, len(p), errLength(len(p), s.size))
	}
	for rest := p; len(rest) > 0; {
		b := s.buffer(len(rest))
		rest = rest[copy(b, rest):]
		if err := s.hand(b); err != nil {
			return err
		}
	}
	return nil
}

func (s *vmspliceSender) SendLoan() error { return s.hand(s.buffer(s.size)) }

// Loan returns pages of the sender's own. Those that nobody has written to since
// others were given away are all one page of the kernel's, of zeroes, which
// would be cheaper to read than any message is.
func (s *vmspliceSender) Loan() ([]byte, error) {
	p := s.buffer(s.size)
	if s.flags&unix.SPLICE_F_GIFT != 0 {
		for at := 0; at < len(p); at += os.Getpagesize() {
			p[at] = 0
		}
	}
	return p, nil
}

// hand gives the pipe the piece and moves on. Pages that were given for good are
// forgotten before their addresses are used again, all at once.
func (s *vmspliceSender) hand(piece []byte) error {
	s.vector = sys.Vector(piece)
	if a := sys.TryVmsplice(s.fd, &s.vector, s.flags); int(a) != len(piece) {
		if err := s.rest(piece, a); err != nil {
			return failed("send", s.mechanism, s.size, err)
		}
	}
	if s.turn() && s.flags&unix.SPLICE_F_GIFT != 0 {
		return sys.Forget(s.memory)
	}
	return nil
}

// rest gives the pipe what it has not taken yet.
func (s *vmspliceSender) rest(piece []byte, a sys.Attempt) error {
	for ; ; a = sys.TryVmsplice(s.fd, &s.vector, s.flags) {
		n, err := a.Vmsplice(s.fd, &s.vector, s.flags)
		if err != nil {
			return err
		}
		if piece = piece[n:]; len(piece) == 0 {
			return nil
		}
		s.vector = sys.Vector(piece)
	}
}

// Fill sends without blocking, by a flag of each call.
func (s *vmspliceSender) Fill(p []byte) (whole int, err error) {
	defer func(flags int) { s.flags = flags }(s.flags)
	s.flags |= unix.SPLICE_F_NONBLOCK
	for ; ; whole++ {
		err := s.Send(p)
		if errors.Is(err, unix.EAGAIN) {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
	}
}

// lentReader is a Borrower that shows a message where its own Recv has put it:
// a copy on the receiver's side that nothing saves.
type lentReader struct {
	Receiver
	buf []byte
}

func (r *lentReader) Borrow() ([]byte, error) { return r.buf, r.Recv(r.buf) }
func (r *lentReader) Return() error           { return nil }

// lent is r, as a Borrower where the link lends.
func lent(r Receiver, s Spec) Receiver {
	if s.Lend {
		return &lentReader{r, Buffer(s.Size)}
	}
	return r
}

// openReader opens the receivers of a pipe that lends.
func openReader(mech string) func(Ticket) (Receiver, error) {
	open := opens(mech, recvStream)
	return func(t Ticket) (Receiver, error) {
		r, err := open(t)
		if err != nil {
			return nil, err
		}
		return lent(r, t.Spec), nil
	}
}
