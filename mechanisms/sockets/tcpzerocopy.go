package sockets

import (
	"errors"
	"math"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sharedmem"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

var tcpzerocopy = socketKind{"tcpzerocopy", connectPair(unix.AF_INET, unix.SOCK_STREAM, inetPort, sizeZerocopy), givenTCP}

// TCP whose sender hands over its own pages. The two directions of a pair are
// two connections: what waits to read would be woken by notices of what it has
// sent on the same socket, POLLERR, and find nothing to read.
var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:         "tcpzerocopy",
	VariantOf:    "tcp",
	Summary:      "the sender's own pages through TCP on 127.0.0.1, MSG_ZEROCOPY, which the loopback copies after all",
	Family:       mechanisms.NetworkSockets,
	Man:          []string{"tcp(7)", "send(2)", "recv(2)", "ip(7)"},
	Framing:      mechanisms.Stream,
	Since:        "4.14",
	EOF:          true,
	Polls:        true,
	WorksInPlace: true,
	Facts: mechanisms.Facts{
		Kernel: "A sendto(2) with MSG_ZEROCOPY enters tcp_sendmsg_locked, which takes a reference to each page of the message (msg_zerocopy_realloc, skb_zerocopy_iter_stream) and copies nothing. " +
			"The loopback device hands each packet to a softirq on the same CPU. There skb_orphan_frags_rx copies the pages after all (skb_copy_ubufs), since a receiver on this machine might keep them forever: " + zerocopyPage + ", deferred copies. " +
			"When a packet is acknowledged its references are dropped (__msg_zerocopy_callback). The error queue of the socket then lists by number the calls whose pages may be used again, with SO_EE_CODE_ZEROCOPY_COPIED. One notice can list several calls in a row. " +
			"A read(2) enters tcp_recvmsg, which copies out of those copies.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "sendto", Kernel: 1, Own: 1, Also: []string{"recvmsg"}, Waits: []string{"ppoll"}}, Object: "copies that the loopback made",
			Receive: mechanisms.Hop{Call: "read", Kernel: 1},
		},
		Unrelated: true,
		Gone:      "EPIPE",
		Traits:    tcpzerocopyTraits,
		Cautions: []mechanisms.Caution{
			{Text: "over the loopback the kernel copies all the same, and pinning pages and listing them comes on top: it is for a network card", Man: zerocopyPage},
			{Text: "what is written to a page before its notice has come may be sent in the place of what was there", Man: zerocopyPage, Silent: true},
			{Text: "a notice waits as POLLERR, also for a thread that waits to read on the same socket", Man: zerocopyPage},
			{Text: "pages under way count as locked, for all processes of a user together: past RLIMIT_MEMLOCK a send fails with ENOBUFS", Man: zerocopyPage},
			{Text: "no page of the manual mentions it, and one still states that TCP has no error queue", Man: "ip(7)"},
			anyUser,
			noBoundaries,
			resets,
		},
	},
	Needs:        needsZerocopy,
	Limits:       zerocopyLimits,
	New:          newZerocopy,
	Capacity:     bothCapacity,
	Tunes:        true,
	OpenSender:   openZerocopySender,
	OpenReceiver: descriptor.OpensInPlace("tcpzerocopy"),
})

const zerocopyPage = "Documentation/networking/msg_zerocopy.rst"

// zerocopyLeast is the smallest message, in bytes.
const zerocopyLeast = 64 << 10

// sizeZerocopy sets up a socket as sizeTCP does, and has it heed MSG_ZEROCOPY,
// which before Linux 4.17 could only be said of one that is not connected. It
// asks for no less than holds the least message: each part of one that a smaller
// window lets out waits for an acknowledgement that TCP delays, 40 ms.
func sizeZerocopy(fd int, s mechanisms.Spec) error {
	queue := s.Queue
	if queue > 0 {
		queue = max(queue, zerocopyLeast)
	}
	if err := sizeTCP("tcpzerocopy", fd, queue); err != nil {
		return err
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ZEROCOPY, 1))
}

// lockable is how much memory a process without CAP_IPC_LOCK may have under way
// in one message: as many pages as RLIMIT_MEMLOCK lets its user lock, of which
// the kernel takes two for itself, mm_account_pinned_pages in net/core/skbuff.c.
// 0: as much as it likes.
func lockable() (mechanisms.Limit, error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r); err != nil {
		return mechanisms.Limit{}, os.NewSyscallError("getrlimit", err)
	}
	if r.Cur > math.MaxInt32 {
		return mechanisms.Limit{}, nil
	}
	page := os.Getpagesize()
	n := max(1, (int(r.Cur)/page-1)*page-1)
	return mechanisms.Limit{N: n, Source: "RLIMIT_MEMLOCK", Beyond: "more pages than a user may lock, getrlimit(2)", Errno: unix.ENOBUFS}, nil
}

