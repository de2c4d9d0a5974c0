package pipes

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sharedmem"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// A pipe that the sender hands its own pages instead of having them copied.
// The receiver reads, which copies.
var _ = register(0, mechanisms.Mechanism{
	Name:         "vmsplice",
	VariantOf:    "pipe",
	Summary:      "the sender's own pages through a pipe, read by copying",
	Man:          vmspliceMan,
	Framing:      mechanisms.Stream,
	Since:        "2.6.27", // pipe2
	WorksInPlace: true,
	Facts: mechanisms.Facts{
		Kernel: "A vmsplice(2) enters vmsplice_to_pipe in fs/splice.c, which takes a reference to each page of the message (iov_iter_get_pages2). It hangs each page on a slot of its own in the pipe: nothing is copied. " +
			"A read(2) enters pipe_read, which copies straight out of the sender's pages and drops the references. " +
			"The sender gets no notice of it, so it must count. Its pages go round in a pool that holds one piece more than the pipe has slots for.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "vmsplice", Own: 1}, Object: "the sender's pages, in a pipe",
			Receive: mechanisms.Hop{Call: "read", Kernel: 1},
		},
		Traits: vmspliceTraits,
		Cautions: []mechanisms.Caution{
			changesUnderReader,
			{Text: "no call reports when a page may be used again: the sender must know how many are on their way", Man: "vmsplice(2)"},
			wholeSlots,
			breaks,
		},
	},
	Limits:       vmspliceLimits,
	OpenSender:   opensVmsplice("vmsplice", 0),
	OpenReceiver: descriptor.OpensInPlace("vmsplice"),
})

var (
	vmspliceMan        = []string{"vmsplice(2)", "pipe(7)", "splice(2)"}
	changesUnderReader = mechanisms.Caution{Text: "what is written to a page before the reader has read it, the reader reads", Man: "vmsplice(2)", Silent: true}
	wholeSlots         = mechanisms.Caution{Text: "a message takes whole pages of the pipe's capacity, however short it is", Man: "pipe(7)"}
)

var vmspliceTraits = func() mechanisms.Traits {
	t := pipeTraits
	t.Atomic = mechanisms.Documented("nothing, at any size", "vmsplice(2)")
	t.Capacity = mechanisms.Checked("16 pages, the sender's own", "P21", "Z12")
	return t
}()

func vmspliceLimits(queue int) (mechanisms.Limits, error) {
	l, err := pipeLimits(queue)
	l.Atomic = mechanisms.Limit{N: 1, Source: "vmsplice(2)", Beyond: "no page states that a call adds all of its pages at once, vmsplice(2)"}
	return l, err
}

// pagePool is a ring of buffers, in memory that a sender hands to a pipe page
// by page and uses again without notice of when it may. A message that is
// copied goes in pieces of as many pages as the pipe has slots, one that is
// made in place in one piece. There is one piece more than the pipe can hold
// pages of, which is enough:
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

func newPagePool(fd int, s mechanisms.Spec) (*pagePool, error) {
	capacity, err := mechanisms.PipeSize(fd)
	if err != nil {
		return nil, err
	}
	page := os.Getpagesize()
	pages, slots := (s.Size+page-1)/page, capacity/page
	piece := pages
	if !s.InPlace {
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

// turn moves on to the next buffer, and reports whether it is the first again.
func (p *pagePool) turn() bool {
	if p.at += p.step; p.at == len(p.memory) {
		p.at = 0
	}
	return p.at == 0
}

// vmspliceSender is both a Sender, with a copy of its own, and an InPlaceSender.
type vmspliceSender struct {
	descriptor.End
	*pagePool
	flags  int
	vector unix.Iovec
}

func opensVmsplice(mech string, flags int) func(mechanisms.Ticket) (mechanisms.Sender, error) {
	return func(t mechanisms.Ticket) (mechanisms.Sender, error) {
		fd, err := descriptor.Duplicate(mech, t)
		if err != nil {
			return nil, err
		}
		d := descriptor.End{Mechanism: mech, Num: fd}
		pool, err := newPagePool(d.Num, t.Spec)
		if err != nil {
			return nil, mechanisms.Failed("open", mech, t.Spec.Size, errors.Join(err, d.Close()))
		}
		s := &vmspliceSender{End: d, pagePool: pool, flags: flags}
		runtime.AddCleanup(s, sharedmem.Free, pool.memory)
		return s, nil
	}
}

// Close closes the end. What is in the pipe keeps its pages.
func (s *vmspliceSender) Close() error {
	return errors.Join(s.End.Close(), sys.Vacate(s.memory))
}

func (s *vmspliceSender) Send(p []byte) error {
	if len(p) != s.size {
		return mechanisms.Failed("send", s.Mechanism, len(p), mechanisms.WrongLength(len(p), s.size))
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

func (s *vmspliceSender) Commit() error { return s.hand(s.buffer(s.size)) }

// Reserve returns pages of the sender's own. Those that have not been written to since
// others were given away are all one page of the kernel's, of zeroes, which
// would be cheaper to read than any message is.
func (s *vmspliceSender) Reserve() ([]byte, error) {
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
	if a := sys.TryVmsplice(s.Num, &s.vector, s.flags); int(a) != len(piece) {
		if err := s.rest(piece, a); err != nil {
			return mechanisms.Failed("send", s.Mechanism, s.size, err)
		}
	}
	if s.turn() && s.flags&unix.SPLICE_F_GIFT != 0 {
		return sys.Forget(s.memory)
	}
	return nil
}

// rest gives the pipe what it has not taken yet.
func (s *vmspliceSender) rest(piece []byte, a sys.Attempt) error {
	for ; ; a = sys.TryVmsplice(s.Num, &s.vector, s.flags) {
		n, err := a.Vmsplice(s.Num, &s.vector, s.flags)
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
