package bench

import (
	"encoding/binary"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Ends is what a part plays with: its open ends, one message buffer, and what
// it knows of the messages so far. It lives as long as the worker, so that
// sequences run on from round to round.
type Ends struct {
	Senders   []mechanisms.Sender
	Receivers []mechanisms.Receiver
	Notifiers []mechanisms.Notifier
	Waiters   []mechanisms.Waiter
	Locker    mechanisms.Locker

	// Latency records the time of each operation, in ns; nil in rounds that
	// read no clock.
	Latency *hdrhistogram.Histogram
	// Verified counts the messages whose seal was checked.
	Verified int64

	// Sent and Taken tally what this part has sent, and taken, on links whose
	// receivers share the messages. All parts' must come out even.
	Sent, Taken Tally

	// Marks is the clock, sys.Monotonic, after each of as many stretches of the
	// round to come; empty: no clock is read. A part that takes its operations
	// whole leaves none.
	Marks   []int64
	stretch int // operations of this part from one mark to the next

	// CPUs are those that the part was given, one for each of its threads; nil
	// where it is not pinned.
	CPUs []int
	// Shared is the memory that all parts map besides their links; nil where
	// there is none.
	Shared []byte

	// Mechanism and Spec are what a part makes links of that makes them
	// itself; nil elsewhere.
	Mechanism *mechanisms.Mechanism
	Spec      mechanisms.Spec
	Made      mechanisms.Given // what the kernel gave the latest of them
	// Waited is how long making them has waited so far for what the kernel gives
	// back late, see mechanisms.Waited. It is no time of theirs.
	Waited time.Duration

	// Own is what the part keeps for itself from round to round, and only its
	// workload knows: Prepare makes it. A Play looks at it once a call, which is
	// once in 250 µs.
	Own any

	part    Part
	cell    results.Cell
	seed    Seed
	content Content
	buf     []byte   // the message under way
	next    uint64   // the stamp of the next message that this part originates
	nexts   []uint64 // the same by link, of a part that has several
	batch   [][]byte // the messages of one call, where it hands over several
	in      *checker
	floor   floorState // of a floor
	sum     uint64     // of what was touched, so that no compiler may leave it out

	// What stamp and check can do in a few instructions where they stand: whole
	// stamps, and nothing else to do.
	stamps bool    // for stamp
	due    *uint64 // for check: the stamp of the next message; nil: it can't
}

// Content is what messages carry besides bytes that are never read.
type Content int

const (
	Stamped Content = iota // a stamp, which receivers check: all rounds that give numbers
	Sealed                 // a checksum over the whole payload as well
	Bare                   // nothing, to find out what stamps and checks cost
)

// NewEnds prepares a part of the cell. All parts of a launch get the same seed.
// Its buffers are touched here, outside any round.
func NewEnds(p Part, c results.Cell, seed Seed) *Ends {
	size := c.Size
	e := &Ends{part: p, cell: c, seed: seed, buf: mechanisms.Buffer(size), next: seed.first(p.ID)}
	if len(p.Sends)+len(p.Receives) == 0 {
		e.floor = newFloorState(p, size)
	}
	if c.Batch > 0 {
		e.batch, e.part.Play = mechanisms.Buffers(size, c.Batch), p.Batch
	}
	if p.Origins > 0 {
		e.in = newChecker(p.From, p.Origins, len(p.Receives), size, seed)
	}
	if len(p.Sends) > 1 {
		e.nexts = make([]uint64, len(p.Sends))
		for i := range e.nexts {
			e.nexts[i] = seed.first(p.ID + i)
		}
	}
	e.Carry(Stamped)
	return e
}

// Carry sets what messages carry in the rounds to come. All parts must agree.
func (e *Ends) Carry(c Content) {
	e.content, e.Verified, e.Sent, e.Taken = c, 0, Tally{}, Tally{}
	e.stamps, e.due = c == Stamped && len(e.buf) >= stampBytes, nil
	if e.stamps && e.part.Origins == 1 && e.cell.Touch == "" {
		e.due = &e.in.next[0]
	}
}

// Play performs one round of n operations in all, and returns how many of
// them fell to this part.
func (e *Ends) Play(n int) (int, error) {
	share := n
	if e.part.Share != nil {
		share = e.part.Share(n)
	}
	play := e.part.Play
	if e.cell.InPlace {
		play = e.part.InPlace
	}
	if e.part.Whole {
		e.Marks = nil
	}
	err := e.played(play, share)
	if err == nil && e.part.Conclude != nil {
		err = e.part.Conclude(e)
	}
	return share, err
}

// Finish closes a round of n operations, outside the timed path: receivers
// compare totals where single messages have no number.
func (e *Ends) Finish(n int) error {
	if e.part.Finish != nil {
		return e.part.Finish(e, n)
	}
	if e.in == nil || e.content == Bare {
		return nil
	}
	sent := make([]int, e.part.Origins)
	for i := range sent {
		sent[i] = n
		if e.part.Origins > 1 {
			sent[i] = share(i, e.part.Origins)(n)
		}
	}
	return e.in.finish(sent)
}

// stamp makes the buffer the next message of this part.
func (e *Ends) stamp() {
	if e.stamps {
		binary.LittleEndian.PutUint64(e.buf, e.next)
		e.next++
		return
	}
	e.mark()
}

// stampFor makes the buffer the next message on the i-th of several links.
func (e *Ends) stampFor(i int) {
	e.next = e.nexts[i]
	e.stamp()
	e.nexts[i] = e.next
}

// mark is stamp for all that messages may carry.
func (e *Ends) mark() {
	if e.content == Bare {
		return
	}
	putStamp(e.buf, e.next)
	e.next++
	if e.content == Sealed {
		seal(e.buf)
	}
}

// check holds the buffer against the message that must have arrived.
func (e *Ends) check() error {
	if e.acceptNext() {
		return nil
	}
	return e.examine()
}

// acceptNext reports whether the short check finds the message that is due, and
// advances to the next. Unlike check it is compiled into the loop that calls
// it: where two processes take turns on one CPU, some nanoseconds more on the
// receiver's side make the kernel's scheduler switch more often.
func (e *Ends) acceptNext() bool {
	if e.due == nil || binary.LittleEndian.Uint64(e.buf) != *e.due {
		return false
	}
	*e.due++
	return true
}

// examine is check for all that messages may carry, and for whatever a receiver
// may do with them.
func (e *Ends) examine() error {
	if err := e.inspect(); err != nil {
		return err
	}
	if e.cell.Touch != "" {
		e.touch()
	}
	return nil
}

func (e *Ends) inspect() error {
	if e.content == Bare {
		return nil
	}
	if err := e.unseal(); err != nil {
		return err
	}
	return e.in.check(e.buf)
}

// checkFrom is check for a message that came on the i-th of several links.
func (e *Ends) checkFrom(i int) error {
	if e.content == Bare {
		return nil
	}
	if err := e.unseal(); err != nil {
		return err
	}
	return e.in.due(i, getStamp(e.buf))
}

// unseal checks the seal in rounds whose messages have one.
func (e *Ends) unseal() error {
	if e.content != Sealed {
		return nil
	}
	if err := checkSeal(e.buf); err != nil {
		return err
	}
	e.Verified++
	return nil
}

// share gives the i-th of k senders its part of n messages.
func share(i, k int) func(int) int {
	return func(n int) int {
		if i < n%k {
			return n/k + 1
		}
		return n / k
	}
}

// stopwatch takes the time of consecutive operations with one reading of the
// clock each.
type stopwatch struct {
	hist *hdrhistogram.Histogram
	base time.Time
	last time.Duration
}

func (e *Ends) stopwatch() stopwatch { return stopwatch{hist: e.Latency, base: time.Now()} }

// leaveOut leaves a part of the operation under way out.
func (s *stopwatch) leaveOut(d time.Duration) { s.last += d }

// restart leaves out what came since the last operation.
func (s *stopwatch) restart() {
	if s.hist != nil {
		s.last = time.Since(s.base)
	}
}

func (s *stopwatch) lap() {
	if s.hist == nil {
		return
	}
	now := time.Since(s.base)
	record(s.hist, int64(now-s.last))
	s.last = now
}

// record adds a time in ns. One past the histogram's range is kept as its
// largest: it was slow, and how slow is in the round's elapsed time.
func record(h *hdrhistogram.Histogram, ns int64) {
	if h.RecordValue(ns) != nil {
		h.RecordValue(h.HighestTrackableValue())
	}
}

// Open opens the part's ends of the mechanism, as the cell's workload plays on
// them, in this process and on this thread.
func (e *Ends) Open(m *mechanisms.Mechanism, senders, receivers []mechanisms.Ticket) (err error) {
	if len(senders)+len(receivers) == 0 {
		return nil // a floor, of no mechanism
	}
	switch WorkloadOf(e.cell).Contract {
	case mechanisms.Counts:
		if e.Notifiers, err = openAll(senders, m.OpenNotifier); err == nil {
			e.Waiters, err = openAll(receivers, m.OpenWaiter)
		}
	case mechanisms.Locks:
		var all []mechanisms.Locker
		if all, err = openAll(senders, m.OpenLocker); err == nil {
			e.Locker = all[0]
		}
	default:
		if e.Senders, err = openAll(senders, m.OpenSender); err == nil {
			e.Receivers, err = openAll(receivers, m.OpenReceiver)
		}
	}
	return err
}

func openAll[E any](tickets []mechanisms.Ticket, open func(mechanisms.Ticket) (E, error)) (ends []E, err error) {
	for _, t := range tickets {
		end, err := open(t)
		if err != nil {
			return nil, err
		}
		ends = append(ends, end)
	}
	return ends, nil
}