func needsZerocopy() error {
	if most, err := lockable(); err != nil || most.N > 0 && most.N < zerocopyLeast {
		if err != nil {
			return err
		}
		return &mechanisms.UnsupportedError{Mechanism: "tcpzerocopy", What: "message size", Value: zerocopyLeast, Limit: most}
	}
	return nil
}

// zerocopyLimits are those of a connection with one sender.
func zerocopyLimits(int) (l mechanisms.Limits, err error) {
	if l, err = tcpLimits(0); err != nil {
		return l, err
	}
	l.Atomic = mechanisms.Limit{}
	l.Senders = mechanisms.Limit{N: 1, Source: "one error queue", Beyond: "each would take the notices of another's pages, recv(2)"}
	l.Least = mechanisms.Limit{N: zerocopyLeast, Source: zerocopyPage, Beyond: "pinning pages and listing them costs more than the copy, sendto(2)"}
	l.Message, err = lockable()
	return l, err
}

// newZerocopy refuses sizes that the kernel would take: a capability lifts its
// limit, which a process that measures does not have.
func newZerocopy(s mechanisms.Spec) (*mechanisms.Link, error) {
	l, err := zerocopyLimits(s.Queue)
	if err != nil {
		return nil, mechanisms.Failed("make", "tcpzerocopy", s.Size, err)
	}
	if err := (mechanisms.Limits{Message: l.Message, Least: l.Least}).Admit("tcpzerocopy", s); err != nil {
		return nil, err
	}
	return tcpzerocopy.newLink(s)
}

var tcpzerocopyTraits = func() mechanisms.Traits {
	t := tcpTraits
	t.Capacity = mechanisms.Documented("SO_SNDBUF and SO_RCVBUF, and what a user may lock", "getrlimit(2)")
	return t
}()

// zerocopySender sends out of buffers of its own, of a message each, in turn. A
// buffer is used again when the kernel has reported that it has done with it,
// by notices that are read only where the next buffer is still held: one of
// them then covers several. It is both a Sender, with a copy of its own, and a
// InPlaceSender.
type zerocopySender struct {
	descriptor.End
	size    int    // bytes in a message
	memory  []byte // of all of them
	buffers []heldBuffer
	at      int    // the next of them
	calls   uint32 // that were given pages so far, as the kernel counts them
	notices *sys.Notices
	noticed descriptor.Waiter // for a notice, as long as it takes
	flags   int               // of sendto(2)
}

// heldBuffer is one of them, and the calls that it was last given by: several
// where the socket took a message in parts.
type heldBuffer struct {
	p    []byte
	from uint32 // number of the first call
	n    uint32 // how many
	held uint32 // of them, those that hold pages still
}

// done records that the calls from first to last hold no pages. Numbers go
// round at 2³².
func (b *heldBuffer) done(first, last uint32) {
	if low, high := max(0, int32(first-b.from)), min(int32(b.n)-1, int32(last-b.from)); low <= high {
		b.held -= uint32(high - low + 1)
	}
}

// mostHeld bounds the buffers: each is a record in kernel memory, of which a
// socket has little, net.core.optmem_max.
const mostHeld = 16

// zerocopyBuffers makes buffers for half of what the socket's own accounts, so
// that it takes each whole, and for a share of what a user may lock, which may have
// several links: two at least, so that one is written while another is sent.
func zerocopyBuffers(fd int, s mechanisms.Spec) (memory []byte, all []heldBuffer, err error) {
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

func openZerocopySender(t mechanisms.Ticket) (mechanisms.Sender, error) {
	const mech = "tcpzerocopy"
	fd, err := descriptor.Duplicate(mech, t)
	if err != nil {
		return nil, err
	}
	s := &zerocopySender{size: t.Spec.Size, notices: sys.NewNotices(), flags: unix.MSG_ZEROCOPY | unix.MSG_NOSIGNAL}
	if _, err := descriptor.Own(mech, fd, t.Spec, func(d descriptor.End) mechanisms.Sender { s.End = d; return s }); err != nil {
		return nil, err
	}
	how := t.Spec.Wait
	if how == "" {
		how = "poll"
	}
	if s.noticed, err = descriptor.NewWaiter(how, fd, 0); err != nil { // POLLERR is always asked for
		return nil, mechanisms.Failed("open", mech, s.size, errors.Join(err, s.End.Close()))
	}
	if s.memory, s.buffers, err = zerocopyBuffers(fd, t.Spec); err != nil {
		return nil, mechanisms.Failed("open", mech, s.size, errors.Join(err, s.noticed.Close(), s.End.Close()))
	}
	runtime.AddCleanup(s, sharedmem.Free, s.memory)
	return s, nil
}

// Close closes the end. What is under way keeps its pages.
func (s *zerocopySender) Close() error {
	return errors.Join(s.noticed.Close(), s.End.Close(), sys.Vacate(s.memory))
}

func (s *zerocopySender) Send(p []byte) error {
	if len(p) != s.size {
		return mechanisms.Failed("send", s.Mechanism, len(p), mechanisms.WrongLength(len(p), s.size))
	}
	b, err := s.Reserve()
	if err != nil {
		return err
	}
	copy(b, p)
	return s.Commit()
}

// Reserve waits until the next buffer is not held.
func (s *zerocopySender) Reserve() ([]byte, error) {
	b := &s.buffers[s.at]
	for refused := 1; b.held > 0; refused++ {
		told, err := s.notice()
		if err == nil && !told {
			err = s.noticed.Wait(refused)
		}
		if err != nil {
			return nil, mechanisms.Failed("send", s.Mechanism, s.size, err)
		}
	}
	return b.p, nil
}

// notice takes one notice and reports whether there was one.
func (s *zerocopySender) notice() (told bool, err error) {
	a := s.notices.Next(s.Num)
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

func (s *zerocopySender) Commit() error {
	b := &s.buffers[s.at]
	b.from, b.n = s.calls, 0
	refused := 0
	for rest := b.p; len(rest) > 0; {
		a := sys.Untried.SettleSend(s.Num, rest, s.flags)
		if a < 0 {
			refused++
			if err := s.refused(a, refused); err != nil {
				return mechanisms.Failed("send", s.Mechanism, s.size, err)
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

// refused waits until another try may succeed, after so many attempts in a row
// that the kernel refused with a.
func (s *zerocopySender) refused(a sys.Attempt, times int) (err error) {
	filling := s.flags&unix.MSG_DONTWAIT != 0
	switch {
	case a.WouldBlock() && s.Waiter != nil && !filling:
		err = s.Wait(times)
	case a.NoBuffers() && !filling && (s.holds() || times <= ownPatience):
		err = s.waitForMemory(times)
	default:
		_, err = a.Result("sendto")
		if a.NoBuffers() && !filling {
			err = pinned(s.size).Missing(s.Mechanism, err)
		}
		return err
	}
	for told := true; told && err == nil; { // which would end the next wait at once
		told, err = s.notice()
	}
	return err
}

// holds reports whether pages of any buffer are under way.
func (s *zerocopySender) holds() bool {
	for i := range s.buffers {
		if s.buffers[i].held > 0 {
			return true
		}
	}
	return false
}

// pinned is what a message takes of what a user may lock, while it is under way.
func pinned(size int) mechanisms.Scarce {
	return mechanisms.LockedMemory(size, unix.ENOBUFS, "getrlimit(2)")
}

// ownPatience is how many milliseconds a sender that has nothing under way waits
// for memory: only others, or links that are closed, can have it locked.
const ownPatience = int(mechanisms.LongestWait / time.Millisecond)

// waitForMemory waits until something that is under way has arrived, of this
// socket's or, for a millisecond, of any socket's.
func (s *zerocopySender) waitForMemory(times int) error {
	told, err := s.notice()
	switch {
	case told || err != nil:
		return err
	case s.holds():
		return s.noticed.Wait(times)
	}
	return pinned(s.size).Pause(func() error {
		_, err := sys.PollWithin(&unix.PollFd{Fd: int32(s.Num)}, time.Millisecond)
		return err
	})
}

// Fill sends without blocking, by a flag of each call, and is done when nothing
// more will be acknowledged before the peer receives.
func (s *zerocopySender) Fill(p []byte) (whole int, err error) {
	defer func(flags int) { s.flags = flags }(s.flags)
	s.flags |= unix.MSG_DONTWAIT
	for ; ; whole++ {
		room, err := s.settled()
		if err != nil || !room {
			return whole, err
		}
		switch err := s.Send(p); {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS):
			return whole, nil
		case err != nil:
			return whole, err
		}
	}
}

// longestDelay is more than TCP waits before it acknowledges what the peer has not
// read, 40 ms as a rule and 200 ms at most.
const longestDelay = 300 * time.Millisecond

// settled waits until the next buffer is free, or will not be before the peer
// receives. It reports which.
func (s *zerocopySender) settled() (free bool, err error) {
	for s.buffers[s.at].held > 0 {
		moving, err := s.moving()
		if err == nil {
			var told bool
			if told, err = s.notice(); told {
				continue
			}
		}
		if err == nil && moving {
			moving, err = sys.PollWithin(&unix.PollFd{Fd: int32(s.Num)}, longestDelay)
		}
		if err != nil {
			return false, mechanisms.Failed("send", s.Mechanism, s.size, err)
		}
		if !moving {
			return false, nil
		}
	}
	return true, nil
}

// moving reports whether something is under way that the receiver's window has
// let out, so that it is acknowledged whether or not the receiver reads.
func (s *zerocopySender) moving() (bool, error) {
	all, err := unix.IoctlGetInt(s.Num, unix.SIOCOUTQ)
	if err != nil {
		return false, os.NewSyscallError("ioctl", err)
	}
	unsent, err := unix.IoctlGetInt(s.Num, unix.SIOCOUTQNSD)
	return all > unsent, os.NewSyscallError("ioctl", err)
}
